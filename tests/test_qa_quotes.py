"""A quote is what stands in its article, or it does not leave."""

from dataclasses import replace

import pytest

from index import Article
from qa import Answer, Quote
from qa.errors import QuoteError
from qa.quotes import make_quote, verify_answer, verify_quote

TEXT = "İstanbul slept. Ærø’s 🐧 woke — café e\u0301 quoted."
ARTICLE = Article(TEXT, title="T", source="s", published="2026-01-02", id=7)


def test_a_quote_is_a_slice_in_characters() -> None:
    start = ARTICLE.text.index("Ærø")
    quote = make_quote(ARTICLE, (start, len(ARTICLE.text)), 1.7)
    assert quote.text == "Ærø’s 🐧 woke — café e\u0301 quoted."
    assert (quote.title, quote.source, quote.article_id, quote.published) == ("T", "s", 7, "2026-01-02")
    assert quote.score == 1.0


@pytest.mark.parametrize("span", [(3, 3), (5, 2), (0, 10_000), (-4, 3)])
def test_an_impossible_span_makes_no_quote(span: tuple[int, int]) -> None:
    with pytest.raises(QuoteError, match="quoth check"):
        make_quote(ARTICLE, span, 1.0)


@pytest.mark.parametrize(
    "change", [{"text": "İstanbul slept"}, {"text": "istanbul slept."}, {"start": 1}, {"article_id": 8}, {"end": 14}]
)
def test_a_quote_altered_after_it_was_made_is_never_shown(change: dict[str, object]) -> None:
    quote = make_quote(ARTICLE, (0, 15), 0.5)
    verify_quote(quote, ARTICLE)
    altered: Quote = replace(quote, **change)  # type: ignore[arg-type]
    with pytest.raises(QuoteError):
        verify_quote(altered, ARTICLE)
    for answer in (
        Answer("q", True, "t", quotes=(quote, altered)),
        Answer("q", False, "t", reason="not in the articles", nearest=(altered,)),
    ):
        with pytest.raises((QuoteError, KeyError)):
            verify_answer(answer, {7: ARTICLE, 8: ARTICLE})


def test_an_answer_keeps_its_laws() -> None:
    quote = make_quote(ARTICLE, (0, 15), 0.5)
    inside = quote.text.split()[-1]
    at = quote.text.rindex(inside)
    assert Answer("q", True, "t", inside, at, quotes=(quote,)).short == inside
    for short, start in (("woke", at), (inside, at + 1), (inside, -1), (inside, 99)):
        with pytest.raises(ValueError, match="first quote"):
            Answer("q", True, "t", short, start, quotes=(quote,))
    for short, start in ((inside, None), (None, at)):  # type: ignore[assignment]
        with pytest.raises(ValueError, match="stands somewhere"):
            Answer("q", True, "t", short, start, quotes=(quote,))
    with pytest.raises(ValueError, match="has quotes"):
        Answer("q", True, "t")
    with pytest.raises(ValueError, match="reason"):
        Answer("q", False, "t")
    assert Answer("q", True, "t", quotes=(quote,)).to_dict()["quotes"][0]["text"] == quote.text
