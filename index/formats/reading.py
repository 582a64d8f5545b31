"""Bytes -> articles, by their kind."""

from __future__ import annotations

import time

from index.article import Article, Failure
from index.errors import ArticleError
from index.formats import isolation
from index.formats.feeds import Entry
from index.formats.fetch import load
from index.formats.markdown import read_markdown
from index.formats.parsed import Loaded, Parsed
from index.formats.plain import read_text
from index.formats.records import read_records
from index.formats.sources import SUFFIXES
from index.formats.titles import readable_name, standing_line

PARSE_SECONDS = 8
"""For a file of any size; a PDF gets more from 200 kB on, for a book takes a minute."""

FEED_SECONDS = 300
"""For all pages of a feed together."""

_PDF_BYTES_A_SECOND = 25_000
_LONGEST_SECONDS = 120


def parse(source: str, loaded: Loaded, *, allow_private: bool = False) -> Parsed:
    """The articles in a file's or page's bytes, at least one. Raises `ArticleError` when none can be read.

    What strangers' formats need is done in a process of its own, with limits of time and memory. `allow_private` is
    for the pages that a feed links to: whether they may be fetched from private addresses.
    """
    if not loaded.data.strip():
        raise ArticleError(f"{source} is empty: there is no text to quote. Give it some text, or leave it out.")
    match loaded.kind:
        case ".txt":
            return Parsed((read_text(source, loaded.data, loaded.charset),))
        case ".md":
            return Parsed((read_markdown(source, loaded.data, loaded.charset),))
        case ".jsonl":
            return read_records(source, loaded.data, loaded.charset)
        case ".html" | ".htm" | ".pdf" | ".docx":
            return Parsed((_apart(source, loaded),))
        case ".xml" | ".rss" | ".atom":
            return _feed(source, loaded, allow_private)
        case _:
            raise ArticleError(f"{source} is not of a kind that is read. Convert it to one of {', '.join(SUFFIXES)}.")


def _apart(source: str, loaded: Loaded) -> Article:
    size = len(loaded.data) if loaded.kind == ".pdf" else 0
    seconds = min(max(PARSE_SECONDS, size // _PDF_BYTES_A_SECOND), _LONGEST_SECONDS)
    reply, _ = isolation.ask(loaded.kind, source, loaded.data, seconds=seconds, charset=loaded.charset)
    return Article(**reply["article"])


def _feed(source: str, loaded: Loaded, allow_private: bool) -> Parsed:
    """The articles of a feed: what it holds whole, and for the rest the pages that it links to."""
    reply, _ = isolation.ask(".xml", source, loaded.data, seconds=PARSE_SECONDS)
    articles: dict[str, Article] = {}
    failures: list[Failure] = []
    end = time.monotonic() + FEED_SECONDS
    for number, entry in enumerate((Entry(**fields) for fields in reply["entries"]), 1):
        name = entry.link or f"{source}#{number}"
        if name in articles:
            continue
        try:
            if time.monotonic() > end:
                raise ArticleError(f"{name} was left out: its feed took longer than {FEED_SECONDS} seconds. Try again.")
            articles[name] = _entry_article(name, entry, allow_private)
        except ArticleError as error:
            failures.append(Failure(name, str(error)))
    if not articles:
        raise ArticleError(f"{source} gave no article, the first for this reason: {failures[0].reason}")
    if (more := reply["count"] - len(reply["entries"])) > 0:
        why = f"{source} has {more:,} entries more than are read at once ({len(reply['entries'])}). Split it."
        failures.append(Failure(source, why))
    return Parsed(tuple(articles.values()), tuple(failures))


def _entry_article(name: str, entry: Entry, allow_private: bool) -> Article:
    page = None
    if entry.link and not entry.text:
        page = parse_page(name, load(name, allow_private=allow_private))
    text = page.text if page else entry.text
    title = entry.title or (page.title if page else "") or standing_line(text) or readable_name(name)
    return Article(
        text=text,
        title=title,
        source=name,
        published=entry.published or (page.published if page else None),
        author=entry.author or (page.author if page else None),
    )


def parse_page(source: str, loaded: Loaded) -> Article:
    """The one article at an address. Raises `ArticleError` for what holds many: a feed leads to no other."""
    if loaded.kind in (".xml", ".rss", ".atom", ".jsonl"):
        raise ArticleError(f"{source} is a feed or a file of many articles, not an article. Add it by itself.")
    return parse(source, loaded).articles[0]
