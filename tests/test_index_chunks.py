"""Whole sentences packed into passages."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from index.article import Article
from index.chunks import CHUNK_CHARACTERS, chunk_article, passage_to_embed
from index.sentences import find_sentences

TEXT = """Storm hits coast

A storm hit the coast. Three people died.
The mayor spoke.
The aftermath
Winds fell on Tuesday.
Read more: How to stay safe
Houses were rebuilt."""


def test_a_chunk_packs_neighbouring_sentences_across_line_ends_within_one_section() -> None:
    article = Article(text=TEXT, title="Storm hits coast", id=7)
    chunks = chunk_article(article)
    assert [TEXT[c.start : c.end] for c in chunks] == [
        "A storm hit the coast. Three people died.\nThe mayor spoke.",
        "Winds fell on Tuesday.",
        "Houses were rebuilt.",
    ]
    assert [c.heading for c in chunks] == ["", "The aftermath", "The aftermath"]
    assert {c.article_id for c in chunks} == {7}
    assert passage_to_embed(article, chunks[1]) == "Storm hits coast\nThe aftermath\nWinds fell on Tuesday."
    assert [len(c.sentences) for c in chunk_article(article, size=45)] == [2, 1, 1, 1]


PROSE = [
    "Kim left.",
    "It was a long day for all of them, and nobody spoke.",
    "x " * 400 + "end.",
    "Why?",
    "a lower line",
]
LINES = ["A heading", "* * *", "Read more: This", "By Jane Doe", "## Part", "\n", "\n\n", '"Are you?" Cho asked.']
SENTENCES = st.sampled_from(PROSE + LINES)


@settings(max_examples=200, deadline=None)
@given(st.lists(SENTENCES, min_size=1, max_size=40), st.sampled_from([" ", "\n"]), st.integers(1, 700))
def test_chunks_hold_every_sentence_once_and_cross_nothing(words: list[str], glue: str, size: int) -> None:
    text = glue.join(words)
    if not text.strip():
        return
    article = Article(text=text, title="A heading")
    stretches = find_sentences(text, article.title)
    chunks = chunk_article(article, size)
    assert [span for c in chunks for span in c.sentences] == [
        (s.start, s.end) for s in stretches if s.kind == "sentence"
    ]
    others = [s for s in stretches if s.kind != "sentence"]
    for chunk in chunks:
        assert (chunk.start, chunk.end) == (chunk.sentences[0][0], chunk.sentences[-1][1])
        assert chunk.end - chunk.start <= size or len(chunk.sentences) == 1
        assert not any(chunk.start < s.end and s.start < chunk.end for s in others)
        before = [s for s in others if s.kind == "heading" and s.end <= chunk.start]
        assert chunk.heading == (text[before[-1].start : before[-1].end].strip("#* ") if before else "")


def test_a_chunk_is_as_long_as_its_size_allows() -> None:
    article = Article(text="Twenty characters it. " * 200)
    chunks = chunk_article(article)
    assert all(CHUNK_CHARACTERS - 22 < c.end - c.start <= CHUNK_CHARACTERS for c in chunks[:-1])
