"""What the reader's network sees of a question and a passage: token ids, and where each token stands in the passage.

    [CLS] question [SEP] title: heading [SEP] passage [SEP]      (without a title: [CLS] question [SEP] passage [SEP])

The same code prepares the passages of training and those of an answer, so the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

QUESTION_TOKENS = 64
HEAD_TOKENS = 32
WINDOW_TOKENS = 320
"""The longest input; a longer passage is read in windows that overlap by `OVERLAP_TOKENS`, none of it left out."""
OVERLAP_TOKENS = 64


@dataclass(frozen=True, slots=True)
class Passage:
    """What is read: the text to find the answer in, and the title and heading that it stands under."""

    text: str
    title: str = ""
    heading: str = ""

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
