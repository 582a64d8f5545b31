"""Numbers -> figures: how right the answers are, and how well `confidence` knows it. Pure functions over arrays."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BINS = 10
RESAMPLES = 1000
_PUNCTUATION = str.maketrans("", "", string.punctuation)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its 95% interval, bootstrapped over questions."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Bin:
    """The questions with a confidence from `low` up to `high`: how many, their mean confidence, the share right."""

    low: float
    high: float
    count: int
    confidence: float
    right: float


@dataclass(frozen=True, slots=True)
class Point:
    """When only the most confident share `coverage` is answered, `risk` is the share of wrong ones among them, and
    `confidence` that of the least confident one answered."""

    coverage: float
    risk: float
    confidence: float


def plain_words(text: str) -> list[str]:
    """The words after SQuAD's normalisation: lower case, without punctuation, without a, an, the."""
    return re.sub(r"\b(a|an|the)\b", " ", text.lower().translate(_PUNCTUATION)).split()


def exact_match(said: str, golds: Sequence[str]) -> float:
    """1.0 if, normalised, it equals one of the gold answers, else 0.0."""
    return float(any(plain_words(said) == plain_words(gold) for gold in golds))


def word_f1(said: str, golds: Sequence[str]) -> float:
    """The best F1 of its normalised words against a gold answer's, 0..1 (Rajpurkar et al. 2016)."""
    return max((_f1(plain_words(said), plain_words(gold)) for gold in golds), default=0.0)


def _f1(said: list[str], gold: list[str]) -> float:
    if not said or not gold:
        return float(said == gold)
    return 2 * sum((Counter(said) & Counter(gold)).values()) / (len(said) + len(gold))


def auroc(scores: Floats, right: Bools) -> float | None:
    """The chance that a right one is scored above one that is not, ties counted half; None without both kinds."""
    many = int(right.sum())
    if many in (0, len(right)):
        return None
    _, place, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[right].sum() - many * (many + 1) / 2) / (many * (len(right) - many)))


def reliability(confidence: Floats, right: Bools) -> tuple[Bin, ...]:
    """Ten bins of equal width over 0..1; of those without a question, mean and share are 0."""
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    bins = []
    for i in range(BINS):
        inside = place == i
        many = int(inside.sum())
        means = (float(confidence[inside].mean()), float(right[inside].mean())) if many else (0.0, 0.0)
        bins.append(Bin(i / BINS, (i + 1) / BINS, many, *means))
    return tuple(bins)


def calibration_error(confidence: Floats, right: Bools) -> float:
    """ECE: the gap between a bin's mean confidence and its share of right ones, averaged over questions, 0..1."""
    return sum(b.count * abs(b.confidence - b.right) for b in reliability(confidence, right)) / max(1, len(right))


def brier(confidence: Floats, right: Bools) -> float:
    """The mean squared distance of `confidence` from 1 for the right ones and from 0 for the others, 0..1."""
    return float(np.mean((confidence - right) ** 2))


def abstention_f1(declined: Bools, right: Bools) -> float | None:
    """F1 of declining: how many of those declined, and of those that had to be, would not have been answered right.

    None if nothing was declined and nothing had to be.
    """
    total = int(declined.sum()) + int((~right).sum())
    return 2 * int((declined & ~right).sum()) / total if total else None


def cut_at_loss(confidence: Floats, answerable: Bools, loss: float = 0.1) -> float:
    """The highest confidence to ask for at which no more than `loss` of the answerable questions are declined."""
    kept = np.sort(confidence[answerable])
    return float(kept[int(loss * len(kept) + 1e-9)]) if len(kept) else 0.0


def declined_at_loss(confidence: Floats, answerable: Bools, loss: float = 0.1) -> float | None:
    """The share of unanswerable questions below `cut_at_loss`; None without both kinds of question."""
    if answerable.all() or not answerable.any():
        return None
    return float(np.mean(confidence[~answerable] < cut_at_loss(confidence, answerable, loss)))


def risk_coverage(confidence: Floats, right: Bools, points: int = 100) -> tuple[Point, ...]:
    """The risk at coverages in even steps up to 1, most confident first; equals in their order."""
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    many = len(order)
    counts = sorted({-(-many * step // points) for step in range(1, points + 1)}) if many else []
    return tuple(Point(n / many, float(wrong[n - 1]) / n, float(confidence[order[n - 1]])) for n in counts)


def mean(values: Floats) -> float | None:
    """The mean; None of nothing."""
    return float(values.mean()) if len(values) else None


def estimate(
    figure: Callable[..., float | None], *columns: NDArray[np.generic], resamples: int = RESAMPLES
) -> Estimate | None:
    """`figure(*columns)` with the middle 95% of what it is over questions drawn again with replacement, seeded.

    None where the figure itself is undefined.
    """
    value = figure(*columns)
    if value is None:
        return None
    many = len(columns[0])
    rng = np.random.default_rng(0)
    draws = (rng.integers(0, many, many) for _ in range(resamples))
    found = [made for draw in draws if (made := figure(*(column[draw] for column in columns))) is not None]
    low, high = np.percentile(found, [2.5, 97.5])
    return Estimate(value, float(low), float(high))
