"""Bytes -> articles, by the source's ending."""

from __future__ import annotations

from index.errors import ArticleError
from index.formats.markdown import read_markdown
from index.formats.parsed import Parsed
from index.formats.plain import read_text
from index.formats.sources import SUFFIXES, suffix_of


def parse(source: str, data: bytes) -> Parsed:
    """The articles in a file's or page's bytes. Raises `ArticleError` when none can be read."""
    match suffix_of(source):
        case ".txt":
            return Parsed((read_text(source, data),))
        case ".md":
            return Parsed((read_markdown(source, data),))
        case _:
            raise ArticleError(f"{source} is not of a kind that is read. Convert it to one of {', '.join(SUFFIXES)}.")
