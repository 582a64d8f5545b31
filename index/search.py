"""Two rankings -> one."""

from __future__ import annotations

import re
from collections.abc import Sequence

CANDIDATES = 50
"""How many of the best each ranking brings to the mix."""

DENSE_WEIGHT = 0.5
"""The dense score's share of the mix; the lexical one has the rest. On the development questions, 0.4 to 0.6 are alike
(the right passage first in 0.836 to 0.840); scoring only what a ranking itself found, and 0 else, gives 0.833."""

Ranking = Sequence[tuple[int, float]]

_LITTLE = """
a about above after all also am an and any are as at be been before being between both but by can could did do does
doing for from had has have having he her hers him his how i if in into is it its itself me more most my no nor not of
on once only or other our out over own s same she should so some such t than that the their them then there these they
this those through to under until up very was we were what when where which while who whom whose why will with would
you your
"""
_STOP_WORDS = frozenset(_LITTLE.split())


def words_of(question: str) -> list[str]:
    """The words that a question is searched by: the telling ones, or all where it has no others."""
    return telling_words(question) or _words(question)


def telling_words(question: str) -> list[str]:
    """The question's words in lower case, once each, without those that say little; none if it has no others."""
    return [word for word in _words(question) if word not in _STOP_WORDS]


def _words(question: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"\w+", question.lower())))


def scale(ranking: Ranking) -> dict[int, float]:
    """The scores of a ranking moved to 0..1, its worst 0 and its best 1; all 1 where they are equal."""
    if not ranking:
        return {}
    scores = [score for _, score in ranking]
    low, width = min(scores), max(scores) - min(scores)
    return {id_: (score - low) / width if width > 0 else 1.0 for id_, score in ranking}


def mix(dense: Ranking, lexical: Ranking, weight: float = DENSE_WEIGHT) -> list[tuple[int, float]]:
    """(id, score) of both rankings' ids, best first, ties by id: `weight` parts dense and the rest lexical, each
    scaled to 0..1; what a ranking does not hold counts 0 in it."""
    d, w = scale(dense), scale(lexical)
    mixed = {id_: weight * d.get(id_, 0.0) + (1 - weight) * w.get(id_, 0.0) for id_ in {**d, **w}}
    return sorted(mixed.items(), key=lambda pair: (-pair[1], pair[0]))
