"""Dates as people and programs write them -> ISO."""

from __future__ import annotations

from datetime import date, datetime
from email.utils import parsedate_to_datetime

_SPELLED = ("%d %B %Y", "%d %b %Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%Y/%m/%d", "%Y.%m.%d")
"""Forms that can be read in one way only; 03/04/2026 is not among them."""

_LONGEST = 64


def iso_date(value: object) -> str | None:
    """The date ("2026-03-01") or date and time ("2026-03-01T10:00:00+00:00") that the value names, else None."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if not isinstance(value, str) or len(value) > _LONGEST:
        return None
    text = " ".join(value.split())
    return _iso(text) or _spelled(text) or _mail(text)


def _iso(text: str) -> str | None:
    for kind in (date, datetime):
        try:
            return kind.fromisoformat(text).isoformat()
        except ValueError:
            continue
    return None


def _spelled(text: str) -> str | None:
    for form in _SPELLED:
        try:
            return datetime.strptime(text, form).date().isoformat()
        except ValueError:
            continue
    return None


def _mail(text: str) -> str | None:
    """A feed's date: "Mon, 02 Mar 2026 10:00:00 GMT" (RFC 2822)."""
    try:
        return parsedate_to_datetime(text).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):  # what it raises on broken dates, by version
        return None
