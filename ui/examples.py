"""Example questions about the articles that are there."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import islice

from index import Article, Index
from index.search import telling_words

COUNT = 4
LONGEST_TITLE = 90

_NAME = re.compile(r"(?<=[a-z,] )(?:the )?[A-Z][a-z]+(?: [A-Z][a-z]+(?:-[a-z]+)?){1,2}\b")


def example_questions(index: Index, answerable: Callable[[str], bool], count: int = COUNT) -> list[str]:
    """Up to `count` questions about the first articles of the index, each one that `answerable` says yes to."""
    articles = index.articles()[:8]
    candidates = _candidates(index, articles)
    return list(islice((question for question in candidates if answerable(question)), count))


def _candidates(index: Index, articles: list[Article]) -> Iterator[str]:
    """A question about the first article as a whole, then about one name of each article in turn; few in all."""
    titled = (a for a in articles if 0 < len(a.title) <= LONGEST_TITLE and '"' not in a.title)
    yield from (f'What is "{a.title}" about?' for a in islice(titled, 1))
    names = [_names(index, a) for a in articles]
    asked: set[str] = set()
    for turn in range(4):
        for of_article in names:
            if turn < len(of_article) and of_article[turn] not in asked:
                asked.add(of_article[turn])
                yield f"What do the articles say about {of_article[turn]}?"


def _names(index: Index, article: Article) -> list[str]:
    """Names of two or three words in the article's sentences, the most frequent first."""
    counts: dict[str, int] = {}
    for start, end in index.sentences(article.id)[:200]:
        for name in _NAME.findall(article.text[start:end]):
            if telling_words(name.split()[-1]):  # "Sex And The" goes on
                counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: -counts[name])
