"""What people see of answers and articles: the words untouched, and nothing of them taken as markup."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from index import Article, Changes, Failure
from qa import Answer, Quote
from ui.articles_page import articles_html, changes_html
from ui.conversation import Turn, conversation_html, welcome_html
from ui.render import (
    SHOWN_CHARACTERS,
    answer_html,
    answer_text,
    article_html,
    articles_text,
    as_json,
    changes_text,
    source_html,
)

HOSTILE = (
    "<script>alert(1)</script> \"quoted\" 'single' </mark></article> & &amp; &lt;b&gt;\n"
    "Costs $x^2$ and _a_ and **b** and `c` and ${value} and {{value}} and <img src=x onerror=alert(1)>.\n"
    "مرحبا بالعالم \u202e reversed \U0001f642\U0001f1f0\U0001f1f7 e\u0301 \ufb01n."
)


class Page(HTMLParser):
    """The elements of a page, and its text, per element with an interest: paragraphs and marks."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.marks: list[tuple[dict[str, str | None], str]] = []
        self._open: dict[str, str | None] | None = None
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "mark":
            self._open = dict(attrs)
            self.marks.append((self._open, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "mark":
            self._open = None

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open is not None:
            self.marks[-1] = (self._open, self.marks[-1][1] + data)

    def quoted(self, number: int) -> str:
        """The marked words of one quote, in order."""
        return "".join(words for attrs, words in self.marks if str(number) in (attrs["data-quotes"] or "").split())


def quote(article: Article, start: int, end: int) -> Quote:
    return Quote(article.text[start:end], article.title, article.source, article.id, start, end, 0.9, article.published)


def safe_tags(html: str) -> bool:
    """Whether a page holds only elements that Quoth itself writes, and no attribute that runs anything."""
    page = Page(html)
    known = {"article", "h2", "p", "mark", "time", "bdi", "a", "div", "button", "span", "b", "section"}
    known |= {"table", "thead", "tbody", "tr", "th", "td", "ul", "li"}
    running = [
        n
        for n, v in page.attributes
        if n.startswith("on") or (n in ("href", "src") and not (v or "").startswith("http"))
    ]
    return set(page.tags) <= known and not running


ARTICLE = Article(HOSTILE, title=HOSTILE.split("\n")[0], source="javascript:alert('<x>')", published="2026-03-01", id=7)


@pytest.mark.parametrize(
    "spans",
    [
        [(5, 20)],
        [(5, 20), (20, 40)],
        [(5, 40), (10, 20)],
        [(5, 30), (20, 50)],
        [(10, 20), (10, 20)],
        [(0, len(HOSTILE))],
        [(60, 150), (100, 140), (140, 141)],
        [(HOSTILE.index("\U0001f642"), len(HOSTILE))],
    ],
)
def test_marks_hold_exactly_the_quoted_words(spans: list[tuple[int, int]]) -> None:
    quotes = [quote(ARTICLE, *span) for span in spans]
    page = Page(article_html(ARTICLE, quotes, quotes[-1]))
    for number, (start, end) in enumerate(spans):
        assert page.quoted(number).replace("\n", "") == HOSTILE[start:end].replace("\n", "")
    ids = [attrs["id"] for attrs, _ in page.marks if "id" in attrs]
    assert len(ids) == len(set(ids))
    active = "".join(words for attrs, words in page.marks if attrs.get("class") == "q-active")
    assert active.replace("\n", "") == quotes[-1].text.replace("\n", "")


def test_an_article_is_shown_word_for_word() -> None:
    page = Page(article_html(ARTICLE))
    for line in HOSTILE.split("\n"):
        assert line in page.text
    assert page.text.count(ARTICLE.title) == 1


def test_a_block_wrapped_by_hand_keeps_its_lines_and_a_long_line_is_a_paragraph() -> None:
    wrapped = "Short lines\nwrapped by hand\n\n" + "long " * 40 + "\n" + "longer " * 40
    page = Page(article_html(Article(wrapped, title="T", source="s")))
    assert "Short lines\nwrapped by hand" in page.text
    assert page.tags.count("p") == 4  # what is known of it, the block, and two lines


def test_headings_are_set_apart() -> None:
    article = Article("A heading\n\nA sentence that says something.", source="s")
    html = article_html(article, sentences=[(11, len(article.text))])
    assert 'class="q-aside">A heading<' in html
    assert 'class="q-text">A sentence' in html


def test_of_a_very_long_article_the_part_around_the_quote_is_shown() -> None:
    line = "x" * 999 + "\n"
    article = Article(line * 1000 + "The needle." + "\n" + line * 1000, title="T", source="s")
    at = article.text.index("The needle.")
    active = quote(article, at, at + 11)
    page = Page(article_html(article, [active], active))
    assert page.quoted(0) == "The needle."
    assert len(page.text) < SHOWN_CHARACTERS + 1000
    assert "characters above are not shown" in page.text
    assert "characters below are not shown" in page.text


def test_far_down_a_very_long_article_its_title_stands_above() -> None:
    article = Article("The title\n" + ("x" * 999 + "\n") * 1000 + "The needle.", title="The title", source="a/file.txt")
    active = quote(article, len(article.text) - 11, len(article.text))
    assert Page(article_html(article, [active], active)).text.startswith("The titlea/file.txt")


def test_the_short_answer_is_bold_where_it_stands_and_not_where_its_letters_do() -> None:
    words = "In 2013 the school took 13 pupils."
    at = words.rindex("13")
    article = Article("Heading\n" + words, source="s", id=1)
    start = article.text.index(words)
    whole = quote(article, start, len(article.text))
    answered = Answer("How many?", True, "13", "13", start + at, quotes=(whole, whole), confidence=0.9)
    html = answer_html(answered, 0)
    assert html.count("<b>") == 1
    assert "In 2013 the school took <b>13</b> pupils." in html


@pytest.mark.parametrize(
    ("encoding", "readable"), [("utf-8", True), ("UTF8", True), ("cp1252", False), ("ascii", False)]
)
def test_json_is_json_in_every_encoding(encoding: str, readable: bool) -> None:
    text = as_json({"a": "é😀"}, encoding)
    assert json.loads(text.encode(encoding).decode(encoding)) == {"a": "é😀"}
    assert ("é😀" in text) == readable


def test_nothing_from_articles_or_persons_becomes_markup() -> None:
    whole = quote(ARTICLE, 0, len(HOSTILE))
    answered = Answer(HOSTILE, True, HOSTILE, "</mark>", HOSTILE.index("</mark>"), quotes=(whole,), confidence=0.9)
    abstained = Answer(HOSTILE, False, HOSTILE, reason="not in the articles", nearest=(whole,))
    greeted = Answer(HOSTILE, False, HOSTILE, reason="greeting")
    pages = [
        article_html(ARTICLE, [whole], whole),
        articles_html([ARTICLE]),
        changes_html(Changes(failed=(Failure(HOSTILE, HOSTILE),))),
        welcome_html(1, [HOSTILE]),
        conversation_html(
            [Turn(HOSTILE, fault=HOSTILE), Turn(HOSTILE), *(Turn(HOSTILE, a) for a in (answered, abstained, greeted))]
        ),
    ]
    for html in pages:
        assert safe_tags(html), html
    assert Page(pages[-1]).text.count("<script>alert(1)</script>") >= 6


@pytest.mark.parametrize(
    "source", ["javascript:alert(1)", "data:text/html,x", 'https://x/" onclick="alert(1)', " http://x"]
)
def test_only_web_addresses_become_links(source: str) -> None:
    assert "<a " not in source_html(source)


def test_a_web_address_is_a_link_that_tells_nobody_where_it_was() -> None:
    html = source_html("https://example.org/?a=1&b='2'")
    assert 'href="https://example.org/?a=1&amp;b=&#x27;2&#x27;"' in html
    assert "noopener noreferrer" in html


def test_an_answer_for_the_terminal() -> None:
    article = Article(
        "They met in Seoul.\x1b[2J Again.", title="News\x07", source="https://example.org", published="2026-03-01", id=1
    )
    answered = Answer("Where?", True, "", "Seoul", 12, quotes=(quote(article, 0, 23),), confidence=0.913)
    assert answer_text(answered) == (
        "Seoul  (91% sure)\n\n  “They met in Seoul.\ufffd[2J ”\n    News\ufffd (https://example.org, 2026-03-01)"
    )


def test_an_abstention_offers_what_is_near_as_such() -> None:
    near = quote(Article("They met in Seoul.", title="News", source="s", id=1), 0, 18)
    abstained = Answer("Why?", False, "The articles don’t say.", reason="not in the articles", nearest=(near,))
    text = answer_text(abstained)
    assert text.startswith("The articles don’t say.")
    assert text.index("do not answer") < text.index("They met in Seoul.")
    html = answer_html(abstained, 3)
    assert html.index("The articles don’t say") < html.index("don’t answer the question") < html.index('data-turn="3"')


def test_a_fault_never_looks_like_an_abstention() -> None:
    fault = conversation_html([Turn("Why?", fault="The disk is full.")])
    assert "The disk is full." in fault
    assert 'role="alert"' in fault
    assert "q-none" not in fault
    assert "don’t say" not in fault


def test_json_reads_back_and_keeps_letters_readable() -> None:
    answered = Answer("Wo?", True, "", quotes=(quote(Article("In Zürich.", source="s"), 0, 10),), confidence=0.5)
    text = as_json(answered.to_dict())
    assert "Zürich" in text
    assert json.loads(text)["quotes"][0]["end"] == 10


def test_changes_in_one_line() -> None:
    changes = Changes(added=("a", "b", "c"), replaced=("d",), removed=("e", "f"), unchanged=("g",) * 118)
    assert changes_text(changes) == "3 new, 1 changed, 2 gone, 118 unchanged"
    odd = Changes(moved=("a",), failed=(Failure("b", "why"),))
    assert changes_text(odd) == "0 new, 0 changed, 1 moved, 0 gone, 0 unchanged, 1 failed"


def test_articles_are_one_line_each() -> None:
    lines = articles_text(
        [Article("x", title="A\ttab\nand line", source="s", published="2026-03-01"), Article("y", source="z")]
    )
    assert lines == "A tab and line\t2026-03-01\ts\n(no title)\t\tz"


def test_turns_are_numbered_from_the_first() -> None:
    near = quote(ARTICLE, 5, 20)
    turns = [Turn("a", Answer("a", True, "", quotes=(near,), confidence=0.5)) for _ in range(3)]
    html = conversation_html(turns)
    places = [html.index(f'data-turn="{n}" data-quote="0"') for n in range(3)]
    assert all(a < b for a, b in pairwise(places))
