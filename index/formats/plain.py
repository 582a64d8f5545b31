"""Plain text -> an article."""

from __future__ import annotations

from index.article import Article
from index.formats.decoding import decode_declared
from index.formats.titles import title_of_text


def read_text(source: str, data: bytes, charset: str | None = None) -> Article:
    """The file's text as it stands; the title is its first line if that stands alone (it stays in the text).

    `charset` is what a web server said.
    """
    text = decode_declared(source, data, charset)
    return Article(text=text, title=title_of_text(source, text), source=source)
