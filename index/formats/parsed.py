"""What a source holds: its bytes first, then its articles."""

from __future__ import annotations

from dataclasses import dataclass

from index.article import Article, Failure


@dataclass(frozen=True, slots=True)
class Loaded:
    """A source's bytes, and what they are.

    `kind` is the ending of the format, one of `SUFFIXES` (".html"), whatever the name of a web page looks like;
    `charset` is what a web server said of the bytes, else None.
    """

    data: bytes
    kind: str
    charset: str | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """The articles of one source, in its order, and the parts of it that could not be read.

    The one article of a file or page has that source for its own. A source of many articles (a `.jsonl` file, a feed)
    gives each a source of its own, no two the same; only such a one has failures, and their `source` says which line
    or entry.
    """

    articles: tuple[Article, ...]
    failures: tuple[Failure, ...] = ()
