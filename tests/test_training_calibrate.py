"""The fit of `confidence` against scikit-learn's, and the choice of its threshold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from toy_reader import ToyReader
from toys import ToyEncoder, articles

from index import Index
from qa.confidence import load_confidence
from qa.squad import Question, QuestionSet
from training.calibrate import Row, calibrate, collect, cross_validated, fit, folds, logistic


def rows(many: int = 400, seed: int = 0) -> list[Row]:
    """Questions of six articles whose chance of being right follows from two features of very different size; a third
    is noise, and a fourth never changes."""
    rng = np.random.default_rng(seed)
    made = []
    for n in range(many):
        a, b = rng.normal(3, 2), rng.normal(0, 0.01)
        right = bool(rng.random() < 1 / (1 + np.exp(-(a - 3 + 80 * b))))
        features = {"a": a, "b": b, "noise": rng.normal(), "same": 7.0}
        made.append(Row(features, right, right or bool(rng.random() < 0.4), f"article {n % 6}"))
    return made


@pytest.mark.parametrize("penalty", [1.0, 30.0])
def test_the_fit_equals_scikit_learn_s(penalty: float) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    made = rows()
    x = np.array([[row.features[name] for name in ("a", "b", "noise", "same")] for row in made])
    right = [row.right for row in made]
    oracle = LogisticRegression(C=1 / penalty, tol=1e-10, max_iter=1000)
    expected = oracle.fit(StandardScaler().fit_transform(x), right).predict_proba(StandardScaler().fit_transform(x))
    weights, bias = logistic(x, np.array(right, dtype=float), penalty)
    assert 1 / (1 + np.exp(-(x @ weights + bias))) == pytest.approx(expected[:, 1], abs=1e-6)
    assert weights[3] == 0


def test_half_a_target_is_one_row_of_each_kind() -> None:
    x = np.random.default_rng(1).normal(size=(40, 2))
    target = (x[:, 0] > 0) * 0.5 + (x[:, 1] > 0) * 0.5
    twice = np.concatenate([target >= 0.5, target > 0.5]).astype(float)
    weights, bias = logistic(x, target, 1.0)
    doubled, other = logistic(np.concatenate([x, x]), twice, 2.0)
    assert weights == pytest.approx(doubled, abs=1e-8)
    assert bias == pytest.approx(other, abs=1e-8)


def test_confidence_is_the_chance_of_being_right_and_weighs_what_can_be_answered() -> None:
    rng = np.random.default_rng(2)
    made = []
    for _ in range(4000):
        there, read = rng.normal(), rng.normal()
        answerable = bool(rng.random() < 1 / (1 + np.exp(-2 * there)))
        right = answerable and bool(rng.random() < 1 / (1 + np.exp(-2 * read)))
        made.append(Row({"there": there, "read": read}, right, answerable, "x"))
    model = fit(made)
    assert model.confidence(made).mean() == pytest.approx(np.mean([row.right for row in made]), abs=1e-4)
    x = np.array([[row.features["there"], row.features["read"]] for row in made])
    alone, _ = logistic(x, np.array([row.right for row in made], dtype=float), 1.0)
    assert model.weights[0] / model.weights[1] > 1.3 * alone[0] / alone[1]


def test_features_that_part_right_from_wrong_perfectly_are_fitted_too() -> None:
    made = [Row({"a": float(n)}, n > 5, n > 5, "x") for n in range(12)]
    confidence = fit(made).confidence(made)
    assert (np.diff(confidence) > 0).all()
    assert np.isfinite(confidence).all()


def test_questions_all_alike_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match="others"):
        fit([Row({"a": float(n)}, True, True, "x") for n in range(4)])


def test_folds_are_neighbouring_parts_of_each_article() -> None:
    made = [Row({}, True, True, "a" if n % 3 else "b") for n in range(90)]
    found = folds(made, 10)
    for article, many in (("a", 60), ("b", 30)):
        assert [i for i, row in zip(found, made, strict=True) if row.article == article] == [
            n * 10 // many for n in range(many)
        ]


def test_no_question_is_judged_by_a_model_that_saw_it_or_its_neighbours() -> None:
    made = rows()
    out = folds(made) == 2
    before = cross_validated(made)
    for n in np.flatnonzero(out):
        made[n] = Row(made[n].features, not made[n].right, made[n].answerable, made[n].article)
    after = cross_validated(made)
    assert after[out] == pytest.approx(before[out], abs=1e-12)
    assert np.abs(after[~out] - before[~out]).max() > 0.01


def test_what_is_written_is_what_the_chain_reads(tmp_path: Path) -> None:
    made = rows(2000)
    said = calibrate(made, "questions made up for a test", 0.1)
    path = tmp_path / "confidence.json"
    path.write_text(json.dumps(said), encoding="utf-8")
    model = load_confidence(path)
    confidence = np.array([model.confidence(row.features) for row in made])
    assert confidence == pytest.approx(fit(made).confidence(made), abs=1e-4)
    answerable = np.array([row.answerable for row in made])
    assert 0.08 < np.mean(confidence[answerable] < model.threshold) < 0.12
    figures = said["cross_validated"]
    assert figures["ece"] < 0.05
    assert figures["answerable_lost"] <= 0.1
    assert figures["unanswerable_declined"] > 0.2


def test_rows_are_of_the_evidence_that_would_be_quoted(tmp_path: Path) -> None:
    known = articles(3)
    text = known[1].text
    gold = (text.index("4 million"), text.index("4 million") + len("4 million"))
    questions = (
        Question("What did the bridge cost, in million dollars, in Lagos?", "news/1", (gold,), ("4 million",)),
        Question("hello", "news/1"),
        Question("Which volcano erupted?", "news/2"),
    )
    index = Index.build(known, tmp_path / "index", encoder=ToyEncoder())
    found = collect(QuestionSet(tuple(known), questions), index, ToyReader())
    assert [(row.right, row.answerable, row.article) for row in found] == [
        (True, True, "news/1"),
        (False, False, "news/2"),
    ]
    assert found[0].features.keys() == load_confidence().weights.keys()
