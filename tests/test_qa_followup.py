"""Questions that lean on what was asked before, with the toy encoder and reader, then with the real ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from toy_reader import ToyReader
from toys import ToyEncoder

from index import Article, Hit, Index
from qa import Answer, Quote, answer
from qa.chain import build_chain
from qa.errors import QuestionError
from qa.evidence import Evidence
from qa.followup import (
    FAVOUR,
    History,
    Topic,
    begins_anew,
    favour,
    may_begin_anew,
    search_words,
    standalone_question,
    topic_of,
)

BRIDGE = Article(
    "The bridge across the Tana was designed by Amara Okoye. The cost was nine million crowns. Officials opened it.",
    title="The bridge",
    source="bridge",
)
TOWER = Article(
    "The tower beside the Volga was designed by Lev Orlov. The cost was two million crowns. Officials opened it.",
    title="The tower",
    source="tower",
)


def quoted(title: str, short: str = "") -> Answer:
    quote = Quote(short or "Yes.", title, title, 1, 0, len(short or "Yes."), 0.9)
    return Answer("?", True, "-", short or None, 0 if short else None, (quote,), 0.9)


def silent(about: str | None = None) -> Answer:
    return Answer("?", False, "-", reason="not in the articles", about=about)


def topic(history: History | None) -> Topic:
    found = topic_of(history)
    assert found is not None
    return found


class TestWhatIsTalkedAbout:
    def test_it_is_the_last_answers_names_and_article(self) -> None:
        history = [
            ("Who runs the Volga works?", quoted("Works", "Ann")),
            ("How many ships did Okoye build in 1932?", quoted("Ships", "12")),
        ]
        found = topic(history)
        assert (found.about, found.names, found.named) == ("Ships", ("Okoye", "1932", "12"), True)
        assert found.words == ("many", "ships", "okoye", "build", "1932")
        assert (found.title, found.source) == ("Ships", "Ships")
        assert found.shown == tuple(answer.quotes[0] for _, answer in history)

    def test_the_names_of_the_question_before_about_the_same_article_are_remembered(self) -> None:
        history = [
            ("Who lives in Lima?", quoted("Ships", "Bob")),
            ("Who runs the Volga works?", quoted("Ships", "Ann")),
            ("And since when?", quoted("Ships", "May 1932")),
        ]
        assert topic(history).names == ("May", "1932", "Volga", "Ann")

    def test_of_a_question_without_a_name_the_words_are_remembered(self) -> None:
        found = topic([("Where did the advisors meet?", quoted("Talks", "Lima"))])
        assert (found.names, found.words, found.named) == (("Lima",), ("advisors", "meet"), False)

    def test_the_words_are_those_of_the_last_whole_question(self) -> None:
        told = quoted("Talks", "Lima")
        history = [("Where did the advisors meet?", told), ("and in May?", told), ("what about the ministers", told)]
        assert topic(history).words == ("advisors", "meet")

    def test_small_talk_and_what_leant_on_it_without_an_answer_leave_it_as_it_is(self) -> None:
        about = ("Who runs the Volga works?", quoted("Works", "Ann"))
        greeted = ("Thanks", Answer("Thanks", False, "Hello!", reason="greeting"))
        assert topic_of([about, greeted, ("How old is she?", silent("Works"))]) == topic_of([about])

    def test_a_question_of_its_own_that_the_articles_dont_answer_is_a_new_one(self) -> None:
        about = ("Who runs the Volga works?", quoted("Works", "Ann"))
        found = topic([about, ("What is the capital of France?", silent())])
        assert (found.about, found.names, found.source) == ("What is the capital of France?", ("France",), "")

    def test_an_overview_of_one_article_is_about_its_title_and_of_several_about_nothing(self) -> None:
        about = ("Who runs the Volga works?", quoted("Works", "Ann"))
        one = replace(quoted("The Lima talks"), confidence=1.0)
        several = replace(one, quotes=(*one.quotes, *quoted("Ships").quotes))
        assert topic([about, ("Summarise Talks", one)]).names == ("Lima",)
        assert topic([about, ("Summarise the articles", several)]).about == "Works"

    @pytest.mark.parametrize(
        ("question", "names"),
        [
            ("Tell me about U2", ("U2",)),
            ("I'd like to know who Gordon D'Arcy is", ("Gordon", "D'Arcy")),
            ("HOW MUCH DID IT COST?", ()),
            ("Wer baute die Murbrücke?", ("Wer", "Murbrücke")),
            ("A" * 100_000, ()),
        ],
    )
    def test_names_are_words_with_a_capital_that_say_something(self, question: str, names: tuple[str, ...]) -> None:
        assert topic([(question, silent())]).names == names

    def test_a_pasted_page_adds_few_names(self) -> None:
        assert len(topic([(" ".join(f"Name{n}" for n in range(300)), quoted("Works"))]).names) < 30

    @pytest.mark.parametrize("history", [None, [], [("Hi", Answer("Hi", False, "Hello!", reason="greeting"))]])
    def test_before_the_first_question_it_is_nothing(self, history: History | None) -> None:
        assert topic_of(history) is None

    @pytest.mark.parametrize("history", [5, ["Why?"], [("Why?", "So.")], [("Why?",)], [None], [(None, silent())]])
    def test_what_is_no_history_is_told_in_one_line(self, history: Any) -> None:
        with pytest.raises(QuestionError, match=r"list of \(question, answer\)"):
            topic_of(history)


def test_the_names_are_put_behind_the_question() -> None:
    named = Topic("The bridge", ("Okoye", "1932"), ("okoye", "built"), True, title="The bridge", source="bridge")
    assert standalone_question("And where?", named) == "And where? (Okoye 1932)"
    assert search_words("And where?", named) == "The bridge Okoye 1932 And where?"
    nameless = Topic("Talks", ("Lima",), ("advisors", "meet"))
    assert standalone_question("And when?", nameless) == "And when? (advisors meet Lima)"
    assert standalone_question("how long did it last?", nameless) == "how long did it last? (Lima)"
    for question in ("and in Asia?", "what about Asia"):
        assert standalone_question(question, named) == f"{question} (built Okoye 1932)"
    for question in ("and what else?", "And is it long?", "what about American firms, how many of those publish?"):
        assert standalone_question(question, named) == f"{question} (Okoye 1932)"
    nothing = Topic("?", ())
    assert standalone_question("And where?", nothing) == search_words("And where?", nothing) == "And where?"


@pytest.mark.parametrize(
    ("question", "may"),
    [
        ("And when?", False),
        ("who found him", False),
        ("and the cost", False),
        ("How many were there?", False),
        ("who won", True),
        ("who is amara okoye", True),
        ("how long does it take to build a stone bridge", True),
    ],
)
def test_few_words_of_which_one_leans_always_lean(question: str, may: bool) -> None:
    assert may_begin_anew(question, Topic("The bridge", (), source="bridge")) is may


def test_on_what_the_articles_dont_answer_less_leans() -> None:
    assert may_begin_anew("and the cost", Topic("Who won?", ()))
    assert not may_begin_anew("And when?", Topic("Who won?", ()))


def test_the_article_that_was_quoted_is_favoured(index: Index) -> None:
    tower, bridge = index.search("designed by Lev Orlov")
    assert (tower.source, bridge.source) == ("tower", "bridge")
    hits = [replace(tower, score=0.9), replace(bridge, score=0.5)]
    favoured = favour(hits, Topic("The bridge", (), source="bridge"))
    assert [(hit.source, hit.score) for hit in favoured] == [("bridge", 0.5 + FAVOUR), ("tower", 0.9)]
    assert favour(hits, Topic("?", ())) == hits


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index.build([BRIDGE, TOWER], tmp_path / "index", encoder=ToyEncoder())


def converse(index: Index, *questions: str, **options: Any) -> list[Answer]:
    """The answers to the questions asked one after another."""
    options = {"reader": ToyReader(), "threshold": 0.0} | options
    chain = build_chain(index, **options)
    history: list[tuple[str, Answer]] = []
    for question in questions:
        history.append((question, chain.invoke({"question": question, "history": history})))
    return [result for _, result in history]


@pytest.mark.parametrize(
    ("first", "cost", "source"),
    [
        ("who was the bridge across the tana designed by?", "nine", "bridge"),
        ("who was the tower beside the volga designed by?", "two", "tower"),
    ],
)
def test_a_question_goes_on_about_the_same_article(index: Index, first: str, cost: str, source: str) -> None:
    _, result = converse(index, first, "What then was the cost in million crowns?")
    assert (result.quotes[0].source, result.short) == (source, cost)
    assert result.question == "What then was the cost in million crowns?"
    assert result.about == {"bridge": "The bridge", "tower": "The tower"}[source]


def found(index: Index, source: str) -> list[Evidence]:
    hit = next(hit for hit in index.search("crowns") if hit.source == source)
    return [Evidence(hit, (0, 3), hit.sentences[0], 1.0, 1.0, 0.5)]


@pytest.mark.parametrize(
    ("question", "gain", "anew"),
    [
        ("what did Lev Orlov design", 0.0, False),
        ("what did Lev Orlov design", 0.2, True),  # the tower's article alone holds the name
        ("what did lev orlov design", 0.2, True),  # and the words
        ("what was the cost", 0.2, False),
        ("what was the cost", 0.5, True),
        ("what was the cost", -0.3, False),
    ],
)
def test_what_is_surer_or_holds_more_begins_anew(index: Index, question: str, gain: float, anew: bool) -> None:
    tower, bridge = found(index, "tower"), found(index, "bridge")
    assert begins_anew(question, gain, tower, bridge) is anew
    assert begins_anew(question, gain, tower, [])
    assert not begins_anew(question, gain, [], bridge)


def test_without_a_history_nothing_is_added(index: Index) -> None:
    chain = build_chain(index, reader=ToyReader(), threshold=0.0)
    question = "Who was the tower beside the Volga designed by?"
    assert chain.invoke(question) == chain.invoke({"question": question}) == answer(question, index, reader=ToyReader())
    assert chain.invoke(question).about is None


def test_a_question_that_only_leans_is_searched_and_read_once(index: Index) -> None:
    first, reader = ToyReader(), ToyReader()
    (before,) = converse(index, "Who was the bridge across the Tana designed by?", reader=first)
    history = [(before.question, before)]
    answer("What then was the cost in million crowns?", index, history=history, reader=reader)
    assert len(reader.passages) == len(set(reader.passages))


def test_a_history_may_be_read_but_once(index: Index) -> None:
    (before,) = converse(index, "who was the tower beside the volga designed by?")
    once = (turn for turn in [(before.question, before)])
    result = answer("What then was the cost in million crowns?", index, history=once, reader=ToyReader())
    assert result.quotes[0].source == "tower"


def test_the_reranker_sees_what_the_question_leans_on(index: Index) -> None:
    class Listening:
        asked: ClassVar[list[str]] = []

        def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
            self.asked.append(question)
            return list(hits)

    converse(index, "who was the bridge across the tana designed by?", "And when?", reranker=Listening())
    assert Listening.asked[-1] == "And when? (bridge across tana designed Amara Okoye)"


def test_what_was_quoted_is_not_told_again_to_whoever_asks_for_more(index: Index) -> None:
    first, again, more = converse(
        index, "Who was the bridge across the Tana designed by?", "And who designed it?", "What else was designed?"
    )
    assert again.quotes[0] == replace(first.quotes[0], score=again.quotes[0].score)
    assert first.quotes[0].text not in [quote.text for quote in more.quotes]


def test_an_article_that_was_changed_is_talked_about_on(index: Index) -> None:
    (before,) = converse(index, "who was the tower beside the volga designed by?")
    index.update([replace(TOWER, text=TOWER.text + " It is red.")])
    result = answer("what is it about?", index, history=[(before.question, before)])
    assert {quote.source for quote in result.quotes} == {"tower"}


def test_an_article_that_is_gone_is_no_topic_and_no_fault(index: Index) -> None:
    (before,) = converse(index, "Who was the bridge across the Tana designed by?")
    index.remove(["bridge"])
    for question in (
        "What then was the cost in million crowns?",
        "What did Lev Orlov design beside the Volga?",
        "What is it about?",
    ):
        result = answer(question, index, history=[(before.question, before)], reader=ToyReader())
        assert {quote.source for quote in result.quotes} <= {"tower"}


@pytest.mark.parametrize(
    ("question", "sources"),
    [
        ("What is it about?", {"tower"}),
        ("Summarise the article", {"tower"}),
        ("summary please", {"tower"}),
        ("Summarise the articles", {"bridge", "tower"}),
        ("What are these articles about?", {"bridge", "tower"}),
        ("Summarise the article about the bridge", {"bridge"}),
    ],
)
def test_an_overview_of_this_is_of_the_article_that_is_talked_about(
    index: Index, question: str, sources: set[str]
) -> None:
    _, result = converse(index, "Who was the tower beside the Volga designed by?", question)
    assert {quote.source for quote in result.quotes} == sources
    assert result.about == ("The tower" if sources == {"tower"} else None)


def test_what_leans_and_is_not_answered_is_declined(index: Index) -> None:
    _, result = converse(index, "Who was the bridge across the Tana designed by?", "And when?", threshold=1.0)
    assert (result.answered, result.reason) == (False, "not in the articles")
    assert result.nearest
    assert all(0 <= quote.score <= 1 for quote in result.nearest)


@pytest.mark.real
class TestOnTheSeeds:
    """The real encoder and reader on the article that Quoth ships with."""

    @pytest.mark.parametrize(
        ("questions", "short"),
        [
            (("Who represented Japan?", "what is his job?"), "national security secretariat"),
            (("Where did the security advisors meet?", "when?"), "Saturday"),
        ],
    )
    def test_people_ask_on_in_few_words(self, seeded: Index, questions: Sequence[str], short: str) -> None:
        result = converse(seeded, *questions, reader=None)[-1]
        assert short in (result.short or "")
        assert seeded.article(result.quotes[0].article_id).text[slice(*span(result))] == result.quotes[0].text

    @pytest.mark.parametrize("question", ["What is the capital of France?", "Who won the World Cup?"])
    def test_a_topic_answers_nothing_else(self, seeded: Index, question: str) -> None:
        *_, result = converse(seeded, "Where did the security advisors meet?", question, reader=None, threshold=None)
        assert (result.answered, result.reason) == (False, "not in the articles")

    def test_a_short_question_about_something_else_begins_anew(self, tmp_path: Path) -> None:
        bridge = Article("Amara Okoye designed the Tana bridge. Daniel Moi opened it in May 1988.", "Bridge", "bridge")
        shop = Article("Amazon was founded by Jeff Bezos in Seattle in 1994. It sold books at first.", "Books", "shop")
        index = Index.build([bridge, shop], tmp_path / "index")
        for question in ("who founded amazon", "Who founded Amazon?"):
            _, anew, after = converse(index, "Who designed the Tana bridge?", question, "and when?", reader=None)
            assert (anew.short, anew.about, after.about) == ("Jeff Bezos", None, "Books")
        _, leaning = converse(index, "Who designed the Tana bridge?", "who opened it", reader=None)
        assert (leaning.short, leaning.about) == ("Daniel Moi", "Bridge")


def span(result: Answer) -> tuple[int, int]:
    return result.quotes[0].start, result.quotes[0].end
