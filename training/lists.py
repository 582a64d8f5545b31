"""Training lists: a question, several passages to choose among, and where in them the answer stands, if anywhere.

A list is what the reader meets in use: the passages that Quoth's own search finds, most of which do not answer. Some
are made harder: the question asked in fewer of the article's words, short passages, a name or number of the question
exchanged, the sentence that answers taken out.
"""

from __future__ import annotations

import gzip
import json
import random
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from index.search import words_of
from qa.windows import Passage
from training.corpus import WIKIPEDIA, Corpus, Question

FOUND = 20
"""How many passages of the search the negatives are drawn from."""


@dataclass
class ReadingList:
    """A question and its passages; `answers[i]` are the answers' spans in the characters of `passages[i]`."""

    question: str
    passages: list[Passage]
    answers: list[list[tuple[int, int]]] = field(default_factory=list)


class Maker:
    """Makes lists of `corpus`; `found[question text]` is what the search finds for it."""

    def __init__(self, corpus: Corpus, found: dict[str, list[tuple[int, float]]], rng: random.Random) -> None:
        self.corpus, self.found, self.rng = corpus, found, rng

    def answerable(self, q: Question, negatives: int, reword: bool) -> ReadingList | None:
        """The passage that holds the answer among others that do not; None where no chunk holds the answer whole."""
        holders = self.corpus.holders(q.article, q.answers)
        if not holders:
            return None
        gold = self.rng.choice(holders)
        size = self.rng.choice((500, 500, 500, 350, 220))
        parts = [
            self._passage(gold, q, size),
            *(self._passage(i, q, size) for i in self._others(q, holders, negatives)),
        ]
        return self._list(reworded(q.text, parts[0][0].text, self.rng) if reword else q.text, parts)

    def impossible(self, q: Question, negatives: int) -> ReadingList:
        """A question that its paragraph only seems to answer."""
        near = [
            i
            for i in self.corpus.of_article[q.article]
            if self.corpus.chunks[i].start < q.paragraph[1] and self.corpus.chunks[i].end > q.paragraph[0]
        ]
        best = [i for i, _ in self.found[q.text] if i in near] + near
        rest = [i for i in self._others(q, near, negatives + 1) if i not in best[:2]]
        chosen = [*dict.fromkeys(best[:2]), *rest][: negatives + 1]
        return self._list(q.text, [self._passage(i, q, 500) for i in chosen])

    def exchanged(self, q: Question, negatives: int, names: Sequence[str]) -> ReadingList | None:
        """The question with a name or number of it exchanged for another, which nothing then answers."""
        asked = exchange(q.text, names, self.rng)
        made = self.answerable(q, negatives, False) if asked else None
        return ReadingList(asked, made.passages, [[] for _ in made.passages]) if asked and made else None

    def without(self, q: Question, negatives: int) -> ReadingList | None:
        """The passage with the sentence that answers taken out."""
        holders = self.corpus.holders(q.article, q.answers)
        if not holders:
            return None
        chunk = self.corpus.chunks[holders[0]]
        text = self.corpus.articles[q.article].text
        kept = [(s, e) for s, e in chunk.sentences if not any(s < b and a < e for a, b in q.answers)]
        left = Passage(" ".join(text[s:e] for s, e in kept), self.corpus.articles[q.article].title, chunk.heading)
        parts: list[tuple[Passage, list[tuple[int, int]]]]
        parts = [(left, [])] if left.text and not self._tells(left.text, q) else []
        others = self._others(q, holders, negatives + 1 - len(parts))
        return self._list(q.text, [*parts, *(self._passage(i, q, 500) for i in others)])

    def _others(self, q: Question, holders: Sequence[int], wanted: int) -> list[int]:
        """Chunks that do not answer: about half from the top of the search, one beside the answer, the rest below."""
        shut = set(holders) | set(self.corpus.holders(q.article, q.answers))
        ranked = [i for i, _ in self.found[q.text] if i not in shut and not self._tells(self.corpus.text(i), q)]
        beside = [
            j for i in holders for j in (i - 1, i + 1) if j in self.corpus.of_article[q.article] and j not in shut
        ]
        beside = [j for j in beside if not self._tells(self.corpus.text(j), q)]
        top, below = ranked[:4], ranked[4:]
        self.rng.shuffle(top)
        chosen = [*top[: (wanted + 1) // 2], *([self.rng.choice(beside)] if beside else [])]
        self.rng.shuffle(below)
        return list(dict.fromkeys([*chosen, *below, *top]))[:wanted]

    def _tells(self, text: str, q: Question) -> bool:
        """Whether a text happens to hold one of the answers, so that calling it wrong would be unfair."""
        whole = self.corpus.articles[q.article].text
        low = text.lower()
        return any(re.search(rf"(?<!\w){re.escape(whole[s:e].lower())}(?!\w)", low) for s, e in q.answers)

    def _passage(self, i: int, q: Question, size: int) -> tuple[Passage, list[tuple[int, int]]]:
        """Chunk `i`, or a run of its sentences of about `size` characters that holds the answer, or else the most
        words of the question; with the answers' spans in it."""
        chunk, article = self.corpus.chunks[i], self.corpus.articles[self.corpus.chunks[i].article_id]
        runs = [(chunk.start, chunk.end)]
        if size < 500:
            runs = [
                (s, next(e for _, e in reversed(chunk.sentences) if e - s <= size or e == own))
                for s, own in chunk.sentences
            ]
        inside = [[(a - s, b - s) for a, b in q.answers if s <= a and b <= e] for s, e in runs]
        if chunk.article_id != q.article:
            inside = [[] for _ in runs]
        asked = {word[:5] for word in words_of(q.text)}
        score = [
            (bool(held), len(asked & {w[:5] for w in words_of(article.text[s:e])}), self.rng.random())
            for (s, e), held in zip(runs, inside, strict=True)
        ]
        best = max(range(len(runs)), key=score.__getitem__)
        start, end = runs[best]
        title = article.title or self._headline(article.text, start)
        if self.rng.random() < 0.1:
            title = ""
        return Passage(article.text[start:end], title, chunk.heading), inside[best]

    def _headline(self, text: str, start: int) -> str:
        """For a later passage of a text without a title, sometimes its first sentence, as news has a headline."""
        first = re.match(r"[^.!?\n]{20,100}(?=[.!?\n])", text)
        return first.group() if first and first.end() < start and self.rng.random() < 0.5 else ""

    def _list(self, question: str, parts: list[tuple[Passage, list[tuple[int, int]]]]) -> ReadingList:
        self.rng.shuffle(parts)
        return ReadingList(question, [p for p, _ in parts], [a for _, a in parts])


_ASKS = {
    "who",
    "whom",
    "whose",
    "what",
    "which",
    "when",
    "where",
    "why",
    "how",
    "many",
    "much",
    "long",
    "old",
    "not",
    "no",
}
_NAME = re.compile(r"(?<=[a-z,'’] )[A-Z][\w'’-]+(?: (?:of |the |de )?[A-Z][\w'’-]+)*")
_NUMBER = re.compile(r"\b\d[\d,.]*\b")


def reworded(question: str, passage: str, rng: random.Random) -> str:
    """The question in fewer of the passage's words: some that both hold are left out, or only key words are kept."""
    held = {word[:5].lower() for word in re.findall(r"\w+", passage)}
    words = question.split()
    shared = [
        i for i, w in enumerate(words) if w.strip("?.,'\"").lower()[:5] in held and w.lower().strip("?") not in _ASKS
    ]
    content = [i for i in shared if len(words[i]) > 3]
    share = rng.choice((0.3, 0.5))
    dropped = {i for i in content if rng.random() < share}
    if len(dropped) == len(content) and dropped:  # something must be left to go by
        dropped.discard(rng.choice(sorted(dropped)))
    kept = [w for i, w in enumerate(words) if i not in dropped]
    if rng.random() < 0.25:
        key = set(words_of(" ".join(kept))) | _ASKS
        kept = [w for w in kept if w.lower().strip("?.,'\"") in key] or kept
    asked = " ".join(kept)
    return asked.lower().rstrip("?") if rng.random() < 0.3 else asked


def exchange(question: str, names: Sequence[str], rng: random.Random) -> str | None:
    """The question with one name, else number, exchanged for another of its kind; None if it holds neither."""
    found = [m for m in _NAME.finditer(question) if len(m.group()) > 2]
    numbers = list(_NUMBER.finditer(question))
    if numbers and (not found or rng.random() < 0.5):
        spot = rng.choice(numbers)
        digits = spot.group()
        new = digits
        while new == digits:
            new = "".join(
                rng.choice("123456789") if c.isdigit() and k >= len(digits) - 2 else c for k, c in enumerate(digits)
            )
    elif found:
        spot = rng.choice(found)
        old = {word.lower() for word in spot.group().split()}
        others = [n for n in names if not old & {word.lower() for word in n.split()} and n not in question]
        if not others:
            return None
        new = rng.choice(others)
    else:
        return None
    return question[: spot.start()] + new + question[spot.end() :]


def names_in(text: str) -> list[str]:
    """The names of a text, as far as capitals tell, each as often as it stands there."""
    return [m.group() for m in _NAME.finditer(text) if len(m.group()) > 3]


def make_lists(corpus: Corpus, questions: Sequence[Question], seed: int) -> list[ReadingList]:
    """One pass over the questions, in random order: Wikipedia's all, and some again, reworded or made unanswerable;
    a part of the posts' and reviews'."""
    rng = random.Random(seed)
    plan = [(kind, q) for q in questions for kind in _kinds(q, rng)]
    rng.shuffle(plan)
    texts = list(dict.fromkeys(q.text for _, q in plan))
    found = dict(zip(texts, corpus.search(texts, FOUND), strict=True))
    maker = Maker(corpus, found, rng)
    names = {a.id: names_in(a.text) for a in corpus.articles}
    lists: list[ReadingList] = []
    for kind, q in plan:
        made: ReadingList | None
        negatives = 4 if q.source in WIKIPEDIA else 3
        if kind == "impossible":
            made = maker.impossible(q, 3)
        elif kind == "exchanged":
            made = maker.exchanged(q, 3, names[q.article])
        elif kind == "without":
            made = maker.without(q, 3)
        else:
            made = maker.answerable(q, negatives, kind == "reworded")
        if made and made.passages:
            lists.append(made)
    return lists


def _kinds(q: Question, rng: random.Random) -> list[str]:
    """What is made of a question."""
    if not q.answers:
        return ["impossible"] * (1 + (rng.random() < 0.5))
    if q.source in WIKIPEDIA:
        chances = {"plain": 1.0, "reworded": 0.35, "exchanged": 0.25, "without": 0.12}
    else:
        chances = {"plain": 0.15, "reworded": 0.08, "without": 0.02}
    return [kind for kind, chance in chances.items() if rng.random() < chance]


def write_lists(lists: Sequence[ReadingList], path: Path) -> None:
    """Writes the lists as gzipped JSON lines, whole or not at all."""
    beside = path.with_suffix(".tmp")
    with gzip.open(beside, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(made), ensure_ascii=False) + "\n" for made in lists)
    beside.replace(path)


def read_lists(path: Path) -> list[ReadingList]:
    """The lists that `write_lists` wrote."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [
        ReadingList(
            r["question"], [Passage(**p) for p in r["passages"]], [[(s, e) for s, e in a] for a in r["answers"]]
        )
        for r in rows
    ]
