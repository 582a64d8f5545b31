"""An RSS or Atom feed -> its entries, by feedparser."""

from __future__ import annotations

import calendar
import io
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from index.errors import ArticleError
from index.formats.pages import extract

MAX_ENTRIES = 500

_WHOLE = 300
"""Characters; what a feed gives of an article is the whole of it from here on, else the teaser of a page."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a feed says of one article; `text` is "" where it stands on the page at `link` only."""

    link: str
    title: str
    text: str
    published: str | None
    author: str | None


def read_feed(source: str, data: bytes) -> tuple[list[Entry], int]:
    """The feed's first `MAX_ENTRIES` entries in its order, and how many there are. Raises `ArticleError` for what is
    no feed, or empty."""
    import feedparser

    feed = feedparser.parse(io.BytesIO(data), response_headers={"content-location": source})
    if not feed.entries:
        why = "it has no entries" if feed.get("version") else "its XML is none of RSS or Atom"
        raise ArticleError(f"{source} is not a feed with articles: {why}. Check the address; a page is saved as .html.")
    return [_entry(found) for found in feed.entries[:MAX_ENTRIES]], len(feed.entries)


def _entry(found: Any) -> Entry:
    link = str(found.get("link") or "").strip()
    text = max((_text(part) for part in found.get("content", [])), key=len, default="")
    if not link.lower().startswith(("http://", "https://")):
        link = ""
        text = text or _text(found.get("summary_detail", {}))
    elif len(text) < _WHOLE:
        text = ""
    return Entry(
        link=link,
        title=" ".join((_text(found.get("title_detail", {})) or found.get("title", "")).split()),
        text=text,
        published=_moment(found.get("published_parsed") or found.get("updated_parsed")),
        author=" ".join(str(found.get("author") or "").split()) or None,
    )


def _text(part: Any) -> str:
    value = str(part.get("value") or "").strip()
    if not value or part.get("type") == "text/plain":
        return value
    if "<" not in value and "&" not in value:
        return value
    found = extract(f"<html><body><article>{value}</article></body></html>")
    return found[0] if found else ""


def _moment(parsed: Any) -> str | None:
    """feedparser's time, which is in UTC."""
    try:
        return datetime.fromtimestamp(calendar.timegm(parsed), UTC).isoformat() if parsed else None
    except (ValueError, OverflowError, OSError):
        return None
