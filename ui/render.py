"""Answers, articles and changes -> plain text, JSON and HTML. Pure functions; whatever articles or persons wrote is
escaped, and never read as markup of any kind."""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from typing import Any

from index import Article, Changes, Failure
from qa import Answer, Quote

Span = tuple[int, int]

SHOWN_CHARACTERS = 200_000
"""The most of one article put on a page at once, in characters: a browser stays quick, and few articles are longer."""

DONT_SAY = "The articles don’t say"


def plain(text: str) -> str:
    """The text with its control characters shown as U+FFFD, so that no article can steer a terminal."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", "\ufffd", text)


def source_label(source: str, *, short: bool = False) -> str:
    """A source as a person would name it: a file relative to this folder, or by its name alone if `short`."""
    if source.lower().startswith(("http://", "https://")) or not os.path.isabs(source):
        return source
    if short:
        return os.path.basename(source)
    relative = os.path.relpath(source)
    return source if relative.startswith("..") else relative


def answer_text(answer: Answer) -> str:
    """The answer for a terminal: the short answer, then each quote with where it stands; or why there is none."""
    if answer.answered:
        head = [f"{plain(answer.short)}  ({_sure(answer)})"] if answer.short else [_sure(answer)]
        return "\n\n".join(head + [_quote_text(quote) for quote in answer.quotes])
    parts = [plain(answer.text)]
    if answer.nearest:
        parts.append("The nearest passages, which do not answer the question:")
        parts.extend(_quote_text(quote) for quote in answer.nearest)
    return "\n\n".join(parts)


def as_json(value: Any, encoding: str = "utf-8") -> str:
    """JSON for machines, indented, with its text readable as it is where `encoding` holds every character."""
    return json.dumps(value, ensure_ascii=codecs.lookup(encoding).name != "utf-8", indent=2)


def articles_text(articles: Sequence[Article]) -> str:
    """One line an article: title, date and source, in columns parted by tabs."""
    rows = ((a.title or "(no title)", a.published or "", source_label(a.source)) for a in articles)
    return "\n".join("\t".join(" ".join(plain(cell).split()) for cell in row) for row in rows)


def changes_text(changes: Changes) -> str:
    """What an update did in one line: "3 new, 1 changed, 2 gone, 118 unchanged", with "moved" and "failed" if any."""
    counts = (
        (len(changes.added), "new", True),
        (len(changes.replaced), "changed", True),
        (len(changes.moved), "moved", False),
        (len(changes.removed), "gone", True),
        (len(changes.unchanged), "unchanged", True),
        (len(changes.failed), "failed", False),
    )
    return ", ".join(f"{count} {word}" for count, word, always in counts if count or always)


def failure_text(failure: Failure) -> str:
    """Why a source could not be taken in, in one line that names it once."""
    return failure.reason if failure.source in failure.reason else f"{failure.source}: {failure.reason}"


def answer_html(answer: Answer, turn: int) -> str:
    """The answer as HTML: each quote, or nearest passage, can be clicked, and has `data-turn` and `data-quote`; no
    button, in which words cannot be selected."""
    if answer.answered:
        short = f'<p class="q-short" dir="auto">{escape(answer.short)}</p>' if answer.short else ""
        sure = (
            '<p class="q-sure" title="Of the answers given at this confidence, about as many are right">'
            f"{_sure(answer)}</p>"
        )
        head = f'<div class="q-head">{short}{sure}</div>'
        first, *others = answer.quotes
        cards = [_card(first, turn, 0, _short_span(answer)), *(_card(q, turn, n) for n, q in enumerate(others, 1))]
        return f'<div class="q-answer">{head}{"".join(cards)}</div>'
    if answer.reason != "not in the articles":
        return f'<div class="q-answer q-note"><p dir="auto">{escape(answer.text)}</p></div>'
    cards = [_card(q, turn, n) for n, q in enumerate(answer.nearest)]
    near = (
        '<p class="q-hint">The nearest passages, in case they help. As far as I can tell, they don’t answer the '
        "question.</p>"
    )
    return (
        f'<div class="q-answer q-none"><p class="q-title">{DONT_SAY}</p>'
        "<p>None of them answers this, as far as I can tell. Other words may help, or an article that does answer it."
        f"</p>{near if cards else ''}{''.join(cards)}</div>"
    )


def article_html(
    article: Article, quotes: Sequence[Quote] = (), active: Quote | None = None, sentences: Sequence[Span] = ()
) -> str:
    """The whole article as HTML, its words untouched, each quote in `<mark id="quote-N">`, N its place in `quotes`.

    A quote over several paragraphs, or that overlaps another, is several marks, each with all its numbers in
    `data-quotes`; the first of them has the id. The `active` one's have the class `q-active`. With `sentences`,
    paragraphs where none stands (headings, link lines) are set apart. Of a very long article, the part around
    `active` is shown.
    """
    paragraphs, above, below = _shown(list(_paragraphs(article)), active.start if active else 0)
    seen: set[int] = set()
    body: list[str] = []
    headed = _title_end(article)
    for start, end in paragraphs:
        inner = "".join(_marked(article.text, (start, end), quotes, active, seen))
        if end <= headed:
            body.append(f'<h2 dir="auto">{inner}</h2>{_meta_html(article)}')
        else:
            kind = "q-aside" if sentences and not any(s < end and start < e for s, e in sentences) else "q-text"
            body.append(f'<p dir="auto" class="{kind}">{inner}</p>')
    head = (
        ""
        if headed and not above
        else f'<h2 dir="auto">{escape(article.title or "(no title)")}</h2>{_meta_html(article)}'
    )
    return f'<article class="q-article">{head}{_cut(above, "above")}{"".join(body)}{_cut(below, "below")}</article>'


def source_html(source: str) -> str:
    """A source as HTML: a link for a web address, else a name with the whole path as its tooltip."""
    if re.match(r"https?://[^\s]+$", source, re.IGNORECASE):
        address = escape(source)
        return f'<a href="{address}" target="_blank" rel="noopener noreferrer nofollow" dir="ltr">{address}</a>'
    return f'<bdi title="{escape(source)}">{escape(source_label(source, short=True))}</bdi>'


def _sure(answer: Answer) -> str:
    """How sure the answer is; of sentences that stand for a whole article, it is no question of being right."""
    return f"{answer.confidence:.0%} sure" if answer.confidence < 1 else "In the article’s own words"


def _quote_text(quote: Quote) -> str:
    where = ", ".join(part for part in (source_label(quote.source), quote.published) if part)
    words = plain(quote.text).replace("\n", "\n   ")
    title = f"{' '.join(quote.title.split())} " if quote.title else ""
    return f"  “{words}”\n    {plain(title)}({plain(where)})"


def _short_span(answer: Answer) -> Span:
    """Where in the first quote's words the short answer stands; (0, 0) without one."""
    if answer.short is None or answer.short_start is None:
        return 0, 0
    at = answer.short_start - answer.quotes[0].start
    return at, at + len(answer.short)


def _card(quote: Quote, turn: int, number: int, bold: Span = (0, 0)) -> str:
    before, short, after = (
        escape(part) for part in (quote.text[: bold[0]], quote.text[slice(*bold)], quote.text[bold[1] :])
    )
    words = f"{before}<b>{short}</b>{after}" if short else after
    facts = [f"<bdi>{escape(source_label(quote.source, short=True))}</bdi>"]
    if quote.published:
        facts.append(escape(quote.published[:10]))
    return (
        f'<div role="button" tabindex="0" class="q-quote" data-turn="{turn}" data-quote="{number}" '
        'title="Show it in its article">'
        f'<span class="q-words" dir="auto">{words}</span>'
        f'<span class="q-cite"><span class="q-cite-title" dir="auto">{escape(quote.title or "(no title)")}</span>'
        f'<span class="q-facts">{" · ".join(facts)}</span></span></div>'
    )


def _meta_html(article: Article) -> str:
    facts = [source_html(article.source)] if article.source else []
    if article.published:
        facts.append(f"<time>{escape(article.published[:10])}</time>")
    if article.author:
        facts.append(f"<bdi>{escape(article.author)}</bdi>")
    return f'<p class="q-meta">{" · ".join(facts)}</p>'


def _cut(characters: int, where: str) -> str:
    return f'<p class="q-cut">… {characters:,} characters {where} are not shown</p>' if characters else ""


def _title_end(article: Article) -> int:
    """Where the first line of the text ends, if it is the title; else 0."""
    line = re.match(r"\s*([^\n]*)", article.text)
    return line.end() if line and article.title and line[1].strip() == article.title.strip() else 0


def _paragraphs(article: Article) -> Iterator[Span]:
    """Spans without white space at their ends: the title, if the text starts with it, then a line each, but for
    blocks of short lines, which were wrapped by hand."""
    titled = _title_end(article)
    if titled:
        yield _trimmed(article.text, 0, titled)
    for block in re.compile(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*").finditer(article.text, titled):
        lines = [(block.start() + m.start(), block.start() + m.end()) for m in re.finditer(r"[^\n]*\S[^\n]*", block[0])]
        if max(end - start for start, end in lines) <= 120:
            lines = [block.span()]
        for start, end in lines:
            yield _trimmed(article.text, start, end)


def _trimmed(text: str, start: int, end: int) -> Span:
    words = text[start:end]
    return start + len(words) - len(words.lstrip()), start + len(words.rstrip())


def _shown(paragraphs: list[Span], around: int) -> tuple[list[Span], int, int]:
    """The paragraphs to show of a long article, and how many characters before and after them are left out."""
    whole = paragraphs[-1][1]
    if whole <= SHOWN_CHARACTERS:
        return paragraphs, 0, 0
    low = max(0, min(around - SHOWN_CHARACTERS // 2, whole - SHOWN_CHARACTERS))
    kept = [
        (max(s, low), min(e, low + SHOWN_CHARACTERS)) for s, e in paragraphs if s < low + SHOWN_CHARACTERS and e > low
    ]
    return kept, kept[0][0] if low else 0, whole - kept[-1][1]


def _marked(text: str, span: Span, quotes: Sequence[Quote], active: Quote | None, seen: set[int]) -> Iterator[str]:
    """The pieces of a paragraph, cut where quotes start and end; `seen` are the quotes that have their id already."""
    start, end = span
    cuts = sorted({start, end, *(p for q in quotes for p in (q.start, q.end) if start < p < end)})
    for a, b in pairwise(cuts):
        inside = [n for n, quote in enumerate(quotes) if quote.start <= a and b <= quote.end]
        if not inside:
            yield escape(text[a:b])
            continue
        new = next((n for n in inside if n not in seen), None)
        seen.update(() if new is None else (new,))
        id_ = "" if new is None else f' id="quote-{new}"'
        live = ' class="q-active"' if any(quotes[n] == active for n in inside) else ""
        yield f'<mark{id_} data-quotes="{" ".join(map(str, inside))}"{live}>{escape(text[a:b])}</mark>'
