"""A question about an article as a whole -> its leading and most central sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from index import Article, Index
from index.article import Span
from index.search import telling_words

MOST_ARTICLES = 3
"""How many articles are summed up at once; of more, the newest."""

SENTENCES_LOOKED_AT = 40
"""How many of an article's first sentences may stand for it: news and encyclopedias say early what they are about."""

_SHORTEST = 40
_ASKING = re.compile(
    r"\b(?:what|summar\w+|about|articles?|text|stor(?:y|ies)|documents?|pages?|news|tl;?dr|gist|overview|main|key|points?|"
    r"ideas?|topics?|themes?|message|takeaways?|give|tell|please|short|brief|nutshell|says?|discuss|happening|new)\b",
    re.IGNORECASE,
)


def articles_meant(index: Index, question: str, since: str | None, source: str | None) -> list[Article]:
    """The articles that the question is about: those it names by their titles' words, else all, at most three.

    A question with words of its own that no title shares means the article that a search for them finds first.
    """
    named = telling_words(_ASKING.sub(" ", question))
    if named and (hits := index.search(" ".join(named), 5, since=since, source=source)):
        titled = [hit for hit in hits if set(telling_words(hit.title)) & set(named)]
        return [index.article((titled or hits)[0].article_id)]
    articles = [a for a in index.articles() if _passes(a, since, source)]
    return sorted(articles, key=lambda a: a.published or "", reverse=True)[:MOST_ARTICLES]


def _passes(article: Article, since: str | None, source: str | None) -> bool:
    late = not since or (article.published or "")[:10] >= since
    return late and (not source or source.lower() in article.source.lower())


def central_sentences(index: Index, article: Article, many: int) -> list[Span]:
    """The first sentence, then the `many` - 1 nearest to the mean of the article's sentences; in reading order.

    The centroid of LexRank's simplest relative (Radev et al. 2004, https://doi.org/10.1016/j.ipm.2003.10.006).
    """
    spans = list(index.sentences(article.id))[:SENTENCES_LOOKED_AT]
    telling = [s for s in spans if s[1] - s[0] >= _SHORTEST] or spans
    first, rest = telling[0], telling[1:]
    if many <= 1 or not rest:
        return [first]
    return sorted([first, *_nearest_to_mean(index, article, rest)[: many - 1]])


def _nearest_to_mean(index: Index, article: Article, spans: Sequence[Span]) -> list[Span]:
    rows = index.encoder.encode_queries([article.text[start:end] for start, end in spans])
    closeness = rows @ rows.mean(axis=0)
    return [spans[i] for i in np.argsort(-closeness, kind="stable")]
