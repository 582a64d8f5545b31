"""Sentences packed into passages to search."""

from __future__ import annotations

from collections.abc import Iterator

from index.article import Article, Chunk, Span
from index.sentences import Sentence, find_sentences

CHUNK_CHARACTERS = 500
"""The length to which sentences are packed, in characters; one longer sentence is a chunk of its own."""


def chunk_article(article: Article, size: int = CHUNK_CHARACTERS) -> list[Chunk]:
    """The article's chunks in order: whole neighbouring sentences of one section, up to `size` characters each.

    A heading, byline or link line ends a chunk and stands in none.
    """
    chunks: list[Chunk] = []
    heading = ""
    for run in _runs(find_sentences(article.text, article.title)):
        if run[0].kind == "sentence":
            chunks.extend(
                Chunk(article.id, spans[0][0], spans[-1][1], tuple(spans), heading) for spans in _pack(run, size)
            )
        elif run[0].kind == "heading":
            heading = article.text[run[0].start : run[0].end].strip("#* ")
    return chunks


def passage_to_embed(article: Article, chunk: Chunk) -> str:
    """What the encoder sees of a chunk: the title and the heading before its words. Never shown or quoted."""
    parts = (article.title, chunk.heading, article.text[chunk.start : chunk.end])
    return "\n".join(part for part in parts if part)


def _runs(stretches: list[Sentence]) -> Iterator[list[Sentence]]:
    """Neighbouring sentences together, every other stretch alone."""
    run: list[Sentence] = []
    for stretch in stretches:
        if run and (stretch.kind != "sentence" or run[-1].kind != "sentence"):
            yield run
            run = []
        run.append(stretch)
    if run:
        yield run


def _pack(run: list[Sentence], size: int) -> Iterator[list[Span]]:
    spans: list[Span] = []
    for sentence in run:
        if spans and sentence.end - spans[0][0] > size:
            yield spans
            spans = []
        spans.append((sentence.start, sentence.end))
    yield spans
