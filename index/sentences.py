"""Where an article's sentences stand, between the lines that are no sentences.

Sentence ends are found by `sentencex`; what it is known to cut wrongly is joined again here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from index.article import Span
from index.lines import Kind, find_paragraphs, kind_of, strip

LONGEST_SENTENCE = 1000
"""Characters. About 256 word pieces of English, the window of all-MiniLM-L6-v2; only longer sentences are cut."""

_LONGEST_PIECE = 10_000
"""Characters that `sentencex` gets at once: where quotation marks do not close, its time grows with their square."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch of an article, `article.text[start:end]`; only the kind "sentence" is ever quoted."""

    start: int
    end: int
    kind: Kind


def find_sentences(text: str, title: str = "") -> list[Sentence]:
    """The stretches of a text in order, none overlapping, without the white space around them."""
    paragraphs = find_paragraphs(text, title)
    found: list[Sentence] = []
    code = False
    for i, (start, end) in enumerate(paragraphs):
        fences = len(_FENCE.findall(text, start, end))
        kind = "sentence" if code and not fences else kind_of(text, paragraphs, i, title)
        code ^= bool(fences % 2)
        row = text[start] == text[end - 1] == "|" and end - start <= LONGEST_SENTENCE
        spans = [(start, end)] if row or kind != "sentence" else _split(text, start, end)
        found.extend(Sentence(s, e, kind) for s, e in spans)
    if any(s.kind == "sentence" for s in found):
        return found
    # A text of short lines alone, a poem or a list; or of one line, which is its title too.
    prose: tuple[Kind, ...] = ("heading",) if len(found) > 1 else ("heading", "title")
    return [Sentence(s.start, s.end, "sentence" if s.kind in prose else s.kind) for s in found]


_FENCE = re.compile(r"^(?:```|~~~)", re.MULTILINE)
_BEFORE_NAMES = "Cllr|Sra|Atty|Amb|Sen|Rep|Gen|Gov|Col|Lt|Sgt|Capt|Rev|Hon|Prof|Mr|Mrs|Ms|Dr|St|Mt|Ft|vs"
_ABBREVIATION = re.compile(
    rf"\b(?:{_BEFORE_NAMES}|approx|v|no|nos|fig|figs|vol|ca|cf|est|dept|e\.g|i\.e|LLC|Inc|Corp|Ltd|Co|Pres|U\.N|U\.S|"
    r"U\.K|E\.U|tbsps?|tsps?|hrs?|yrs?|lbs?|avg|Avg|temp|deg|pct|eds?|incl|feat|def|[Cc]h|[Ee]qs?|[Ss]ect|Tab|Tbl|App|Rte|"
    r"Mon|Tues?|Wed|Thu(?:rs?)?|Fri|Sun)\.$"
)
_NAME_ALWAYS_FOLLOWS = re.compile(rf"\b(?:{_BEFORE_NAMES})\.$")
_TIME = re.compile(r"\b[ap]\.m\.$")
_ZONE = re.compile(r"(?:[A-Z]{2,4}T|GMT|UTC|ET|PT|CT|MT|BST|local time|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)\b")
_ASKED = re.compile(r"[?!…][\"”’]$")
_SAID = re.compile(
    r"(?:(?:[A-Z][\w’'.-]*|he|she|they|it|we|I|the \w+) ){1,4}?"
    r"(?:said|asked|says|asks|added|told|cried|shouted|replied|wrote|wondered|joked|exclaimed|answered|continued)\b"
)
_WORD_TOO = re.compile(
    r"\b(?:May|art|ill|me|miss|no|ore)\.[\"”’»)\]]*\s+(?=[\"“‘«(\[]*(?!(?:[IVXLC]{2,}|[VX])\b)[A-Z])"
)
"""Abbreviations that are words as well, and meant as such where a capital follows that is no Roman number."""
_ASIDE = re.compile(r"\s*(?:\([A-Z“\"][^()]*[.!?][”\"]?\)|\[[A-Z][^\[\]]*[.!?]\])\s+(?=[“\"(]?[A-Z])")
_ODD_SPACE = re.compile(r"[^\S\x00-\x7f]")
_NO_WORD = re.compile(r"[\W_]+$")
_CLOSING = re.compile(r"(?:[\"”’»)\]]+|(?<=\S)[*_]+)(?:\s|$)|(?:\[(?:\d+|[a-z ]+ needed)\])+")
_NO_END = re.compile(rf"(?:{_ABBREVIATION.pattern})|(?:\b[A-Z]|\betc)\.$")
_LIST_MARK = re.compile(r"(?:[-*•>] )?\(?(?:\d{1,3}|[A-Za-z]|[IVXivx]{1,5})[.)]$")


def _leans_back(before: str, after: str) -> bool:
    """Whether what the splitter took for a new sentence goes on with the one before."""
    if _NO_WORD.match(after) or _LIST_MARK.match(before):
        return True
    if _ASKED.search(before):
        return after[:1].islower() or bool(_SAID.match(after))
    if _TIME.search(before):
        return after[:1].islower() or bool(_ZONE.match(after))
    if before.endswith(" ."):  # ".NET"
        return True
    if _ABBREVIATION.search(before):
        return after[:1].islower() or after[:1].isdigit() or bool(_NAME_ALWAYS_FOLLOWS.search(before))
    return False


def _closing_end(text: str, before: Span, after: Span) -> int:
    """Where the marks end that stand at the beginning of `after` and belong to the sentence before: quotation marks,
    brackets, notes; and marks of emphasis, if they close what was opened there. The start of `after` for none."""
    found = _CLOSING.match(text, *after)
    if not found or (found[0][0] in "*_" and found[0].strip() not in text[slice(*before)]):
        return after[0]
    return strip(text, after[0], found.end())[1]


def _split(text: str, start: int, end: int) -> list[Span]:
    spans: list[Span] = []
    for span in _pieces(text, start, end):
        if not spans:
            spans.append(span)
            continue
        last = spans[-1]
        before = text[max(last[0], last[1] - 40) : last[1]]
        closed = _closing_end(text, last, span)
        rest = strip(text, closed, span[1])
        if closed > span[0] and not (text[rest[0] : rest[1]][:1].islower() or _NO_END.search(before)):
            spans[-1] = (last[0], closed)
            spans += [rest] if rest[0] < rest[1] else []
        elif closed > span[0] or _leans_back(before, text[slice(*span)]):
            spans[-1] = (last[0], span[1])
        else:
            spans.append(span)
    return [part for span in spans for part in _cut_long(text, *span)]


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    """What `sentencex` takes for sentences."""
    import sentencex

    while start < end:
        stop = _stop(text, start, end)
        # it panics on "A\u00a0.", which nothing here could catch: it gets plain spaces, as many characters long
        plain = _ODD_SPACE.sub(" ", text[start:stop])
        found: list[str] = sentencex.segment("en", plain)
        if "".join(found) != plain:  # never guess where a piece stands
            found = [plain]
        pieces = [text[start + a : start + b] for a, b in pairwise((0, *accumulate(map(len, found))))]
        for piece in (part for whole in pieces for part in _apart(whole)):
            span = strip(text, start, start + len(piece))
            start += len(piece)
            if span[0] < span[1]:
                yield span


def _apart(piece: str) -> list[str]:
    """The piece, cut where it holds the end of a sentence after all."""
    ends = [*_WORD_TOO.finditer(piece), *filter(None, [_ASIDE.match(piece)])]
    cuts = sorted({0, *(found.end() for found in ends), len(piece)})
    return [piece[start:end] for start, end in pairwise(cuts)]


def _stop(text: str, start: int, end: int) -> int:
    """The end, or the last good place to cut before `_LONGEST_PIECE` characters."""
    if end - start <= _LONGEST_PIECE:
        return end
    window = text[start : start + _LONGEST_PIECE]
    cut = max(window.rfind(mark) + len(mark) for mark in (". ", "? ", "! ", ".\n", "。"))
    return start + (cut if cut > _LONGEST_PIECE // 2 else (window.rfind(" ") + 1) or _LONGEST_PIECE)


def _cut_long(text: str, start: int, end: int) -> Iterator[Span]:
    """The span itself, or pieces of at most `LONGEST_SENTENCE` characters, cut at the last good place in each."""
    while end - start > LONGEST_SENTENCE:
        window = text[start : start + LONGEST_SENTENCE]
        cut = next((p + 1 for mark in ("; ", ", ", " ", "\n") if (p := window.rfind(mark)) > LONGEST_SENTENCE // 2), 0)
        stop = start + (cut or LONGEST_SENTENCE)
        yield strip(text, start, stop)
        start = strip(text, stop, end)[0]
    if start < end:
        yield start, end
