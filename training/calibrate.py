"""Fits `confidence`: `python -m training.calibrate --data DIR` reads each question of `dev.json.gz` in the passages
that the search finds, and writes qa/confidence.json.

A logistic regression over `qa.evidence.features`: the chance that the best evidence's sentence covers a gold answer.
Its weights are learnt from two things at once, since they serve two ends: whether the quote is right, which tells what
an answer is worth, and whether the question has an answer at all, which is what declining claims.

Its figures are cross-validated: each tenth of every article is judged by a model fitted on the other nine. (Whole
articles held out would measure something else: all unanswerable questions of dev are about two of its six articles.) So
is the threshold: the highest confidence to ask for at which no more than `--loss` of the answerable questions are
declined, which declines the most unanswerable ones.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index import Index
from qa import metrics
from qa.confidence import FILE
from qa.evidence import Evidence, features, find_evidence
from qa.passages import SEARCHED, widen
from qa.question import kind_of
from qa.reader import Reader, TrainedReader
from qa.squad import Question, QuestionSet, read_questions, some_of

Floats = NDArray[np.float64]

FOLDS = 10

LOSS = 0.03
"""How many of the answerable questions may be declined. Most of dev's unanswerable questions were written to look
answerable; people's rarely are, and those get a confidence far below any of these thresholds."""

ONLY_ANSWERABLE = 0.5
"""What a question counts whose answer stands in the articles and was not quoted, where 1 is quoted right and 0 is not
answered by them. On dev 0, 0.5, 0.75 and 1 decline 0.50, 0.58, 0.59 and 0.59 of the unanswerable questions when a
tenth of the others is lost (cross-validated), and tell right quotes from others with an AUROC of 0.86, 0.85, 0.84 and
0.83; over 888 questions about news 0.5 and 0.75 are off by 0.06 and 0.09."""

PENALTY = 1.0
"""Half this times the squared weights (of features scaled to unit variance) is added to the loss of all rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """One question: the features of its evidence, whether the best of it is right, whether any could be, and the
    article that it was asked about."""

    features: Mapping[str, float]
    right: bool
    answerable: bool
    article: str


@dataclass(frozen=True, slots=True)
class Model:
    """`confidence` = 1 / (1 + exp(-(bias + weights * features))), the features by name."""

    names: tuple[str, ...]
    weights: tuple[float, ...]
    bias: float

    def confidence(self, rows: Sequence[Row]) -> Floats:
        """One number, 0..1, for each row."""
        x = self.bias + _matrix(rows, self.names) @ np.array(self.weights)
        confidence: Floats = 1 / (1 + np.exp(-np.clip(x, -50, 50)))
        return confidence


def fit(rows: Sequence[Row], penalty: float = PENALTY) -> Model:
    """Weights from what became of each question (1, `ONLY_ANSWERABLE`, 0); their sum is then scaled so that it gives
    the chance of being right. Raises `ValueError` if all questions are alike."""
    right = np.array([row.right for row in rows], dtype=float)
    answerable = np.array([row.answerable for row in rows], dtype=float)
    if right.min() == right.max():
        raise ValueError("there must be questions that were answered right and others that were not")
    names = tuple(rows[0].features)
    x = _matrix(rows, names)
    weights, bias = logistic(x, np.maximum(right, ONLY_ANSWERABLE * answerable), penalty)
    slope, level = logistic((x @ weights + bias)[:, None], right, penalty)
    return Model(names, tuple(map(float, slope[0] * weights)), float(slope[0] * bias + level))


def logistic(x: Floats, target: Floats, penalty: float) -> tuple[Floats, float]:
    """The likeliest logistic regression of `target` (0..1, one a row of `x`), by Newton's method: weights and bias."""
    middle, width = x.mean(axis=0), x.std(axis=0)
    width[width < 1e-12] = 1.0
    x = np.column_stack([(x - middle) / width, np.ones(len(x))])
    ridge = penalty * np.diag([*np.ones(x.shape[1] - 1), 0.0])
    w = np.zeros(x.shape[1])
    for _ in range(100):
        p = 1 / (1 + np.exp(-np.clip(x @ w, -50, 50)))
        slope = x.T @ (p - target) + ridge @ w
        step = np.linalg.solve((x.T * (p * (1 - p) + 1e-9)) @ x + ridge, slope)
        w -= step * min(1.0, 5.0 / max(1e-12, float(np.abs(step).max())))
        if np.abs(step).max() < 1e-10:
            break
    weights: Floats = w[:-1] / width
    return weights, float(w[-1] - weights @ middle)


def folds(rows: Sequence[Row], many: int = FOLDS) -> NDArray[np.int_]:
    """The fold of each row: every article's rows in `many` parts, in their order, so that the questions about one
    paragraph stay together and each fold has its share of every article."""
    total = Counter(row.article for row in rows)
    seen: Counter[str] = Counter()
    found = []
    for row in rows:
        found.append(seen[row.article] * many // total[row.article])
        seen[row.article] += 1
    return np.array(found)


def cross_validated(rows: Sequence[Row], penalty: float = PENALTY) -> Floats:
    """For each row the confidence by a model that has not seen its part of its article."""
    confidence, fold = np.zeros(len(rows)), folds(rows)
    for part in sorted(set(fold.tolist())):
        model = fit([row for row, i in zip(rows, fold, strict=True) if i != part], penalty)
        confidence[fold == part] = model.confidence([row for row, i in zip(rows, fold, strict=True) if i == part])
    return confidence


def calibrate(rows: Sequence[Row], fitted_on: str, loss: float = LOSS) -> dict[str, Any]:
    """What `confidence.json` holds: the model, the threshold, and the cross-validated figures."""
    model, confidence = fit(rows), cross_validated(rows)
    right = np.array([row.right for row in rows])
    answerable = np.array([row.answerable for row in rows])
    threshold = metrics.cut_at_loss(confidence, answerable, loss)
    kept = confidence >= threshold
    figures = {
        "questions": len(rows),
        "auroc": metrics.auroc(confidence, right),
        "ece": metrics.calibration_error(confidence, right),
        "brier": metrics.brier(confidence, right),
        "unanswerable_declined": metrics.mean(1.0 - kept[~answerable]),
        "answerable_lost": metrics.mean(1.0 - kept[answerable]),
        "quote_1": metrics.mean(1.0 * (right & kept)[answerable]),
        "quote_1_given": metrics.mean(1.0 * right[answerable]),
    }
    return {
        "features": list(model.names),
        "weights": [round(weight, 6) for weight in model.weights],
        "bias": round(model.bias, 6),
        "threshold": round(threshold - 5e-5, 4),
        "fitted_on": fitted_on,
        "cross_validated": {name: value if value is None else round(value, 4) for name, value in figures.items()},
    }


def row_of(question: Question, ranked: Sequence[Evidence]) -> Row | None:
    """The row of a question for which that evidence was found; None if there was none."""
    if not ranked:
        return None
    best = ranked[0]
    right = question.answered_by(best.hit.source, *best.sentence)
    return Row(features(question.text, ranked), right, question.answerable, question.source)


def collect(asked: QuestionSet, index: Index, reader: Reader) -> list[Row]:
    """The rows of all questions that the chain would read passages for."""
    rows = []
    for done, question in enumerate(asked.questions, start=1):
        if kind_of(question.text) in ("fact", "explanation"):
            found = find_evidence(question.text, widen(index, index.search(question.text, SEARCHED)), reader)
            rows.append(row_of(question, found))
        if done % 100 == 0:
            print(f"{done:,} of {len(asked.questions):,} questions", flush=True)
    return [row for row in rows if row is not None]


def _matrix(rows: Sequence[Row], names: Sequence[str]) -> Floats:
    return np.array([[row.features[name] for name in names] for row in rows], dtype=float)


def main(argv: Sequence[str] | None = None) -> None:
    """Reads, fits, prints the figures, writes the file."""
    parser = argparse.ArgumentParser(
        prog="python -m training.calibrate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default="data", help="folder of train.json.gz, dev.json.gz (%(default)s)")
    parser.add_argument("--model", type=Path, help="folder of the reader (default: the one that ships)")
    parser.add_argument("--limit", type=int, help="ask only so many questions (default: all)")
    parser.add_argument("--loss", type=float, default=LOSS, help="answerable ones that may be declined (%(default)s)")
    parser.add_argument("--out", type=Path, default=FILE, help="the file to write (%(default)s)")
    args = parser.parse_args(argv)
    asked = read_questions(args.data / "dev.json.gz", args.data / "train.json.gz")
    asked = QuestionSet(asked.articles, tuple(some_of(asked.questions, args.limit)))
    with tempfile.TemporaryDirectory(prefix="quoth-calibrate-") as folder:
        index = Index.build(asked.articles, folder)
        rows = collect(asked, index, TrainedReader(args.model))
        index.close()
    made = calibrate(
        rows, f"{len(rows):,} questions of dev.json.gz, asked of {len(asked.articles)} articles", args.loss
    )
    args.out.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(made, indent=1))


if __name__ == "__main__":
    main()
