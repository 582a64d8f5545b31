"""The only maker of quotes: a slice of a stored article, sliced again and compared before it leaves."""

from __future__ import annotations

from index import Article
from index.article import Span
from qa.errors import QuoteError
from qa.types import Answer, Quote


def make_quote(article: Article, span: Span, score: float) -> Quote:
    """The article's words at `span` as a quote. `score` is moved into 0..1. Raises `QuoteError` for an empty span."""
    start, end = span
    quote = Quote(
        text=article.text[start:end],
        title=article.title,
        source=article.source,
        article_id=article.id,
        start=start,
        end=end,
        score=min(1.0, max(0.0, score)),
        published=article.published,
    )
    verify_quote(quote, article)
    return quote


def verify_quote(quote: Quote, article: Article) -> None:
    """Raises `QuoteError` unless the quote is, character for character, what stands in the article."""
    inside = 0 <= quote.start < quote.end <= len(article.text)
    if not inside or quote.article_id != article.id or quote.text != article.text[quote.start : quote.end]:
        raise QuoteError(
            f"A quote from {quote.source} is not what stands there at {quote.start}-{quote.end}; it is not shown. "
            "Verify the index: quoth check"
        )


def verify_answer(answer: Answer, articles: dict[int, Article]) -> Answer:
    """The answer, once every quote in it was compared with its article. Raises `QuoteError`."""
    for quote in (*answer.quotes, *answer.nearest):
        verify_quote(quote, articles[quote.article_id])
    return answer
