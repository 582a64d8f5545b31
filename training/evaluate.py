"""The reader on dev by the open-book protocol: each question asked of all dev articles and train's Wikipedia ones."""

from __future__ import annotations

import random
import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from index.article import Article
from qa.reader import Reading
from qa.windows import Passage
from training.corpus import WIKIPEDIA, Corpus, Question, read_file

Read = Callable[[str, Sequence[Passage]], Sequence[Reading]]
DEPTH = 20


@dataclass
class OpenBook:
    """Dev's questions and, for each, the passages that the search finds: (chunk, score), best first."""

    corpus: Corpus
    questions: list[Question]
    found: list[list[tuple[int, float]]]


def open_book(data: Path, limit: int = 0, seed: int = 0) -> OpenBook:
    """Dev's questions, or a fixed random `limit` of them, two answerable ones to each that is not."""
    articles, questions = read_file(data / "dev.json.gz")
    more, _ = read_file(data / "train.json.gz", WIKIPEDIA)
    if limit:
        rng = random.Random(seed)
        yes, no = [q for q in questions if q.answers], [q for q in questions if not q.answers]
        questions = [*rng.sample(yes, limit * 2 // 3), *rng.sample(no, limit - limit * 2 // 3)]
    every = [*articles, *(Article(a.text, a.title, id=len(articles) + a.id) for a in more)]
    corpus = Corpus(every)
    return OpenBook(corpus, questions, corpus.search([q.text for q in questions], DEPTH))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span that the reader offers, with what speaks for it. `margin` is its score less its passage's no-answer."""

    start: int
    end: int
    article: int
    chunk: int
    margin: float
    relevance: float
    retrieval: float
    rank: int


def candidates(book: OpenBook, read: Read, depth: int) -> list[list[Candidate]]:
    """For each question every span of its `depth` best passages."""
    offered = []
    for question, found in zip(book.questions, book.found, strict=True):
        chunks = [book.corpus.chunks[i] for i, _ in found[:depth]]
        titles = [book.corpus.articles[c.article_id].title for c in chunks]
        texts = [book.corpus.text(i) for i, _ in found[:depth]]
        passages = [Passage(x, t, c.heading) for x, t, c in zip(texts, titles, chunks, strict=True)]
        rows = []
        for rank, (reading, chunk) in enumerate(zip(read(question.text, passages), chunks, strict=True)):
            at, score = found[rank]
            rows += [
                Candidate(
                    chunk.start + s.start, chunk.start + s.end, chunk.article_id, at,
                    s.score - reading.null, reading.relevance, score, rank,
                )
                for s in reading.spans
            ]  # fmt: skip
        offered.append(rows)
    return offered


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares 0..1. `declined` is that of the unanswerable questions scored below what keeps nine answerable in ten."""

    quote: float
    exact: float
    f1: float
    declined: float
    auroc: float

    def __str__(self) -> str:
        return (
            f"quote@1 {self.quote:.3f}  EM {self.exact:.3f}  F1 {self.f1:.3f}  "
            f"declined at 10% loss {self.declined:.3f}  AUROC {self.auroc:.3f}"
        )


def figures(
    book: OpenBook, offered: Sequence[Sequence[Candidate]], score: Callable[[Candidate], float], depth: int = DEPTH
) -> Figures:
    """The figures when the best-scored candidate of each question is its answer, and its score its confidence."""
    quote, exact, f1 = [], [], []
    best_scores = np.zeros(len(book.questions))
    for n, (question, rows) in enumerate(zip(book.questions, offered, strict=True)):
        best = max((c for c in rows if c.rank < depth), key=score)
        best_scores[n] = score(best)
        if question.answers:
            right, em, overlap = grade(book, question, best)
            quote.append(right)
            exact.append(em)
            f1.append(overlap)
    can = np.array([bool(q.answers) for q in book.questions])
    cut = float(np.quantile(best_scores[can], 0.1))
    right_ones = np.zeros(len(can), dtype=bool)
    right_ones[can] = np.array(quote) > 0
    return Figures(
        float(np.mean(quote)), float(np.mean(exact)), float(np.mean(f1)),
        float(np.mean(best_scores[~can] < cut)), auroc(best_scores, right_ones),
    )  # fmt: skip


def grade(book: OpenBook, question: Question, best: Candidate) -> tuple[float, float, float]:
    """(whether its sentence holds a gold answer, exact match, F1), each 0..1."""
    sentences = [s for s in book.corpus.chunks[best.chunk].sentences if s[0] < best.end and best.start < s[1]]
    start, end = sentences[0]
    right = best.article == question.article and any(start <= s and e <= end for s, e in question.answers)
    said = book.corpus.articles[best.article].text[best.start : best.end]
    whole = book.corpus.articles[question.article].text
    gold = [whole[s:e] for s, e in question.answers]
    return float(right), max(float(plain(said) == plain(g)) for g in gold), max(overlap(said, g) for g in gold)


def plain(text: str) -> list[str]:
    """SQuAD's own normalisation: lower case, no punctuation, no articles; as words."""
    low = "".join(c for c in text.lower() if c not in string.punctuation)
    return re.sub(r"\b(a|an|the)\b", " ", low).split()


def overlap(said: str, gold: str) -> float:
    """F1 of the words of both."""
    a, b = plain(said), plain(gold)
    both = sum((Counter(a) & Counter(b)).values())
    return 2 * both / (len(a) + len(b)) if both else float(a == b)


def auroc(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The chance that a right answer is scored above one that is not, ties counted half."""
    yes, no = scores[right], scores[~right]
    if not len(yes) or not len(no):
        return float("nan")
    return float(np.mean((yes[:, None] > no[None]) + 0.5 * (yes[:, None] == no[None])))


def search_weights(
    book: OpenBook, offered: Sequence[Sequence[Candidate]], depth: int = DEPTH
) -> tuple[float, float, Figures]:
    """(weight of relevance, weight of retrieval, figures) that quote the most right sentences; a small grid."""
    tried = []
    for a in (0.0, 0.5, 1.0, 2.0):
        for b in (0.0, 2.0, 4.0, 8.0, 12.0):
            made = figures(book, offered, lambda c, a=a, b=b: c.margin + a * c.relevance + b * c.retrieval, depth)  # type: ignore[misc]
            tried.append((made.quote + made.f1 + 0.3 * made.declined, a, b, made))
    _, a, b, made = max(tried, key=lambda t: t[0])
    return a, b, made
