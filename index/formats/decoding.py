"""Bytes -> text, once and for all: no offset exists before this, and nothing changes the text after it."""

from __future__ import annotations

import codecs

from index.errors import ArticleError

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_SAME_AS_WINDOWS_1252 = frozenset({"iso8859-1", "ascii"})
"""As every browser reads them: https://encoding.spec.whatwg.org/#names-and-labels."""

_MAGIC = (
    (b"%PDF-", "a PDF", ".pdf"),
    (b"PK\x03\x04", "a zip archive or an Office document", ".docx"),
    (b"\xd0\xcf\x11\xe0", "an old Word document (.doc)", ".docx after saving it anew in Word"),
    (b"\x1f\x8b", "a gzip archive", ".txt after unpacking it"),
)


def decode(source: str, data: bytes, encoding: str | None = None) -> str:
    """The text of the bytes: UTF-8, or UTF-16 or UTF-32 with a byte order mark (dropped); every line end becomes LF.

    `encoding` is what the format itself declares; a byte order mark goes before it. Nothing else is changed.
    Raises `ArticleError` for bytes that are not text in that encoding, with the first byte at fault.
    """
    mark, name = next(((m, n) for m, n in _MARKS if data.startswith(m)), (b"", encoding or "utf-8"))
    if not mark and encoding is None:
        _refuse_binary(source, data)
    try:
        text = data[len(mark) :].decode(name)
    except UnicodeDecodeError as error:
        place = error.start + len(mark)
        shown = data[place : place + 1].hex()
        raise ArticleError(
            f"{source} is not valid {name.upper()}: byte {place:,} (0x{shown}) does not fit. It was probably saved in "
            f"another encoding. Convert it: iconv -f WINDOWS-1252 -t UTF-8 OLD > NEW"
        ) from error
    if "\0" in text:
        raise ArticleError(f"{source} is not text: there is a NUL at character {text.index(chr(0)):,}. {_CONVERT}")
    return one_line_end(text)


def decode_declared(source: str, data: bytes, name: str | None) -> str:
    """As `decode`, in the encoding that a web server or the page itself names; UTF-8 for None.

    Raises `ArticleError` for a name that is none.
    """
    if name is None:
        return decode(source, data)
    try:
        known = codecs.lookup(name).name
    except LookupError as error:
        raise ArticleError(
            f"{source} says that its encoding is {name!a}, which is unknown. Save it as UTF-8 text."
        ) from error
    try:
        return decode(source, data, "cp1252" if known in _SAME_AS_WINDOWS_1252 else known)
    except (LookupError, UnicodeError) as error:  # a codec of Python's that makes no text, or only names of hosts
        raise ArticleError(f"{source} says that its encoding is {name!a}, which is none. Save it as UTF-8.") from error


def one_line_end(text: str) -> str:
    """The text with every CRLF and lone CR as LF."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


_CONVERT = "It is probably a program's binary file, or UTF-16 without its mark. Save it as UTF-8 text."


def _refuse_binary(source: str, data: bytes) -> None:
    for magic, kind, suffix in _MAGIC:
        if data.startswith(magic):
            raise ArticleError(f"{source} is not text: it is {kind}, whatever its name says. Rename it to {suffix}.")
    if b"\0" in data:
        raise ArticleError(f"{source} is binary, not text: byte {data.index(0):,} is NUL. {_CONVERT}")
