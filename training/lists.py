"""Training lists: a question, several passages to choose among, and where in them the answer stands, if anywhere.

A list is what the reader meets in use: the passages that Quoth's own search finds, most of which do not answer. Some
are made harder: the question asked in fewer of the article's words, short passages, a name or number of the question
exchanged, two names of the passage in each other's place, the sentence that answers taken out.
"""

from __future__ import annotations

import calendar
import gzip
import json
import random
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from difflib import SequenceMatcher
from pathlib import Path

from index.search import words_of
from qa.windows import Passage
from training.corpus import WIKIPEDIA, Corpus, Question

FOUND = 20
"""How many passages of the search the negatives are drawn from."""


@dataclass
class ReadingList:
    """A question and its passages; `answers[i]` are the answers' spans in the characters of `passages[i]`.

    `unmet[i]` are the spans of the question's words that `passages[i]` does not bear out: none where it answers, the
    exchanged name where it would answer another question; None where they are not known, as for most passages.
    """

    question: str
    passages: list[Passage]
    answers: list[list[tuple[int, int]]] = field(default_factory=list)
    unmet: list[list[tuple[int, int]] | None] = field(default_factory=list)


_Part = tuple[Passage, list[tuple[int, int]], list[tuple[int, int]] | None]


class Maker:
    """Makes lists of `corpus`; `found[question text]` is what the search finds for it. The answered ones of `twins`
    tell by which words those without an answer differ from one that has it."""

    def __init__(
        self,
        corpus: Corpus,
        found: dict[str, list[tuple[int, float]]],
        rng: random.Random,
        twins: Sequence[Question] = (),
    ) -> None:
        self.corpus, self.found, self.rng = corpus, found, rng
        self.twins: dict[tuple[int, tuple[int, int]], list[Question]] = {}
        for q in twins:
            if q.answers:
                self.twins.setdefault((q.article, q.paragraph), []).append(q)

    def answerable(self, q: Question, negatives: int, reword: bool, near: bool = False) -> ReadingList | None:
        """The passage that holds the answer among others that do not, with `near` all from the top of the search; None
        where it does not hold the answer whole."""
        holders = self.corpus.holders(q.article, q.answers)
        if not holders:
            return None
        gold = self.rng.choice(holders)
        size = self.rng.choice((500, 500, 500, 350, 220))
        parts = [self._passage(i, q, size) for i in (gold, *self._others(q, holders, negatives, near))]
        if not parts[0][1]:
            return None  # it was cut short, and the answer goes over the end of a sentence
        told = [(passage, spans, [] if spans else None) for passage, spans in parts]
        return self._list(reworded(q.text, parts[0][0].text, self.rng) if reword else q.text, told)

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
        twin, unmet = self._twin(q)
        holders = self.corpus.holders(twin.article, twin.answers) if twin else []
        return self._list(q.text, [(*self._passage(i, q, 500), unmet if i in holders else None) for i in chosen])

    def _twin(self, q: Question) -> tuple[Question | None, list[tuple[int, int]] | None]:
        """The answered question of the same paragraph that is most like `q`, and in which words `q` differs from it;
        None without one that is like enough."""
        others = self.twins.get((q.article, q.paragraph), [])
        changed = [(changed_words(other.text, q.text), other) for other in others]
        few = [(spans, other) for spans, other in changed if spans and len(spans) <= max(2, len(q.text.split()) // 3)]
        spans, twin = min(few, key=lambda pair: len(pair[0]), default=(None, None))
        return twin, spans

    def changed(self, q: Question, asked: str | None, negatives: int) -> ReadingList | None:
        """The passages of `q`, of which none answers what is `asked` in its place; None if nothing is."""
        made = self.answerable(q, negatives, False) if asked else None
        if not asked or not made:
            return None
        spans = changed_words(q.text, asked) or None
        unmet = [spans if answers else None for answers in made.answers]
        return ReadingList(asked, made.passages, [[] for _ in made.passages], unmet)

    def swapped(self, q: Question, negatives: int, keep: bool) -> ReadingList | None:
        """The passage of `q` with two of its names in each other's place.

        One of them is in the question, so that the passage tells of another what is asked; or, with `keep`, neither
        is, and the answer still stands, lest any passage with its names in odd places be taken for one without.
        """
        made = self.answerable(q, negatives, False)
        if not made:
            return None
        i = next(k for k, spans in enumerate(made.answers) if spans)
        passage, spans = made.passages[i], made.answers[i]
        told = [passage.text[start:end] for start, end in spans]
        names = [
            n for n in dict.fromkeys(names_in(passage.text)) if not any(_alike(n, t) for t in (*told, passage.title))
        ]
        free = [n for n in names if not _alike(n, q.text)]
        pairs = [
            (one, other)
            for one in (free if keep else [n for n in names if n in q.text])
            for other in free
            if not _alike(one, other) and not _side_by_side(one, other, passage.text)
        ]
        if not pairs:
            return None
        one, other = self.rng.choice(pairs)
        text, spans = swap(passage.text, one, other, spans)
        if [text[start:end] for start, end in spans] != told:
            return None  # an answer held one of the names
        made.passages[i], made.answers[i] = replace(passage, text=text), spans if keep else []
        made.unmet[i] = [m.span() for m in re.finditer(re.escape(one), q.text)]
        return made

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
        parts = [(left, [])] if left.text and not self.corpus.tells(left.text, q) else []
        others = self._others(q, holders, negatives + 1 - len(parts))
        parts += [self._passage(i, q, 500) for i in others]
        return self._list(q.text, [(passage, spans, None) for passage, spans in parts])

    def _others(self, q: Question, holders: Sequence[int], wanted: int, near: bool = False) -> list[int]:
        """Chunks that do not answer: about half from the top of the search, one beside the answer, the rest below; or
        with `near` the one beside and the rest from the top."""
        shut = set(holders) | set(self.corpus.holders(q.article, q.answers))
        ranked = [i for i, _ in self.found[q.text] if i not in shut and not self.corpus.tells(self.corpus.text(i), q)]
        beside = [
            j for i in holders for j in (i - 1, i + 1) if j in self.corpus.of_article[q.article] and j not in shut
        ]
        beside = [j for j in beside if not self.corpus.tells(self.corpus.text(j), q)]
        top, below = (ranked[:9], ranked[9:]) if near else (ranked[:4], ranked[4:])
        self.rng.shuffle(top)
        side = [self.rng.choice(beside)] if beside else []
        chosen = [*side, *top] if near else [*top[: (wanted + 1) // 2], *side]
        self.rng.shuffle(below)
        return list(dict.fromkeys([*chosen, *below, *top]))[:wanted]

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

    def _list(self, question: str, parts: list[_Part]) -> ReadingList:
        self.rng.shuffle(parts)
        return ReadingList(question, [p for p, _, _ in parts], [a for _, a, _ in parts], [u for _, _, u in parts])


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
_DATES = {*calendar.month_name, *calendar.day_name} - {""}


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


def exchange(question: str, paragraph: str, names: Sequence[str], rng: random.Random) -> str | None:
    """The question with one name, a word of one or a number exchanged for another of its kind: mostly one that the
    paragraph holds, else one of `names`, or a number close by. None if it holds neither or there is no other."""
    found = [m for m in _NAME.finditer(question) if len(m.group()) > 2]
    numbers = list(_NUMBER.finditer(question))
    if numbers and (not found or rng.random() < 0.5):
        spot = rng.choice(numbers)
        alike = [n for n in _NUMBER.findall(paragraph) if len(n) == len(spot.group()) and n not in question]
        new = rng.choice(alike) if alike and rng.random() < 0.7 else _other_number(spot.group(), rng)
        return question[: spot.start()] + new + question[spot.end() :]
    if not found:
        return None
    spot = rng.choice(found)
    start, end = spot.span()
    words = list(re.finditer(r"[A-Z][\w'’-]+", spot.group()))
    single = len(words) > 1 and rng.random() < 0.4
    if single:
        word = rng.choice(words)
        start, end = start + word.start(), start + word.end()
    near, far = (
        [n for n in there if not _alike(n, spot.group()) and n not in question]
        for there in (names_in(paragraph), names)
    )
    others = far if not near or rng.random() < 0.25 else near
    if not others:
        return None
    new = rng.choice(others)
    return question[:start] + (rng.choice(new.split()) if single else new) + question[end:]


def _other_number(digits: str, rng: random.Random) -> str:
    """Another number of as many digits, the last one or two changed."""
    new = digits
    while new == digits:
        new = "".join(
            rng.choice("123456789") if c.isdigit() and k >= len(digits) - 2 else c for k, c in enumerate(digits)
        )
    return new


def _alike(one: str, other: str) -> bool:
    """Whether two names share a word."""
    return bool({w.lower() for w in one.split()} & {w.lower() for w in other.split()})


def _side_by_side(one: str, other: str, text: str) -> bool:
    """Whether two names stand next to each other, or with "and" or "or" between them: then either may be told of."""
    return any(
        re.search(rf"{re.escape(a)}\W+(?:and |or )?{re.escape(b)}", text) for a, b in ((one, other), (other, one))
    )


def swap(text: str, one: str, other: str, spans: Sequence[tuple[int, int]]) -> tuple[str, list[tuple[int, int]]]:
    """The text with two names in each other's place, wherever they stand, and where its spans have got to.

    No span may cut through a place where one of the names stands.
    """
    places = [m.span() for m in re.finditer(rf"(?<!\w)(?:{re.escape(one)}|{re.escape(other)})(?!\w)", text)]
    parts, at = [], 0
    moved = [list(span) for span in spans]
    for start, end in places:
        new = other if text[start:end] == one else one
        parts += [text[at:start], new]
        at = end
        for k, (s, e) in enumerate(spans):
            moved[k][0] += (len(new) - (end - start)) * (end <= s)
            moved[k][1] += (len(new) - (end - start)) * (end <= e)
    return "".join([*parts, text[at:]]), [(s, e) for s, e in moved]


_OPPOSITES = """
first/last first/second second/third last/next most/least most/fewest more/less more/fewer many/few
largest/smallest biggest/smallest larger/smaller large/small highest/lowest higher/lower high/low longest/shortest
longer/shorter long/short oldest/youngest oldest/newest older/younger old/new best/worst better/worse good/bad
major/minor main/side majority/minority maximum/minimum top/bottom greater/lesser greatest/least strong/weak
stronger/weaker full/empty north/south east/west northern/southern eastern/western before/after during/before
with/without within/outside inside/outside above/below left/right
early/late earlier/later earliest/latest former/current former/latter initial/final beginning/end modern/ancient
increase/decrease increased/decreased increasing/decreasing rise/fall rose/fell gain/lose gained/lost win/lose won/lost
begin/end began/ended start/stop start/end started/ended started/stopped open/close opened/closed built/destroyed
created/destroyed founded/dissolved established/abolished formed/dissolved adopted/rejected accepted/rejected
approved/rejected passed/rejected signed/rejected allowed/banned allow/forbid support/oppose supported/opposed
include/exclude included/excluded join/leave joined/left arrive/leave arrived/left enter/leave buy/sell bought/sold
hired/fired born/buried executed/freed married/divorced wrote/read write/read teach/learn taught/learned
used/unused known/unknown popular/unpopular common/rare common/uncommon important/unimportant necessary/unnecessary
official/unofficial able/unable possible/impossible similar/different same/different public/private local/foreign
national/international formal/informal natural/artificial active/inactive limited/unlimited dependent/independent
positive/negative internal/external primary/secondary male/female man/woman men/women boy/girl king/queen
father/mother son/daughter brother/sister husband/wife student/teacher students/teachers army/navy war/peace
black/white gold/silver hot/cold warm/cold dark/light day/night wet/dry rich/poor success/failure cause/prevent
caused/prevented always/never usually/never often/never sometimes/never often/rarely also/never all/no some/no
both/neither 19th/18th 20th/19th 18th/17th 17th/16th 16th/15th two/three three/four four/five five/six
"""
OPPOSITES: dict[str, list[str]] = {}
for _one, _other in (pair.split("/") for pair in _OPPOSITES.split()):
    OPPOSITES.setdefault(_one, []).append(_other)
    if _other not in ("never", "no", "only"):
        OPPOSITES.setdefault(_other, []).append(_one)
_HELPS = re.compile(r"\b(is|are|was|were|did|does|do|can|could|has|have|had|will|would|should|must)\b", re.I)


def alter(question: str, rng: random.Random) -> str | None:
    """The question with one word turned into its opposite, or sometimes with its verb denied; None if neither was done.

    So do many of the people who wrote SQuAD 2.0's unanswerable questions (Rajpurkar et al. 2018, table 1).
    """
    words = [m for m in re.finditer(r"(?<!^how )(?<=[ -])[\w']+", question, re.I) if m.group().lower() in OPPOSITES]
    verbs = list(_HELPS.finditer(question))
    if words and (not verbs or rng.random() < 0.75):
        spot = rng.choice(words)
        new = rng.choice(OPPOSITES[spot.group().lower()])
    elif verbs and rng.random() < 0.4:
        spot = verbs[0]
        no = {"can": "can't", "will": "won't"}.get(spot.group().lower(), spot.group() + "n't")
        new = no if rng.random() < 0.8 else f"{spot.group()} {rng.choice(('not', 'never', 'no longer'))}"
    else:
        return None
    return question[: spot.start()] + new + question[spot.end() :]


def changed_words(one: str, other: str) -> list[tuple[int, int]]:
    """The spans in `other` of the words that are not, in this order, those of `one`; case and marks do not count."""
    ours, theirs = (list(re.finditer(r"\w+(?:['’]\w+)*", text)) for text in (one, other))
    same = SequenceMatcher(None, *([m.group().lower() for m in words] for words in (ours, theirs)), autojunk=False)
    kept = {j for _, start, size in same.get_matching_blocks() for j in range(start, start + size)}
    return [m.span() for j, m in enumerate(theirs) if j not in kept]


def names_in(text: str) -> list[str]:
    """The names of a text but months and days, as far as capitals tell, each as often as it stands there."""
    return [m.group() for m in _NAME.finditer(text) if len(m.group()) > 3 and not _DATES & set(m.group().split())]


def make_lists(corpus: Corpus, questions: Sequence[Question], seed: int) -> list[ReadingList]:
    """One pass over the questions, in random order: Wikipedia's all, and some again, reworded or made unanswerable;
    a part of the posts' and reviews'."""
    rng = random.Random(seed)
    plan = [(kind, q) for q in questions for kind in _kinds(q, rng)]
    rng.shuffle(plan)
    texts = list(dict.fromkeys(q.text for _, q in plan))
    found = dict(zip(texts, corpus.search(texts, FOUND), strict=True))
    maker = Maker(corpus, found, rng, questions)
    names = {a.id: names_in(a.text) for a in corpus.articles}
    lists: list[ReadingList] = []
    for kind, q in plan:
        made: ReadingList | None
        negatives = 3 if q.source in (*WIKIPEDIA, "written") else 2
        if kind == "impossible":
            made = maker.impossible(q, 2)
        elif kind == "exchanged":
            paragraph = corpus.articles[q.article].text[slice(*q.paragraph)]
            made = maker.changed(q, exchange(q.text, paragraph, names[q.article], rng), 2)
        elif kind == "without":
            made = maker.without(q, 2)
        elif kind == "altered":
            made = maker.changed(q, alter(q.text, rng), 2)
        elif kind in ("swapped", "kept"):
            made = maker.swapped(q, 2, kind == "kept")
        elif kind == "choice":
            made = maker.answerable(q, rng.choice((3, 4, 5, 6)), False, near=True)
        else:
            made = maker.answerable(q, negatives, kind == "reworded")
        if made and made.passages:
            lists.append(made)
    return lists


def _kinds(q: Question, rng: random.Random) -> list[str]:
    """What is made of a question: of each kind so many on average."""
    if not q.answers:
        return ["impossible"] * (1 if q.source in ("written", "news") else 2)
    if q.source == "written":  # with unanswerable twins of their own, and in other words than the article's
        many_of = {"plain": 1.0, "without": 0.12}
    elif q.source == "news":  # much of it is about the same people and places: a choice among many passages
        many_of = {"choice": 1.0, "exchanged": 0.17, "without": 0.13}
    elif q.source in WIKIPEDIA:
        many_of = {
            "plain": 1.0,
            "reworded": 0.2,
            "exchanged": 0.4,
            "altered": 0.25,
            "without": 0.12,
            "swapped": 0.3,
            "kept": 0.1,
        }
    else:
        many_of = {"plain": 0.15, "reworded": 0.06, "altered": 0.06, "without": 0.02}
    return [kind for kind, many in many_of.items() for _ in range(int(many) + (rng.random() < many % 1))]


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
            r["question"],
            [Passage(p["text"], p["title"], p["heading"], tuple(p["sentences"])) for p in r["passages"]],
            [[(s, e) for s, e in a] for a in r["answers"]],
            [None if u is None else [(s, e) for s, e in u] for u in r["unmet"]],
        )
        for r in rows
    ]
