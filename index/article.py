"""The small frozen types that everything in Quoth passes around: articles, chunks of them, and hits of a search."""

from __future__ import annotations

import hashlib
import re
from dataclasses import asdict, dataclass
from typing import Any

from index.errors import ArticleError

MAX_CHARACTERS = 5_000_000
"""The longest text taken as one article, in characters: about eight novels, and some minutes of encoding."""

LONGEST_NAME = 500
"""Characters of a title or author. It is searched and encoded with every chunk, so a page in its place costs dearly."""

_NO_TEXT = re.compile("[\0\ud800-\udfff]")

Span = tuple[int, int]
"""(start, end) in Unicode characters of an article's text, end exclusive."""


@dataclass(frozen=True, slots=True)
class Article:
    """A text and what is known of it. The text is fixed: every offset in Quoth counts its characters.

    `source` names the article in the index (a file's absolute path, a URL, or any name that the caller chooses);
    `published` is an ISO date or date and time ("2026-03-01"), or None. `id` is the index's own number for a stored
    article, 0 for one that is not stored; numbers are never used twice. Raises `ArticleError` for a text that is
    empty, too long, or holds characters that no text has (NUL, lone surrogates), and for a source that holds such.
    In `title` and `author` these become U+FFFD, and what goes beyond `LONGEST_NAME` is cut off.
    """

    text: str
    title: str = ""
    source: str = ""
    published: str | None = None
    author: str | None = None
    id: int = 0

    def __post_init__(self) -> None:
        name = self.source or self.title or "the article"
        if not self.text.strip():
            raise ArticleError(f"{name} is empty: there is no text to quote. Give it some text, or leave it out.")
        if len(self.text) > MAX_CHARACTERS:
            raise ArticleError(
                f"{name} is too long ({len(self.text):,} characters; the limit is {MAX_CHARACTERS:,}). Split it."
            )
        if _NO_TEXT.search(self.text):
            raise ArticleError(f"{name} is not text: it holds NUL or surrogate characters. Convert it to UTF-8 text.")
        if _NO_TEXT.search(self.source):
            raise ArticleError(f"{name!a} cannot name an article: it holds NUL or surrogate characters. Name it anew.")
        object.__setattr__(self, "title", _named(self.title))
        object.__setattr__(self, "author", self.author and _named(self.author))

    @property
    def digest(self) -> str:
        """SHA-256, in hex, of all that is known of the article but its source and number: equal means unchanged."""
        parts = (self.title, self.published or "", self.author or "", self.text)
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def to_dict(self) -> dict[str, Any]:
        """The article as JSON-ready values."""
        return asdict(self)


def _named(name: str) -> str:
    return _NO_TEXT.sub("\ufffd", name[:LONGEST_NAME])


@dataclass(frozen=True, slots=True)
class Chunk:
    """Whole neighbouring sentences of one section of one article: `article.text[start:end]`.

    `sentences` are their spans in the article, in order, the first starting at `start` and the last ending at `end`;
    `heading` is the section's heading, or "". `id` is the row id in SQLite, FAISS and FTS5 alike (0 before it has one).
    """

    article_id: int
    start: int
    end: int
    sentences: tuple[Span, ...]
    heading: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that a search found, with its words and where they stand.

    `text == article.text[start:end]`. `score` is 0..1, higher is better, comparable within one search only;
    `cosine` is the encoder's similarity (-1..1) and `bm25` the lexical score (0 or more, 0 for no word in common),
    both comparable between searches of one index.
    """

    text: str
    title: str
    source: str
    article_id: int
    start: int
    end: int
    score: float
    cosine: float
    bm25: float
    sentences: tuple[Span, ...]
    heading: str = ""
    published: str | None = None
    chunk_id: int = 0

    def to_dict(self) -> dict[str, Any]:
        """The hit as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Failure:
    """A source that could not be taken in, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What an update did: the sources of each kind, in the order they came. `unchanged` includes nothing encoded anew.

    `moved` are articles found again under another source: their new sources.
    """

    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    failed: tuple[Failure, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The changes as JSON-ready values."""
        return asdict(self)
