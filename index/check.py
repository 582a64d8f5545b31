"""Whether everything that an index stores fits together."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from index.article import Article, Chunk
from index.chunks import passage_to_embed
from index.dense import Dense
from index.errors import ArticleGoneError, IndexDamagedError
from index.store import Store, passage_digest

LENGTH_TOLERANCE = 1e-3
"""How far a stored vector's length may be from 1."""


def find_faults(store: Store, dense: Dense, dimension: int) -> list[str]:
    """What is wrong, a line each: tables, texts, every chunk against its slice, every vector, FAISS and database."""
    faults = [*store.complaints(), *_article_faults(store), *_vector_faults(store, dense, dimension)]
    return faults if store.knows_its_words() else [*faults, "the words are not listed where they stand"]


def _article_faults(store: Store) -> Iterator[str]:
    for source, _ in store.sources():
        try:
            article = store.article_of(source)
        except (ArticleGoneError, IndexDamagedError) as error:
            yield str(error)
            continue
        before = 0
        for chunk in store.chunks_of(article.id):
            yield from (f"{source}: chunk {chunk.id} {fault}" for fault in _chunk_faults(store, article, chunk, before))
            before = chunk.end


def _chunk_faults(store: Store, article: Article, chunk: Chunk, before: int) -> Iterator[str]:
    spans = chunk.sentences
    if not (before <= chunk.start < chunk.end <= len(article.text)):
        yield f"stands at {chunk.start}-{chunk.end}, outside the article or in the chunk before"
    ends = [end for span in spans for end in span]
    if not spans or ends != sorted(ends) or (ends[0], ends[-1]) != (chunk.start, chunk.end):
        yield "has sentences that do not fill it in order"
    title, body, passage = store.stored(chunk.id)
    if (title, body) != (article.title, article.text[chunk.start : chunk.end]):
        yield "has other words to search than its article has there"
    if passage != passage_digest(passage_to_embed(article, chunk)):
        yield "was embedded with other words than its article has there"


def _vector_faults(store: Store, dense: Dense, dimension: int) -> Iterator[str]:
    ids, vectors = store.vectors(dimension)
    with np.errstate(over="ignore", invalid="ignore"):  # flipped bits make any number
        lengths = np.linalg.norm(vectors, axis=1)
    wrong = [i for i, length in zip(ids, lengths, strict=True) if not abs(length - 1) <= LENGTH_TOLERANCE]
    if wrong:
        yield f"{len(wrong)} stored vectors are not of length 1, the first that of chunk {wrong[0]}"
    if dense.ids() != ids:
        yield f"the FAISS file holds {len(dense)} vectors under other numbers than the {len(ids)} of the database"
    elif any(not np.array_equal(dense.vector(i), v) for i, v in zip(ids, vectors, strict=True)):
        yield "the FAISS file holds other vectors than the database"
