"""Training comparisons: a question, the sentences of several passages that seem to answer it, and where the answer is.

They are what the reader's second network meets in use: the most likely sentence of each passage that the search finds,
of which one answers or none. What the reader itself takes for likely is asked for some questions alone, since reading
takes long; else a sentence is likely that holds the question's rarer words and the kind of thing that is asked for.
"""

from __future__ import annotations

import math
import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial

from index import Index
from index.article import Span
from index.search import words_of
from qa.evidence import distinct_sentences, leads, read_in_turn
from qa.passages import SEARCHED, widen
from qa.reader import Reader
from qa.windows import Passage
from training.corpus import WIKIPEDIA, Corpus, Question
from training.lists import FOUND, ReadingList, alter, exchange, names_in

SENTENCES = (4, 5, 6, 6, 6, 7, 8)
"""How many sentences are compared, each as often as it stands here."""
PASSAGES = 8
"""How many passages of the search likely sentences are taken from, beside the one that answers."""
READ = 0.3
"""Of which share of the questions about news the passages are read, if there is a reader: it takes 0.2 s a question."""
LEADING = 0.2
"""Which share of these is kept where in use nothing would be compared, since a right sentence leads by far: a few, so
that what is plain stays known."""

_NUMBER_ASKED = re.compile(
    r"\b(when|how (many|much|long|old|far|big|large|high|fast)|what (year|date|percent|share|number|price))\b", re.I
)
_NAME_ASKED = re.compile(r"\b(who|whom|whose|where|which)\b", re.I)
_NAME = re.compile(r"(?<=[a-z,'’] )[A-Z]")
_NUMBER = re.compile(
    r"\d|\b(one|two|three|four|five|six|seven|eight|nine|ten|(mon|tues|wednes|thurs|fri|satur|sun)?day|week|month|year)s?\b",
    re.I,
)

_Place = tuple[int, Span]
"""An article and a sentence, or some in a row, in its characters."""
_Likeliest = Callable[[str], tuple[list[_Place], bool]]
"""A question -> all sentences that a reader finds, the likeliest first, and whether the first leads by far."""


def make_comparisons(
    corpus: Corpus, questions: Sequence[Question], seed: int, reader: Reader | None = None
) -> list[ReadingList]:
    """One pass over the questions about encyclopaedia articles and news, in random order, and some again, changed so
    that nothing answers them. A list's passages are sentences, those of one article in its order.

    With a `reader`, a part of those about news stand with the sentences that it finds likeliest, as in use.
    """
    asked = [q for q in questions if q.source in (*WIKIPEDIA, "written", "news")]
    if reader is None:
        return _made(corpus, asked, seed, None)
    news = sorted({q.article for q in asked if q.source == "news"})
    with tempfile.TemporaryDirectory(prefix="quoth-train-") as folder:
        articles = [replace(corpus.articles[i], source=str(i)) for i in news]
        with closing(Index.build(articles, folder, encoder=corpus.encoder)) as index:
            return _made(corpus, asked, seed, partial(_read_likeliest, index, reader))


def _made(corpus: Corpus, asked: Sequence[Question], seed: int, likeliest: _Likeliest | None) -> list[ReadingList]:
    rng = random.Random(seed)
    found = dict(zip((q.text for q in asked), corpus.search([q.text for q in asked], FOUND), strict=True))
    maker = _Maker(corpus, found, rng, likeliest)
    lists = [maker.made(kind, q) for q in asked for kind in _kinds(q, rng)]
    made = [one for one in lists if one]
    rng.shuffle(made)
    return made


def _kinds(q: Question, rng: random.Random) -> list[str]:
    """What is made of a question: of each kind so many on average."""
    if not q.answers:
        return ["plain"] if q.source != "written" or rng.random() < 0.5 else []
    if q.source == "news":
        shares = {"without": 0.12, "exchanged": 0.12}
    else:
        shares = {"without": 0.08, "exchanged": 0.2, "altered": 0.1}
    return ["plain", *(kind for kind, share in shares.items() if rng.random() < share)]


class _Maker:
    """Makes lists of `corpus`; `found[question text]` is what the search finds for it."""

    def __init__(
        self,
        corpus: Corpus,
        found: dict[str, list[tuple[int, float]]],
        rng: random.Random,
        likeliest: _Likeliest | None,
    ) -> None:
        self.corpus, self.found, self.rng, self.likeliest = corpus, found, rng, likeliest
        self.names = {a.id: names_in(a.text) for a in corpus.articles}
        held = Counter(stem for i in range(len(corpus.chunks)) for stem in _stems(corpus.text(i)))
        self.rarity = {stem: math.log((1 + len(corpus.chunks)) / (1 + many)) for stem, many in held.items()}

    def made(self, kind: str, q: Question) -> ReadingList | None:
        """The list of that kind; None if the answer is in no passage whole, there is nothing to change or to compare,
        or the reader finds the answer by itself, for most of such questions."""
        paragraph = self.corpus.articles[q.article].text[slice(*q.paragraph)]
        asked: str | None = q.text
        if kind == "exchanged":
            asked = exchange(q.text, paragraph, self.names[q.article], self.rng)
        elif kind == "altered":
            asked = alter(q.text, self.rng)
        right = self._right(q)
        if not asked or (q.answers and not right):
            return None
        many = self.rng.choice(SENTENCES)
        kept = {"plain": right[:2], "without": []}.get(kind, right[:1])
        if self.likeliest and kind == "plain" and q.source == "news" and self.rng.random() < READ:
            places, leading = self.likeliest(asked)
            likely = [place for place in places if not self._answers(q, right, place)]
            if leading and places[0] not in likely and self.rng.random() >= LEADING:
                return None
        else:
            likely = self._likely(q, asked, right)
        chosen = [*kept, *likely[: max(1, many - len(kept))]]
        return self._list(asked, chosen, q if kind == "plain" else None) if len(chosen) > 1 else None

    def _answers(self, q: Question, right: Sequence[_Place], place: _Place) -> bool:
        """Whether a sentence answers, or tells the answer, so that calling it wrong would be unfair."""
        article, (start, end) = place
        touches = any(a == article and s < end and start < e for a, (s, e) in right)
        return touches or self.corpus.tells(self.corpus.articles[article].text[start:end], q)

    def _right(self, q: Question) -> list[_Place]:
        """Where the answers stand, each with the sentences that it touches."""
        places: dict[_Place, None] = {}
        for i in self.corpus.of_article[q.article]:
            for start, end in q.answers:
                touched = [s for s in self.corpus.chunks[i].sentences if s[0] < end and start < s[1]]
                if touched and touched[0][0] <= start and end <= touched[-1][1]:
                    places[q.article, (touched[0][0], touched[-1][1])] = None
        return list(places)

    def _likely(self, q: Question, asked: str, right: Sequence[_Place]) -> list[_Place]:
        """Sentences that do not answer, the likeliest first, no more than three of a passage."""
        holders = self.corpus.holders(q.article, q.answers)
        stems = _stems(asked)
        every = sum(self.rarity.get(stem, 1.0) for stem in stems) or 1.0
        scored: list[tuple[float, _Place]] = []
        for rank, i in enumerate(dict.fromkeys([*(i for i, _ in self.found[q.text][:PASSAGES]), *holders])):
            chunk, own = self.corpus.chunks[i], []
            for start, end in chunk.sentences:
                if self._answers(q, right, (chunk.article_id, (start, end))):
                    continue
                text = self.corpus.articles[chunk.article_id].text[start:end]
                shared = sum(self.rarity.get(stem, 1.0) for stem in stems if stem in text.lower()) / every
                score = shared + 0.3 * _fits(asked, text) + 0.1 * (i in holders) - 0.02 * rank
                own.append((score + self.rng.uniform(0, 0.5), (chunk.article_id, (start, end))))
            best = sorted(own, reverse=True)[:3]
            scored += [(score - 0.25 * n, place) for n, (score, place) in enumerate(best)]
        return [place for _, place in sorted(scored, reverse=True)]

    def _list(self, asked: str, chosen: Sequence[_Place], answered: Question | None) -> ReadingList:
        articles = list(dict.fromkeys(article for article, _ in chosen))
        self.rng.shuffle(articles)
        passages, answers = [], []
        for article in articles:
            known = self.corpus.articles[article]
            title = known.title if self.rng.random() > 0.1 else ""
            for start, end in sorted({span for a, span in chosen if a == article}):
                passages.append(Passage(known.text[start:end], title))
                spans = answered.answers if answered and answered.article == article else ()
                answers.append([(s - start, e - start) for s, e in spans if start <= s and e <= end])
        return ReadingList(asked, passages, answers, [None] * len(passages))


def _read_likeliest(index: Index, reader: Reader, question: str) -> tuple[list[_Place], bool]:
    """All sentences that the reader finds in the passages that are read in use, the likeliest first, and whether the
    first leads by far. An article's source in the index is its place in the corpus."""
    hits = widen(index, index.search(question, SEARCHED))
    best = distinct_sentences(read_in_turn(question, hits, reader))
    return [(int(e.hit.source), e.sentence) for e in best], leads(best)


def _stems(text: str) -> set[str]:
    return {word[:5] for word in words_of(text)}


def _fits(question: str, text: str) -> bool:
    """Whether the text holds the kind of thing that is asked for, as far as capitals and digits tell."""
    if _NUMBER_ASKED.search(question):
        return bool(_NUMBER.search(text))
    return not _NAME_ASKED.search(question) or bool(_NAME.search(text))
