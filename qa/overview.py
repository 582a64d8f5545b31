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

SEARCHED = 5
"""How many passages a search for the words of the question is asked for."""

MOST, STEM = 0.5, 5
"""More than this share of those words must stand in the article; they count as the same if so many letters are."""

SENTENCES_LOOKED_AT = 40
"""How many of an article's first sentences may stand for it: news and encyclopedias say early what they are about."""

_SHORTEST = 40
_ASKING = re.compile(
    r"\b(?:what|summar\w+|about|articles?|text|stor(?:y|ies)|documents?|pages?|news|tl;?dr|gist|overview|main|key|points?|"
    r"ideas?|topics?|themes?|messages?|takeaways?|give|tell|please|short|brief(?:ly)?|nutshell|says?|discuss|happening|new|"
    r"sum|provide|write|show|make|get|want|need|like|us|general|quick|central|cover|describe|talk|reports?|pieces?|"
    r"posts?|today|everything|contents?|following|i['’]d|"
    r"(?:\w+ )?(?:sentences?|words|bullet points?|bullets|lines?|paragraphs?))\b",
    re.IGNORECASE,
)

_MANY = re.compile(
    r"\b(?:articles|texts|stories|documents|pages|pieces|posts|reports|news|these|those|they|everything)\b",
    re.IGNORECASE,
)


def articles_meant(
    index: Index, question: str, since: str | None, source: str | None, discussed: str = ""
) -> list[Article]:
    """The articles that the question is about: the one that it names by words of its own, or that is `discussed`, by
    its source, unless it speaks of many; else all, at most three.

    Most of these words must stand in the article, and of those in which they do, one that has some in its title goes
    first. None does if no article is about what is asked for.
    """
    named = telling_words(_ASKING.sub(" ", question))
    if not named:
        articles = index.articles(since=since, source=source)
        this = [article for article in articles if article.source == discussed]
        if this and not _MANY.search(question):
            return this
        return sorted(articles, key=lambda a: a.published or "", reverse=True)[:MOST_ARTICLES]
    hits = index.search(" ".join(named), SEARCHED, since=since, source=source)
    found = dict.fromkeys(hit.article_id for hit in sorted(hits, key=lambda hit: not _shared(named, hit.title)))
    about = (index.article(id_) for id_ in found)
    return next(([a] for a in about if _shared(named, f"{a.title} {a.text}") > MOST), [])


def _shared(named: Sequence[str], text: str) -> float:
    """The share of the words that begin as a word of the text does: "talk" is in "talks", "art" not in "party"."""
    words = {word[:STEM] for word in telling_words(text)}
    return sum(word[:STEM] in words for word in named) / len(named)


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
