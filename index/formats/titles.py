"""The title of a plain text: its first line where that stands alone, else the name of its file."""

from __future__ import annotations

import os
import re
from urllib.parse import unquote, urlsplit

from index.formats.sources import is_url
from index.lines import STAMPED

LONGEST_TITLE = 150
"""Characters; longer first lines are paragraphs."""

_WRAP_WIDTHS = range(50, 121)
"""The widths at which people and programs wrap paragraphs by hand."""

_LINES_LOOKED_AT = 200
_SENTENCE = re.compile(r"[.。][\"'”’»)\]]*$")
_SHORTENED = re.compile(r"(?:\b[A-Z]\.[A-Z]|\b(?:Inc|Corp|Ltd|Co|Jr|Sr))\.[\"'”’»)\]]*$")
_CLOSED = re.compile(r"[!?！？…][\"'”’»)\]]*$")
_SENTENCE_INSIDE = re.compile(r"[.!?。！？][\"'”’»)\]]*\s+\S")
_NUMBERED = re.compile(r"\(?\d{1,3}[.)]\s")
_FIELD = re.compile(r"(?!By|Date|Published|Updated|Author|Source)[A-Z][\w'’./ -]{0,25}:\s+\S")
"""A line such as "Born: 3 May 1931", but for those that stand below a title."""
_GOES_ON = re.compile(r"[,;:、，；\-–—(]$")


def title_of_text(source: str, text: str) -> str:
    """The first line that stands alone, else the source's file name made readable."""
    return standing_line(text) or readable_name(source)


def readable_name(source: str) -> str:
    """The last part of a path or address, without its ending, as words: "north-korea.txt" -> "North korea"."""
    path = unquote(urlsplit(source).path).rstrip("/") if is_url(source) else source
    stem = os.path.splitext(os.path.basename(path))[0]
    words = " ".join(re.sub(r"[_\-+]+", " ", stem).split())
    return words[:1].upper() + words[1:] if words else source


def standing_line(text: str) -> str:
    """The first line of the text, stripped, if it stands alone as a title does; else "".

    It is short, more text follows, and it is neither a sentence (which could be quoted, as a title cannot) nor the
    first line of a paragraph that was wrapped by hand.
    """
    lines = [line.rstrip() for line in text.lstrip("\ufeff \t\n").split("\n", _LINES_LOOKED_AT)[:_LINES_LOOKED_AT]]
    title, rest = lines[0].strip(), lines[1:]
    if not title or len(title) > LONGEST_TITLE or not any(rest) or _GOES_ON.search(title):
        return ""
    if not any(c.isalnum() for c in title) or title[0] in "-*•>|#=":
        return ""
    if _SENTENCE.search(title) and not _SHORTENED.search(title):
        return ""
    below = next(filter(None, rest)).strip()
    if STAMPED.match(title) or any(kind.match(title) and kind.match(below) for kind in (_NUMBERED, _FIELD)):
        return ""  # the first line of a chat, a list or a record
    if not rest[0]:
        return "" if _CLOSED.search(title) and _SENTENCE_INSIDE.search(title) else title
    return "" if _is_wrapped(title, rest) else title


def _is_wrapped(first: str, rest: list[str]) -> bool:
    """Whether the line below goes on with the first: in lower case, or because its first word no longer fitted."""
    below = rest[0].lstrip()
    if below[:1].islower() or below[:1] in ",;)":
        return True
    width = max(map(len, [first, *rest]))
    return width in _WRAP_WIDTHS and len(first) + 1 + len(below.split()[0]) > width
