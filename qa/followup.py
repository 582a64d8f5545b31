"""A question and the conversation before it -> the question with what it leans on, and whether it leans on it at all.

People ask on in few words: "and when?", "who found him?", "what about Germany?". No model rewrites such a question: the
names of what was asked and answered before are put behind it, and what is found then tells whether it goes on about the
same article or begins anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Required, TypedDict

from index import Hit
from index.search import telling_words
from qa.errors import QuestionError
from qa.evidence import Evidence, features, names_of
from qa.types import Answer

History = Sequence[tuple[str, Answer]]
"""What was asked before and what came of it, the oldest first."""


class Conversation(TypedDict, total=False):
    """A question with what was asked before it."""

    question: Required[str]
    history: History


REMEMBERED = 2
"""Of how many answered questions about an article the names are remembered."""

MOST_NAMES = 24
"""How many names are put behind a question; a person names fewer, but may paste a page."""

FAVOUR = 0.8
"""What a passage of the article that was quoted last is better by, beside its score in the search (0..1): of 212 leaning
questions (`bench/conversations.py`) 0, 0.4, 0.8, 1.2 and 2 quote a right sentence first in 0.783, 0.807, 0.821, 0.821
and 0.816."""

MANY_WORDS = 4
"""A question with fewer telling words, and without a name, is always taken to lean on what came before."""

MISSED = 0.5
"""By how much more of its words, or of its names, what is found for a question alone must hold for it to begin anew."""


@dataclass(frozen=True, slots=True)
class Topic:
    """What a conversation is about: the names in what was asked and answered last, and the title and id of the article
    that was quoted, if one was. `words` are what was asked last, where it was asked without a name."""

    names: tuple[str, ...]
    words: tuple[str, ...] = ()
    title: str = ""
    article_id: int | None = None


def topic_of(history: History) -> Topic | None:
    """What the last question was about that was asked of the articles; None if none was.

    One that they don't answer is a topic too, unless it leaned on an earlier one itself. Raises `QuestionError` for
    what is no history.
    """
    _check(history)
    asked = [(q, a) for q, a in history if a.answered or (a.reason == "not in the articles" and not a.standalone)]
    if not asked:
        return None
    question, answer = asked[-1]
    quote = answer.quotes[0] if answer.answered else None
    same = [(q, a) for q, a in asked[-REMEMBERED:] if quote and a.quotes and a.quotes[0].article_id == quote.article_id]
    remembered = list(reversed(same)) or [(question, answer)]
    names = _names(" ".join(f"{q} {a.short or ''}" for q, a in remembered))
    words = () if _names(" ".join(q for q, _ in remembered)) else telling_words(question)[:MOST_NAMES]
    return Topic(names, tuple(words), quote.title if quote else "", quote.article_id if quote else None)


def standalone_question(question: str, topic: Topic) -> str:
    """The question with the names of the topic, as the reader sees it: "how old is he? (Robert Jackson)"; one without
    a telling word, as "And when?", with what was asked if that was without a name."""
    behind = topic.names if telling_words(question) else (*topic.words, *topic.names)
    return f"{question} ({' '.join(behind)})" if behind else question


def search_words(question: str, topic: Topic) -> str:
    """The question behind all that is known of the topic, to search by."""
    return " ".join(part for part in (topic.title, *topic.names, question) if part)


def favour(hits: Sequence[Hit], topic: Topic) -> list[Hit]:
    """The hits, best first, those of the topic's article `FAVOUR` better than the search has them."""
    lifted = [replace(hit, score=hit.score + FAVOUR * (hit.article_id == topic.article_id)) for hit in hits]
    return sorted(lifted, key=lambda hit: -hit.score)


def may_begin_anew(question: str) -> bool:
    """Whether the question says enough to be about something else than what came before."""
    return len(telling_words(question)) >= MANY_WORDS or bool(names_of(question))


def begins_anew(question: str, topic: Topic, alone: Sequence[Evidence], leaning: Sequence[Evidence]) -> bool:
    """Whether what was found for the question `alone` is to be preferred to what was found for it `leaning` on the
    topic: where that lies in another article than the topic's, or holds fewer of the question's words or names by
    `MISSED`."""
    if not alone or not leaning:
        return bool(alone)
    if leaning[0].hit.article_id != topic.article_id:
        return True
    by_itself, leant = features(question, alone), features(question, leaning)
    return any(by_itself[what] - leant[what] >= MISSED for what in ("coverage", "names"))


def _names(text: str) -> tuple[str, ...]:
    """Its numbers and words with a capital, once each, without those that say little, as "The" or "Where"."""
    words = (word for word in re.findall(r"\w[\w'’.-]*\w|\w", text) if word[0].isupper() or word[0].isdigit())
    return tuple(dict.fromkeys(word for word in words if telling_words(word)))[:MOST_NAMES]


def _check(history: History) -> None:
    for turn in history:
        if not (isinstance(turn, Sequence) and len(turn) == 2 and isinstance(turn[1], Answer)):
            raise QuestionError("A history is a list of (question, answer), each answer as qa.answer gave it back.")
