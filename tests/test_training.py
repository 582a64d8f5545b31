"""Training: what is made of the data, what the loss rewards, and that a run cut off goes on as if it had not been."""

from __future__ import annotations

import gzip
import json
import math
import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from toy_reader import ToyReader

from index.article import Article
from qa import evidence
from qa.reader import Reading, ScoredSpan
from qa.windows import Passage
from training import comparisons
from training.batches import batches, code, code_comparison, collate
from training.comparisons import make_comparisons
from training.corpus import NEWS, WRITTEN, Corpus, Question, paragraph_key, read_file, read_written
from training.evaluate import auroc, overlap
from training.lists import (
    OPPOSITES,
    Maker,
    ReadingList,
    alter,
    changed_words,
    exchange,
    make_lists,
    read_lists,
    reworded,
    swap,
    write_lists,
)

torch = pytest.importorskip("torch")

TEXT = "Rollo led the Normans in 911. They settled in northern France. Their dukes ruled until 1204."
WORDS = sorted({w.lower() for w in TEXT.replace(".", " .").split()} | {"who", "when", "where", "did", "?", "settle"})


class WordsEncoder:
    """A vector of a text's words, for a corpus without a model."""

    name, dimension = "words", len(WORDS)

    def encode_queries(self, queries: list[str]) -> np.ndarray:  # type: ignore[type-arg]
        return self.encode_passages(queries)

    def encode_passages(self, passages: list[str], progress: object = None) -> np.ndarray:  # type: ignore[type-arg]
        rows = np.array([[w in p.lower() for w in WORDS] for p in passages], dtype=np.float32)
        return rows / np.maximum(1e-6, np.linalg.norm(rows, axis=1, keepdims=True))


@pytest.fixture
def tokenizer() -> Tokenizer:
    vocabulary = {w: i for i, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    made = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = BertNormalizer(), BertPreTokenizer()
    return made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    answers = [
        {"text": "911", "answer_start": TEXT.index("911")},
        {"text": "in 911", "answer_start": TEXT.index("in 911")},
    ]
    qas = [
        {"question": "When did Rollo lead?", "is_impossible": False, "answers": answers},
        {"question": "Who settled in Spain?", "is_impossible": True, "answers": []},
    ]
    paragraphs = [{"context": "They ruled.", "qas": []}, {"context": TEXT, "qas": qas}]
    entry = {"title": "The_Normans", "source": "squad2", "paragraphs": paragraphs}
    other = {
        "title": "x",
        "source": "reddit",
        "paragraphs": [{"context": f"Post {n} is here.", "qas": []} for n in range(9)],
    }
    for name in ("train", "dev"):
        with gzip.open(tmp_path / f"{name}.json.gz", "wt") as file:
            json.dump({"data": [entry, other]}, file)
    return tmp_path


def test_answers_keep_their_place_when_paragraphs_are_joined(data: Path) -> None:
    articles, questions = read_file(data / "train.json.gz")
    assert [a.title for a in articles] == ["The Normans", *[""] * 9]
    assert [articles[0].text[s:e] for s, e in questions[0].answers] == ["in 911", "911"]
    assert articles[0].text[slice(*questions[1].paragraph)] == TEXT
    assert len(read_file(data / "train.json.gz", ["squad2"])[0]) == 1


def test_written_questions_stand_with_their_paragraph(data: Path, tmp_path: Path) -> None:
    asked = [["Until when did Norman dukes rule?", "1204"], ["Until when did Norman kings rule?", ""], ["Who?", "Oz"]]
    with gzip.open(tmp_path / "written.gz", "wt") as file:
        file.write(json.dumps({"paragraph": paragraph_key(TEXT.upper() + " "), "questions": asked}) + "\n")
        file.write(json.dumps({"paragraph": "0" * 16, "questions": asked}) + "\n")
    written = read_written(tmp_path / "written.gz")
    articles, questions = read_file(data / "train.json.gz", written=written)
    made = [q for q in questions if q.source == "written"]
    assert [q.text for q in made] == ["Until when did Norman dukes rule?", "Until when did Norman kings rule?"]
    assert [articles[0].text[s:e] for s, e in made[0].answers] == ["1204"]
    assert not made[1].answers
    assert articles[0].text[slice(*made[1].paragraph)] == TEXT


def test_an_answer_that_stands_twice_is_the_one_nearest_to_the_question() -> None:
    from training.corpus import _place

    text = "In 911 Rollo came from the north. " + "Nothing of note is told here. " * 8 + "In 911 a treaty was signed."
    assert _place(text, "911", "When was the treaty signed?") == (text.rindex("911"), text.rindex("911") + 3)
    assert _place(text, "911", "When did Rollo come?") == (3, 6)
    assert _place(text, "91", "When?") is None


def test_the_written_questions_are_in_order() -> None:
    rows = read_written()
    asked = [pair for pairs in rows.values() for pair in pairs]
    assert len({question for question, _ in asked}) > 0.99 * len(asked)
    assert 0.5 < sum(not answer for _, answer in asked) / len(asked) < 0.8
    assert all(re.fullmatch("[0-9a-f]{16}", key) for key in rows)
    assert all(question.strip() == question and len(question) > 8 for question, _ in asked)
    with gzip.open(WRITTEN, "rt", encoding="utf-8") as file:
        assert sum(1 for _ in file) == len(rows)


def test_the_news_is_in_order() -> None:
    articles, questions = read_file(NEWS)
    assert {q.source for q in questions} == {"news"}
    assert sum(bool(a.title) for a in articles) > len(articles) / 2
    assert len({(q.text, q.article) for q in questions}) == len(questions)
    answers = [(articles[q.article].text, span) for q in questions for span in q.answers]
    assert 0.85 < len(answers) / len(questions) < 0.95
    for text, (start, end) in answers:
        assert text[start:end] == text[start:end].strip() != ""
        assert not re.match(r"\w\w", text[max(0, start - 1) : start + 1])
        assert not re.match(r"\w\w", text[end - 1 : end + 1])


def test_a_question_about_news_is_a_choice_among_the_best_that_the_search_finds() -> None:
    told = [f"The mayor of town {n} resigned on day {n}. Nothing else is known." for n in range(30)]
    articles = [Article(text, f"Mayor {n}", id=n) for n, text in enumerate(told)]
    corpus = Corpus(articles, WordsEncoder())  # type: ignore[arg-type]
    q = Question("When did the mayor of town 7 resign?", 7, (0, 50), ((33, 38),), "news")
    ranked = corpus.search([q.text], 20)[0]
    best = {corpus.text(i) for i, _ in ranked[:10] if i != 7}
    maker = Maker(corpus, {q.text: ranked}, random.Random(0))
    for _ in range(9):
        made = maker.answerable(q, 6, False, near=True)
        assert made
        assert len(made.passages) == 7
        others = [p.text for p, spans in zip(made.passages, made.answers, strict=True) if not spans]
        assert set(others) <= best


def test_lists_hold_their_answers_and_read_back_the_same(data: Path, tmp_path: Path) -> None:
    articles, questions = read_file(data / "train.json.gz")
    lists = make_lists(Corpus(articles, WordsEncoder()), questions, 3)  # type: ignore[arg-type]
    assert lists == make_lists(Corpus(articles, WordsEncoder()), questions, 3)  # type: ignore[arg-type]
    plain = [made for made in lists if made.question == "When did Rollo lead?" and any(made.answers)]
    assert plain
    for made in plain:
        found = {p.text[s:e] for p, spans in zip(made.passages, made.answers, strict=True) for s, e in spans}
        assert found == {"911", "in 911"}
        assert sum(map(bool, made.answers)) == 1
    assert any(made.question == "Who settled in Spain?" and not any(made.answers) for made in lists)
    write_lists(lists, tmp_path / "lists.gz")
    assert read_lists(tmp_path / "lists.gz") == lists


def test_no_passage_called_wrong_holds_the_answer() -> None:
    texts = [TEXT, "In 911 a treaty was made with Rollo.", "Rollo had 9110 men.", "Normans, Rollo and more."]
    corpus = Corpus([Article(t, id=i) for i, t in enumerate(texts)], WordsEncoder())  # type: ignore[arg-type]
    start = TEXT.index("911")
    q = Question("When did Rollo lead?", 0, (0, len(TEXT)), ((start, start + 3),), "squad2")
    maker = Maker(corpus, {q.text: corpus.search([q.text], 20)[0]}, random.Random(0))
    for _ in range(20):
        made = maker.answerable(q, 4, False)
        assert made
        assert not any("In 911" in p.text for p in made.passages)
        left = maker.without(q, 4)
        assert left
        assert not any(left.answers)
        assert not any("in 911" in p.text for p in left.passages)


def test_compared_sentences_hold_the_answer_once_or_not_at_all() -> None:
    told = [f"The mayor of town {n} resigned on day {n}. Nobody knows why. Town {n} is small." for n in range(12)]
    articles = [Article(text, f"Mayor {n}", id=n) for n, text in enumerate(told)]
    corpus = Corpus(articles, WordsEncoder())  # type: ignore[arg-type]
    start = told[7].index("day 7")
    answered = Question("When did the mayor of town 7 resign?", 7, (0, 50), ((start, start + 5),), "news")
    questions = [answered, Question("Who is mayor of town 3 now?", 3, (0, 50), (), "news")]
    for seed in range(20):
        lists = make_comparisons(corpus, questions, seed)
        assert lists == make_comparisons(corpus, questions, seed)
        plain = [made for made in lists if any(made.answers)]
        assert [made.question for made in plain] == [answered.text]
        (made,) = plain
        found = [(p.text, p.text[s:e]) for p, spans in zip(made.passages, made.answers, strict=True) for s, e in spans]
        assert found == [("The mayor of town 7 resigned on day 7.", "day 7")]
        assert 4 <= len(made.passages) <= 8
        assert sum("day 7" in passage.text for passage in made.passages) == 1
        (none,) = [made for made in lists if made.question == questions[1].text]
        assert not any(none.answers)


class Likes(ToyReader):
    """Finds each sentence that tells a day likelier, the later the day is; that of day 11 by far where `leads`."""

    leads = False

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        self.calls += 1
        return [self._liked(passage.text) for passage in passages]

    def _liked(self, text: str) -> Reading:
        days = [(m.start(), m.end(), int(m[1])) for m in re.finditer(r"day (\d+)", text)]
        scored = [ScoredSpan(start, end, 4.0 * day + 50 * (self.leads and day == 11)) for start, end, day in days]
        return Reading(tuple(sorted(scored, key=lambda s: -s.score)), 0.0, 0.0)


@pytest.fixture
def mayors(monkeypatch: pytest.MonkeyPatch) -> tuple[Corpus, list[Question]]:
    """An article that is no news, then twelve that are, each with a question; the last one tells day 3 too. A reader
    reads all passages of every question."""
    monkeypatch.setattr(evidence, "READ_FIRST", 12)
    monkeypatch.setattr(comparisons, "READ", 1.0)
    told = [f"The mayor of town {n} resigned on day {n}. Nobody knows more." for n in range(12)]
    told[11] += " So did some other mayor on day 3."
    texts = ["A town is a place.", *told]
    corpus = Corpus([Article(text, id=n) for n, text in enumerate(texts)], WordsEncoder())  # type: ignore[arg-type]
    asked = []
    for n, text in enumerate(told):
        start = text.index("day")
        span = (start, text.index(".", start))
        asked.append(Question(f"When did the mayor of town {n} resign?", n + 1, (0, 50), (span,), "news"))
    return corpus, asked


def test_the_sentences_that_a_reader_finds_likeliest_are_compared(
    mayors: tuple[Corpus, list[Question]], monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, asked = mayors
    monkeypatch.setattr(comparisons, "LEADING", 1.0)
    made = [m for m in make_comparisons(corpus, asked, 1, Likes()) if any(m.answers)]
    assert len(made) == len(asked)
    for one in made:
        own = int(one.question.split()[6])
        days = {int(re.findall(r"day (\d+)", passage.text)[0]) for passage in one.passages}
        others = sorted(days - {own}, reverse=True)
        likeliest = [day for day in range(11, -1, -1) if day != own]
        assert own in days
        assert others == likeliest[: len(others)]
        (right,) = [p.text for p, spans in zip(one.passages, one.answers, strict=True) if spans]
        assert right == f"The mayor of town {own} resigned on day {own}."
        assert own != 3 or not any("some other" in passage.text for passage in one.passages), "it tells the answer"


def test_most_of_what_a_reader_finds_by_itself_is_not_learnt(
    mayors: tuple[Corpus, list[Question]], monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus, asked = mayors
    monkeypatch.setattr(comparisons, "LEADING", 0.0)
    leading = Likes()
    leading.leads = True
    learnt = {m.question for m in make_comparisons(corpus, asked, 1, leading) if any(m.answers)}
    assert learnt == {q.text for q in asked[:11]}, "day 11 is found where it is right; elsewhere it is wrong"
    monkeypatch.setattr(comparisons, "READ", 0.0)
    assert {m.question for m in make_comparisons(corpus, asked, 1, leading) if any(m.answers)} >= {asked[11].text}
    assert leading.calls == len(asked), "with no share of them, none is read"


def test_questions_are_changed_within_bounds() -> None:
    for seed in range(50):
        rng = random.Random(seed)
        asked = reworded("Which dukes ruled northern France until 1204?", TEXT, rng)
        assert asked.lower().startswith("which")
        assert len(asked.split()) > 1
        other = exchange("Who ruled in France until 1204?", "", ["Spain", "France"], rng)
        assert other is not None
        assert other != "Who ruled in France until 1204?"
        assert ("France" in other) != ("1204" in other)
    assert exchange("who ruled?", "", ["Spain"], random.Random(0)) is None


def test_what_is_exchanged_comes_mostly_from_the_paragraph() -> None:
    paragraph = "In 1066 Harold of Wessex lost to William, and in 1087 William died at Rouen."
    asked = "Who lost to William in 1066?"
    made = Counter(exchange(asked, paragraph, ["Spain"], random.Random(seed)) for seed in range(300))
    assert None not in made
    assert asked not in made
    near = sum(
        n for other, n in made.items() if other and any(w in other for w in ("1087", "Harold", "Wessex", "Rouen"))
    )
    assert near > 150
    assert made["Who lost to Spain in 1066?"] > 0
    assert any(other and other.startswith("Who lost to William in 10") and "1087" not in other for other in made)


def test_swapped_names_leave_every_span_on_its_words() -> None:
    text = "Ann Lee met Bo at Rome in 1999. Bo, not Ann Lee, left Rome; Boston is far."
    spans = [(text.index("Rome"), text.index("Rome") + 4), (text.index("1999"), text.index("1999") + 4)]
    swapped, moved = swap(text, "Ann Lee", "Bo", spans)
    assert swapped == "Bo met Ann Lee at Rome in 1999. Ann Lee, not Bo, left Rome; Boston is far."
    assert [swapped[s:e] for s, e in moved] == ["Rome", "1999"]
    assert swap(swapped, "Ann Lee", "Bo", moved) == (text, spans)


def test_a_passage_with_its_names_swapped_answers_only_what_is_not_about_them() -> None:
    text = "The duke Rollo came from Norway in 911. Later the monk Dudo wrote of him in Saint Quentin, near Paris."
    corpus = Corpus([Article(text, id=0), Article("Apples are red.", id=1)], WordsEncoder())  # type: ignore[arg-type]
    start = text.index("911")
    q = Question("When did Rollo come?", 0, (0, len(text)), ((start, start + 3),), "squad2")
    maker = Maker(corpus, {q.text: corpus.search([q.text], 20)[0]}, random.Random(0))
    for _ in range(20):
        lost, kept = maker.swapped(q, 1, False), maker.swapped(q, 1, True)
        assert lost
        assert not any(lost.answers)
        assert not any("duke Rollo came" in p.text for p in lost.passages)
        if kept:
            (passage, spans) = next((p, a) for p, a in zip(kept.passages, kept.answers, strict=True) if a)
            assert "duke Rollo came" in passage.text
            assert [passage.text[s:e] for s, e in spans] == ["911"]
            assert passage.text not in text


def test_the_words_that_changed_are_found() -> None:
    def changed(one: str, other: str) -> list[str]:
        return [other[start:end] for start, end in changed_words(one, other)]

    assert changed("Who led the Normans in 911?", "Who led the Franks in 912?") == ["Franks", "912"]
    assert changed("Who led the Normans?", "who led, the Normans") == []
    assert changed("Who was first?", "Who wasn't the first?") == ["wasn't", "the"]
    assert changed("Who led the Normans in 911?", "Who led the Normans?") == []


def test_lists_tell_which_words_are_not_borne_out() -> None:
    text = "The duke Rollo came from Norway in 911. Later the monk Dudo wrote of him in Saint Quentin, near Paris."
    corpus = Corpus([Article(text, id=0), Article("Apples are red.", id=1)], WordsEncoder())  # type: ignore[arg-type]
    start, whole = text.index("911"), (0, len(text))
    q = Question("When did Rollo come from Norway?", 0, whole, ((start, start + 3),), "squad2")
    near, far = "When did Dudo come from Norway?", "Which apples does the monk sell in Rome?"
    asked = [q, *(Question(question, 0, whole, (), "squad2") for question in (near, far))]
    found = dict(zip([a.text for a in asked], corpus.search([a.text for a in asked], 20), strict=True))
    maker = Maker(corpus, found, random.Random(0), asked)

    def told(made: ReadingList | None) -> list[list[str] | None]:
        assert made
        assert [p.text for p in made.passages if p.text == text]
        return [
            spans if spans is None else [made.question[slice(*span)] for span in spans]
            for passage, spans in zip(made.passages, made.unmet, strict=True)
            if passage.text == text
        ]

    assert told(maker.answerable(q, 1, False)) == [[]]
    assert told(maker.changed(q, near, 1)) == [["Dudo"]]
    assert told(maker.impossible(asked[1], 1)) == [["Dudo"]]
    assert told(maker.impossible(asked[2], 1)) == [None]
    lost = maker.swapped(q, 1, False)
    assert lost
    assert {lost.question[slice(*span)] for spans in lost.unmet if spans for span in spans} <= {"Rollo", "Norway"}


def test_a_question_is_altered_in_one_word() -> None:
    rng = random.Random(0)
    for question in ("Who was the first duke?", "When did the war begin?", "Where do they sell it?"):
        made = {alter(question, rng) for _ in range(30)} - {None}
        assert made
        for asked in made:
            assert asked != question
            before, after = question.rstrip("?").split(), str(asked).rstrip("?").split()
            kept = [word for word in before if word in after]
            assert len(before) - len(kept) <= 1
    assert alter("Normandy, you say?", rng) is None
    assert alter("How large?", rng) is None
    assert "last" in OPPOSITES["first"]
    assert "first" in OPPOSITES["last"]


def test_token_places_are_those_of_the_answers(tokenizer: Tokenizer) -> None:
    at = TEXT.index("northern France")
    coded = code(
        ReadingList("Where?", [Passage("They ruled."), Passage(TEXT, "Normans")], [[], [(at, at + 15)]]), tokenizer
    )
    batch = collate([coded])
    row, first = batch.starts.nonzero()[0].tolist()
    last = batch.ends.nonzero()[0].tolist()[1]
    assert row == 1
    assert tokenizer.decode(batch.ids[1, first : last + 1].tolist()) == "northern france"
    assert batch.inside[1].sum() == len(coded.windows[1].offsets)
    assert batch.starts.sum() == 1


def test_compared_sentences_are_one_window_with_the_answer_in_its_place(tokenizer: Tokenizer) -> None:
    passages = [Passage("They ruled.", "Dukes"), Passage("Rollo led in 911.", "Normans"), Passage("Rollo ruled.")]
    coded = code_comparison(ReadingList("When did Rollo lead?", passages, [[], [(13, 16)], []]), tokenizer)
    batch = collate([coded])
    assert batch.ids.shape[0] == 1
    (first,), (last,) = (marks[0].nonzero()[:, 0].tolist() for marks in (batch.starts, batch.ends))
    assert tokenizer.decode(batch.ids[0, first : last + 1].tolist()) == "911"
    assert batch.inside[0].nonzero()[0, 0] == coded.windows[0].first
    assert batch.inside[0, -1] == 1


def test_what_is_chosen_among_sentences_is_measured(tokenizer: Tokenizer) -> None:
    from training.network import ReaderNetwork, Shape
    from training.train import measure_choices

    class Sure(ReaderNetwork):
        """Finds its answer at 911, wherever that stands."""

        def forward(self, ids, types, mask):  # type: ignore[no-untyped-def]
            found = 9.0 * (ids == tokenizer.token_to_id("911"))
            return found, found, found[:, 0]

    told, other = [Passage("Rollo led in 911.")], [Passage("They ruled.")]
    lists = [
        code_comparison(ReadingList("When?", passages, answers), tokenizer)
        for passages, answers in ((told, [[(13, 16)]]), (told, [[(0, 5)]]), (other, [[]]))
    ]
    said = measure_choices(Sure(Shape(9, 24, 2, 2, 48, 64)), lists, "cpu")
    assert said == "the answer chosen 0.500  none where there is none 1.000"


def _probabilities(tokenizer: Tokenizer, answers: list[list[tuple[int, int]]]):  # type: ignore[no-untyped-def]
    return collate([code(ReadingList("Who?", [Passage("Rollo led."), Passage("They ruled.")], answers), tokenizer)])


def test_the_loss_is_that_of_one_choice_among_all_passages(tokenizer: Tokenizer) -> None:
    from training.loss import RELEVANCE, WITHIN, list_loss

    batch = _probabilities(tokenizer, [[(0, 5)], []])
    flat = torch.zeros_like(batch.inside)
    tokens = int(batch.inside.sum())
    within = (math.log(4) + math.log(4)) / 2  # three tokens and "no answer", in either passage
    expected = math.log(tokens + 1) + WITHIN * within + RELEVANCE * math.log(3)
    assert float(list_loss(flat, flat, torch.zeros(2), flat, batch)) == pytest.approx(expected, rel=1e-5)


def test_the_loss_falls_for_the_right_span_and_for_none_where_there_is_none(tokenizer: Tokenizer) -> None:
    from training.loss import list_loss

    batch = _probabilities(tokenizer, [[(0, 5)], []])
    none = _probabilities(tokenizer, [[], []])
    flat, sure = torch.zeros_like(batch.inside), torch.zeros_like(batch.inside)
    sure[:, 0] = 20.0  # "no answer" in both
    right = sure.clone()
    right[0] += batch.starts[0] * 40
    yes, no = torch.tensor([20.0, -20.0]), torch.tensor([-20.0, -20.0])
    assert float(list_loss(right, right, yes, flat, batch)) < 0.01 < float(list_loss(flat, flat, no, flat, batch))
    assert float(list_loss(sure, sure, no, flat, none)) < 0.01
    assert float(list_loss(right, right, yes, flat, none)) > 10


def test_words_that_are_not_borne_out_are_told_by_token(tokenizer: Tokenizer) -> None:
    from training.loss import UNMET, list_loss

    asked = "When did Rollo settle?"
    made = ReadingList(asked, [Passage(TEXT), Passage("They ruled.")], [[], []], [[(9, 14)], None])
    batch = collate([code(made, tokenizer), code(ReadingList("Who?", [Passage(TEXT)], [[]]), tokenizer)])
    told = batch.unmet[0]
    assert told[:7].tolist() == [-1, 0, 0, 1, 0, 0, -1]  # [CLS] when did rollo settle ? [SEP]
    assert (batch.unmet[1:] == -1).all()
    flat, relevance = torch.zeros_like(batch.inside), torch.zeros(3)
    losses = [
        float(list_loss(flat, flat, relevance, unmet, batch))
        for unmet in (flat, 40 * (2 * batch.unmet - 1), 40 * (1 - 2 * batch.unmet))
    ]
    assert losses[0] - losses[1] == pytest.approx(UNMET * math.log(2), rel=1e-4)
    assert losses[2] > losses[0]


def test_batches_hold_each_list_once(tokenizer: Tokenizer) -> None:
    lists = [code(ReadingList("Who?", [Passage("Rollo " * n)], [[]]), tokenizer) for n in range(1, 24)]
    once = [id(made) for group in batches(lists, 4, 1) for made in group]
    assert sorted(once) == sorted(map(id, lists))
    assert [len(g) for g in batches(lists, 4, 1)] == [len(g) for g in batches(lists, 4, 1)]


def test_a_run_cut_off_ends_as_one_that_was_not(tokenizer: Tokenizer, tmp_path: Path) -> None:
    from training import train
    from training.network import ReaderNetwork, Shape, load, save

    shape = Shape(len(WORDS) + 4, 24, 2, 2, 48, 64)
    torch.manual_seed(0)
    save(ReaderNetwork(shape), tmp_path / "start")
    at = TEXT.index("911")
    answers = [[], [(at, at + 3)]]
    lists = [code(ReadingList("When ?", [Passage("They ruled."), Passage(TEXT)], answers), tokenizer) for _ in range(6)]

    def trainer(out: str) -> train.Trainer:
        argv = ["--data", "x", "--out", str(tmp_path / out), "--lists", "2", "--steps", "7", "--device", "cpu"]
        args = train.parse([*argv, "--rate", "0.01", "--every", "100"])
        args.out.mkdir(exist_ok=True)
        made = train.Trainer(load(tmp_path / "start"), args, lists)
        made.resume()
        return made

    whole = trainer("whole")
    whole.run(lambda: "")
    cut = trainer("cut")
    cut.steps = 4
    cut.rate = lambda: train.rate_at(cut.step, 7, 0.01)  # type: ignore[method-assign]
    cut.run(lambda: "")
    cut.keep()
    going_on = trainer("cut")
    assert going_on.step == 4
    going_on.run(lambda: "")
    for (name, a), (_, b) in zip(whole.network.named_parameters(), going_on.network.named_parameters(), strict=True):
        assert torch.equal(a, b), name


def test_the_finished_weights_are_the_mean_of_the_kept_states() -> None:
    from training.network import ReaderNetwork, Shape
    from training.train import mean_of

    networks = [ReaderNetwork(Shape(9, 24, 2, 2, 48, 64)) for _ in range(3)]
    expected = sum(network.span.weight.detach().clone() for network in networks) / 3
    assert torch.allclose(mean_of(networks).span.weight, expected)


@pytest.mark.parametrize("eight_bit", [True, False])
def test_the_exported_network_gives_the_same_scores(eight_bit: bool, tokenizer: Tokenizer, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    import onnxruntime

    from training.export import APART, MATRICES, export_onnx
    from training.network import ReaderNetwork, Shape

    torch.manual_seed(1)
    network = ReaderNetwork(Shape(50, 24, 2, 2, 48, 64))
    torch.nn.init.normal_(network.relevance.weight, std=0.2)
    batch = collate([code(ReadingList("When ?", [Passage(TEXT)], [[]]), tokenizer)])
    export_onnx(network, tmp_path / "reader.onnx", [batch] if eight_bit else [])
    kinds = Counter(node.op_type for node in onnx.load(str(tmp_path / "reader.onnx")).graph.node)
    wide = len(network.layers) * len(MATRICES)
    assert kinds["MatMulInteger"] == (wide if eight_bit else 0)
    assert kinds["MatMul"] + kinds["Gemm"] == (len(APART) + 2 if eight_bit else wide + 2), "the two heads are whole"
    session = onnxruntime.InferenceSession(str(tmp_path / "reader.onnx"), providers=["CPUExecutionProvider"])
    ids = np.random.default_rng(0).integers(0, 50, (3, 11))
    given = {"ids": ids, "types": ids % 2}
    network.eval()
    with torch.inference_mode():
        expected = network(*(torch.from_numpy(v) for v in (*given.values(), np.ones_like(ids))))
    for ours, theirs in zip(expected, session.run(None, given), strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs, atol=0.3 if eight_bit else 1e-4)


@pytest.mark.parametrize("eight_bit", [True, False])
def test_training_goes_on_from_an_exported_model(eight_bit: bool, tokenizer: Tokenizer, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    from training.export import export
    from training.network import ReaderNetwork, Shape, load

    torch.manual_seed(1)
    network = ReaderNetwork(Shape(len(WORDS) + 4, 24, 2, 2, 48, 64))
    torch.nn.init.normal_(network.relevance.weight)
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    batch = collate([code(ReadingList("When ?", [Passage(TEXT)], [[]]), tokenizer)])
    export(network, tmp_path / "tokenizer.json", tmp_path / "model", [batch] if eight_bit else [])
    found = load(tmp_path / "model").eval()
    assert found.state_dict().keys() == network.state_dict().keys()
    for name, weights in network.state_dict().items():
        if not name.startswith("unmet"):
            off = (found.state_dict()[name] - weights).abs().max()
            assert float(off) <= (0.05 * float(weights.abs().max()) if eight_bit else 1e-6), name
    with torch.inference_mode():
        given = (batch.ids, batch.types, batch.mask)
        for ours, theirs in zip(found(*given), network.eval()(*given), strict=True):
            assert torch.allclose(ours, theirs, atol=0.1 if eight_bit else 1e-5)


def test_a_smoothed_network_gives_the_same_scores_and_smaller_extremes(tokenizer: Tokenizer) -> None:
    pytest.importorskip("onnxruntime")
    from training.export import MATRICES, OUTLYING, Smoothed, smooth
    from training.network import ReaderNetwork, Shape

    torch.manual_seed(1)
    network = ReaderNetwork(Shape(len(WORDS) + 4, 24, 2, 2, 48, 64))
    with torch.no_grad():
        network.layers[0].norm1.weight[3] = 40.0  # one column far beyond the others
        network.layers[1].up.bias[5] = 40.0
    network.eval()
    batch = collate([code(ReadingList("When ?", [Passage(TEXT)], [[]]), tokenizer)])
    with torch.inference_mode():
        expected = network(batch.ids, batch.types, batch.mask)
    smooth(network, [batch])
    assert all(isinstance(getattr(layer, name), Smoothed) for layer in network.layers for name in MATRICES)
    assert 5 in network.layers[1].down.outlying
    assert len(network.layers[1].down.outlying) == OUTLYING
    spread: list[float] = []

    def measure(_: object, given: tuple[torch.Tensor]) -> None:
        columns = given[0].abs().flatten(0, -2).amax(0)
        spread.append(float(columns.max() / columns.median()))

    network.layers[0].up.linear.register_forward_pre_hook(measure)
    with torch.inference_mode():
        found = network(batch.ids, batch.types, batch.mask)
    for ours, theirs in zip(expected, found, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-3, atol=1e-3)
    assert spread[0] < 6


def test_figures_by_hand() -> None:
    assert overlap("the red apple", "red apples") == pytest.approx(0.5)
    assert overlap("The U.S.", "us") == 1.0
    assert auroc(np.array([3.0, 2.0, 2.0, 1.0]), np.array([True, False, True, False])) == pytest.approx(0.875)


def test_what_training_cannot_begin_with_is_told_before_it_begins(tmp_path: Path) -> None:
    from training.train import main

    data, model = tmp_path / "data", tmp_path / "model"
    data.mkdir()
    model.mkdir()
    given = ["--data", str(data), "--out", str(tmp_path / "out")]
    with pytest.raises(SystemExit, match=r"no train\.json\.gz in .*data\. Name the folder"):
        main(given)
    for name in ("train.json.gz", "dev.json.gz"):
        (data / name).touch()
    with pytest.raises(SystemExit, match=r"no file .*gone\.gz\. Name one"):
        main([*given, "--more", str(tmp_path / "gone.gz")])
    for compare in ([], ["--compare"]):
        with pytest.raises(SystemExit, match=r"--reader .*model needs --compare, and a folder that holds"):
            main([*given, *compare, "--reader", str(model)])
    assert not (tmp_path / "out").exists()
