"""Bytes -> articles, by their kind."""

from __future__ import annotations

from index.errors import ArticleError
from index.formats.markdown import read_markdown
from index.formats.parsed import Loaded, Parsed
from index.formats.plain import read_text
from index.formats.sources import SUFFIXES


def parse(source: str, loaded: Loaded, *, allow_private: bool = False) -> Parsed:
    """The articles in a file's or page's bytes, at least one. Raises `ArticleError` when none can be read.

    `allow_private` is for the pages that a feed links to: whether they may be fetched from private addresses.
    """
    match loaded.kind:
        case ".txt":
            return Parsed((read_text(source, loaded.data),))
        case ".md":
            return Parsed((read_markdown(source, loaded.data),))
        case _:
            raise ArticleError(f"{source} is not of a kind that is read. Convert it to one of {', '.join(SUFFIXES)}.")
