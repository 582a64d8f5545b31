"""`quoth eval`'s parts: a SQuAD file is read, its questions asked and graded, the report made and shown."""

from __future__ import annotations

import gzip
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from toy_reader import ToyReader
from toys import ToyEncoder

from index import Hit, Index, QuothError
from qa import Answer, Quote
from qa.ablation import ablate
from qa.chain import build_chain
from qa.errors import EvaluationError
from qa.evaluate import Graded, Report, evaluate, grade_all, summarise
from qa.metrics import Estimate
from qa.report import check_plot, plot, report_text
from qa.squad import read_questions, some_of

BRIDGE = ["The bridge over the Tana was designed by Amara Okoye.", "It cost nine million crowns, said the mayor Olsen."]
SALMON = ["Salmon numbers doubled in Lima when the harvest ended. Fishermen praised the ban on nets."]


def qa(question: str, context: str, *answers: str) -> dict[str, Any]:
    """A question of a paragraph; without answers it is unanswerable."""
    golds = [{"text": words, "answer_start": context.index(words)} for words in answers]
    return {"question": question, "is_impossible": not answers, "answers": golds}


def entry(title: str, paragraphs: list[tuple[str, list[dict[str, Any]]]], **more: str) -> dict[str, Any]:
    return {"title": title, "paragraphs": [{"context": c, "qas": qas} for c, qas in paragraphs], **more}


def squad() -> dict[str, Any]:
    bridge = [
        (BRIDGE[0], [qa("Who was the bridge over the Tana designed by?", BRIDGE[0], "Okoye", "Amara Okoye")]),
        (BRIDGE[1], [qa("It cost how many crowns?", BRIDGE[1], "nine million")]),
    ]
    asked = [
        qa("Where did salmon numbers double?", SALMON[0], "Lima"),
        qa("Which volcano erupted near Naples?", SALMON[0]),
    ]
    return {"data": [entry("The_bridge", bridge), entry("Salmon", [(SALMON[0], asked)])]}


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "squad.json", squad())


def figures(file: Path, **options: Any) -> Report:
    return evaluate(file, encoder=ToyEncoder(), reader=ToyReader(), **options)


def test_answers_are_found_in_characters_of_the_whole_article(file: Path) -> None:
    asked = read_questions(file)
    texts = {article.source: article.text for article in asked.articles}
    assert texts["The_bridge"] == "\n\n".join(BRIDGE)
    assert [article.title for article in asked.articles] == ["The bridge", "Salmon"]
    golds = [[texts[q.source][s:e] for s, e in q.golds] for q in asked.questions]
    assert (
        golds == [["Okoye", "Amara Okoye"], ["nine million"], ["Lima"], []] == [list(q.words) for q in asked.questions]
    )
    assert [q.answerable for q in asked.questions] == [True, True, True, False]


def test_the_same_place_in_another_article_is_no_answer(file: Path) -> None:
    question = read_questions(file).questions[0]
    start, end = question.golds[1]
    assert question.answered_by("The_bridge", start, end)
    assert not question.answered_by("Salmon", start, end)
    assert not question.answered_by("The_bridge", start + 1, end - 1)


def test_a_gzipped_file_is_read_alike(file: Path, tmp_path: Path) -> None:
    packed = tmp_path / "squad.json.gz"
    packed.write_bytes(gzip.compress(file.read_bytes()))
    assert read_questions(packed) == read_questions(file)


def test_distractors_are_whole_articles_with_sources_of_their_own(file: Path, tmp_path: Path) -> None:
    entries = [
        entry("Salmon", [("Salmon is a pink colour.", [])], source="new_wiki"),
        entry("Reviews", [("A good kettle.", [])], source="amazon_reviews"),
        entry("Norway", [("Norway is a country.", [])]),
        entry("Again", [(SALMON[0], [])], source="squad2"),
    ]
    asked = read_questions(file, write(tmp_path / "more.json", {"data": entries}))
    assert [article.source for article in asked.articles] == ["The_bridge", "Salmon", "Salmon (2)", "Norway"]
    assert len(asked.questions) == 4


def test_answers_that_stand_elsewhere_are_left_out_and_counted(tmp_path: Path) -> None:
    content = squad()
    questions = content["data"][0]["paragraphs"]
    questions[0]["qas"][0]["answers"][0]["answer_start"] += 1
    questions[1]["qas"][0]["answers"][0]["answer_start"] = -3
    asked = read_questions(write(tmp_path / "squad.json", content))
    assert (asked.misplaced, asked.skipped, len(asked.questions)) == (2, 1, 3)
    assert asked.questions[0].words == ("Amara Okoye",)
    assert "2 answers do not stand" in report_text(figures(tmp_path / "squad.json"))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"{", "line 1"),
        (b"\xff\xfe\xfd", "UTF-8"),
        (b"[]", '"data"'),
        (b'{"data": {}}', '"data"'),
        (b'{"data": []}', "no question"),
        (b'{"data": [3]}', "data[0] is not an object"),
        (b'{"data": [{}]}', 'data[0] has no "paragraphs"'),
        (b'{"data": [{"title": 1, "paragraphs": []}]}', "data[0].title is not a string"),
        (b'{"data": [{"title": "T", "paragraphs": []}]}', "T is empty"),
        (b'{"data": [{"paragraphs": [{"qas": []}]}]}', 'data[0].paragraphs[0] has no "context"'),
        (b'{"data": [{"paragraphs": [{"context": "A.", "qas": [{}]}]}]}', 'qas[0] has no "question"'),
        (b'{"data": [{"paragraphs": [{"context": "A.", "qas": [{"question": "B?"}]}]}]}', 'qas[0] has no "answers"'),
        (
            b'{"data": [{"paragraphs": [{"context": "A.", "qas": [{"question": "B?", "answers": '
            b'[{"text": "A", "answer_start": true}]}]}]}]}',
            "answers[0].answer_start is not a whole number",
        ),
        (gzip.compress(b'{"data": []}')[:-9], "gzip"),
        (b"[" * 100_000, "nested too deep"),
        (None, "No such file"),
    ],
)
def test_what_is_wrong_with_a_file_is_told_with_its_place(tmp_path: Path, data: bytes | None, says: str) -> None:
    path = tmp_path / "bad.json"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(EvaluationError) as caught:
        read_questions(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_limit_takes_questions_from_all_over_the_file() -> None:
    assert some_of(range(10), 3) == [0, 3, 6]
    assert some_of(range(3), 10) == some_of(range(3), None) == [0, 1, 2]


def test_figures_by_hand(file: Path, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    report = figures(file, progress=lambda *step: seen.append(step))
    assert (report.articles, report.questions, report.answerable) == (2, 4, 3)
    assert report.hit_5 is not None
    assert report.hit_5.value == 1.0
    assert report.quote_1_given is not None
    assert report.quote_1_given.value == 1.0  # all three sentences are found by their words
    assert report.exact_given is not None
    assert report.exact_given.value == pytest.approx(1 / 3)  # "Amara Okoye", but "nine million" and "Lima" with more
    assert report.verbatim == 1.0
    assert report.quotes >= 4
    assert 0 < report.p50_ms <= report.p95_ms
    assert [step for step in seen if step[0] == "asking"] == [("asking", n, 4) for n in (1, 2, 3, 4)]
    assert json.loads(json.dumps(report.to_dict()))["risk_coverage"][-1]["coverage"] == 1.0


def test_declining_by_confidence_is_what_the_chain_does(file: Path, tmp_path: Path) -> None:
    asked = read_questions(file)
    index = Index.build(asked.articles, tmp_path / "index", encoder=ToyEncoder())
    graded = grade_all(asked, build_chain(index, reader=ToyReader(), threshold=0.0).invoke, index.search)
    threshold = sorted(g.confidence for g in graded)[2]
    strict = build_chain(index, reader=ToyReader(), threshold=threshold)
    answers = [strict.invoke(q.text) for q in asked.questions]
    assert [a.answered for a in answers] == [g.confidence >= threshold for g in graded]
    assert [a.confidence for a in answers] == [g.confidence for g in graded]
    report = summarise("squad.json", asked, graded, threshold)
    pairs = list(zip(answers, graded, strict=True))

    def share(figure: Estimate | None) -> float:
        assert figure is not None
        return figure.value

    assert share(report.lost) == pytest.approx(sum(not a.answered for a, g in pairs if g.answerable) / 3)
    assert share(report.quote_1) == pytest.approx(sum(a.answered and g.right for a, g in pairs) / 3)
    assert share(report.quote_1) < share(report.quote_1_given)
    assert share(report.declined) == float(not answers[3].answered)


def test_what_is_declined_counts_nothing_and_curves_end_with_all_questions(file: Path) -> None:
    """Twenty questions, the even ones answerable and right, with confidences 0.00, 0.05, 0.10 and so on."""
    graded = [
        Graded(n % 2 == 0, True, True, True, n % 2 == 0, 0.5, 0.75, n / 20, n / 1000, quotes=2) for n in range(20)
    ]
    report = summarise("squad.json", read_questions(file), graded, threshold=0.5)
    assert {figure.value for figure in (report.quote_1, report.lost, report.declined) if figure} == {0.5}
    assert report.exact is not None
    assert report.exact.value == 0.25
    assert report.f1 is not None
    assert report.f1.value == 0.375
    assert report.abstention_f1 == 0.5
    assert (report.quotes, report.p50_ms, report.p95_ms) == (40, pytest.approx(9.5), pytest.approx(18.05))
    lines = report_text(report).splitlines()
    assert lines[-10].split() == ["0.10", "0.500", "0.900"]
    assert lines[-1].split() == ["1.00", "0.500", "0.000"]


def test_without_a_short_answer_the_first_quote_is_compared(file: Path) -> None:
    asked = replace(read_questions(file), questions=(read_questions(file).questions[1],))
    text = asked.articles[0].text
    start, end = text.index("nine"), text.index(" crowns")
    quote = Quote(text[start:end], "The bridge", "The_bridge", 1, start, end, 1.0)
    whole = grade_all(asked, lambda q: Answer(q, True, "x", quotes=(quote,)), lambda q, k: [])[0]
    assert (whole.right, whole.exact, whole.hit_5) == (True, 1.0, False)
    shorter = replace(quote, text=quote.text[:-1], end=end - 1)
    assert not grade_all(asked, lambda q: Answer(q, True, "x", quotes=(shorter,)), lambda q, k: [])[0].right
    silent = Answer("?", False, "-", reason="not in the articles", nearest=(quote,))
    assert grade_all(asked, lambda q: silent, lambda q, k: [])[0].exact == 0.0


@pytest.mark.parametrize("field", ["quotes", "nearest"])
def test_one_quote_that_is_not_verbatim_fails_the_run(file: Path, field: str) -> None:
    asked = read_questions(file)
    quote = Quote("the bridge over", "The bridge", "The_bridge", 1, 0, 15, 1.0)  # "The bridge over" stands there
    reason = None if field == "quotes" else "not in the articles"
    answer = Answer("?", field == "quotes", "x", reason=reason, **{field: (quote,)})  # type: ignore[arg-type]
    with pytest.raises(EvaluationError, match=r"The_bridge at 0-15"):
        grade_all(asked, lambda question: answer, lambda question, k: [])


def test_a_fault_of_the_reader_is_no_abstention(file: Path) -> None:
    with pytest.raises(QuothError, match="broken"):
        evaluate(file, encoder=ToyEncoder(), reader=ToyReader(broken=True))


def test_each_ranking_of_the_ablation_is_its_own(file: Path) -> None:
    asked = read_questions(file)

    def hit(place: str, score: float, cosine: float, bm25: float) -> Hit:
        start = asked.articles[0].text.index(place)
        end = start + len(place)
        return Hit(place, "", "The_bridge", 1, start, end, score, cosine, bm25, ((start, end),))

    wrong = [hit(f"{word} ", 0.0, 0.5, 0.0) for word in ("bridge", "over", "the", "Tana", "was", "designed")]
    hits = [hit("said the mayor", 0.9, 0.6, 1.0), hit(BRIDGE[0], 0.8, 0.4, 2.0), *wrong]
    dense, lexical, both = ablate(asked.questions[:1], lambda question, k: hits[:k], ToyEncoder())
    assert (dense.name, dense.hit_1, dense.hit_5, dense.quote_1) == ("dense", 0.0, 0.0, 0.0)
    assert (lexical.name, lexical.hit_1, lexical.hit_5, lexical.quote_1) == ("lexical", 1.0, 1.0, 1.0)
    assert (both.name, both.hit_1, both.hit_5, both.quote_1) == ("both", 0.0, 1.0, 1.0)


def test_the_ablation_ends_with_what_was_asked(file: Path) -> None:
    report = figures(file, ablation=True)
    assert [line.name for line in report.ablation] == ["dense", "lexical", "both", "both, with the reader"]
    assert report.quote_1_given is not None
    assert report.ablation[-1].quote_1 == report.quote_1_given.value
    assert report.hit_1 is not None
    assert report.ablation[2].hit_1 == report.hit_1.value
    assert "both, with the reader" in report_text(report)


def test_a_file_of_unanswerable_questions_has_a_report_too(tmp_path: Path) -> None:
    content = squad()
    del content["data"][0]
    del content["data"][0]["paragraphs"][0]["qas"][0]
    report = figures(write(tmp_path / "squad.json", content), ablation=True)
    assert (report.answerable, report.hit_1, report.auroc) == (0, None, None)
    assert "–" in report_text(report)


def test_the_text_of_a_report_holds_all_figures(file: Path) -> None:
    text = report_text(figures(file))
    for name in ("hit@1", "hit@5", "quote@1", "EM", "F1", "AUROC", "ECE", "Brier", "abstention F1", "verbatim", "p95"):
        assert name in text
    assert all(len(line) <= 100 and line == line.rstrip() for line in text.splitlines()[1:])


def test_a_plot_is_a_picture(file: Path, tmp_path: Path) -> None:
    plot(figures(file), tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_a_plot_that_cannot_be_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(EvaluationError, match="no folder"):
        check_plot(tmp_path / "nowhere" / "plot.png")
    with pytest.raises(EvaluationError, match="png"):
        check_plot(tmp_path / "plot.doc")
    monkeypatch.setitem(sys.modules, "matplotlib.backend_bases", None)
    with pytest.raises(EvaluationError, match=r"pip install 'quoth\[plot\]'"):
        check_plot(tmp_path / "plot.png")


@pytest.mark.parametrize("limit", [0, -1])
def test_no_questions_are_no_evaluation(file: Path, limit: int) -> None:
    with pytest.raises(EvaluationError, match="one or more"):
        figures(file, limit=limit)
