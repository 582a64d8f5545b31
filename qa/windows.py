"""What the reader's networks see: token ids, and where in them what stands.

    [CLS] question [SEP] title: heading [SEP] passage [SEP]      (without a title: [CLS] question [SEP] passage [SEP])

A passage is read apart from the others. The sentences that may answer are then compared, all in one input:

    [CLS] question [SEP] title [SEP] sentence sentence [SEP] title [SEP] sentence [SEP]

The same code prepares the inputs of training and those of an answer, so the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

QUESTION_TOKENS = 64
HEAD_TOKENS = 32
WINDOW_TOKENS = 400
"""The longest input; a longer passage is read in windows that overlap by `OVERLAP_TOKENS`, none of it left out."""
OVERLAP_TOKENS = 64

TITLE_TOKENS = 24
SENTENCE_TOKENS = 96
"""How much of a title and of a sentence is compared; less where many long sentences would not all fit."""
COMPARISON_TOKENS = 384
"""The longest input that sentences are compared in."""


@dataclass(frozen=True, slots=True)
class Passage:
    """What is read: the text to find the answer in, and the title and heading that it stands under.

    `sentences` is where in the text its sentences begin, in order: an answer goes over none of these places. Without
    them it may stand anywhere.
    """

    text: str
    title: str = ""
    heading: str = ""
    sentences: tuple[int, ...] = ()

    @property
    def head(self) -> str:
        """The title and the heading on one line; "" without either."""
        return ": ".join(part for part in (self.title, self.heading) if part)


@dataclass(frozen=True, slots=True)
class Window:
    """One input of the network.

    `ids` and `types` are of one length. The passage's tokens start at position `first`; the token at `first + i`
    stands at `offsets[i]`, (start, end) in characters of the passage, end exclusive.
    """

    passage: int
    ids: list[int]
    types: list[int]
    first: int
    offsets: list[tuple[int, int]]


def make_windows(
    tokenizer: Any, question: str, passages: Sequence[Passage], limit: int = WINDOW_TOKENS
) -> list[Window]:
    """The windows of all passages, in order; every token of every passage stands in one or more of them.

    `tokenizer` is a `tokenizers.Tokenizer` of a BERT vocabulary, without truncation or padding.
    """
    texts = [question, *(p.head for p in passages), *(p.text for p in passages)]
    encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
    asked = encoded[0].ids[:QUESTION_TOKENS]
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    windows: list[Window] = []
    for i in range(len(passages)):
        head, body = encoded[1 + i].ids[:HEAD_TOKENS], encoded[1 + len(passages) + i]
        front = [cls, *asked, sep]
        before = front + ([*head, sep] if head else [])
        room = limit - len(before) - 1
        for at in range(0, max(1, len(body.ids) - OVERLAP_TOKENS), room - OVERLAP_TOKENS):
            ids = [*before, *body.ids[at : at + room], sep]
            types = [0] * len(front) + [1] * (len(ids) - len(front))
            windows.append(Window(i, ids, types, len(before), list(body.offsets[at : at + room])))
    return windows


@dataclass(frozen=True, slots=True)
class Group:
    """Sentences of one article, in its order, under its title ("" if it has none)."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One input of the network that compares.

    `ids` and `types` are of one length; the groups begin at position `first`. Of each sentence, those of all groups in
    one row, `places` holds where its tokens stand, (start, end) in `ids`, and `offsets` where each of these stands,
    (start, end) in characters of the sentence. Ends are exclusive.
    """

    ids: list[int]
    types: list[int]
    first: int
    places: list[tuple[int, int]]
    offsets: list[list[tuple[int, int]]]


def make_comparison(
    tokenizer: Any, question: str, groups: Sequence[Group], limit: int = COMPARISON_TOKENS
) -> Comparison:
    """The one input that holds all sentences, the longest of them cut where they would go over `limit` tokens."""
    texts = [question, *(g.title for g in groups), *(s for g in groups for s in g.sentences)]
    encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
    cls, sep = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    front = [cls, *encoded[0].ids[:QUESTION_TOKENS], sep]
    heads = [[*e.ids[:TITLE_TOKENS], sep] if e.ids else [] for e in encoded[1 : 1 + len(groups)]]
    bodies = encoded[1 + len(groups) :]
    room = limit - len(front) - sum(len(head) + 1 for head in heads)
    longest = SENTENCE_TOKENS
    while longest > 1 and sum(min(longest, len(body.ids)) for body in bodies) > room:
        longest -= 1
    ids, places, offsets = list(front), [], []
    left = iter(bodies)
    for head, group in zip(heads, groups, strict=True):
        ids += head
        for _ in group.sentences:
            body = next(left)
            places.append((len(ids), len(ids) + min(longest, len(body.ids))))
            offsets.append(list(body.offsets[:longest]))
            ids += body.ids[:longest]
        ids.append(sep)
    return Comparison(ids, [0] * len(front) + [1] * (len(ids) - len(front)), len(front), places, offsets)
