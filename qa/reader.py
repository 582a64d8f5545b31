"""A question and passages -> spans that may answer, as offsets with scores. The reader never returns words.

Shipped in `qa/model` are two six-layer networks of one kind with three heads: where an answer starts, where it ends,
and whether there is one at all. One reads a passage at a time. The other sees the best sentences of all passages side
by side and tells which of them answers, which scores of passages that were read apart tell less well. The one place,
beside the encoder, that loads onnxruntime.
"""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from qa.errors import ReaderError
from qa.windows import Group, Passage, Window, make_comparison, make_windows

Logits = NDArray[np.float32]
Output = tuple[Logits, Logits, float]
"""Start, end and relevance logits of one window."""

SPANS = 5
"""How many spans of a passage are offered; none lies within another's tokens."""
LONGEST_SPAN = 30
"""Tokens. 98 of 100 gold answers of the training questions are shorter."""
_NO_WORDS = -100.0
"""The score of a sentence without a token."""


@dataclass(frozen=True, slots=True)
class ScoredSpan:
    """A stretch of a passage's text, `text[start:end]` in Unicode characters. `score` is a logit, higher is better."""

    start: int
    end: int
    score: float


@dataclass(frozen=True, slots=True)
class Reading:
    """What one passage says of the question.

    `spans` are the best, best first, none overlapping another; empty only if the passage has no words. `null` is the
    logit of "no answer here", on the scale of the spans' scores: a span's score less `null` is comparable between
    passages of one question. `relevance` is the logit of "the answer is in this passage".
    """

    spans: tuple[ScoredSpan, ...]
    null: float
    relevance: float


class Reader(Protocol):
    """What an answer needs of a reading model."""

    @property
    def name(self) -> str:
        """The model's name."""
        ...

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        """One reading for each passage, in their order. Raises `ReaderError` when the model fails."""
        ...

    def compare(self, question: str, groups: Sequence[Group]) -> list[float]:
        """For each sentence of all groups the logit of "this one answers" against "none does"; all 0 from a model that
        cannot tell. Raises `ReaderError` when the model fails."""
        ...


class TrainedReader:
    """The reader that ships with Quoth, or one of the same kind in `folder` (as `training.export` writes it).

    Nothing is loaded before the first reading. Raises `ReaderError` when the model is missing, damaged or fails.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(__file__).parent / "model"
        self.name = "quoth-reader" if folder is None else str(folder)
        self._session: Any = None
        self._comparer: Any = None
        self._tokenizer: Any = None

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        """One reading for each passage, in their order."""
        if not passages:
            return []
        self._load()
        windows = make_windows(self._tokenizer, question, passages)
        return combine(passages, windows, [self._run(self._session, w.ids, w.types) for w in windows])

    def compare(self, question: str, groups: Sequence[Group]) -> list[float]:
        """For each sentence of all groups, the score of its best span less that of "none of them"."""
        if not groups:
            return []
        self._load()
        seen = make_comparison(self._tokenizer, question, groups)
        start, end, _ = self._run(self._comparer, seen.ids, seen.types)
        null = float(start[0] + end[0])
        return [best_spans(start[a:b], end[a:b], 1)[0][2] - null if a < b else _NO_WORDS for a, b in seen.places]

    def _run(self, session: Any, ids: Sequence[int], types: Sequence[int]) -> Output:
        """What that network gives for one input. Several at once would be slower, and the shorter ones padded."""
        inputs = {"ids": np.array([ids], np.int64), "types": np.array([types], np.int64)}
        start, end, relevance = self._infer(session, inputs)
        return start[0], end[0], float(relevance[0])

    def _infer(self, session: Any, inputs: dict[str, NDArray[np.int64]]) -> list[Logits]:
        from onnxruntime.capi import onnxruntime_pybind11_state as faults

        try:
            outputs: list[Logits] = session.run(None, inputs)
        except (faults.Fail, faults.InvalidArgument, faults.RuntimeException, RuntimeError, ValueError) as error:
            raise ReaderError(
                f"The reader failed ({first_line(error)}). Ask again; if it goes on, reinstall."
            ) from error
        if not all(np.isfinite(output).all() for output in outputs):
            raise ReaderError("The reader gave scores that are no numbers: its model is damaged. Reinstall Quoth.")
        return outputs

    def _load(self) -> None:
        if self._session is not None:
            return
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            json.loads((self.folder / "reader.json").read_text(encoding="utf-8"))
            tokenizer = Tokenizer.from_file(str(self.folder / "tokenizer.json"))
            session, comparer = (
                onnxruntime.InferenceSession(
                    (self.folder / name).read_bytes(), options, providers=["CPUExecutionProvider"]
                )
                for name in ("reader.onnx", "comparer.onnx")
            )
        except Exception as error:  # tokenizers and onnxruntime raise bare Exceptions
            raise ReaderError(
                f"The reader in {self.folder} cannot be loaded ({first_line(error)}). "
                "Its files are missing or damaged: reinstall Quoth, or name another folder."
            ) from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer, self._session, self._comparer = tokenizer, session, comparer


def best_spans(
    start: Logits,
    end: Logits,
    many: int = SPANS,
    longest: int = LONGEST_SPAN,
    sentence_of: NDArray[np.int64] | None = None,
) -> list[tuple[int, int, float]]:
    """The `many` best (first, last, score) with first <= last < first + longest, best first, none overlapping.

    The pair is chosen together, by the sum of both logits; of tokens of one sentence, if their sentences' numbers are
    given.
    """
    length = len(start)
    scores = start[:, None] + end[None, :]
    place = np.arange(length)
    apart = place[None, :] - place[:, None]
    allowed = (apart >= 0) & (apart < longest)
    if sentence_of is not None:
        allowed &= sentence_of[:, None] == sentence_of[None, :]
    scores = np.where(allowed, scores, -np.inf)
    found: list[tuple[int, int, float]] = []
    while len(found) < many and length:
        first, last = divmod(int(scores.argmax()), length)
        score = float(scores[first, last])
        if score == -np.inf:
            break
        found.append((first, last, score))
        scores[: last + 1, first:] = -np.inf  # every span that shares a token with this one
    return found


def whole_words(text: str, start: int, end: int) -> tuple[int, int]:
    """The span widened to whole words, numbers and addresses: a letter, digit or combining mark is never cut from its
    neighbours, nor "12" from "-12.5", "$12" or "12%", "a.m" from its full stop, or "info" from "info@example.org"."""
    while 0 < start < len(text) and _goes_on(text, start):
        start -= 1
    while 0 < end < len(text) and _goes_on(text, end):
        end += 1
    if text[start : start + 1].isdigit() and _CURRENCY.fullmatch(text[start - 1 : start]):
        start -= 1
    if _SIGNED.match(text, start) and _SIGN.search(text[max(0, start - 2) : start]):
        start -= 1
    if text[end : end + 1] == "%" and text[end - 1 : end].isdigit():
        end += 1
    if text[end : end + 1] == "." and _DOTTED.search(text[start:end]):
        end += 1
    return start, end


_CURRENCY = re.compile(r"[$€£¥]")
_SIGNED = re.compile(r"[$€£¥]?\d")
_SIGN = re.compile(r"(?:^|[\s(\[|:=])[-−–]\Z")
_DOTTED = re.compile(r"(?:\b[^\W\d_]\.)+[^\W\d_]$")
_INSIDE = re.compile(r"\d[.,:]\d|\w@\w|[a-z]\.[a-z]")


def _goes_on(text: str, at: int) -> bool:
    """Whether a word or number goes on over that place, which lies within the text."""
    if _joined(text[at - 1]) and _joined(text[at]):
        return True
    before, after = text[max(0, at - 2) : at + 1], text[at - 1 : at + 2]
    return bool(_INSIDE.fullmatch(before) or _INSIDE.fullmatch(after))


def _joined(character: str) -> bool:
    return character.isalnum() or unicodedata.combining(character) != 0


def combine(passages: Sequence[Passage], windows: Sequence[Window], outputs: Sequence[Output]) -> list[Reading]:
    """One reading for each passage, from what the network gives for each window."""
    found: list[list[tuple[Window, Output]]] = [[] for _ in passages]
    for window, output in zip(windows, outputs, strict=True):
        found[window.passage].append((window, output))
    return [_reading(p, parts) for p, parts in zip(passages, found, strict=True)]


def _reading(passage: Passage, parts: Sequence[tuple[Window, Output]]) -> Reading:
    """One reading of a passage from those of its windows: the spans of all, and the window that says most."""
    spans: dict[tuple[int, int], float] = {}
    margins = [float(start[0] + end[0]) for _, (start, end, _) in parts]
    null = min(margins)
    for (window, (start, end, _)), own in zip(parts, margins, strict=True):
        inside = slice(window.first, window.first + len(window.offsets))
        places = [start for start, _ in window.offsets]
        of = np.searchsorted(passage.sentences, places, side="right") if passage.sentences else None
        for first, last, score in best_spans(start[inside], end[inside], sentence_of=of):
            span = whole_words(passage.text, window.offsets[first][0], window.offsets[last][1])
            if of is not None:  # words may run on over the end of a sentence: "in the USA.The army"
                n, edges = int(of[first]), (0, *passage.sentences, len(passage.text))
                span = max(span[0], edges[n]), min(span[1], edges[n + 1])
            spans[span] = max(spans.get(span, -np.inf), score - own + null)
    best: list[ScoredSpan] = []
    for (s, e), score in sorted(spans.items(), key=lambda item: (-item[1], item[0])):
        if len(best) < SPANS and not any(s < b.end and b.start < e for b in best):
            best.append(ScoredSpan(s, e, score))
    return Reading(tuple(best), null, max(relevance for _, (_, _, relevance) in parts))


def first_line(error: Exception) -> str:
    """What the exception says, in one line; its type if that is nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]
