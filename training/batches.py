"""Reading lists -> padded tensors."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from qa.windows import QUESTION_TOKENS, Group, Window, make_comparison, make_windows
from training.lists import ReadingList

TRAIN_TOKENS = 224


@dataclass
class Coded:
    """A list as token ids: one window a passage, and the token positions (in the window) of the answers in it.

    `unmet[i]` tells for each of the question's tokens whether passage i does not bear it out; None if it is not known.
    """

    windows: list[Window]
    answers: list[list[tuple[int, int]]]
    unmet: list[list[bool] | None]

    @property
    def longest(self) -> int:
        """Tokens of the longest window."""
        return max(len(w.ids) for w in self.windows)


@dataclass
class Batch:
    """Windows of some lists, one a row. `of` is the list that a row belongs to; `inside` is 1 where the passage's
    tokens stand; `starts` and `ends` are 1 at the answers' first and last tokens; `unmet` is 1 at the question's tokens
    that the passage does not bear out, 0 at those that it does, -1 where that is not known and at all other tokens."""

    ids: Tensor
    types: Tensor
    mask: Tensor
    inside: Tensor
    starts: Tensor
    ends: Tensor
    unmet: Tensor
    of: Tensor
    lists: int


def load_tokenizer(folder: Path) -> Any:
    """The folder's tokenizer, neither truncating nor padding."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def code(made: ReadingList, tokenizer: Any) -> Coded:
    """The list's windows: of a passage in several windows, the first that holds an answer, or else the first."""
    windows: list[Window] = []
    answers: list[list[tuple[int, int]]] = []
    for window in make_windows(tokenizer, made.question, made.passages, TRAIN_TOKENS):
        places = _places(window, made.answers[window.passage])
        if window.passage == len(windows):
            windows.append(window)
            answers.append(places)
        elif places and not answers[-1]:
            windows[-1], answers[-1] = window, places
    asked = tokenizer.encode(made.question, add_special_tokens=False).offsets[:QUESTION_TOKENS]
    unmet = [
        None if spans is None else [any(s < end and start < e for s, e in spans) for start, end in asked]
        for spans in made.unmet or [None] * len(windows)
    ]
    return Coded(windows, answers, unmet)


def code_comparison(made: ReadingList, tokenizer: Any) -> Coded:
    """The list's passages, each a sentence, side by side in one window; neighbours of one title are of one article."""
    groups = [Group(title, tuple(p.text for p in same)) for title, same in groupby(made.passages, lambda p: p.title)]
    seen = make_comparison(tokenizer, made.question, groups)
    answers = []
    for (at, _), offsets, spans in zip(seen.places, seen.offsets, made.answers, strict=True):
        answers += _places(Window(0, [], [], at, offsets), spans)
    inside = [(0, 0)] * (len(seen.ids) - seen.first)
    return Coded([Window(0, seen.ids, seen.types, seen.first, inside)], [answers], [None])


def _places(window: Window, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Token positions of character spans; those not wholly in the window are left out."""
    places = []
    for start, end in spans:
        held = [i for i, (s, e) in enumerate(window.offsets) if s < end and e > start]
        if held and window.offsets[held[0]][0] <= start and window.offsets[held[-1]][1] >= end:
            places.append((window.first + held[0], window.first + held[-1]))
    return places


def collate(lists: Sequence[Coded]) -> Batch:
    """One padded batch of all the lists' windows."""
    windows = [w for made in lists for w in made.windows]
    answers = [a for made in lists for a in made.answers]
    shape = (len(windows), max(len(w.ids) for w in windows))
    ids, types, mask = (torch.zeros(shape, dtype=torch.long) for _ in range(3))
    inside, starts, ends = (torch.zeros(shape) for _ in range(3))
    unmet = torch.full(shape, -1.0)
    for row, told in enumerate(told for made in lists for told in made.unmet):
        if told is not None:
            unmet[row, 1 : 1 + len(told)] = torch.tensor(told, dtype=torch.float32)
    for row, (window, places) in enumerate(zip(windows, answers, strict=True)):
        length = len(window.ids)
        ids[row, :length] = torch.tensor(window.ids)
        types[row, :length] = torch.tensor(window.types)
        mask[row, :length] = 1
        inside[row, window.first : window.first + len(window.offsets)] = 1
        for start, end in places:
            starts[row, start] = ends[row, end] = 1
    of = torch.tensor([i for i, made in enumerate(lists) for _ in made.windows])
    return Batch(ids, types, mask, inside, starts, ends, unmet, of, len(lists))


def batches(lists: Sequence[Coded], size: int, seed: int) -> Iterator[list[Coded]]:
    """All lists once, `size` at a time, those of about one length together, in random order."""
    rng = random.Random(seed)
    order = sorted(range(len(lists)), key=lambda i: lists[i].longest + rng.uniform(-8, 8))
    groups = [order[at : at + size] for at in range(0, len(order), size)]
    rng.shuffle(groups)
    for group in groups:
        yield [lists[i] for i in group]
