"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from toys import ToyEncoder

import seeds


@pytest.fixture(autouse=True)
def no_default_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test uses the index of the person who runs it."""
    monkeypatch.delenv("QUOTH_INDEX", raising=False)


@pytest.fixture
def encoder() -> ToyEncoder:
    """A toy encoder that has encoded nothing yet."""
    return ToyEncoder()


@pytest.fixture(scope="session")
def seed_text() -> str:
    """The text of the first article that Quoth ships with."""
    folder = Path(seeds.__path__[0])
    return min(folder.glob("*.txt")).read_text(encoding="utf-8")
