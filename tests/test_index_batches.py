"""An update larger than one batch of chunks stores every article, the one that fills a batch too."""

from __future__ import annotations

from pathlib import Path

import pytest
from toys import ToyEncoder

from index import Article, Index, update


def story(number: int, word: str) -> Article:
    return Article(f"Story {number} tells of a {word} in the town.", title=f"Story {number}", source=f"s{number:02}")


def test_the_article_that_fills_a_batch_stays(
    tmp_path: Path, encoder: ToyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update, "BATCH_CHUNKS", 3)
    index = Index.build([story(n, "bridge") for n in range(10)], tmp_path / "index", encoder=encoder)
    assert [a.source for a in index.articles()] == [f"s{n:02}" for n in range(10)]
    changes = index.update([story(n, "storm") for n in range(10)])
    assert len(changes.replaced) == 10
    assert [a.text for a in index.articles()] == [story(n, "storm").text for n in range(10)]
    assert index.check() == []
