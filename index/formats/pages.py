"""A web page -> an article: its main text, title, date and author, by trafilatura."""

from __future__ import annotations

import re

from index.article import Article
from index.errors import ArticleError
from index.formats.dates import iso_date
from index.formats.decoding import decode_declared
from index.formats.titles import title_of_text

_META = re.compile(rb"<(?:meta|\?xml)\b[^>]{0,300}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_NEVER_TEXT = ["//nav", "//footer", "//*[@role='navigation']"]
"""trafilatura leaves these in where an article is so short that it falls back on the page's whole text."""


def read_page(source: str, data: bytes, charset: str | None = None) -> Article:
    """The page's main text, a line for each paragraph, heading and item; never its menus, advertisements, comments.

    `charset` is what the web server said; else the page's own `<meta charset>` counts, else UTF-8. Raises
    `ArticleError` for a page without a main text, or one that is not in the encoding that it declares.
    """
    html = decode_page(source, data, charset)
    found = extract(html)
    if found is None:
        raise ArticleError(
            f"{source} holds no article: no main text was found in the page. "
            "It may need a browser's scripts, or a login: save the text as a .txt file."
        )
    text, title, published, author = found
    return Article(
        text=text, title=title or title_of_text(source, text), source=source, published=published, author=author
    )


def extract(html: str) -> tuple[str, str, str | None, str | None] | None:
    """Main text, title ("" for none), date and author of a page; None where there is no main text."""
    from trafilatura import bare_extraction
    from trafilatura.settings import Document

    # Only dates that the page states: the extensive search guesses from any number on it.
    dates = {"original_date": True, "extensive_search": False, "max_date": "2100-01-01"}
    found = bare_extraction(
        html, include_comments=False, with_metadata=True, date_extraction_params=dates, prune_xpath=_NEVER_TEXT
    )
    if not isinstance(found, Document):
        return None
    text = "\n".join(line.rstrip() for line in (found.text or "").split("\n")).strip()
    title = " ".join((found.title or "").split())
    if text in ("", title):
        return None
    return text, title, iso_date(found.date), found.author or None


def decode_page(source: str, data: bytes, charset: str | None = None) -> str:
    """The page's text, in the encoding that the server or the page declares; UTF-8 if neither does."""
    declared = _META.search(data[:4096])
    name = charset or (declared[1].decode("ascii") if declared else "utf-8")
    if declared and not charset and re.match("utf-?16", name, re.IGNORECASE):  # what says so could be read as ASCII
        name = "utf-8"
    return decode_declared(source, data, name)
