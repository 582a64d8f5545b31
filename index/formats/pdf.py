"""A PDF -> an article: its text by pypdf, its lines put together into paragraphs."""

from __future__ import annotations

import io
import re
from typing import Any

from index.article import MAX_CHARACTERS, Article
from index.errors import ArticleError
from index.formats.dates import iso_date
from index.formats.paragraphs import join_pages
from index.formats.titles import title_of_text

_NO_TITLE = re.compile(
    r"untitled|microsoft (?:word|powerpoint)\b|.*\.(?:docx?|pdf|indd|rtf|odt|tex|dvi|qxd|html?)$", re.I
)

_LIGATURES = str.maketrans({"ﬀ": "ff", "ﬁ": "fi", "ﬂ": "fl", "ﬃ": "ffi", "ﬄ": "ffl", "ﬅ": "st", "ﬆ": "st"})
"""Shapes of the printed page, not letters: nobody who searches for "first" types one."""


def read_pdf(source: str, data: bytes) -> Article:
    """The text of all pages, a line for each paragraph or heading: words broken at line ends are whole again, running
    heads and page numbers are left out.

    Title, author and the day it was made are the PDF's own. Raises `ArticleError` for a PDF that is damaged, needs a
    password, or has no text but in pictures.
    """
    from pypdf import PdfReader
    from pypdf.errors import DependencyError, PyPdfError

    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise ArticleError(_locked(source))
        pages = _pages(source, reader)
        about = reader.metadata
        title, author, made = (about.title, about.author, about.creation_date) if about else (None, None, None)
    except DependencyError as error:
        raise ArticleError(_locked(source)) from error
    except PyPdfError as error:
        raise ArticleError(f"{source} is damaged or no PDF ({_line(error)}). Open it and save it anew.") from error
    text = join_pages(pages)
    if not text:
        count = f"all {len(pages)} pages are" if len(pages) != 1 else "its one page is"
        raise ArticleError(f"{source} holds no text: {count} empty or a picture. Run OCR first: ocrmypdf OLD NEW")
    title = " ".join(str(title or "").split())
    if not title or _NO_TITLE.match(title):
        title = title_of_text(source, text)
    return Article(
        text=text,
        title=title,
        source=source,
        published=iso_date(made),
        author=" ".join(str(author or "").split()) or None,
    )


def _pages(source: str, reader: Any) -> list[str]:
    pages: list[str] = []
    size = 0
    for page in reader.pages:
        # Fonts without a table give lone surrogates or NULs; no text has those.
        pages.append(re.sub(r"[\0\ud800-\udfff]", "\ufffd", page.extract_text()).translate(_LIGATURES))
        size += len(pages[-1])
        if size > MAX_CHARACTERS:
            raise ArticleError(f"{source} is too long: more than {MAX_CHARACTERS:,} characters. Split it.")
    return pages


def _locked(source: str) -> str:
    return f"{source} is encrypted: it needs a password to be read. Save a copy without one (print it to a PDF)."


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:100] or type(error).__name__
