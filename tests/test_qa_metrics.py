"""Metrics against independent oracles: scikit-learn and naive loops."""

from __future__ import annotations

import numpy as np
import pytest

from qa import metrics

SEEDS = range(6)


def sample(seed: int, many: int = 200) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(confidence with ties, right, answerable), as questions have them: what is right is answerable."""
    rng = np.random.default_rng(seed)
    confidence = np.round(rng.random(many), 2 if seed % 2 else 6)
    answerable = rng.random(many) < 0.7
    return confidence, answerable & (rng.random(many) < 0.2 + 0.7 * confidence), answerable


@pytest.mark.parametrize(
    ("said", "golds", "exact", "f1"),
    [
        ("the Eiffel Tower!", ["Eiffel Tower"], 1.0, 1.0),
        ("Eiffel", ["nothing like it", "the Eiffel Tower"], 0.0, 2 / 3),
        ("in 1,889", ["1889"], 0.0, 2 / 3),
        ("to be or to be", ["to be"], 0.0, 2 * 2 / 7),
        ("Theatre", ["theatre"], 1.0, 1.0),
        ("well-known", ["wellknown"], 1.0, 1.0),
        ("Oslo", ["Lima"], 0.0, 0.0),
        ("a", ["The"], 1.0, 1.0),
        ("the", ["the Hague"], 0.0, 0.0),
        ("Oslo", [], 0.0, 0.0),
    ],
)
def test_squad_scores(said: str, golds: list[str], exact: float, f1: float) -> None:
    assert metrics.exact_match(said, golds) == exact
    assert metrics.word_f1(said, golds) == pytest.approx(f1)


@pytest.mark.parametrize("seed", SEEDS)
def test_confidence_figures_equal_those_of_scikit_learn(seed: int) -> None:
    from sklearn.metrics import brier_score_loss, f1_score, roc_auc_score

    confidence, right, _ = sample(seed)
    declined = confidence < 0.4
    assert metrics.auroc(confidence, right) == pytest.approx(roc_auc_score(right, confidence))
    assert metrics.brier(confidence, right) == pytest.approx(brier_score_loss(right, confidence))
    assert metrics.abstention_f1(declined, right) == pytest.approx(f1_score(~right, declined))


@pytest.mark.parametrize("seed", SEEDS)
def test_calibration_error_equals_a_plain_loop(seed: int) -> None:
    confidence, right, _ = sample(seed)
    confidence[:2] = 0.0, 1.0  # the edges belong to the first and the last bin
    expected = 0.0
    for i in range(10):
        inside = [n for n, c in enumerate(confidence) if int(min(c * 10, 9)) == i]
        if inside:
            gap = sum(confidence[n] for n in inside) / len(inside) - sum(right[n] for n in inside) / len(inside)
            expected += len(inside) / len(confidence) * abs(gap)
    assert metrics.calibration_error(confidence, right) == pytest.approx(expected)
    assert sum(b.count for b in metrics.reliability(confidence, right)) == len(right)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("loss", [0.0, 0.1, 0.3])
def test_no_cut_declines_more_without_losing_too_many(seed: int, loss: float) -> None:
    confidence, _, answerable = sample(seed)
    allowed = [cut for cut in {0.0, *confidence.tolist()} if np.mean(confidence[answerable] < cut) <= loss + 1e-12]
    best = max(np.mean(confidence[~answerable] < cut) for cut in allowed)
    cut = metrics.cut_at_loss(confidence, answerable, loss)
    assert np.mean(confidence[answerable] < cut) <= loss
    assert metrics.declined_at_loss(confidence, answerable, loss) == pytest.approx(best)


def test_exactly_a_tenth_may_be_lost() -> None:
    confidence = np.array([*np.linspace(0.1, 1.0, 10), 0.05, 0.15, 0.25, 0.9])
    answerable = np.arange(14) < 10
    assert metrics.cut_at_loss(confidence, answerable) == pytest.approx(0.2)
    assert metrics.declined_at_loss(confidence, answerable) == 0.5


@pytest.mark.parametrize("seed", SEEDS)
def test_risk_and_coverage_equal_a_plain_loop(seed: int) -> None:
    confidence, right, _ = sample(seed, many=150)
    ranked = sorted(range(len(right)), key=lambda n: -confidence[n])
    curve = metrics.risk_coverage(confidence, right)
    assert curve[-1].coverage == 1.0
    assert len(curve) == 100
    for point in curve:
        kept = ranked[: round(point.coverage * len(right))]
        assert point.risk == pytest.approx(sum(not right[n] for n in kept) / len(kept))
        assert point.confidence == confidence[kept[-1]]


def test_figures_that_no_question_can_show_are_none() -> None:
    confidence, none, every = np.array([0.2, 0.9]), np.zeros(2, dtype=bool), np.ones(2, dtype=bool)
    assert metrics.auroc(confidence, none) is None
    assert metrics.auroc(confidence, every) is None
    assert metrics.declined_at_loss(confidence, every) is None
    assert metrics.declined_at_loss(confidence, none) is None
    assert metrics.abstention_f1(none, every) is None
    assert metrics.estimate(metrics.mean, np.array([])) is None
    assert metrics.risk_coverage(np.array([]), np.array([], dtype=bool)) == ()


def test_an_interval_is_as_wide_as_theory_says_and_always_the_same() -> None:
    values = (np.arange(400) % 4 > 0).astype(float)
    found = metrics.estimate(metrics.mean, values)
    assert found is not None
    half = 1.96 * np.sqrt(0.75 * 0.25 / 400)
    assert (found.value, found.low, found.high) == pytest.approx((0.75, 0.75 - half, 0.75 + half), abs=0.008)
    assert found == metrics.estimate(metrics.mean, values)
