"""A Word document (.docx) -> an article, by python-docx."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from index.article import Article
from index.errors import ArticleError
from index.formats.dates import iso_date
from index.formats.titles import title_of_text

MAX_UNPACKED_BYTES = 200_000_000
"""Of all parts together, pictures included."""

MAX_DOCUMENT_BYTES = 40_000_000
"""Of one part of XML, which takes about ten times that in memory: some twenty novels."""

_TEMPLATE_MADE = datetime(2013, 12, 23, 23, 15, tzinfo=UTC)
"""What every document made by python-docx says of itself."""


def read_word(source: str, data: bytes) -> Article:
    """The document's text in its order: a paragraph or heading a line, with a blank one between; a table's row a line.

    Title, author and the day it was made are the document's own properties. Raises `ArticleError` for a file that is
    no Word document, is protected by a password, holds no text, or unpacks to more than the limits.
    """
    import docx

    _check_size(source, data)
    document = docx.Document(io.BytesIO(data))
    text = "\n".join(_lines(document.element.body)).strip()
    if not text:
        raise ArticleError(
            f"{source} is empty: the document holds no text, at most pictures. Type the text, or use OCR."
        )
    about = document.core_properties
    title = " ".join(about.title.split()) or title_of_text(source, text)
    author = about.author if about.author != "python-docx" else ""
    made = None if about.created == _TEMPLATE_MADE else about.created
    return Article(text=text, title=title, source=source, published=iso_date(made), author=author or None)


def _check_size(source: str, data: bytes) -> None:
    """Refuses what is not a zip archive, or a bomb: `zipfile` never unpacks more of a part than it declares."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ArticleError(
            f"{source} is protected by a password, or an old Word document (.doc). Save it anew as .docx without one."
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
    except zipfile.BadZipFile as error:
        raise ArticleError(
            f"{source} is not a Word document, or is damaged ({error}). Save it anew as .docx."
        ) from error
    largest = max((p.file_size for p in parts if p.filename.lower().endswith((".xml", ".rels"))), default=0)
    if largest > MAX_DOCUMENT_BYTES or sum(p.file_size for p in parts) > MAX_UNPACKED_BYTES:
        raise ArticleError(
            f"{source} unpacks to more than {MAX_DOCUMENT_BYTES // 1_000_000} MB of text or "
            f"{MAX_UNPACKED_BYTES // 1_000_000} MB in all, the limits. Split it, or take its pictures out."
        )


def _lines(body: Any) -> Iterator[str]:
    """All paragraphs, those in tables, text boxes and controls too; text deleted, moved away or hidden is in none."""
    from docx.oxml.ns import qn

    paragraph, row, table, fallback = qn("w:p"), qn("w:tr"), qn("w:tbl"), _FALLBACK
    cells: list[str] = []
    current: Any = None
    for element in body.iter(paragraph):
        if next(element.iterancestors(fallback), None) is not None:  # a second copy, for old programs
            continue
        text = _text(element)
        within = next(element.iterancestors(row, table), None)
        if cells and within is not current:
            yield " | ".join(cells)
            if within is None or within.getparent() is not current.getparent():
                yield ""
            cells = []
        current = within
        if within is not None:
            cells += [" ".join(text.split())] if text.strip() else []
        elif text.strip():
            yield from (text.strip(), "")
    if cells:
        yield " | ".join(cells)


_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def _is_hidden(node: Any) -> bool:
    """Whether it was moved elsewhere by a tracked change, or its run is marked as hidden."""
    from docx.oxml.ns import qn

    marks = [mark.get(qn("w:val"), "1") for mark in node.getparent().iterfind(f"{qn('w:rPr')}/{qn('w:vanish')}")]
    return next(node.iterancestors(qn("w:moveFrom")), None) is not None or any(m not in ("0", "false") for m in marks)


def _text(paragraph: Any) -> str:
    """The words of one paragraph, not of those in text boxes that hang on it."""
    from docx.oxml.ns import qn

    own = qn("w:p")
    marks = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
    parts = []
    for node in paragraph.iter(qn("w:t"), *marks):
        shown = node.getparent().tag != qn("w:tabs") and not _is_hidden(node)
        if shown and next(node.iterancestors(own), None) is paragraph:
            parts.append(marks.get(node.tag) or node.text or "")
    return "".join(parts)
