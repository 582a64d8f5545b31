"""`answer`: one question, one call."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from index import Index
from qa.types import Answer

DEFAULT_DIRECTORY = Path(".quoth/index")

_log = logging.getLogger("quoth")


def answer(question: str, index: Index | None = None, *, since: str | None = None, source: str | None = None) -> Answer:
    """The answer to a question, quoted from the articles of `index` (the default one if none is given).

    `since` ("2026-03-01") keeps articles published then or later, `source` those with this text in their source.
    Raises `QuothError` for whatever goes wrong; that the articles don't say is an `Answer` with a reason.
    """
    from qa.chain import build_chain

    return build_chain(index or default_index(), since=since, source=source).invoke(question)


def default_index() -> Index:
    """The index in the folder `QUOTH_INDEX`, or else `.quoth/index`; built from the shipped articles if missing."""
    import seeds
    from index.errors import NoIndexError

    directory = Path(os.environ.get("QUOTH_INDEX") or DEFAULT_DIRECTORY)
    try:
        return Index.open(directory)
    except NoIndexError:
        _log.warning("There is no index in %s yet: it is built from the articles that Quoth ships with.", directory)
        return Index.build([Path(seeds.__file__).parent], directory)
