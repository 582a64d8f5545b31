"""What all tests share."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from toys import ToyEncoder

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # as in a shell's background, where no test could press Ctrl-C
    signal.signal(signal.SIGINT, signal.default_int_handler)

import seeds
from index import Index


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test uses the index or the models of the person who runs it."""
    for name in ("QUOTH_INDEX", "QUOTH_READER", "QUOTH_RERANKER"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def encoder() -> ToyEncoder:
    """A toy encoder that has encoded nothing yet."""
    return ToyEncoder()


@pytest.fixture(scope="session")
def seed_text() -> str:
    """The text of the first article that Quoth ships with."""
    folder = Path(seeds.__path__[0])
    return min(folder.glob("*.txt")).read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Index:
    """An index of the articles that Quoth ships with, made by the real encoder; not to be changed."""
    return Index.build([Path(seeds.__path__[0])], tmp_path_factory.mktemp("seeded") / "index")
