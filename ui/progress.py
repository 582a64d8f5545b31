"""Progress of an update as bars on stderr; nothing where stderr is not a terminal."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

_UNITS = {"reading": "articles", "encoding": "chunks", "asking": "questions"}


class Bars:
    """A bar for each stage, with how many are done, how many a second, and the time left. Called as `Progress`."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: tqdm[Any] | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        if self._bar is None or stage != self._stage:
            self._open(stage, total)
        assert self._bar is not None
        self._bar.total = total
        self._bar.update(done - self._bar.n)

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def _open(self, stage: str, total: int) -> None:
        from tqdm import tqdm

        if self._bar is not None:
            self._bar.close()
        self._stage = stage
        unit = _UNITS.get(stage, "")
        self._bar = tqdm(desc=stage.capitalize(), total=total, unit=f" {unit}", file=sys.stderr, dynamic_ncols=True)
