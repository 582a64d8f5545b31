"""What the reader found in the passages -> spans of articles in one ranking, each with its sentence."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from index import Hit
from index.article import Span
from index.search import words_of
from qa.reader import Reading

RETRIEVAL_WEIGHT = 15.0
"""What a passage's retrieval score (0..1) counts beside a span's margin over "no answer here", a logit.

Over the development questions 12, 15 and 20 are alike (a right sentence first in 0.886), and so are 0 to 15 over 256
questions about news (`bench/news.py`). The relevance logit adds nothing to it, nor do more than 8 passages.
"""
COVERAGE_WEIGHT = 12.0
"""What the share of the question's words (0..1) that stand in the sentence and its passage counts beside the margin.

Over the development questions 0, 8, 12 and 16 quote a right sentence first in 0.867, 0.884, 0.886 and 0.889. Over 256
questions about news (`bench/news.py`), asked in other words than the articles', less is better: 0, 4, 8 and 12 do in
0.43, 0.43, 0.41 and 0.41. With 4 or 8, dev's unanswerable questions are told less well from the others.
"""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span that may answer: `span` and `sentence` (whole sentences around it) in characters of the hit's article.

    `margin` is the span's logit less its passage's "no answer" logit, `relevance` the passage's; `coverage` (0..1) is
    the share of the question's words that the sentence holds, and its passage with title and heading, on average;
    `score` ranks, higher is better, comparable within one question.
    """

    hit: Hit
    span: Span
    sentence: Span
    margin: float
    relevance: float
    coverage: float

    @property
    def score(self) -> float:
        """The reader's view, the retrieval's and the words in common, added up."""
        return self.margin + RETRIEVAL_WEIGHT * self.hit.score + COVERAGE_WEIGHT * self.coverage

    @property
    def words(self) -> str:
        """The span's words."""
        return self.hit.text[self.span[0] - self.hit.start : self.span[1] - self.hit.start]


def rank_evidence(question: str, hits: Sequence[Hit], readings: Sequence[Reading]) -> list[Evidence]:
    """Every span that was read, best first; equal scores in the order of the hits."""
    asked = _stems(question)
    found: list[Evidence] = []
    for hit, reading in zip(hits, readings, strict=True):
        around = _share(asked, _whole(hit))
        for scored in reading.spans:
            span = (hit.start + scored.start, hit.start + scored.end)
            sentence = _around(hit.sentences, span)
            words = hit.text[sentence[0] - hit.start : sentence[1] - hit.start].lower()
            coverage = (around + _share(asked, words)) / 2
            found.append(Evidence(hit, span, sentence, scored.score - reading.null, reading.relevance, coverage))
    return sorted(found, key=lambda evidence: -evidence.score)


def distinct_sentences(ranked: Sequence[Evidence]) -> list[Evidence]:
    """The best evidence of each stretch of text: what overlaps a better one is left out."""
    kept: list[Evidence] = []
    for evidence in ranked:
        if not any(_overlap(evidence, other) for other in kept):
            kept.append(evidence)
    return kept


def _around(sentences: Sequence[Span], span: Span) -> Span:
    """From the start of the first sentence that the span touches to the end of the last."""
    touched = [s for s in sentences if s[0] < span[1] and span[0] < s[1]]
    return touched[0][0], touched[-1][1]


def _overlap(one: Evidence, other: Evidence) -> bool:
    same = one.hit.article_id == other.hit.article_id
    return same and one.sentence[0] < other.sentence[1] and other.sentence[0] < one.sentence[1]


def features(question: str, ranked: Sequence[Evidence]) -> dict[str, float]:
    """What `confidence` is computed from: how sure the reader is of its best evidence, and how well it fits.

    `margin` and `relevance` are the best evidence's logits; `gap` is how far the best evidence of another sentence
    lies behind (0..10); `retrieval` (0..1) and `cosine` (-1..1) are its passage's; `coverage` is the share of the
    question's words, and `names` of its names and numbers, that stand in the passage, its title or heading.
    """
    best = ranked[0]
    others = distinct_sentences(ranked)[1:2]
    text = _whole(best.hit)
    return {
        "margin": best.margin,
        "relevance": best.relevance,
        "gap": min(10.0, best.score - others[0].score) if others else 10.0,
        "retrieval": best.hit.score,
        "cosine": best.hit.cosine,
        "coverage": _share(_stems(question), text),
        "names": _share(_names(question), text),
    }


def _whole(hit: Hit) -> str:
    """A passage with its title and heading, in lower case."""
    return f"{hit.title} {hit.heading} {hit.text}".lower()


def _stems(question: str) -> list[str]:
    """The beginnings of the words that the question is searched by."""
    return [word[:5] for word in words_of(question)]


def _names(question: str) -> list[str]:
    """The question's numbers and capitalised words, but for its first word, in lower case."""
    return [word.lower() for word in re.findall(r"\b(?:\d[\w.,]*\w|\d|[A-Z]\w+)", question[1:])]


def _share(words: Sequence[str], text: str) -> float:
    return sum(word in text for word in words) / len(words) if words else 1.0
