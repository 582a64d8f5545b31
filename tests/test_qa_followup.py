"""Questions that lean on what was asked before, with the toy encoder and reader, then with the real ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from toy_reader import ToyReader
from toys import ToyEncoder

from index import Article, Index
from qa import Answer, Quote, answer
from qa.chain import build_chain
from qa.errors import QuestionError
from qa.followup import History, Topic, may_begin_anew, search_words, standalone_question, topic_of

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


def quoted(title: str, article_id: int = 1, short: str = "") -> Answer:
    quote = Quote(short or "Yes.", title, title, article_id, 0, len(short or "Yes."), 0.9)
    return Answer("?", True, "-", short or None, 0 if short else None, (quote,), 0.9)


def silent(standalone: str | None = None) -> Answer:
    return Answer("?", False, "-", reason="not in the articles", standalone=standalone)


class TestWhatIsTalkedAbout:
    def test_it_is_the_last_answers_names_and_article(self) -> None:
        history = [
            ("Who runs the Volga works?", quoted("Works", 7, "Ann")),
            ("How many ships did Okoye build in 1932?", quoted("Ships", 8, "12")),
        ]
        assert topic_of(history) == Topic(("Okoye", "1932", "12"), (), "Ships", 8)

    def test_the_names_of_the_question_before_about_the_same_article_are_remembered(self) -> None:
        history = [
            ("Who lives in Lima?", quoted("Ships", 8, "Bob")),
            ("Who runs the Volga works?", quoted("Ships", 8, "Ann")),
            ("And since when?", quoted("Ships", 8, "May 1932")),
        ]
        assert topic_of(history) == Topic(("May", "1932", "Volga", "Ann"), (), "Ships", 8)

    def test_small_talk_and_what_leant_on_it_without_an_answer_leave_it_as_it_is(self) -> None:
        about = ("Who runs the Volga works?", quoted("Works", 7, "Ann"))
        greeted = ("Thanks", Answer("Thanks", False, "Hello!", reason="greeting"))
        assert topic_of([about, greeted, ("How old is she?", silent("How old is she? (Ann)"))]) == topic_of([about])

    def test_a_question_of_its_own_that_the_articles_dont_answer_is_a_new_one(self) -> None:
        about = ("Who runs the Volga works?", quoted("Works", 7, "Ann"))
        assert topic_of([about, ("What is the capital of France?", silent())]) == Topic(("France",))

    def test_of_a_question_without_a_name_the_words_are_remembered(self) -> None:
        assert topic_of([("Where did the advisors meet?", quoted("Talks", 8, "Lima"))]) == Topic(
            ("Lima",), ("advisors", "meet"), "Talks", 8
        )

    @pytest.mark.parametrize("history", [[], [("Hi", Answer("Hi", False, "Hello!", reason="greeting"))]])
    def test_before_the_first_question_it_is_nothing(self, history: History) -> None:
        assert topic_of(history) is None

    @pytest.mark.parametrize("history", [["Why?"], [("Why?", "So.")], [("Why?",)], [None]])
    def test_what_is_no_history_is_told_in_one_line(self, history: Any) -> None:
        with pytest.raises(QuestionError, match=r"list of \(question, answer\)"):
            topic_of(history)

    def test_a_pasted_page_adds_few_names(self) -> None:
        topic = topic_of([(" ".join(f"Name{n}" for n in range(300)), quoted("Works"))])
        assert topic is not None
        assert len(topic.names) < 30


def test_the_names_are_put_behind_the_question() -> None:
    topic = Topic(("Okoye", "1932"), title="The bridge", article_id=1)
    assert standalone_question("And where?", topic) == "And where? (Okoye 1932)"
    assert search_words("And where?", topic) == "The bridge Okoye 1932 And where?"
    nameless = Topic(("Lima",), ("advisors", "meet"))
    assert standalone_question("And when?", nameless) == "And when? (advisors meet Lima)"
    assert standalone_question("And for how long?", nameless) == "And for how long? (Lima)"
    assert standalone_question("And where?", Topic(())) == search_words("And where?", Topic(())) == "And where?"


@pytest.mark.parametrize(
    ("question", "may"),
    [
        ("And when?", False),
        ("who found him", False),
        ("How many were there?", False),
        ("Who is Amara Okoye?", True),
        ("what happened in 1932", True),
        ("how long does it take to build a bridge", True),
    ],
)
def test_few_words_without_a_name_always_lean(question: str, may: bool) -> None:
    assert may_begin_anew(question) is may


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
    _, result = converse(index, first, "And the cost in million crowns?")
    assert (result.quotes[0].source, result.short) == (source, cost)
    assert result.question == "And the cost in million crowns?"
    assert (result.standalone or "").startswith("And the cost in million crowns? (")


def test_a_question_with_a_name_of_its_own_begins_anew(index: Index) -> None:
    _, result, after = converse(
        index,
        "Who was the bridge across the Tana designed by?",
        "What did Lev Orlov design?",
        "And the cost in million crowns?",
    )
    assert (result.quotes[0].source, result.standalone) == ("tower", None)
    assert after.quotes[0].source == "tower"


def test_without_a_history_nothing_is_added(index: Index) -> None:
    chain = build_chain(index, reader=ToyReader(), threshold=0.0)
    question = "Who was the tower beside the Volga designed by?"
    assert chain.invoke(question) == chain.invoke({"question": question}) == answer(question, index, reader=ToyReader())
    assert chain.invoke(question).standalone is None


def test_a_question_that_only_leans_is_searched_and_read_once(index: Index) -> None:
    first, reader = ToyReader(), ToyReader()
    (before,) = converse(index, "Who was the bridge across the Tana designed by?", reader=first)
    history = [(before.question, before)]
    answer("And the cost in million crowns?", index, history=history, reader=reader)
    assert len(reader.passages) == len(set(reader.passages))


def test_an_article_that_is_gone_is_no_topic_and_no_fault(index: Index) -> None:
    (before,) = converse(index, "Who was the bridge across the Tana designed by?")
    index.remove(["bridge"])
    for question in (
        "And the cost in million crowns?",
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


def span(result: Answer) -> tuple[int, int]:
    return result.quotes[0].start, result.quotes[0].end
