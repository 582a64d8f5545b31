"""What each part of the search and the reader adds: one line each for dense, lexical, both, and both read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from index import Encoder, Hit
from index.article import Span
from index.search import CANDIDATES
from index.update import Progress
from qa.squad import Question

Search = Callable[[str, int], Sequence[Hit]]

DEPTH = 5
"""The passages that hit@5 looks at, and from which a line without the reader quotes."""

Place = tuple[str, int, int]
Row = NDArray[np.float32]
Found = Sequence[tuple[Question, Sequence[Hit]]]


@dataclass(frozen=True, slots=True)
class Line:
    """Shares of the answerable questions, nothing declined. Without the reader, the quote is the sentence of the five
    best passages that is nearest to the question by cosine; with it, the passages are those of both rankings."""

    name: str
    hit_1: float | None
    hit_5: float | None
    quote_1: float | None


def dense(hits: Sequence[Hit]) -> list[Hit]:
    """By cosine."""
    return sorted(hits, key=lambda hit: -hit.cosine)


def lexical(hits: Sequence[Hit]) -> list[Hit]:
    """By BM25, those without a word in common left out."""
    return sorted((hit for hit in hits if hit.bm25 > 0), key=lambda hit: -hit.bm25)


def ablate(
    questions: Sequence[Question], search: Search, encoder: Encoder, progress: Progress | None = None
) -> tuple[Line, ...]:
    """The lines of dense, lexical and both, over answerable questions.

    One search brings the best `CANDIDATES` of both rankings, each with both scores, so the first of either are exact.
    """
    found: dict[str, list[tuple[Question, Sequence[Hit]]]] = {"dense": [], "lexical": [], "both": []}
    for done, question in enumerate(questions, start=1):
        hits = search(question.text, 2 * CANDIDATES)
        for name, ranked in (("dense", dense(hits)), ("lexical", lexical(hits)), ("both", hits)):
            found[name].append((question, ranked[:DEPTH]))
        if progress:
            progress("comparing", done, len(questions))
    vectors = _sentence_vectors([hit for rows in found.values() for _, hits in rows for hit in hits], encoder)
    return tuple(_line(name, rows, vectors, encoder) for name, rows in found.items())


def _line(name: str, rows: Found, vectors: Mapping[Place, Row], encoder: Encoder) -> Line:
    quoted = [bool(hits) and q.answered_by(*_nearest_sentence(q, hits, vectors, encoder)) for q, hits in rows]
    firsts = [question.held_by(hits[:1]) for question, hits in rows]
    return Line(name, share(firsts), share([question.held_by(hits) for question, hits in rows]), share(quoted))


def share(found: Sequence[bool]) -> float | None:
    """How many of them are true, 0..1; None of nothing."""
    return sum(found) / len(found) if found else None


def _sentence_vectors(hits: Sequence[Hit], encoder: Encoder) -> dict[Place, Row]:
    """The unit vector of each sentence of the passages, each encoded once."""
    words = {(hit.source, *span): _words(hit, span) for hit in hits for span in hit.sentences}
    return dict(zip(words, encoder.encode_passages(list(words.values())), strict=True))


def _words(hit: Hit, span: Span) -> str:
    return hit.text[span[0] - hit.start : span[1] - hit.start]


def _nearest_sentence(question: Question, hits: Sequence[Hit], vectors: Mapping[Place, Row], encoder: Encoder) -> Place:
    query = encoder.encode_queries([question.text])[0]
    places = [(hit.source, *span) for hit in hits for span in hit.sentences]
    return max(places, key=lambda place: float(vectors[place] @ query))
