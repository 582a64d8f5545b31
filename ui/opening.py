"""Which index a command works on."""

from __future__ import annotations

import os
from pathlib import Path

from index import Index, SentenceEncoder
from qa.ask import DEFAULT_DIRECTORY, default_index


def index_to_ask(named: Path | None) -> Index:
    """The index named, or the default one, which is made from the shipped articles if it is not there."""
    return Index.open(named) if named else default_index()


def index_to_read(named: Path | None) -> Index:
    """The index named, or the default one; `NoIndexError` if it is not there."""
    return Index.open(_directory(named))


def index_to_write(named: Path | None, model: str | None, rebuild: bool) -> Index:
    """The index to update, made if it is not there; with `rebuild`, whatever is there now is not looked at."""
    encoder = SentenceEncoder(model) if model else None
    if rebuild:
        return Index(_directory(named), encoder or SentenceEncoder())
    return Index.open_or_create(_directory(named), encoder=encoder)


def _directory(named: Path | None) -> Path:
    return named or Path(os.environ.get("QUOTH_INDEX") or DEFAULT_DIRECTORY)
