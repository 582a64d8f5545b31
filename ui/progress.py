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
        self._bars: dict[str, tqdm[Any]] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if not sys.stderr.isatty():
            return
        bar = self._bars[stage] if stage in self._bars else self._open(stage, total)
        bar.total = total
        bar.update(done - bar.n)

    def __enter__(self) -> Bars:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for bar in self._bars.values():
            bar.close()

    def _open(self, stage: str, total: int) -> tqdm[Any]:
        from tqdm import tqdm

        unit = f" {_UNITS[stage]}"
        place = len(self._bars)
        self._bars[stage] = tqdm(desc=stage.capitalize(), total=total, unit=unit, position=place, dynamic_ncols=True)
        return self._bars[stage]
