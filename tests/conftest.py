"""What all tests share."""

from __future__ import annotations

import pytest
from toys import ToyEncoder


@pytest.fixture(autouse=True)
def no_default_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test uses the index of the person who runs it."""
    monkeypatch.delenv("QUOTH_INDEX", raising=False)


@pytest.fixture
def encoder() -> ToyEncoder:
    """A toy encoder that has encoded nothing yet."""
    return ToyEncoder()
