"""What the reader finds in the passages -> spans of articles in one ranking, each with its sentence.

Each passage is read apart, the most likely ones first; where they leave a doubt, more are read, and the best sentences
of all are compared side by side and ranked again.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from index import Hit
from index.article import Span
from index.search import words_of
from qa.passages import BACK, grow
from qa.reader import Reader, Reading
from qa.windows import Group, Passage

RETRIEVAL_WEIGHT = 10.0
"""What a passage's retrieval score (0..1) counts beside a span's margin over "no answer here", a logit.

Over the development questions 10 and 15 quote a right sentence first in 0.868 and 0.867, over 406 questions about news
(`bench/news.py`, 150 of them those to tune on) both in 0.596. The relevance logit adds nothing to it.
"""
COVERAGE_WEIGHT = 12.0
"""What the share of the question's words (0..1) that stand in the sentence and its passage counts beside the margin.

Over the development questions 8 and 12 quote a right sentence first in 0.865 and 0.868, over those about news in 0.594
and 0.596.
"""
COMPARED = 6
"""How many sentences are compared side by side. Of 8 the right one is chosen as often: over 704 questions about news in
0.632 and 0.628, and in 0.676 and 0.685 if one of two articles that say the same counts as the other."""
ONCE_COMPARED = 0.5
"""What the margin and the words in common still count where sentences were compared: over 704 questions about news
1 and 0.5 quote a right sentence first in 0.609 and 0.628, over the development questions in 0.864 and 0.867."""
READ_FIRST = 2
"""How many passages are read before it is asked whether more need be. After 2, six in ten of 320 development questions
need none, and a quarter of those about news, and a right sentence is quoted first as often as if all were read (0.858;
about news 0.596 of 0.599). After 1 it would be in 0.835 of the former."""
DECISIVE = 6.0
"""By how much, in logits, the best sentence must lead for no more passages to be read, and none to be compared."""
CLOSE_CHARACTERS = 500
"""How much is read around the best sentence to tell which words of it answer, and how sure that is: about what the
reader's training passages held."""
EVEN = 3.0
"""What the scores of all sentences are divided by to tell how far the best one leads: 3 and 4 tell right quotes from
others better than 1 and 2, in dev and in news. A sentence that another article repeats counts as its rival: without it
the confidence over 1,272 questions about news is off by 0.069, not 0.055 (0.050, not 0.045, if a quote from either
article is right, though its AUROC is then 0.763, not 0.759)."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A span that may answer: `span` and the `sentence` that it stands in, in characters of the hit's article.

    `margin` is a span's logit less its passage's "no answer" logit; `coverage` (0..1) is the share of the question's
    words that the sentence holds, and its passage with title and heading, on average; `compared` is the sentence's
    logit against "none of them" if the best sentences were compared, for what was not among these the lowest; `score`
    ranks, higher is better, comparable within one ranking. `relevance` is the passage's logit, or if the sentence was
    looked at closely, that of the little that was read then.
    """

    hit: Hit
    span: Span
    sentence: Span
    margin: float
    relevance: float
    coverage: float
    compared: float | None = None

    @property
    def score(self) -> float:
        """The reader's view and the words in common, the retrieval's view, and the comparison's, added up."""
        alone, found = self.margin + COVERAGE_WEIGHT * self.coverage, RETRIEVAL_WEIGHT * self.hit.score
        return alone + found if self.compared is None else ONCE_COMPARED * alone + found + self.compared

    @property
    def words(self) -> str:
        """The span's words."""
        return _slice(self.hit, self.span)

    def stands_in(self, article_id: int, span: Span) -> bool:
        """Whether its sentence shares a character with that span of that article."""
        return self.hit.article_id == article_id and self.sentence[0] < span[1] and span[0] < self.sentence[1]


def find_evidence(question: str, hits: Sequence[Hit], reader: Reader) -> list[Evidence]:
    """Every span that the reader finds in the hits, best first: they are read, the best sentences are compared, and the
    first one is looked at closely."""
    ranked = compare_best(question, read_in_turn(question, hits, reader), reader)
    return [look_closely(question, ranked[0], reader), *ranked[1:]] if ranked else []


def read_in_turn(question: str, hits: Sequence[Hit], reader: Reader) -> list[Evidence]:
    """Every span that the reader finds, best first, in the best `READ_FIRST` hits, and in the others if none of their
    sentences leads by far; none is read twice."""
    ranked: list[Evidence] = []
    readings: list[Reading] = []
    for part in (hits[:READ_FIRST], hits[READ_FIRST:]):
        if part and not leads(distinct_sentences(ranked)):
            readings += reader.read(question, [_passage(hit, (hit.start, hit.end)) for hit in part])
            ranked = rank_evidence(question, hits[: len(readings)], readings)
    return ranked


def rank_evidence(question: str, hits: Sequence[Hit], readings: Sequence[Reading]) -> list[Evidence]:
    """Every span that was read, best first by what each passage gives; equal scores in the order of the hits."""
    asked = _stems(question)
    found: list[Evidence] = []
    for hit, reading in zip(hits, readings, strict=True):
        around = _share(asked, _whole(hit))
        for scored in reading.spans:
            span = (hit.start + scored.start, hit.start + scored.end)
            sentence = next((s for s in hit.sentences if s[0] < span[1] and span[0] < s[1]), None)
            if sentence is None:
                continue
            span = max(span[0], sentence[0]), min(span[1], sentence[1])
            coverage = (around + _share(asked, _slice(hit, sentence).lower())) / 2
            found.append(Evidence(hit, span, sentence, scored.score - reading.null, reading.relevance, coverage))
    return sorted(found, key=lambda evidence: -evidence.score)


def compare_best(question: str, ranked: Sequence[Evidence], reader: Reader) -> list[Evidence]:
    """The ranking anew, its `COMPARED` best sentences seen side by side; all that touches one of them goes with it. The
    same ranking if there are not two, the best one leads by far, or the reader cannot tell."""
    best = distinct_sentences(ranked)[:COMPARED]
    if len(best) < 2 or leads(best):
        return list(ranked)
    articles = list(dict.fromkeys(evidence.hit.article_id for evidence in best))
    best.sort(key=lambda e: (articles.index(e.hit.article_id), e.sentence))
    together = [[e for e in best if e.hit.article_id == article] for article in articles]
    groups = [Group(own[0].hit.title, tuple(_slice(e.hit, e.sentence) for e in own)) for own in together]
    logits = reader.compare(question, groups)
    if not any(logits):
        return list(ranked)
    told = list(zip(best, logits, strict=True))
    found = [
        replace(
            e, compared=next((logit for o, logit in told if e.stands_in(o.hit.article_id, o.sentence)), min(logits))
        )
        for e in ranked
    ]
    return sorted(found, key=lambda evidence: -evidence.score)


def look_closely(question: str, evidence: Evidence, reader: Reader) -> Evidence:
    """The evidence read again with no more than a little around its sentence: the words in it that answer, and how sure
    the reader is of them, are both told better so than in a long passage, which is better to find the sentence in."""
    hit, sentence = evidence.hit, evidence.sentence
    start, end = _neighbourhood(hit.sentences, sentence)
    if end - start == len(hit.text):  # that was read already
        return evidence
    (reading,) = reader.read(question, [_passage(hit, (start, end))])
    told = [(start + s.start, start + s.end) for s in reading.spans]
    inside = (span for span in told if sentence[0] <= span[0] and span[1] <= sentence[1])
    return replace(evidence, span=next(inside, evidence.span), relevance=reading.relevance)


def _neighbourhood(sentences: Sequence[Span], sentence: Span) -> Span:
    """The sentence with those before and after it in turn, as many as fit in `CLOSE_CHARACTERS`."""
    own = [i for i, (start, end) in enumerate(sentences) if sentence[0] <= start and end <= sentence[1]]
    first, last = grow(sentences, own[0], own[-1], CLOSE_CHARACTERS, BACK)
    return sentences[first][0], sentences[last][1]


def distinct_sentences(ranked: Sequence[Evidence]) -> list[Evidence]:
    """The best evidence of each stretch of text: what overlaps a better one is left out."""
    kept: list[Evidence] = []
    for evidence in ranked:
        if not any(evidence.stands_in(other.hit.article_id, other.sentence) for other in kept):
            kept.append(evidence)
    return kept


def leads(best: Sequence[Evidence]) -> bool:
    """Whether the first of the best sentences leads by `DECISIVE`; not if there is no other."""
    return len(best) > 1 and best[0].score - best[1].score > DECISIVE


def _passage(hit: Hit, span: Span) -> Passage:
    """What the reader sees of a hit: a span of it, from the start of a sentence to the end of one."""
    starts = tuple(start - span[0] for start, _ in hit.sentences if span[0] <= start < span[1])
    return Passage(_slice(hit, span), hit.title, hit.heading, starts)


def _slice(hit: Hit, span: Span) -> str:
    """The words of a span of the hit's article that lies within the hit."""
    return hit.text[span[0] - hit.start : span[1] - hit.start]


def features(question: str, ranked: Sequence[Evidence]) -> dict[str, float]:
    """What `confidence` is computed from: how sure the reader is of its best evidence, and how well it fits.

    `relevance` is the best evidence's, `cosine` (-1..1) its passage's; `coverage` is the share of the question's words,
    and `names` of its names and numbers, that stand in the passage, its title or heading; `share` (0..1) is that of the
    best sentence in a softmax over the scores of all, these divided by `EVEN`: how far it leads. The margin, the
    retrieval score and how it compares add nothing to these.
    """
    best = ranked[0]
    text = _whole(best.hit)
    lags = [best.score - other.score for other in distinct_sentences(ranked)]
    return {
        "relevance": best.relevance,
        "cosine": best.hit.cosine,
        "coverage": _share(_stems(question), text),
        "names": _share(names_of(question), text),
        "share": 1 / sum(math.exp(-lag / EVEN) for lag in lags),
    }


def names_of(question: str) -> list[str]:
    """The question's numbers and capitalised words, but for its first word, in lower case."""
    return [word.lower() for word in re.findall(r"\b(?:\d[\w.,]*\w|\d|[A-Z]\w+)", question[1:])]


def _whole(hit: Hit) -> str:
    """A passage with its title and heading, in lower case."""
    return f"{hit.title} {hit.heading} {hit.text}".lower()


def _stems(question: str) -> list[str]:
    """The beginnings of the words that the question is searched by."""
    return [word[:5] for word in words_of(question)]


def _share(words: Sequence[str], text: str) -> float:
    return sum(word in text for word in words) / len(words) if words else 1.0
