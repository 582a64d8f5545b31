"""Hits -> the passages that are read: each hit with what stands around it in its article, nothing of it twice.

What is good to search by is short; what is good to read says who "he" is, and lets a sentence be weighed against those
beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from index import Article, Hit, Index
from index.article import Chunk, Span
from index.errors import ArticleGoneError

SEARCHED = 20
"""How many chunks are retrieved; those that stand in a better one's passage are not read again."""
PASSAGE_CHARACTERS = 1400
"""The length up to which a hit is widened. Over 406 questions about news (`bench/news.py`) a right sentence is quoted
first in 0.556 if eight chunks are read as they are, and from passages of 1000, 1400 and 1550 in 0.554, 0.596, 0.576."""
READ_CHARACTERS = 4500
"""How much is read for one question, around the best hits first: of 3200, 4000, 4500 and 6000 over the same questions
0.564, 0.559, 0.596 and 0.588; over the development questions it is 0.862, 0.870 and 0.868 of the first three."""
FORWARD, BACK = 1, -1


def widen(index: Index, hits: Sequence[Hit]) -> list[Hit]:
    """The hits, best first, each with whole neighbouring chunks of its section, as many on either side as fit in
    `PASSAGE_CHARACTERS`, and `READ_CHARACTERS` in all; a hit that stands in a better one's passage is left out.

    Raises `ArticleGoneError` if an article was removed since it was found.
    """
    passages: list[Hit] = []
    taken: set[int] = set()
    left = READ_CHARACTERS
    for hit in hits:
        if hit.chunk_id in taken:
            continue
        if passages and hit.end - hit.start > left:
            break
        article, size = index.article(hit.article_id), min(PASSAGE_CHARACTERS, left)
        near = index.chunks(article.id, (hit.start - size, hit.end + size))
        run = _grown(article, near, hit.chunk_id, taken, size)
        taken |= {chunk.id for chunk in run}
        passages.append(_joined(hit, article, run))
        left -= run[-1].end - run[0].start
    return passages


def _grown(article: Article, near: Sequence[Chunk], chunk_id: int, taken: set[int], size: int) -> Sequence[Chunk]:
    """That chunk and its neighbours, forward and backward in turn, as many as are not taken and fit in `size`."""
    own = [i for i, chunk in enumerate(near) if chunk.id == chunk_id]
    if not own:
        raise ArticleGoneError(f"{article.source} was changed while it was read. Ask again.")
    joins = [not article.text[one.end : other.start].strip() for one, other in pairwise(near)]
    lowest = highest = own[0]
    while lowest > 0 and joins[lowest - 1] and near[lowest - 1].id not in taken:
        lowest -= 1
    while highest < len(joins) and joins[highest] and near[highest + 1].id not in taken:
        highest += 1
    free = near[lowest : highest + 1]
    first, last = grow([(chunk.start, chunk.end) for chunk in free], own[0] - lowest, own[0] - lowest, size, FORWARD)
    return free[first : last + 1]


def grow(spans: Sequence[Span], first: int, last: int, size: int, begin: int) -> tuple[int, int]:
    """The first and last of the neighbouring `spans` that the run from `first` to `last` grows to, by one on each side
    in turn, as long as they fit in `size` characters; the side it begins on is `FORWARD` or `BACK`."""
    grown = True
    while grown:
        grown = False
        for side in (begin, -begin):
            start, end = (first, last + 1) if side == FORWARD else (first - 1, last)
            if start >= 0 and end < len(spans) and spans[end][1] - spans[start][0] <= size:
                first, last, grown = start, end, True
    return first, last


def _joined(hit: Hit, article: Article, run: Sequence[Chunk]) -> Hit:
    start, end = run[0].start, run[-1].end
    sentences = tuple(span for chunk in run for span in chunk.sentences)
    return replace(hit, text=article.text[start:end], start=start, end=end, sentences=sentences)
