"""A conversation: what was asked and what came of it, and its HTML."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from index import Index, QuothError
from index.errors import ArticleGoneError
from qa import Answer, Quote
from qa.followup import History
from ui.render import answer_html, article_html

Ask = Callable[[str, History | None], Answer]
"""A question, and what was asked before it -> its answer; faults are raised as `QuothError`."""

SURPRISE = "Quoth itself failed, which it should not. The terminal it runs in says more. Ask again, or restart it."

LONGEST_ABOUT = 80
"""How much is shown of what a question goes on about, in characters."""

_GONE = (
    '<div class="q-article q-gone"><p>This article was changed or removed meanwhile. '
    "Ask again to see what the articles say now.</p></div>"
)


@dataclass(frozen=True, slots=True)
class Turn:
    """A question with its answer, or with the fault that kept it from one; with neither, it is still being answered."""

    question: str
    answer: Answer | None = None
    fault: str | None = None

    @property
    def shown(self) -> tuple[Quote, ...]:
        """The quotes, or nearest passages, on the screen: `data-quote` counts these."""
        return (self.answer.quotes or self.answer.nearest) if self.answer else ()


Turns = tuple[Turn, ...]


def conversation_html(turns: Sequence[Turn]) -> str:
    """The whole conversation; "" before there is one."""
    if not turns:
        return ""
    return f'<div class="q-log" role="log" aria-live="polite">{"".join(_turn(t, n) for n, t in enumerate(turns))}</div>'


def welcome_html(count: int, examples: Sequence[str]) -> str:
    """What is seen before the first question: how many articles there are, and questions to start with."""
    if not count:
        lead = "There are no articles yet. Add some on the Articles page, then ask about them here."
    else:
        lead = f"Ask about {'the article' if count == 1 else f'the {count:,} articles'} in the index."
    buttons = "".join(
        f'<button type="button" class="q-example" data-question="{escape(e)}" dir="auto">{escape(e)}</button>'
        for e in examples
    )
    tries = f'<p class="q-hint">For instance</p><div class="q-examples">{buttons}</div>' if buttons else ""
    return (
        '<div class="q-welcome"><p class="q-mark" aria-hidden="true">“</p>'
        f"<h2>Every answer, word for word</h2><p>{lead} You get the exact sentences that answer, and where they "
        f"stand. If nothing does, you are told so.</p>{tries}</div>"
    )


def panel_html(index: Index, article_id: int, quotes: tuple[Quote, ...] = (), active: Quote | None = None) -> str:
    """The article with its quotes marked, or a word that it is no longer what was quoted. Never the same value twice,
    so that the page notices each click."""
    try:
        article = index.article(article_id)
        here = [quote for quote in quotes if quote.article_id == article_id]
        body = article_html(article, here, active, index.sentences(article_id))
    except ArticleGoneError:
        body = _GONE
    except QuothError as fault:
        body = f'<div class="q-article q-fault" role="alert"><p dir="auto">{escape(str(fault))}</p></div>'
    close = '<button type="button" class="q-close">Back to the chat</button>'
    return f'<div data-view="{time.monotonic_ns()}">{close}{body}</div>'


def answered_turn(question: str, ask: Ask, before: Turns = ()) -> Turn:
    """The question with its answer, or with the fault in its place: the two never look alike."""
    try:
        return Turn(question, answer=ask(question, [(t.question, t.answer) for t in before if t.answer]))
    except QuothError as fault:
        return Turn(question, fault=str(fault))


def with_surprise(turns: Turns) -> Turns:
    """The conversation with its unanswered turn, if any, turned into a fault: for what should not happen."""
    return tuple(Turn(t.question, fault=SURPRISE) if t.answer is None and t.fault is None else t for t in turns)


def _turn(turn: Turn, number: int) -> str:
    if turn.fault is not None:
        body = (
            '<div class="q-answer q-fault" role="alert"><p class="q-title">That did not work</p>'
            f'<p dir="auto">{escape(turn.fault)}</p></div>'
        )
    elif turn.answer is None:
        body = '<div class="q-answer q-wait"><p>Reading<span aria-hidden="true"> …</span></p></div>'
    else:
        body = answer_html(turn.answer, number)
    question = escape(turn.question) or "&nbsp;"
    asked = f'<p class="q-question" dir="auto">{question}</p>{_about(turn, number)}'
    return f'<section class="q-turn">{asked}{body}</section>'


def _about(turn: Turn, number: int) -> str:
    """What a question was taken to go on about, with a button to ask it by itself; "" if it was taken by itself."""
    about = turn.answer.about if turn.answer else None
    if about is None:
        return ""
    return (
        f'<p class="q-about"><span dir="auto">About “{escape(_shortened(about))}”</span> '
        f'<button type="button" class="q-alone" data-turn="{number}" '
        'title="Ask it as if nothing had been asked before">Ask it by itself</button></p>'
    )


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= LONGEST_ABOUT else words[: LONGEST_ABOUT - 1].rstrip() + "…"
