"""A question and the conversation before it -> the question with what it leans on, and whether it leans on it at all.

People ask on in few words: "and when?", "who found him?", "what about Germany?". No model rewrites such a question: the
names of what was asked and answered before are put behind it, and the article that was quoted last is favoured. What
may as well begin anew is asked alone too, and the surer reading counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Required, TypedDict

from index import Hit
from index.search import telling_words
from qa.errors import QuestionError
from qa.evidence import Evidence, features
from qa.types import Answer, Quote

History = Iterable[tuple[str, Answer]]
"""What was asked before and what came of it, the oldest first."""


class Conversation(TypedDict, total=False):
    """A question with what was asked before it."""

    question: Required[str]
    history: History | None


REMEMBERED = 2
"""Of how many answered questions about an article the names are remembered."""

MOST_NAMES, LONGEST_NAME = 24, 40
"""How many names are put behind a question, and their length in characters: a person may have pasted a page."""

FAVOUR = 0.8
"""What a passage of the article that was quoted last is better by, beside its score in the search (0..1): of 212
leaning questions 0, 0.4, 0.8, 1.2 and 2 quote a right sentence first in 0.783, 0.807, 0.821, 0.821 and 0.816."""

MANY_WORDS = 4
"""A question with so many telling words may begin anew even if it has a word that leans."""

MUCH_SURER, SURER, MISSED = 0.45, 0.15, 0.5
"""How much surer the answer to the question alone must be for it to begin anew; or how much surer at least, if what
was found for it alone holds so much more (0..1) of its words or names. Of 383 leaning questions 0.81 so get a right
sentence first, as with the first rule alone; of 46 about another article 0.83, 0.78 by that rule; and of 120 short ones
about something else 0.33, 0.31 by that rule, and 0.33 without a conversation before them."""

_LEANS = re.compile(
    r"\b(?:he|she|it|they|him|her|his|hers|its|them|theirs?|there|then|this|that|these|those|ones?|both|else|others?|"
    r"another|more)\b|^\W*(?:and|but|or|so|also|what about|how about|in|for|by|at|from|with|to)\b",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"^\W*(?:(?:and|but|or|so)\b(?! (?:wh\w+|how|is|are|was|were|do|does|did|has|have|had|can|could|will|would)\b)"
    r"|(?:and |but |so )?(?:what|how) about\b|(?:in|for|just)\b)",
    re.IGNORECASE,
)
"""What leaves out all but one thing of the question before: "and in Asia?", "what about Germany?"."""

_MORE = re.compile(
    r"\b(?:tell (?:me|us)|say|know|any|what) more\b|^\W*(?:and )?more\b|\b(?:what|anything|something) else\b",
    re.IGNORECASE,
)
"""What asks for another sentence than those quoted; "who else" may be answered by the same."""

_NO_HISTORY = "A history is a list of (question, answer), each answer as qa.answer gave it back."
_TELL = frozenset(["tell", "give", "show", "list", "name", "explain", "describe", "please", "let", "ok", "okay"])


@dataclass(frozen=True, slots=True)
class Topic:
    """What a conversation is about: the `names` in what was asked and answered last, the telling `words` of the last
    whole question, whether that had a name (`named`), the source of the article that was quoted, or "", and all quotes
    that were shown. `about` is what a person would call it: the article's title, or else the question."""

    about: str
    names: tuple[str, ...]
    words: tuple[str, ...] = ()
    named: bool = False
    title: str = ""
    source: str = ""
    shown: tuple[Quote, ...] = ()


def topic_of(history: History | None) -> Topic | None:
    """What the last question was about that was asked of the articles; None if none was.

    One that they don't answer is a topic too, unless it leaned on an earlier one itself; an overview of several
    articles is none. Raises `QuestionError` for what is no history.
    """
    turns = _turns(history)
    asked = [(q, a) for q, a in turns if _is_topic(a)]
    if not asked:
        return None
    question, answer = asked[-1]
    shown = tuple(quote for _, a in turns for quote in a.quotes)
    words = _words(next((q for q, _ in reversed(asked) if not _GOES_ON.match(q)), ""))
    if not answer.answered:
        return Topic(question, _names(question), words, bool(_names(question)), shown=shown)
    quote = answer.quotes[0]
    about = [(q, a) for q, a in asked[: -REMEMBERED - 1 : -1] if a.quotes and a.quotes[0].source == quote.source]
    names = _names(" ".join(f"{_asked(q, a)} {a.short or ''}" for q, a in about))
    named = any(_names(_asked(q, a)) for q, a in about)
    return Topic(quote.title or question, names, words, named, quote.title, quote.source, shown)


def standalone_question(question: str, topic: Topic) -> str:
    """The question with the names of the topic, as the reader sees it: "how old is he? (Robert Jackson)"; and with the
    words of the one before if it leaves out all but one thing of that, or has no telling word and that no name."""
    known = {name.casefold() for name in topic.names}
    words = [word for word in topic.words if word not in known]
    bare = not telling_words(question) and not topic.named
    gone_on = _GOES_ON.match(question) and len(telling_words(question)) < MANY_WORDS
    behind = (*words, *topic.names) if bare or gone_on else topic.names
    return f"{question} ({' '.join(behind)})" if behind else question


def search_words(question: str, topic: Topic) -> str:
    """The question behind the topic's title and names, to search by."""
    return " ".join(part for part in (topic.title, *topic.names, question) if part)


def favour(hits: Sequence[Hit], topic: Topic) -> list[Hit]:
    """The hits, best first, those of the topic's article `FAVOUR` better than the search has them."""
    lifted = [replace(hit, score=hit.score + FAVOUR * (hit.source == topic.source)) for hit in hits]
    return sorted(lifted, key=lambda hit: -hit.score)


def what_is_new(question: str, ranked: Sequence[Evidence], topic: Topic) -> list[Evidence]:
    """The evidence without what was quoted before, if the question asks for more than that: "what else?"."""
    if not _MORE.search(question):
        return list(ranked)
    return [e for e in ranked if not any(e.stands_in(q.article_id, (q.start, q.end)) for q in topic.shown)]


def may_begin_anew(question: str, topic: Topic) -> bool:
    """Whether the question, by its words, could be about something else than the topic; more readily if no article was
    quoted about that."""
    words = telling_words(question)
    return bool(words) and (not topic.source or len(words) >= MANY_WORDS or not _LEANS.search(question))


def begins_anew(question: str, gain: float, alone: Sequence[Evidence], leaning: Sequence[Evidence]) -> bool:
    """Whether what was found for the question `alone` is to be preferred to what was found for it `leaning` on the
    topic: it is much surer, or surer and holds more of the question's words or names. `gain` is by how much it is
    surer."""
    if not alone or not leaning:
        return not leaning
    by_itself, leant = features(question, alone), features(question, leaning)
    missed = max(by_itself[what] - leant[what] for what in ("coverage", "names"))
    return gain >= MUCH_SURER or (gain >= SURER and missed >= MISSED)


def _is_topic(answer: Answer) -> bool:
    if not answer.answered:
        return answer.reason == "not in the articles" and answer.about is None
    return answer.confidence < 1 or len({quote.source for quote in answer.quotes}) == 1


def _asked(question: str, answer: Answer) -> str:
    """The question; of an overview, whose words name nothing, the article's title."""
    return question if answer.confidence < 1 else answer.quotes[0].title


def _names(text: str) -> tuple[str, ...]:
    """Its numbers and words with a capital, once each, without those that say little, as "The", "Where" or "I'd"; none
    of a text that is all in capitals."""
    if text.isupper():
        return ()
    words = re.findall(r"\w[\w'’.-]*\w|\w", text)
    return tuple(dict.fromkeys(word for word in words if _is_name(word)))[:MOST_NAMES]


def _is_name(word: str) -> bool:
    stem = re.split("['’]", word)[0]
    known = len(word) <= LONGEST_NAME and (word[0].isupper() or word[0].isdigit())
    return known and stem.lower() not in _TELL and bool(telling_words(stem))


def _words(question: str) -> tuple[str, ...]:
    return tuple(word for word in telling_words(question) if len(word) <= LONGEST_NAME)[:MOST_NAMES]


def _turns(history: History | None) -> list[tuple[str, Answer]]:
    try:
        turns = [] if history is None else [(question, answer) for question, answer in history]
    except (TypeError, ValueError) as error:
        raise QuestionError(_NO_HISTORY) from error
    if not all(isinstance(question, str) and isinstance(answer, Answer) for question, answer in turns):
        raise QuestionError(_NO_HISTORY)
    return turns
