"""Where an article's sentences stand, and which of its lines are no sentences: titles, headings, bylines, link lines.

Sentence ends are found by `sentencex`; what it is known to cut wrongly is joined again here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from index.article import Span

Kind = Literal["sentence", "title", "heading", "byline", "link"]

LONGEST_SENTENCE = 1000
"""Characters. About 256 word pieces of English, the window of all-MiniLM-L6-v2; only longer sentences are cut."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch of an article, `article.text[start:end]`; only the kind "sentence" is ever quoted."""

    start: int
    end: int
    kind: Kind


_LINK = re.compile(
    r"(?:more to read|read (?:more|also|next|this)|also read|more on this|see also|related(?: \w+)?|further reading|"
    r"you (?:may|might) also like|recommended|don['’]t miss|watch|listen|subscribe|sign up|follow us)\b[^.!?]{0,30}"
    r"[:：|»→]|(?:read more|advertisement|continue reading|share this(?: article)?|click here\b.*)\W*$|https?://\S+$",
    re.IGNORECASE,
)
_BYLINE = re.compile(
    r"(?:by|from) (?:[A-Z][\w.'’-]*(?:,| and| &)? ?){1,8}(?:[|,–-].{0,60})?$"
    r"|(?:published|updated|posted|last (?:updated|modified))\b.{0,60}\d.{0,30}$",
    re.IGNORECASE,
)
_NAME_BYLINE = re.compile(r"(?:By|BY) [A-Z]")
_LIST_ITEM = re.compile(r"(?:[-*•–+]|\(?\d{1,3}[.)])\s")
_CLOSED = re.compile(r"[.!?…:;,。！？][\"'”’»)\]]*$")
_RULE = re.compile(r"[\W_]+$")


def find_sentences(text: str, title: str = "") -> list[Sentence]:
    """The stretches of a text in order, none overlapping, without the white space around them."""
    paragraphs = list(_paragraphs(text))
    found: list[Sentence] = []
    for i, (start, end) in enumerate(paragraphs):
        kind = _kind(text, paragraphs, i, title)
        spans = _split(text, start, end) if kind == "sentence" else [(start, end)]
        found.extend(Sentence(s, e, kind) for s, e in spans)
    if not any(s.kind == "sentence" for s in found):  # a text of short lines alone, a poem or a list
        return [Sentence(s.start, s.end, "sentence" if s.kind == "heading" else s.kind) for s in found]
    return found


def _paragraphs(text: str) -> Iterator[Span]:
    """Spans of the paragraphs: a line each, but for blocks of lines that were wrapped by hand."""
    for block in re.finditer(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*", text):
        lines = [m.span() for m in re.finditer(r"[^\n]+", block.group())]
        if _wrapped(block.group().split("\n")):
            lines = [(0, len(block.group()))]
        for start, end in lines:
            yield _strip(text, block.start() + start, block.start() + end)


def _wrapped(lines: list[str]) -> bool:
    """Whether a block's lines are one paragraph wrapped by hand: of about one width, and running on."""
    if len(lines) < 2:
        return False
    widths = [len(line.rstrip()) for line in lines[:-1]]
    below = [line.lstrip() for line in lines[1:]]
    runs_on = sum(not _CLOSED.search(line.rstrip()) for line in lines[:-1])
    level = max(widths) <= 120 and max(widths) - min(widths) <= 30 and len(lines[-1].rstrip()) <= max(widths) + 10
    plain = not any(_LIST_ITEM.match(line) or line[:1] in "#>|" for line in below)
    return plain and level and max(widths) >= 40 and 2 * runs_on >= len(widths) and any(b[:1].islower() for b in below)


def _kind(text: str, paragraphs: list[Span], i: int, title: str) -> Kind:
    line = text[slice(*paragraphs[i])]
    bare = line.lstrip("# ").rstrip("# ").strip("*_")
    if i == 0 and title and bare == title.strip():
        return "title"
    if line.startswith("#") and re.match(r"#{1,6}\s", line):
        return "heading"
    if _LINK.match(bare) and len(bare) <= 200:
        return "link"
    if len(bare) <= 100 and _BYLINE.match(bare) and (not bare.lower().startswith("by") or _NAME_BYLINE.match(bare)):
        return "byline"
    if _RULE.match(line):
        return "link"
    return "heading" if _is_heading(text, paragraphs, i, bare) else "sentence"


def _heading_like(line: str) -> bool:
    short = len(line) <= 90 and len(line.split()) <= 12
    return short and not _CLOSED.search(line) and not _LIST_ITEM.match(line) and (line[:1].isupper() or line[:1].isdigit())


def _is_heading(text: str, paragraphs: list[Span], i: int, line: str) -> bool:
    """Whether a line that looks like a heading has text below it; a run of three such lines is a list or a poem."""
    if not _heading_like(line) or i + 1 == len(paragraphs):
        return False
    near = [text[slice(*p)] for p in paragraphs[max(0, i - 2) : i + 3]]
    return len(near) < 3 or sum(map(_heading_like, near)) < 3


_ABBREVIATION = re.compile(
    r"\b(?:approx|vs|v|no|nos|fig|figs|vol|ca|cf|est|dept|e\.g|i\.e|LLC|Inc|Corp|Ltd|Co|Sen|Rep|Gen|Gov|Col|Lt|Sgt|Capt|"
    r"Rev|Hon|Pres|Prof|Mr|Mrs|Ms|Dr|St|Mt|Ft|U\.N|U\.S|U\.K|E\.U)\.$"
)
_NAME_ALWAYS_FOLLOWS = re.compile(r"\b(?:Sen|Rep|Gen|Gov|Col|Lt|Sgt|Capt|Rev|Hon|Prof|Mr|Mrs|Ms|Dr|St|Mt|Ft|vs)\.$")
_TIME = re.compile(r"\b[ap]\.m\.$")
_ZONE = re.compile(r"(?:[A-Z]{2,4}T|GMT|UTC|ET|PT|CT|MT|BST|local time)\b")
_ASKED = re.compile(r"[?!…][\"”’]$")
_SAID = re.compile(
    r"(?:(?:[A-Z][\w’'.-]*|he|she|they|it|we|I|the \w+) ){1,4}?"
    r"(?:said|asked|says|asks|added|told|cried|shouted|replied|wrote|wondered|joked|exclaimed|answered|continued)\b"
)
_CLOSING = re.compile(r"[\"”’»)\]]+(?:\s|$)|\[(?:\d+|[a-z ]+ needed)\]")


def _leans_back(before: str, after: str) -> bool:
    """Whether what the splitter took for a new sentence goes on with the one before."""
    if _CLOSING.match(after):
        return True
    if _ASKED.search(before):
        return after[:1].islower() or bool(_SAID.match(after))
    if _TIME.search(before):
        return after[:1].islower() or bool(_ZONE.match(after))
    if _ABBREVIATION.search(before):
        return after[:1].islower() or after[:1].isdigit() or bool(_NAME_ALWAYS_FOLLOWS.search(before))
    return False


def _split(text: str, start: int, end: int) -> list[Span]:
    import sentencex

    pieces: list[str] = sentencex.segment("en", text[start:end])
    if "".join(pieces) != text[start:end]:  # never guess where a piece stands
        pieces = [text[start:end]]
    spans: list[Span] = []
    at = start
    for piece in pieces:
        span = _strip(text, at, at + len(piece))
        at += len(piece)
        if span[0] == span[1]:
            continue
        if spans and _leans_back(text[slice(*spans[-1])], text[slice(*span)]):
            spans[-1] = (spans[-1][0], span[1])
        else:
            spans.append(span)
    return [part for span in spans for part in _cut_long(text, *span)]


def _cut_long(text: str, start: int, end: int) -> Iterator[Span]:
    """The span itself, or pieces of at most `LONGEST_SENTENCE` characters, cut at the last good place in each."""
    while end - start > LONGEST_SENTENCE:
        window = text[start : start + LONGEST_SENTENCE]
        cut = next((p + 1 for mark in ("; ", ", ", " ", "\n") if (p := window.rfind(mark)) > LONGEST_SENTENCE // 2), 0)
        stop = start + (cut or LONGEST_SENTENCE)
        yield _strip(text, start, stop)
        start = stop
    if (last := _strip(text, start, end))[0] < last[1]:
        yield last


def _strip(text: str, start: int, end: int) -> Span:
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
