"""A reader for tests that reads nothing: it goes by the words that a question and a sentence have in common."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qa.errors import ReaderError
from qa.reader import Reading, ScoredSpan
from qa.windows import Group, Passage

_STOP = frozenset(
    {"a", "an", "and", "are", "did", "do", "does", "how", "in", "is", "it", "many", "of", "on", "or", "the"}
)
_STOP |= {"to", "was", "were", "what", "when", "where", "which", "who"}


class ToyReader:
    """Offers, of each sentence that shares words with the question, the run of words that the question lacks.

    A span scores 2 for each shared word, less 3; `null` is 0, and `relevance` is the best span's score. So a question
    of which no sentence holds two words is declined. Counts its calls, and every passage it was given.
    """

    name = "toy-reader"

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.calls = 0
        self.passages: list[Passage] = []

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        """One reading for each passage. Raises `ReaderError` if the reader was made `broken`."""
        if self.broken:
            raise ReaderError("The toy reader is broken, as the test asked. Make a whole one.")
        self.calls += 1
        self.passages += passages
        asked = _words(question)
        return [self._reading(asked, passage.text) for passage in passages]

    def compare(self, question: str, groups: Sequence[Group]) -> list[float]:
        """The words that each sentence shares with the question, less 2."""
        asked = _words(question)
        return [len(asked & _words(sentence)) - 2.0 for group in groups for sentence in group.sentences]

    def _reading(self, asked: set[str], text: str) -> Reading:
        spans = []
        for sentence in re.finditer(r"[^.!?\s][^.!?]*", text):
            words = list(re.finditer(r"\w+", sentence.group()))
            shared = len(asked & {w.group().lower() for w in words})
            new = [w for w in words if w.group().lower() not in asked | _STOP]
            if new:
                run = _longest_run(words, new)
                at = sentence.start()
                spans.append(ScoredSpan(at + run[0].start(), at + run[-1].end(), 2.0 * shared - 3.0))
        spans.sort(key=lambda s: (-s.score, s.start))
        return Reading(tuple(spans), 0.0, spans[0].score if spans else -3.0)


def _words(text: str) -> set[str]:
    return {w for w in re.findall(r"\w+", text.lower()) if w not in _STOP}


def _longest_run(words: list[re.Match[str]], new: list[re.Match[str]]) -> list[re.Match[str]]:
    """The longest stretch of neighbouring new words, the last of equal ones."""
    best: list[re.Match[str]] = []
    run: list[re.Match[str]] = []
    for word in words:
        run = [*run, word] if word in new else []
        if len(run) >= len(best) and run:
            best = run
    return best
