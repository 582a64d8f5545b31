"""Where an article's paragraphs stand, and which of its lines are no prose: titles, headings, bylines, link lines."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from index.article import Span

Kind = Literal["sentence", "title", "heading", "byline", "link"]

LONGEST_LINE = 200
"""Characters; a longer paragraph is prose, whatever its first words are."""

_END = r"[\"'”’»)\]*_]*"
_LINK = re.compile(
    # These end a paragraph in no prose: "Read more about Kim: ...", "More to read | ..."
    r"(?:more to read|also read|read (?:more|also|next)|more on this|see also|you (?:may|might) also like"
    r"|further reading|related (?:articles?|stories|stor[iy]|reading|coverage|content|links?|posts?|news|topics?)"
    r"|recommended (?:articles?|stories|reading|posts?|for you))"
    r"(?: (?:about|on|from|in|at|here)\b[^.!?:|»→]{0,30})? ?[:|»→]"
    r"|(?:read more|see also|advertisement|continue reading|share this(?: article)?|related articles?) ?\W*$"
    r"|click here to\b.*|https?://\S+$",
    re.IGNORECASE | re.DOTALL,
)
_SOFT_LINK = re.compile(
    # These open sentences as well ("Watch: it will fall."), so only a line without a full stop is a link.
    r"(?:related|recommended|watch|listen|read this|don['’]t miss|subscribe|sign up|follow us)"
    r"(?: (?:live|now|more|here|again|also|this|next|video|on \w+|the (?:video|clip|moment|interview|full \w+)))?"
    r" ?[:|»→]"
    r"|(?:subscribe to|sign up (?:for|to)|follow us on)\b",
    re.IGNORECASE,
)
_NAME = r"(?:[A-Z][\w.'’-]*|de|del|della|di|da|dos|du|la|le|van|von|der|den|ter|al|bin|ibn|el)"
_NAMES = rf"{_NAME}(?:(?:,? and|,? AND| &|,)? {_NAME}){{0,11}}"
_AFTER_NAMES = (
    r"(?:,? (?:in|for|at|of|with) [A-Z][^.!?]*| ?[|·•–—/-].*"
    r"|, [a-z][\w ]*(?:writers?|reporters?|correspondents?|editors?|columnists?|contributors?|press))?"
)
_BYLINE = re.compile(rf"(?:By|BY|From|FROM|Text by|Words by|Written by|Story by|Reporting by) {_NAMES}{_AFTER_NAMES}$")
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\.?"
_DAY = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?\.?"
_WHEN = (
    r"(?:(?:(?:first |last )?(?:published|updated|posted|modified)|date):?"
    rf"|{_MONTH}|{_DAY}|\d[\d:./-]*(?:st|nd|rd|th|am|pm|Z)?|[ap]\.?m\.?|at|on|ago|hours?|minutes?|days?|UTC|GMT"
    r"|[CEMP][SD]?T)"
)
_DATES = re.compile(rf"{_WHEN}(?:(?: ?[,|·•–—-])? {_WHEN}){{0,16}}$", re.IGNORECASE)
_LIST_ITEM = re.compile(r"(?:[-*•–+]|\(?\d{1,3}[.)])\s")
_CLOSED = re.compile(rf"[.!?…:;,。！？؟।]{_END}(?:\[\w{{1,4}}\]|[^\w(])*$")
_FULL_STOP = re.compile(rf"[.!?…。！？؟।]{_END}$")
_URL = re.compile(r"https?://", re.IGNORECASE)
_RULE = re.compile(r"[\W_]+$")


def find_paragraphs(text: str, title: str = "") -> list[Span]:
    """Spans of the paragraphs, in order, without the white space around them.

    A line is a paragraph, but lines that were wrapped by hand are one together, and so are lines that break off
    within a sentence. A first line that is the title stands by itself.
    """
    found: list[Span] = []
    width = _width(text)
    for lines in _blocks(text):
        if not found and title and bare(text[slice(*lines[0])]) == title.strip():
            found.append(lines.pop(0))
        if lines and _wrapped([text[start:end] for start, end in lines], width):
            found.append((lines[0][0], lines[-1][1]))
        else:
            found.extend(_joined(text, lines))
    return found


def kind_of(text: str, paragraphs: list[Span], i: int, title: str = "") -> Kind:
    """What the paragraph `paragraphs[i]` is; "sentence" for prose."""
    start, end = paragraphs[i]
    if i == 0 and title and bare(text[start:end]) == title.strip():
        return "title"
    if end - start > LONGEST_LINE:
        return "sentence"
    line = text[start:end]
    words = bare(line)
    if re.match(r"#{1,6}\s", line):
        return "heading"
    if _is_link(words):
        return "link"
    if _answers(text, paragraphs, i, title):
        return "sentence"
    if _is_byline(words):
        return "byline"
    return "heading" if _is_heading(text, paragraphs, i) else "sentence"


def bare(line: str) -> str:
    """The line's words, without Markdown's marks around them."""
    return line.lstrip("# ").rstrip("# ").strip("*_")


def strip(text: str, start: int, end: int) -> Span:
    """The span without the white space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _blocks(text: str) -> Iterator[list[Span]]:
    """The lines between blank ones."""
    block: list[Span] = []
    at = 0
    for line in text.split("\n"):
        span = strip(text, at, at + len(line))
        at += len(line) + 1
        if span[0] < span[1]:
            if block and _LIST_ITEM.match(text, *span):
                yield block
                block = []
            block.append(span)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _width(text: str) -> int:
    """The width at which the text's lines were wrapped by hand, or 0 where they were not."""
    widths = [len(line) for line in map(str.strip, text.split("\n")) if line]
    fit = [width for width in widths if width <= 120]
    longest = max(fit, default=0)
    full = sum(width > longest - 12 for width in fit)
    return longest if full >= 3 and longest >= 50 and len(widths) - len(fit) <= len(widths) // 20 else 0


def _wrapped(lines: list[str], width: int) -> bool:
    """Whether a block's lines are one paragraph wrapped by hand: of about one width, and running on, be it that each
    has no room for the first word of the next at the `width` of the text (0: not known)."""
    if len(lines) < 2:
        return False
    if all(line[0] == ">" for line in lines):  # a quotation, in Markdown or a letter
        lines = [line.lstrip("> ") or ">" for line in lines]
    widths = [len(line) for line in lines[:-1]]
    level = 40 <= max(widths) <= 120 and max(widths) - min(widths) <= 30 and len(lines[-1]) <= max(widths) + 10
    if not level or any(_LIST_ITEM.match(line) or line[0] in "#>|" for line in lines[1:]):
        return False
    runs_on = sum(not _closed(line) for line in lines[:-1])
    full = width > 0 and all(len(line) + 1 + len(below.split()[0]) > width for line, below in pairwise(lines))
    return 2 * runs_on >= len(widths) and (full or any(line[0].islower() for line in lines[1:]))


def _joined(text: str, lines: list[Span]) -> Iterator[Span]:
    """The lines, but one that breaks off and goes on in lower case is one with the next."""
    start = end = 0
    for line in lines:
        goes_on = end > start and text[line[0]].islower() and text[start] != "#" and not _URL.match(text, *line)
        if goes_on and (text[end - 1] == "," or not _closed(text[max(start, end - 40) : end])):
            end = line[1]
            continue
        if end > start:
            yield start, end
        start, end = line
    if end > start:
        yield start, end


def _closed(line: str) -> bool:
    """Whether the line ends as a sentence or a part of one does; quotation marks, [1] and the like may follow."""
    return bool(_CLOSED.search(line[-40:]))


def _is_link(words: str) -> bool:
    """Whether the line leads elsewhere, or holds no word at all."""
    soft = _SOFT_LINK.match(words) and not _FULL_STOP.search(words)
    return bool(soft or not words or _RULE.match(words) or _LINK.match(words))


def _is_byline(words: str) -> bool:
    if len(words) > 120:
        return False
    if _BYLINE.match(words) and (not _FULL_STOP.search(words) or words.endswith((" Jr.", " Sr."))):
        return True
    return len(words) <= 80 and bool(re.search(r"\d", words)) and " " in words and bool(_DATES.match(words))


def _heading_like(text: str, span: Span) -> bool:
    if span[1] - span[0] > 90:
        return False
    line = bare(text[slice(*span)])
    first = line.lstrip("\"'“‘«¿¡([")[:1]
    if len(line.split()) > 12 or _closed(line) or _LIST_ITEM.match(line) or _is_byline(line) or _is_link(line):
        return False
    return first.isupper() or first.isdigit()


STAMPED = re.compile(
    r"\[\d{1,2}[:.]\d\d|[\d/.-]{6,10}, \d{1,2}:\d\d"
    r"|\d{1,2}[:.]\d\d(?:[:.]\d\d)?(?: ?[ap]m)? *(?:[-–—] )?[^\s:][^:]{0,30}: "
)
"""The beginning of a line with the time at which it was said: "[09:05] Kim: Yes"."""
_ASKS = re.compile(r"[^.!?\n]{3,150}\?[\"”’)\]*_]*$")
_SPOKEN = re.compile(r"\**[QA]\d{0,2}[.:]")
_FIELD = re.compile(r"[-*• ]*[A-Z][\w'’./ -]{0,40}[*_]*:[*_]*\s+\S")


def _answers(text: str, paragraphs: list[Span], i: int, title: str) -> bool:
    """Whether the line stands below a question that is a line of its own, and is no title."""
    if i == 0:
        return False
    above = bare(text[slice(*paragraphs[i - 1])])
    return bool(_ASKS.match(above)) and not (i == 1 and title and above == title.strip())


def _no_heading(text: str, paragraphs: list[Span], i: int) -> bool:
    """Whether a line that looks like a heading is something said, a field of a record ("Length: 269 m") among others,
    an item below a line that ends in a colon, or a verse that goes on from the one above."""
    line = text[slice(*paragraphs[i])]
    if _SPOKEN.match(line) or STAMPED.match(line):
        return True
    near = [text[slice(*paragraphs[j])] for j in (i - 1, i + 1) if 0 <= j < len(paragraphs)]
    if _FIELD.match(line) and any(_FIELD.match(other) for other in near):
        return True
    j = i - 1
    while j >= 0 and i - j <= 2 and _heading_like(text, paragraphs[j]):
        j -= 1
    above = text[slice(*paragraphs[j])].rstrip("*_") if j >= 0 else ""
    next_line = j == i - 1 and j >= 0 and "\n\n" not in text[paragraphs[j][1] : paragraphs[i][0]]
    return above.endswith(":") or (next_line and above.endswith((",", ";")))


def _is_heading(text: str, paragraphs: list[Span], i: int) -> bool:
    """Whether a line that looks like a heading has text below it; a run of three such lines is a list or a poem."""
    if i + 1 == len(paragraphs) or not _heading_like(text, paragraphs[i]):
        return False
    run = 1
    for step in (-1, 1):
        j = i + step
        while 0 <= j < len(paragraphs) and abs(j - i) <= 2 and _heading_like(text, paragraphs[j]):
            run += 1
            j += step
    return run < 3 and not _no_heading(text, paragraphs, i)
