"""The whole path from a question to a verified answer, as a LangChain Runnable; the one place that abstains.

question, history ─ kind ┬─ greeting, empty ─────────────────────────────┐
                         ├─ overview: central sentences ─────────────────┤
                         └─ retriever ─ (reranker) ─ passages ─ reader ─ evidence ─ confidence ─ reply ─ verify ─ Answer

A question that may lean on the conversation before it goes that way with what it leans on, and once more alone if it
may as well begin anew: the surer reading is decided on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from index import Hit, Index
from index.errors import ArticleGoneError
from qa.confidence import load_confidence
from qa.evidence import Evidence, distinct_sentences, features, find_evidence, names_of
from qa.followup import (
    Conversation,
    Topic,
    begins_anew,
    favour,
    may_begin_anew,
    search_words,
    standalone_question,
    topic_of,
    what_is_new,
)
from qa.overview import articles_meant, central_sentences
from qa.passages import SEARCHED, widen
from qa.question import Kind, clean_question, kind_of, small_talk
from qa.quotes import make_quote, verify_answer
from qa.reader import Reader, TrainedReader
from qa.reranker import RERANKED, HubReranker, Reranker
from qa.types import Answer, Quote

if TYPE_CHECKING:
    from langchain_core.documents import Document
    from langchain_core.runnables import Runnable

MOST_QUOTES = 3
EXTRA_GAP = {"fact": 1.0, "explanation": 3.0}
"""How far behind the best evidence, in logits, another sentence may lie to be quoted beside it."""

SILENT = "The articles don’t say."
_ASK = "Ask a question about your articles, for instance who, when, where or why."
_NOTHING = "There are no articles to answer from yet. Add some first: quoth index PATH..."
_LEANS = re.compile(
    r"[\"“‘'(]*(?:They|He|She|It|This|These|Those|That|His|Her|Hers|Their|Theirs|Its|Such|Both|Neither|"
    r"The (?:former|latter))\b"
)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question and its kind; `topic` is what it leans on, if it is taken to."""

    question: str
    kind: Kind
    topic: Topic | None = None

    @property
    def searched(self) -> str:
        return search_words(self.question, self.topic) if self.topic else self.question

    @property
    def read(self) -> str:
        return standalone_question(self.question, self.topic) if self.topic else self.question


@dataclass(frozen=True, slots=True)
class _Read:
    """What was found for a question, best first."""

    asked: _Asked
    ranked: list[Evidence]

    @property
    def confidence(self) -> float:
        return load_confidence().confidence(features(self.asked.read, self.ranked)) if self.ranked else 0.0


@cache
def named_reader(name: str) -> Reader:
    """The reader of that name, once for each name: "" is Quoth's own, a folder that `training.export` wrote is one of
    its kind, and any other a model for transformers. Loaded at its first question."""
    if not name or (Path(name) / "reader.onnx").exists():
        return TrainedReader(Path(name) if name else None)
    from qa.hub_reader import HubReader

    return HubReader(name)


@cache
def named_reranker(name: str) -> Reranker | None:
    """The cross-encoder of that name, once for each name; None for ""."""
    return HubReranker(name) if name else None


class Answerer:
    """The steps of the chain over one index."""

    def __init__(
        self,
        index: Index,
        reader: Reader,
        reranker: Reranker | None,
        threshold: float,
        since: str | None,
        source: str | None,
    ) -> None:
        self.index, self.reader, self.reranker, self.threshold = index, reader, reranker, threshold
        self.filters = {"since": since, "source": source}

    def understand(self, said: str | Conversation) -> _Asked:
        """The question, its kind, and what it may lean on."""
        turn = said if isinstance(said, Mapping) else Conversation(question=said)
        text = clean_question(turn.get("question"))
        return _Asked(text, kind_of(text), topic_of(turn.get("history")))

    def small_talk(self, asked: _Asked) -> Answer:
        """A short reply to what is no question."""
        if asked.kind == "greeting":
            return Answer(asked.question, False, small_talk(asked.question), reason="greeting")
        return Answer(asked.question, False, _ASK, reason="empty question")

    def look(self, asked: _Asked, reading: Runnable[_Asked, _Read]) -> _Read:
        """What `reading` finds for the question with what it leans on, or for the question alone if that is surer."""
        found = reading.invoke(asked)
        if not asked.topic or not may_begin_anew(asked.question, asked.topic):
            return found
        alone = reading.invoke(replace(asked, topic=None))
        leaning, by_itself = found.confidence, alone.confidence
        if max(leaning, by_itself) < self.threshold:
            return alone if names_of(asked.question) else found  # what it names is what is talked about from now on
        if leaning < self.threshold:
            return alone
        return alone if begins_anew(asked.question, by_itself - leaning, alone.ranked, found.ranked) else found

    def read(self, found: dict[str, Any]) -> _Read:
        """What the retrieved documents have to say, each read once, with its surroundings and the question."""
        asked: _Asked = found["asked"]
        hits = [_as_hit(document) for document in found["documents"]]
        if self.reranker:
            hits = self.reranker.rerank(asked.read, hits)
        if asked.topic:
            hits = favour(hits, asked.topic)
        ranked = find_evidence(asked.read, widen(self.index, hits), self.reader)
        return _Read(asked, what_is_new(asked.question, ranked, asked.topic) if asked.topic else ranked)

    def reply(self, read: _Read) -> Answer:
        """The answer, or that the articles don't say, with what the question was taken to go on about."""
        answer = self.decide(read)
        return replace(answer, about=read.asked.topic.about) if read.asked.topic else answer

    def decide(self, read: _Read) -> Answer:
        """The answer, or that the articles don't say: whichever the one calibrated confidence allows."""
        question = read.asked.question
        if not read.ranked:
            return self._without_evidence(question)
        confidence = read.confidence
        if confidence < self.threshold:
            return self._silent(question, confidence, self._nearest(read.ranked))
        quotes = self._quotes(read, confidence)
        if read.asked.kind == "fact":
            best = read.ranked[0]
            return Answer(question, True, best.words, best.words, best.span[0], tuple(quotes), confidence)
        text = " ".join(quote.text for quote in sorted(quotes, key=lambda q: (q.article_id, q.start)))
        return Answer(question, True, text, quotes=tuple(quotes), confidence=confidence)

    def overview(self, asked: _Asked) -> Answer:
        """The leading and most central sentences of the article, or articles, that the question means."""
        discussed = asked.topic.source if asked.topic else ""
        articles = articles_meant(self.index, asked.question, discussed=discussed, **self.filters)
        if not articles:
            return self._without_evidence(asked.question)
        many = max(1, MOST_QUOTES // len(articles))
        quotes = [make_quote(a, span, 1.0) for a in articles for span in central_sentences(self.index, a, many)]
        text = " ".join(quote.text for quote in quotes)
        about = asked.topic.about if asked.topic and [a.source for a in articles] == [discussed] else None
        return Answer(asked.question, True, text, quotes=tuple(quotes), confidence=1.0, about=about)

    def verify(self, answer: Answer) -> Answer:
        """The answer, its quotes sliced and compared once more. Raises `QuoteError`."""
        ids = {quote.article_id for quote in (*answer.quotes, *answer.nearest)}
        return verify_answer(answer, {id_: self.index.article(id_) for id_ in ids})

    def _without_evidence(self, question: str) -> Answer:
        if self.index.articles(**self.filters):
            return self._silent(question)
        filtered = any(self.filters.values()) and self.index.articles()
        return Answer(question, False, self._filtered() if filtered else _NOTHING, reason="no articles")

    def _filtered(self) -> str:
        """What to say where there are articles, but none passes the filters."""
        since, source = self.filters["since"], self.filters["source"]
        missed = [f"was published on {since} or later (one without a date never is)"] if since else []
        missed += [f"has “{source}” in its source"] if source else []
        return f"No article {' and '.join(missed)}. See what there is: quoth articles"

    def _silent(self, question: str, confidence: float = 0.0, nearest: Sequence[Quote] = ()) -> Answer:
        return Answer(
            question, False, SILENT, confidence=confidence, reason="not in the articles", nearest=tuple(nearest)
        )

    def _quote(self, evidence: Evidence, score: float) -> Quote:
        return make_quote(self.index.article(evidence.hit.article_id), evidence.sentence, score)

    def _quotes(self, read: _Read, confidence: float) -> list[Quote]:
        """The best evidence's sentence, the one it leans on, and others only where they carry more of the answer."""
        best = read.ranked[0]
        quotes = [self._quote(best, confidence), *self._leaned_on(best, confidence)]
        for other in distinct_sentences(read.ranked)[1:]:
            gap = best.score - other.score
            new = not any(other.words.casefold() in quote.text.casefold() for quote in quotes)
            apart = not any(other.stands_in(q.article_id, (q.start, q.end)) for q in quotes[1:])
            if len(quotes) < MOST_QUOTES and gap <= EXTRA_GAP[read.asked.kind] and other.margin > 0 and new and apart:
                quotes.append(self._quote(other, confidence * 2.0**-gap))
        return quotes

    def _nearest(self, ranked: Sequence[Evidence]) -> list[Quote]:
        """The best sentences, though they do not answer; of those that say the same word for word the best one."""
        nearest: dict[str, Quote] = {}
        for evidence in distinct_sentences(ranked):
            if len(nearest) < MOST_QUOTES:
                quote = self._quote(evidence, evidence.hit.score)
                nearest.setdefault(quote.text, quote)
        return list(nearest.values())

    def _leaned_on(self, evidence: Evidence, score: float) -> list[Quote]:
        """The sentence before one that begins with "They", "This" or the like, if nothing stands between them."""
        article = self.index.article(evidence.hit.article_id)
        start = evidence.sentence[0]
        before = [span for span in self.index.sentences(article.id) if span[1] <= start]
        if not before or not _LEANS.match(article.text, start) or article.text[before[-1][1] : start].strip():
            return []
        return [make_quote(article, before[-1], score)]


def build_chain(
    index: Index,
    *,
    reader: Reader | str | None = None,
    reranker: Reranker | str | None = None,
    threshold: float | None = None,
    since: str | None = None,
    source: str | None = None,
) -> Runnable[str | Conversation, Answer]:
    """The path from a question to its `Answer` over `index`: `invoke`, `batch` and `stream` it.

    Its input is a question, or {"question": ..., "history": [(question, answer), ...]}, the oldest first, for one that
    may lean on what came before it.

    `reader` and `reranker` are models or their names, by default those that `QUOTH_READER` and `QUOTH_RERANKER` name,
    else Quoth's own reader and no reranker. `threshold` (0..1) is the confidence below which it abstains, by default
    the calibrated one; `since` and `source` limit the articles as in `Index.search`. Raises the family of
    `QuothError`, never an answer in place of a fault.
    """
    from langchain_core.runnables import RunnableBranch, RunnableLambda, RunnableParallel

    limit = load_confidence().threshold if threshold is None else threshold
    reader = os.environ.get("QUOTH_READER", "") if reader is None else reader
    reranker = os.environ.get("QUOTH_RERANKER", "") if reranker is None else reranker
    reads = named_reader(reader) if isinstance(reader, str) else reader
    orders = named_reranker(reranker) if isinstance(reranker, str) else reranker
    steps = Answerer(index, reads, orders, limit, since, source)
    retriever = index.as_retriever(RERANKED if orders else SEARCHED, since=since, source=source)
    found = RunnableParallel(asked=RunnableLambda(_same), documents=RunnableLambda(_searched) | retriever)
    reading = found | RunnableLambda(steps.read)
    answered = RunnableBranch(
        (lambda asked: asked.kind in ("empty", "greeting"), RunnableLambda(steps.small_talk)),
        (lambda asked: asked.kind == "overview", RunnableLambda(steps.overview)),
        RunnableLambda(partial(steps.look, reading=reading)) | RunnableLambda(steps.reply),
    )
    chain = RunnableLambda(steps.understand) | answered | RunnableLambda(steps.verify)
    # an article that was changed or removed between search and quote: ask the newer state
    return chain.with_retry(
        retry_if_exception_type=(ArticleGoneError,), wait_exponential_jitter=False, stop_after_attempt=5
    )


def _same(asked: _Asked) -> _Asked:
    return asked


def _searched(asked: _Asked) -> str:
    return asked.searched


def _as_hit(document: Document) -> Hit:
    return Hit(text=document.page_content, **document.metadata)
