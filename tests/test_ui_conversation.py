"""What the chat's pages do, without a browser: turns, faults, quotes whose article changed, example questions."""

from __future__ import annotations

from pathlib import Path

import pytest
from toys import ToyEncoder

from index import Article, Index, QuothError
from qa import Answer, Quote
from qa.followup import History
from ui.conversation import LONGEST_ABOUT, SURPRISE, Turn, answered_turn, conversation_html, panel_html, with_surprise
from ui.examples import example_questions

TEXT = "Akiba in Seoul\n\nOn Monday the adviser Takeo Akiba met Cho Tae-yong in South Korea. They agreed to meet again."


@pytest.fixture
def index(tmp_path: Path, encoder: ToyEncoder) -> Index:
    return Index.build([Article(TEXT, title="Akiba in Seoul", source="a")], tmp_path / "index", encoder=encoder)


def first_quote(index: Index) -> Quote:
    article = index.articles()[0]
    start, end = index.sentences(article.id)[0]
    return Quote(article.text[start:end], article.title, article.source, article.id, start, end, 0.9)


def test_a_fault_is_a_turn_of_its_own_kind() -> None:
    def broken(question: str, history: History | None) -> Answer:
        raise QuothError("The reader is damaged. Install it again.")

    turn = answered_turn("Why?", broken)
    assert (turn.answer, turn.fault) == (None, "The reader is damaged. Install it again.")


def test_what_should_not_happen_is_no_turn_of_silence() -> None:
    def crashing(question: str, history: History | None) -> Answer:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):  # the page's failure handler sees it
        answered_turn("Why?", crashing)
    done = Turn("a", fault="known")
    assert with_surprise((done, Turn("b"))) == (done, Turn("b", fault=SURPRISE))
    assert "don’t say" not in conversation_html(with_surprise((Turn("b"),)))


def test_a_question_is_asked_with_what_was_answered_before_and_told_what_it_was_taken_for() -> None:
    told: list[History | None] = []

    def leaning(question: str, history: History | None) -> Answer:
        told.append(history)
        return Answer(question, False, "-", reason="not in the articles", about="<b>Okoye</b>")

    greeted = Answer("Hi", False, "Hello!", reason="greeting")
    before = (Turn("Hi", greeted), Turn("Who?", fault="The index is gone."))
    turn = answered_turn("When?", leaning, before)
    assert told == [[("Hi", greeted)]]
    html = conversation_html((*before, turn))
    assert html.count("q-about") == 1
    assert "About “&lt;b&gt;Okoye&lt;/b&gt;”" in html
    assert '<button type="button" class="q-alone" data-turn="2"' in html
    assert f"About “{'a' * (LONGEST_ABOUT - 1)}…”" in conversation_html([leaning_about("a" * 500)])


def leaning_about(about: str) -> Turn:
    return Turn("When?", Answer("When?", False, "-", reason="not in the articles", about=about))


def test_the_panel_marks_the_quote_and_is_new_at_each_click(index: Index) -> None:
    quote = first_quote(index)
    html = panel_html(index, quote.article_id, (quote,), quote)
    assert f'<mark id="quote-0" data-quotes="0" class="q-active">{quote.text}</mark>' in html
    assert html != panel_html(index, quote.article_id, (quote,), quote)


@pytest.mark.parametrize("change", ["removed", "replaced"])
def test_a_quote_whose_article_is_gone_is_not_marked_elsewhere(index: Index, change: str) -> None:
    quote = first_quote(index)
    if change == "removed":
        index.remove(["a"])
    else:
        index.update([Article("Something else stands here now, and it is long enough to be quoted.", source="a")])
    html = panel_html(index, quote.article_id, (quote,), quote)
    assert "changed or removed" in html
    assert "<mark" not in html


def test_a_damaged_index_is_told_in_the_panel(index: Index, tmp_path: Path) -> None:
    quote = first_quote(index)
    index.close()
    (tmp_path / "index" / "index.sqlite").write_bytes(b"not a database" * 1000)
    html = panel_html(index, quote.article_id, (quote,), quote)
    assert 'role="alert"' in html
    assert "changed or removed" not in html


def test_examples_are_made_of_the_articles_and_can_be_answered(index: Index) -> None:
    asked: list[str] = []

    def answerable(question: str) -> bool:
        asked.append(question)
        return "Cho" not in question

    examples = example_questions(index, answerable)
    assert examples[0] == 'What is "Akiba in Seoul" about?'
    assert "What do the articles say about Takeo Akiba?" in examples
    assert "What do the articles say about South Korea?" in examples
    assert "What do the articles say about Cho Tae-yong?" in asked
    assert not any("Cho" in example for example in examples)
