"""What an answer is: its words, its quotes, and the laws that hold for both."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Reason = Literal["not in the articles", "empty question", "greeting", "no articles"]
"""Why there is no answer. A fault is never a reason: it is raised as an exception."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Words that stand in an article: `text == article.text[start:end]`, counted in Unicode characters.

    Made by `qa.quotes` alone, which slices the stored article and checks it again. `score` is 0..1, higher is better.
    """

    text: str
    title: str
    source: str
    article_id: int
    start: int
    end: int
    score: float
    published: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The quote as JSON-ready values."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question got.

    `answered` is True when `quotes` carry the answer, best first. `short` is the exact words inside `quotes[0]` that
    answer, and `short_start` where in the article they begin; both are None where a sentence is the answer. `text` is
    what a person is shown. `confidence` is 0..1: of the answers given at 0.8, about 80% are right. When `answered` is
    False, `reason` says why, `quotes` is empty, and `nearest` may hold passages that came close, offered as such and
    never as an answer. `about` is what the question was taken to go on about if it was taken
    to lean on what was asked before: the title of the article that was quoted then, or else that question.
    """

    question: str
    answered: bool
    text: str
    short: str | None = None
    short_start: int | None = None
    quotes: tuple[Quote, ...] = ()
    confidence: float = 0.0
    reason: Reason | None = None
    nearest: tuple[Quote, ...] = ()
    about: str | None = None

    def __post_init__(self) -> None:
        if self.answered != bool(self.quotes):
            raise ValueError("an answer has quotes, and what is not an answer has none")
        if self.answered == (self.reason is not None):
            raise ValueError("an answer has no reason, and what is not an answer has one")
        if (self.short is None) != (self.short_start is None):
            raise ValueError("a short answer stands somewhere, and none stands nowhere")
        if self.short and self.short_start is not None:
            at = self.short_start - self.quotes[0].start if self.quotes else -1
            if at < 0 or not self.quotes[0].text.startswith(self.short, at):
                raise ValueError("the short answer must stand in the first quote")

    def to_dict(self) -> dict[str, Any]:
        """The answer as JSON-ready values."""
        return asdict(self)
