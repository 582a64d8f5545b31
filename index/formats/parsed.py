"""What one source held."""

from __future__ import annotations

from dataclasses import dataclass

from index.article import Article, Failure


@dataclass(frozen=True, slots=True)
class Parsed:
    """The articles of one source, in its order, and the parts of it that could not be read.

    Only a source of many articles (a `.jsonl` file, a feed) has failures: their `source` says which line or entry.
    """

    articles: tuple[Article, ...]
    failures: tuple[Failure, ...] = ()
