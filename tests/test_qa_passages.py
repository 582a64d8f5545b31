"""Hits widened to the passages that are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from toys import ToyEncoder

from index import Article, Hit, Index
from index.errors import ArticleGoneError
from qa import passages
from qa.passages import widen

LONG = " ".join(f"Sentence {i} of the report tells of ships, fish and the weather at sea." for i in range(60))
REPORT = Article(LONG, title="Report", source="report")
SECTIONS = Article(f"{LONG[:650]}.\n\n# Reactions\n\n{LONG[700:1400]}.\n\n# Outlook\n\nNone knows.", source="sections")


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index.build([REPORT, SECTIONS], tmp_path / "index", encoder=ToyEncoder())


def hits_of(index: Index, source: str) -> list[Hit]:
    """Every chunk of that article as a hit, in its order."""
    found = index.search("ships, fish and weather: none knows", k=100)
    return sorted((hit for hit in found if hit.source == source), key=lambda hit: hit.start)


def chunks_within(index: Index, hit: Hit) -> set[int]:
    return {c.id for c in index.chunks(hit.article_id) if hit.start <= c.start and c.end <= hit.end}


def test_a_hit_is_widened_to_both_sides_by_whole_chunks(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passages, "PASSAGE_CHARACTERS", 1600)
    hits = hits_of(index, "report")
    (wide,) = widen(index, [hits[4]])
    assert wide.text == REPORT.text[wide.start : wide.end]
    assert wide.start < hits[4].start
    assert hits[4].end < wide.end
    assert len(hits[4].text) < len(wide.text) <= passages.PASSAGE_CHARACTERS
    assert {(wide.start, wide.end)} <= {(a.start, b.end) for a in hits for b in hits}
    assert wide.sentences == tuple(s for hit in hits for s in hit.sentences if wide.start <= s[0] < wide.end)
    assert (wide.score, wide.chunk_id, wide.title) == (hits[4].score, hits[4].chunk_id, "Report")


def test_at_an_articles_edge_it_grows_to_the_other_side(index: Index) -> None:
    hits = hits_of(index, "report")
    (first,), (last,) = widen(index, hits[:1]), widen(index, hits[-1:])
    assert first.start == 0
    assert last.end == len(REPORT.text)
    assert min(len(first.text), len(last.text)) > passages.PASSAGE_CHARACTERS - 500


def test_a_passage_goes_over_no_heading(index: Index) -> None:
    for hit in hits_of(index, "sections"):
        (wide,) = widen(index, [hit])
        assert "#" not in wide.text
        assert all(c.heading == hit.heading for c in index.chunks(hit.article_id, (wide.start, wide.end)))


def test_nothing_is_read_twice_and_no_more_than_the_limit(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    for first in range(len(hits_of(index, "report"))):
        hits = hits_of(index, "report")
        hits = [hits[first], *hits_of(index, "sections"), *hits]
        for limit in (300, 1000, 2000, 4500):
            monkeypatch.setattr(passages, "READ_CHARACTERS", limit)
            wide = widen(index, hits)
            read = [id_ for passage in wide for id_ in chunks_within(index, passage)]
            assert len(read) == len(set(read))
            assert wide[0].chunk_id == hits[0].chunk_id
            assert sum(len(passage.text) for passage in wide) <= max(limit, len(hits[0].text))


def test_an_article_that_is_gone_is_told(index: Index) -> None:
    hits = hits_of(index, "report")
    index.remove(["report"])
    with pytest.raises(ArticleGoneError):
        widen(index, hits)


def test_no_hits_are_no_passages(index: Index) -> None:
    assert widen(index, []) == []
