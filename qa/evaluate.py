"""Questions with known answers -> a `Report`: each is asked of the whole index, never told its article.

Every question is asked once, without abstaining; what abstaining changes follows from `confidence` alone, since that
is what the chain abstains by.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index import Encoder, Hit, Index, SentenceEncoder
from index.update import Progress
from qa import metrics
from qa.ablation import DEPTH, Line, Search, ablate, share
from qa.confidence import load_confidence
from qa.errors import EvaluationError
from qa.metrics import Bin, Estimate, Point
from qa.reader import Reader
from qa.reranker import Reranker
from qa.squad import Question, QuestionSet, read_questions, some_of
from qa.types import Answer, Quote

Ask = Callable[[str], Answer]


@dataclass(frozen=True, slots=True)
class Graded:
    """How one question went when nothing was declined: `right` says that the first quote covers a gold answer,
    `exact` and `f1` are the short answer's, and `given` is False where there was no evidence to answer from."""

    answerable: bool
    hit_1: bool
    hit_5: bool
    given: bool
    right: bool
    exact: float
    f1: float
    confidence: float
    seconds: float
    quotes: int


@dataclass(frozen=True, slots=True)
class Report:
    """What `quoth eval` found. Shares are 0..1; a figure is None where no question could show it.

    Of the answerable questions: `hit_1`, `hit_5`; `quote_1`, `exact`, `f1`, where an abstention counts 0; the same
    three with `_given` when nothing is declined; `lost`, the share declined. Of the others: `declined` at `threshold`,
    and `declined_at_tenth` if exactly a tenth of the answerable ones may be lost. Of all: `auroc`, `ece`, `brier` of
    `confidence` against the first quote being right, and `abstention_f1` of declining what would not be right.
    """

    file: str
    articles: int
    questions: int
    answerable: int
    misplaced: int
    skipped: int
    threshold: float
    hit_1: Estimate | None
    hit_5: Estimate | None
    quote_1: Estimate | None
    exact: Estimate | None
    f1: Estimate | None
    quote_1_given: Estimate | None
    exact_given: Estimate | None
    f1_given: Estimate | None
    lost: Estimate | None
    declined: Estimate | None
    declined_at_tenth: Estimate | None
    auroc: Estimate | None
    abstention_f1: float | None
    ece: float
    brier: float
    verbatim: float
    quotes: int
    p50_ms: float
    p95_ms: float
    build_seconds: float
    reliability: tuple[Bin, ...]
    risk_coverage: tuple[Point, ...]
    ablation: tuple[Line, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The report as JSON-ready values."""
        return asdict(self)


def evaluate(
    path: str | os.PathLike[str],
    with_: str | os.PathLike[str] | None = None,
    *,
    encoder: Encoder | None = None,
    reader: Reader | str | None = None,
    reranker: Reranker | str | None = None,
    ablation: bool = False,
    limit: int | None = None,
    progress: Progress | None = None,
) -> Report:
    """The figures of a SQuAD file's questions, asked of its articles and the Wikipedia articles of `with_`.

    `limit` asks only so many, taken at even distances. `progress` is called as by `Index.build`, then with ("asking",
    done, total). Raises `EvaluationError` for a file that cannot be read, or if a quote is not what its article says.
    """
    from qa.chain import build_chain

    if limit is not None and limit < 1:
        raise EvaluationError(f"{limit} questions cannot be evaluated. Ask for one or more.")
    asked = read_questions(path, with_)
    asked = replace(asked, questions=tuple(some_of(asked.questions, limit)))
    encoder = encoder or SentenceEncoder()
    with tempfile.TemporaryDirectory(prefix="quoth-eval-") as folder:
        began = time.perf_counter()
        index = Index.build(asked.articles, folder, encoder=encoder, progress=progress)
        seconds = time.perf_counter() - began
        try:
            ask = build_chain(index, reader=reader, reranker=reranker, threshold=0.0).invoke
            graded = grade_all(asked, ask, index.search, progress)
            lines = _ablated(asked, graded, index, encoder, progress) if ablation else ()
        finally:
            index.close()
    return summarise(os.fspath(path), asked, graded, load_confidence().threshold, seconds, lines)


def grade_all(asked: QuestionSet, ask: Ask, search: Search, progress: Progress | None = None) -> list[Graded]:
    """Every question asked once, and graded. The first is asked once more before, untimed, to load what there is.

    Raises `EvaluationError` for a quote that differs from its article as it stands in the file.
    """
    texts = {article.source: article.text for article in asked.articles}
    graded = []
    for done, question in enumerate(asked.questions, start=1):
        if done == 1:
            ask(question.text)
        began = time.perf_counter()
        answer = ask(question.text)
        seconds = time.perf_counter() - began
        for quote in (*answer.quotes, *answer.nearest):
            _verify(quote, texts, question)
        graded.append(_grade(question, answer, search(question.text, DEPTH), seconds))
        if progress:
            progress("asking", done, len(asked.questions))
    return graded


def summarise(
    file: str,
    asked: QuestionSet,
    graded: Sequence[Graded],
    threshold: float,
    build_seconds: float = 0.0,
    ablation: Sequence[Line] = (),
) -> Report:
    """The report of graded questions when what is below `threshold` is declined."""
    column = {name: np.array([getattr(g, name) for g in graded], dtype=float) for name in Graded.__dataclass_fields__}
    answerable, right, given = (column[name] > 0 for name in ("answerable", "right", "given"))
    confidence = column["confidence"]
    kept = given & (confidence >= threshold)

    def of(values: NDArray[np.generic], among: metrics.Bools = answerable) -> Estimate | None:
        return metrics.estimate(metrics.mean, values[among])

    p50, p95 = np.percentile(1000 * column["seconds"], [50, 95])
    return Report(
        file, len(asked.articles), len(graded), int(answerable.sum()), asked.misplaced, asked.skipped, threshold,
        hit_1=of(column["hit_1"]), hit_5=of(column["hit_5"]),
        quote_1=of(column["right"] * kept), exact=of(column["exact"] * kept), f1=of(column["f1"] * kept),
        quote_1_given=of(column["right"]), exact_given=of(column["exact"]), f1_given=of(column["f1"]),
        lost=of(1.0 - kept), declined=of(1.0 - kept, ~answerable),
        declined_at_tenth=metrics.estimate(metrics.declined_at_loss, confidence, answerable),
        auroc=metrics.estimate(metrics.auroc, confidence, right),
        abstention_f1=metrics.abstention_f1(~kept, right),
        ece=metrics.calibration_error(confidence, right), brier=metrics.brier(confidence, right),
        verbatim=1.0, quotes=int(column["quotes"].sum()),
        p50_ms=float(p50), p95_ms=float(p95), build_seconds=build_seconds,
        reliability=metrics.reliability(confidence, right),
        risk_coverage=metrics.risk_coverage(confidence, right),
        ablation=tuple(ablation),
    )  # fmt: skip


def _verify(quote: Quote, texts: Mapping[str, str], question: Question) -> None:
    if texts.get(quote.source, "")[quote.start : quote.end] != quote.text or not quote.text:
        raise EvaluationError(
            f"A quote is not what its article says: {quote.source} at {quote.start}-{quote.end}, asked "
            f"{question.text!r}. No figures are given, since none can be trusted. Please report this."
        )


def _grade(question: Question, answer: Answer, hits: Sequence[Hit], seconds: float) -> Graded:
    right, exact, f1 = False, 0.0, 0.0
    if answer.quotes:
        first = answer.quotes[0]
        right = question.answered_by(first.source, first.start, first.end)
        said = first.text if answer.short is None else answer.short
        exact, f1 = metrics.exact_match(said, question.words), metrics.word_f1(said, question.words)
    return Graded(
        answerable=question.answerable,
        hit_1=question.held_by(hits[:1]),
        hit_5=question.held_by(hits),
        given=answer.answered,
        right=right,
        exact=exact,
        f1=f1,
        confidence=answer.confidence,
        seconds=seconds,
        quotes=len(answer.quotes) + len(answer.nearest),
    )


def _ablated(
    asked: QuestionSet, graded: Sequence[Graded], index: Index, encoder: Encoder, progress: Progress | None
) -> tuple[Line, ...]:
    """The ablation of the answerable questions, and last the line of what was graded."""
    lines = ablate([q for q in asked.questions if q.answerable], index.search, encoder, progress)
    right = share([g.right for g in graded if g.answerable])
    return (*lines, Line("both, with the reader", lines[-1].hit_1, lines[-1].hit_5, right))
