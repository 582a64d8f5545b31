"""Training comparisons: a question, the sentences of several passages that seem to answer it, and where the answer is.

They are what the reader's second network meets in use: the most likely sentence of each passage that the search finds,
of which one answers or none. What the reader itself would take for likely is not asked, since reading takes long: a
sentence is likely that holds the question's rarer words and the kind of thing that is asked for. Of those, a reader
that already compares can tell which are the hardest to know from the one that answers.
"""

from __future__ import annotations

import math
import random
import re
from collections import Counter
from collections.abc import Sequence

from index.article import Span
from index.search import words_of
from qa.reader import Reader
from qa.windows import Passage
from training.corpus import WIKIPEDIA, Corpus, Question
from training.lists import FOUND, ReadingList, alter, exchange, groups_of, names_in

SENTENCES = (4, 5, 6, 6, 6, 7, 8)
"""How many sentences are compared, each as often as it stands here."""
PASSAGES = 8
"""How many passages of the search they are taken from, beside the one that answers."""
TEMPTING = 11
"""Of how many likely sentences that do not answer a reader tells the hardest."""

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


def make_comparisons(
    corpus: Corpus, questions: Sequence[Question], seed: int, reader: Reader | None = None
) -> list[ReadingList]:
    """One pass over the questions about encyclopaedia articles and news, in random order, and some again, changed so
    that nothing answers them. A list's passages are sentences, those of one article in its order.

    With a `reader` that compares (about 0.1 s a question), those about news stand with the sentences that it finds
    most tempting among the likely ones, and one other.
    """
    rng = random.Random(seed)
    asked = [q for q in questions if q.source in (*WIKIPEDIA, "written", "news")]
    found = dict(zip((q.text for q in asked), corpus.search([q.text for q in asked], FOUND), strict=True))
    maker = _Maker(corpus, found, rng, reader)
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
        reader: Reader | None = None,
    ) -> None:
        self.corpus, self.found, self.rng, self.reader = corpus, found, rng, reader
        self.names = {a.id: names_in(a.text) for a in corpus.articles}
        held = Counter(stem for i in range(len(corpus.chunks)) for stem in _stems(corpus.text(i)))
        self.rarity = {stem: math.log((1 + len(corpus.chunks)) / (1 + many)) for stem, many in held.items()}

    def made(self, kind: str, q: Question) -> ReadingList | None:
        """The list of that kind; None if the answer is in no passage whole, or there is nothing to change."""
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
        likely, room = self._likely(q, asked, right), max(1, many - len(kept))
        told = self.reader and kind == "plain" and q.source == "news"
        others = self._hardest(asked, likely[:TEMPTING], room) if told else likely[:room]
        return self._list(asked, [*kept, *others], q if kind == "plain" else None)

    def _hardest(self, asked: str, likely: Sequence[_Place], many: int) -> list[_Place]:
        """As many of them, all but one those that the reader scores highest; the last is drawn from the rest."""
        assert self.reader
        places = sorted(likely)
        known = [self.corpus.articles[article] for article, _ in places]
        sentences = [Passage(a.text[slice(*span)], a.title) for a, (_, span) in zip(known, places, strict=True)]
        scores = self.reader.compare(asked, groups_of(sentences))
        ranked = [place for _, place in sorted(zip(scores, places, strict=True), reverse=True)]
        hard, rest = ranked[: many - 1], ranked[many - 1 :]
        return [*hard, *(self.rng.sample(rest, 1) if rest else [])]

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
                text = self.corpus.articles[chunk.article_id].text[start:end]
                touches = any(a == chunk.article_id and s < end and start < e for a, (s, e) in right)
                if touches or self.corpus.tells(text, q):
                    continue
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


def _stems(text: str) -> set[str]:
    return {word[:5] for word in words_of(text)}


def _fits(question: str, text: str) -> bool:
    """Whether the text holds the kind of thing that is asked for, as far as capitals and digits tell."""
    if _NUMBER_ASKED.search(question):
        return bool(_NUMBER.search(text))
    return not _NAME_ASKED.search(question) or bool(_NAME.search(text))
