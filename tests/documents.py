"""Files of every format, made here so that what is in them is known."""

from __future__ import annotations

import io
import zlib

TEXT = (
    "A storm hit the western coast of Portugal on Monday. Three people died in it, the mayor of the old town said on "
    "the radio. The long-standing rules for the harbour were changed after the disaster of 1998, when nobody had been "
    "warned. The storm was over in a minute."
)
AFTER = "Winds fell on Tuesday. The well-known harbour was opened again by the mayor, who had stayed there all night."


def wrap(text: str, width: int = 60) -> list[str]:
    """Lines of at most `width` characters, words broken after a hyphen where they have one."""
    lines = [""]
    for word in text.replace("-", "-\0").split(" "):
        for i, part in enumerate(word.split("\0")):
            glue = " " if lines[-1] and i == 0 else ""
            if len(lines[-1]) + len(glue) + len(part) > width:
                lines.append(part)
            else:
                lines[-1] += glue + part
    return lines


def pdf(pages: list[list[str]], info: str = "", extra: str = "", compress: bool = True) -> bytes:
    """A PDF with these lines, which hold no parentheses, on its pages."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    kids = []
    streams: dict[int, bytes] = {}
    for lines in pages:
        shown = "".join(f"({line}) Tj T* " for line in lines)
        content = f"BT /F1 12 Tf 14 TL 72 720 Td {shown}ET".encode("cp1252")
        data = zlib.compress(content) if compress else content
        kind = "/Filter /FlateDecode " if compress else ""
        kids.append(f"{len(objects) + 1} 0 R")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects) + 2} 0 R "
            f"/Resources << /Font << /F1 {font} >> >> {extra}>>"
        )
        objects.append(f"<< {kind}/Length {len(data)} >>")
        streams[len(objects)] = data
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    objects.append(f"<< {info} >>")
    out = io.BytesIO()
    out.write(b"%PDF-1.4\n")
    places = []
    for number, body in enumerate(objects, 1):
        places.append(out.tell())
        stream = b"\nstream\n" + streams[number] + b"\nendstream" if number in streams else b""
        out.write(f"{number} 0 obj\n{body}".encode() + stream + b"\nendobj\n")
    start = out.tell()
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}".encode())
    out.write(f"trailer << /Size {len(objects) + 1} /Root 1 0 R /Info {len(objects)} 0 R >>\n".encode())
    out.write(f"startxref\n{start}\n%%EOF\n".encode())
    return out.getvalue()


def article_pdf() -> bytes:
    """Two pages with a running head, page numbers, a heading, and paragraphs wrapped at 60 characters."""
    first, second = wrap(TEXT), wrap(AFTER)
    head = "The Coast Gazette"
    pages = [
        [head, "Storm hits coast", "", *first[:3], "1"],
        [head, *first[3:], "The aftermath", *second[:1], "2"],
        [head, *second[1:], "3"],
    ]
    return pdf(pages, "/Title (Storm) /Author (Jane Doe) /CreationDate (D:20260303103000Z)")


def word(paragraphs: list[str], table: list[list[str]] | None = None, **about: object) -> bytes:
    """A Word document; a paragraph that begins with "# " is a heading."""
    import docx

    document = docx.Document()
    for text in paragraphs:
        if text.startswith("# "):
            document.add_heading(text[2:], 1)
        else:
            document.add_paragraph(text)
    if table:
        grid = document.add_table(len(table), len(table[0]))
        for i, row in enumerate(table):
            for j, cell in enumerate(row):
                grid.cell(i, j).text = cell
        document.add_paragraph("The end.")
    for name, value in about.items():
        setattr(document.core_properties, name, value)
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def html(body: str = "", head: str = '<meta charset="utf-8">') -> bytes:
    """A page with menus, an article and a footer, in UTF-8."""
    paragraphs = body or f"<h1>Storm hits coast</h1><p>{TEXT}</p><h2>The aftermath</h2><p>{AFTER}</p>"
    return (
        f"<!doctype html><html><head>{head}<title>Storm hits coast</title><meta name='author' content='Jane Doe'>"
        "<meta property='article:published_time' content='2026-03-03T10:30:00Z'></head><body><nav><a href='/'>Home</a>"
        f"<a href='/world'>World</a></nav><article>{paragraphs}</article><footer>Copyright 1999</footer></body></html>"
    ).encode()


def rss(items: list[str]) -> bytes:
    """An RSS feed with these items' inner XML."""
    inner = "".join(f"<item>{item}</item>" for item in items)
    return (
        '<?xml version="1.0" encoding="utf-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>The Coast Gazette</title>{inner}</channel></rss>"
    ).encode()
