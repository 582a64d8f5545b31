"""The lines of printed pages -> paragraphs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_PAGE_NUMBER = re.compile(r"[\W_]*(?:page |p\. ?)?\d{1,4}(?: ?(?:of|/) ?\d{1,4})?[\W_]*$", re.IGNORECASE)
_ITEM = re.compile(r"(?:[•▪◦‣●■–*]|-\s|\(?\d{1,2}[.)]\s|\([a-z]\)\s)")
_ENDED = re.compile(r"[.!?…:。！？][\"'”’»)\]]*(?:\[?\d{1,3}\]?)?$")
_BROKEN_WORD = re.compile(r"([^\W\d_]+)[-\u00ad\u2010]$")
_FIRST_WORD = re.compile(r"[^\W\d_]+")

_SHORT = 0.75
"""Of the width of a full line: a line that ends a sentence below it ends its paragraph too."""


def join_pages(pages: Sequence[str]) -> str:
    """The text of the pages, a line for each paragraph, heading or item, with a blank line between.

    Words broken at the end of a line are put together; running heads, running feet and page numbers are left out.
    """
    lines = [line for page in _without_running_lines(pages) for line in [*page, None]]
    words = Counter(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", "\n".join(pages).lower()))
    width = _full_width([line for line in lines if line])
    paragraphs: list[list[str]] = []
    last = ""
    apart = True
    for line in lines:
        if not line:
            # A blank line ends a paragraph; a page's end does so only after a full stop.
            apart = apart or line is not None or bool(_ENDED.search(last[-10:]))
            continue
        if apart or not last or _starts(last, line, width):
            paragraphs.append([line])
        else:
            _append(paragraphs[-1], line, words)
        last, apart = line, False
    return "\n\n".join("".join(parts) for parts in paragraphs)


def _full_width(lines: list[str]) -> int:
    """The length that nine lines in ten do not exceed."""
    widths = sorted(map(len, lines))
    return widths[len(widths) * 9 // 10] if widths else 0


def _starts(last: str, line: str, width: int) -> bool:
    """Whether a line starts a paragraph, `last` being the line above."""
    if _ITEM.match(line):
        return True
    if line[0].islower() or _BROKEN_WORD.search(last[-60:]):
        return False
    if _ENDED.search(last[-10:]):
        return len(last) < _SHORT * width
    return len(last) < 0.6 * width and last[-1] not in ",;–—("  # a heading, or what stands below one


def _append(parts: list[str], line: str, words: Counter[str]) -> None:
    """Adds a line to its paragraph: a hyphen at the end goes unless the text writes the word with it elsewhere."""
    broken, first = _BROKEN_WORD.search(parts[-1][-60:]), _FIRST_WORD.match(line)
    if not broken or not first or not first[0][0].islower():
        parts += [line] if parts[-1][-1:] in "-–—/" and line[0].isalnum() and broken else [" ", line]
        return
    whole, hyphenated = (broken[1] + first[0]).lower(), f"{broken[1]}-{first[0]}".lower()
    if words[hyphenated] <= words[whole]:
        parts[-1] = parts[-1][:-1]
    parts.append(line)


def _without_running_lines(pages: Sequence[str]) -> list[list[str]]:
    """The pages' lines, stripped, without those that stand at the top or foot of most pages, and page numbers."""
    found = [[" ".join(line.split()) for line in page.split("\n")] for page in pages]
    edges = Counter(key for page in found for key in {_key(page[i]) for i in _edge(page)})
    often = max(3, len(found) // 2)
    for page in found:
        for i in _edge(page):
            if _PAGE_NUMBER.match(page[i]) or edges[_key(page[i])] >= often:
                page[i] = ""
        while page and not page[0]:
            page.pop(0)
        while page and not page[-1]:
            page.pop()
    return found


def _edge(page: list[str]) -> list[int]:
    """The places of the first two and the last two lines that are not blank."""
    filled = [i for i, line in enumerate(page) if line]
    return sorted({*filled[:2], *filled[-2:]})


def _key(line: str) -> str:
    return re.sub(r"\d+", "#", line.lower())
