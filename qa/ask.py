"""`answer`: one question, one call."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TYPE_CHECKING

from index import Index
from qa.types import Answer

if TYPE_CHECKING:
    from qa.followup import History
    from qa.reader import Reader
    from qa.reranker import Reranker

DEFAULT_DIRECTORY = Path(".quoth/index")

_log = logging.getLogger("quoth")


def answer(
    question: str,
    index: Index | None = None,
    *,
    history: History | None = None,
    since: str | None = None,
    source: str | None = None,
    reader: Reader | str | None = None,
    reranker: Reranker | str | None = None,
) -> Answer:
    """The answer to a question, quoted from the articles of `index` (the default one if none is given).

    `history` holds what was asked before and what came of it, (question, answer) pairs with the oldest first, for a
    question that leans on it: "And who joined him?". `since` ("2026-03-01") keeps articles published then or later,
    `source` those with this text in their source; `reader` and `reranker` are other models or their names, as in
    `qa.chain.build_chain`. Raises `QuothError` for whatever goes wrong; that the articles don't say is an `Answer`
    with a reason.
    """
    from qa.chain import build_chain

    chain = build_chain(index or default_index(), reader=reader, reranker=reranker, since=since, source=source)
    return chain.invoke({"question": question, "history": history})


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
