"""The questions of a SQuAD file, its articles in Quoth's own chunks, and Quoth's own search over them."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.article import Article, Chunk
from index.chunks import chunk_article, passage_to_embed
from index.encoder import SentenceEncoder
from index.search import CANDIDATES, mix, with_articles, words_of

Spans = tuple[tuple[int, int], ...]
WIKIPEDIA = ("squad2", "new_wiki")
WRITTEN = Path(__file__).parent / "written.jsonl.gz"
"""Questions written for Quoth about paragraphs of the data, which `paragraph_key` tells: a line of JSON a paragraph."""
NEWS = Path(__file__).parent / "news.json.gz"
"""News in the public domain, and news invented for Quoth, with questions written for Quoth, in SQuAD 2.0's format."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question of an article. `answers` are spans in the article's text; none when it cannot be answered, and
    then `paragraph` is where it seems to be."""

    text: str
    article: int
    paragraph: tuple[int, int]
    answers: Spans
    source: str


def paragraph_key(context: str) -> str:
    """What a paragraph is known by in any edition of its data set, however it is cased and spaced: 16 hex digits."""
    return hashlib.sha256("".join(re.findall(r"[a-z0-9]", context.lower())).encode()).hexdigest()[:16]


def read_written(path: Path = WRITTEN) -> dict[str, list[tuple[str, str]]]:
    """(question, answer) by paragraph; the answer is the paragraph's own words, or "" where it holds none."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return {row["paragraph"]: [(question, answer) for question, answer in row["questions"]] for row in rows}


def read_file(
    path: Path, sources: Sequence[str] = (), written: Mapping[str, Sequence[tuple[str, str]]] | None = None
) -> tuple[list[Article], list[Question]]:
    """The articles and questions of a gzipped SQuAD 2.0 file, only those from `sources` if given, and with them the
    questions of `written` (`read_written`) about its paragraphs, of the source "written".

    An entry, of SQuAD 2.0 if it names no `source`, is one article, its paragraphs joined by a blank line; posts and
    reviews, which have nothing to do with one another, are an article each, without a title. News keeps its headline.
    """
    articles: list[Article] = []
    questions: list[Question] = []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        entries = json.load(file)["data"]
    for entry in entries:
        source = entry.get("source", "squad2")
        if sources and source not in sources:
            continue
        together = source in (*WIKIPEDIA, "news")
        groups = [entry["paragraphs"]] if together else [[paragraph] for paragraph in entry["paragraphs"]]
        for paragraphs in groups:
            text, at = "\n\n".join(p["context"] for p in paragraphs), 0
            title = entry["title"].replace("_", " ") if together else ""
            articles.append(Article(text, title, id=len(articles)))
            for paragraph in paragraphs:
                span = (at, at + len(paragraph["context"]))
                questions += [_question(qa, len(articles) - 1, span, source) for qa in paragraph["qas"]]
                if written:
                    qas = _written(paragraph["context"], written)
                    questions += [_question(qa, len(articles) - 1, span, "written") for qa in qas]
                at = span[1] + 2
    return articles, questions


def _question(qa: dict[str, Any], article: int, span: tuple[int, int], source: str) -> Question:
    at = span[0]
    found = {(at + a["answer_start"], at + a["answer_start"] + len(a["text"])) for a in qa["answers"] if a["text"]}
    return Question(qa["question"].strip(), article, span, tuple(sorted(found)), source)


def _written(context: str, written: Mapping[str, Sequence[tuple[str, str]]]) -> list[dict[str, Any]]:
    """The written questions about a paragraph in SQuAD's form, but for those whose answer does not stand in it."""
    qas: list[dict[str, Any]] = []
    for asked, answer in written.get(paragraph_key(context), ()):
        place = _place(context, answer, asked) if answer else None
        if place or not answer:
            found = [{"text": context[slice(*place)], "answer_start": place[0]}] if place else []
            qas.append({"question": asked, "answers": found})
    return qas


def _place(context: str, answer: str, question: str) -> tuple[int, int] | None:
    """Where the answer stands: of several places, the one with the most of the question's words around it."""
    words = set(words_of(question))
    found = [m.span() for m in re.finditer(rf"(?<!\w){re.escape(answer)}(?!\w)", context, re.IGNORECASE)]
    return max(found, key=lambda s: len(words & set(words_of(context[max(0, s[0] - 120) : s[1] + 120]))), default=None)


class Corpus:
    """Articles in chunks, searched as Quoth searches: the encoder's and SQLite's rankings, mixed."""

    def __init__(self, articles: Sequence[Article], encoder: SentenceEncoder | None = None) -> None:
        self.articles = list(articles)
        self.encoder = encoder or SentenceEncoder()
        self.chunks: list[Chunk] = [chunk for article in self.articles for chunk in chunk_article(article)]
        self.of_article: list[list[int]] = [[] for _ in self.articles]
        for i, chunk in enumerate(self.chunks):
            self.of_article[chunk.article_id].append(i)
        texts = [passage_to_embed(self.articles[c.article_id], c) for c in self.chunks]
        self.vectors = self.encoder.encode_passages(texts)
        self.words = sqlite3.connect(":memory:")
        self.words.execute("CREATE VIRTUAL TABLE words USING fts5(title, body, tokenize='porter unicode61')")
        rows = ((i, self.articles[c.article_id].title, self.text(i)) for i, c in enumerate(self.chunks))
        self.words.executemany("INSERT INTO words(rowid, title, body) VALUES (?, ?, ?)", rows)

    def text(self, i: int) -> str:
        """The words of chunk `i`."""
        chunk = self.chunks[i]
        return self.articles[chunk.article_id].text[chunk.start : chunk.end]

    def search(self, questions: Sequence[str], k: int) -> list[list[tuple[int, float]]]:
        """For each question its `k` best (chunk, score), best first."""
        queries = self.encoder.encode_passages(questions)  # one vector either way; this one goes in batches
        return [self._search(q, v, k) for q, v in zip(questions, queries, strict=True)]

    def _search(self, question: str, query: NDArray[np.float32], k: int) -> list[tuple[int, float]]:
        cosines = self.vectors @ query
        best = np.argsort(-cosines, kind="stable")[:CANDIDATES]
        asked = " OR ".join(f'"{word}"' for word in words_of(question))
        rows = self.words.execute(
            "SELECT rowid, -bm25(words) FROM words WHERE words MATCH ? ORDER BY bm25(words) LIMIT ?",
            (asked, CANDIDATES),
        )
        lexical = [(int(i), float(score)) for i, score in rows] if asked else []
        mixed = mix([(int(i), float(cosines[i])) for i in best], lexical)
        return with_articles(mixed, {i: self.chunks[i].article_id for i, _ in mixed})[:k]

    def holders(self, article: int, spans: Iterable[tuple[int, int]]) -> list[int]:
        """The article's chunks that hold one of the spans whole."""
        wanted = list(spans)
        return [
            i
            for i in self.of_article[article]
            if any(self.chunks[i].start <= s and e <= self.chunks[i].end for s, e in wanted)
        ]

    def tells(self, text: str, q: Question) -> bool:
        """Whether a text happens to hold one of the answers, so that calling it wrong would be unfair."""
        whole = self.articles[q.article].text
        low = text.lower()
        return any(re.search(rf"(?<!\w){re.escape(whole[s:e].lower())}(?!\w)", low) for s, e in q.answers)
