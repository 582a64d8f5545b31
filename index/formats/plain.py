"""Plain text -> an article."""

from __future__ import annotations

from index.article import Article
from index.formats.decoding import decode
from index.formats.titles import title_of_text


def read_text(source: str, data: bytes) -> Article:
    """The file's text as it stands; the title is its first line if that stands alone (it stays in the text)."""
    text = decode(source, data)
    return Article(text=text, title=title_of_text(source, text), source=source)
