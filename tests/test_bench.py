"""The benchmarks' own files."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest
from toys import ToyEncoder

from bench.conversations import CONVERSATIONS, SHORT, Turn, ask_all, is_right, read_conversations, report
from bench.conversations import HELD_OUT as HELD_OUT_CONVERSATIONS
from bench.news import HELD_OUT, QUESTIONS, REWORDED, TUNING, entry, main, questions_of
from index import Article, Index
from qa import Answer, Quote
from qa.squad import read_questions

TEXT = "Bridge opens\n\nThe bridge opened in May.\n\nIt cost 4m.\n"


@pytest.mark.parametrize("path", [QUESTIONS, HELD_OUT, REWORDED, TUNING])
def test_the_news_questions_are_in_order(path: Path) -> None:
    asked = [row for rows in questions_of(path).values() for row in rows]
    assert len({question for question, _, _ in asked}) == len(asked) > 100
    assert all((start >= 0) == bool(answer) and answer == answer.strip() for _, answer, start in asked)
    assert 0.1 < sum(not answer for _, answer, _ in asked) / len(asked) < 0.3


def test_an_answer_must_stand_where_it_is_said_to() -> None:
    made = entry(TEXT, [("When?", "May", TEXT.index("May")), ("Who?", "", -1)])
    context = made["paragraphs"][0]["context"]
    first, second = made["paragraphs"][0]["qas"]
    assert made["title"] == "Bridge opens"
    assert context[first["answers"][0]["answer_start"] :].startswith("May.")
    assert second["is_impossible"]
    assert not second["answers"]
    with pytest.raises(ValueError, match="'May'"):
        entry(TEXT, [("When?", "May", 3)])


@pytest.mark.parametrize(
    ("option", "name"),
    [((), "QUESTIONS"), (("--held-out",), "HELD_OUT"), (("--reworded",), "REWORDED"), (("--tuning",), "TUNING")],
)
def test_the_file_is_one_that_eval_reads(
    option: tuple[str, ...], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "politics").mkdir()
    (tmp_path / "politics" / "001.txt").write_text(TEXT, encoding="latin-1")
    with open(tmp_path / "asked.tsv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter="\t").writerow(["politics/001", "What did it cost?", "4m", TEXT.index("4m")])
    monkeypatch.setattr(f"bench.news.{name}", tmp_path / "asked.tsv")
    main([str(tmp_path), str(tmp_path / "news.json.gz"), *option])
    read = read_questions(tmp_path / "news.json.gz")
    assert [q.words for q in read.questions] == [("4m",)]
    assert read.misplaced == 0
    with gzip.open(tmp_path / "news.json.gz", "rt", encoding="utf-8") as file:
        assert len(json.load(file)["data"]) == 1
    with pytest.raises(SystemExit, match=r"no article politics/001\.txt"):
        main([str(tmp_path / "politics"), str(tmp_path / "none.json.gz"), *option])


@pytest.mark.parametrize("path", [CONVERSATIONS, HELD_OUT_CONVERSATIONS, SHORT])
def test_conversations_open_and_lean_and_turn_to_other_topics(path: Path) -> None:
    conversations = read_conversations(path)
    assert len(conversations) > 50
    assert all(turns[0].kind == "opening" and 2 < len(turns) < 6 for turns in conversations)
    turns = [turn for turns in conversations for turn in turns]
    assert all((turn.start >= 0) == bool(turn.answer) for turn in turns)
    assert all((turn.kind == "leaning") == (turn.standalone != turn.question) for turn in turns)
    assert {turn.kind for turn in turns} == {"opening", "leaning", "another topic"}


def test_a_conversation_is_asked_in_three_ways(tmp_path: Path) -> None:
    article = Article(TEXT, title="Bridge opens", source="politics/001")
    other = Article("The tower fell in June.", title="Tower", source="politics/002")
    index = Index.build([article, other], tmp_path / "index", encoder=ToyEncoder())
    turns = [
        Turn(
            "opening",
            "politics/001",
            "When was the Bridge opened?",
            "May",
            TEXT.index("May"),
            "When was the Bridge opened?",
        ),
        Turn("leaning", "politics/001", "And the cost?", "4m", TEXT.index("4m"), "What did the bridge cost?"),
        Turn("leaning", "politics/001", "And who paid?", "", -1, "Who paid for the bridge?"),
    ]
    results = ask_all(index, [turns], lambda *_: None)
    assert [turn for turn, _ in results] == turns[:2]
    assert all(len(right) == 3 for _, right in results)
    assert report([(turns[0], [True, False, True])]).splitlines()[1].split() == [
        "opening",
        "1",
        "1.000",
        "0.000",
        "1.000",
    ]


def test_a_quote_is_right_in_its_own_article_alone() -> None:
    at = TEXT.index("4m")
    turn = Turn("opening", "a", "?", "4m", at, "?")
    for source, start, right in (("a", at, True), ("b", at, False), ("a", at + 2, False)):
        quote = Quote(TEXT[start : start + 2], "", source, 1, start, start + 2, 1.0)
        assert is_right(turn, Answer("?", True, "-", quotes=(quote,))) is right
    assert not is_right(turn, Answer("?", False, "-", reason="not in the articles"))
