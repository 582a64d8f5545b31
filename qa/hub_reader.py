"""Another extractive reader in place of Quoth's own, by its name on a hub or its folder, through transformers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qa.errors import ReaderError
from qa.reader import Reading, combine, first_line
from qa.windows import OVERLAP_TOKENS, QUESTION_TOKENS, Group, Passage, Window

HUB_WINDOW_TOKENS = 384


class HubReader:
    """A model of the kind `AutoModelForQuestionAnswering`, for instance `deepset/tinyroberta-squad2`.

    It should have been trained on questions without an answer too, SQuAD 2.0's for instance: where the answer is not,
    its first token must say so. It has no relevance head; `relevance` is its best score less `null`. It sees
    no titles. Nothing is loaded before the first reading. Raises `ReaderError` when the model is not there or fails.
    """

    def __init__(self, model: str) -> None:
        self.name = model
        self._model: Any = None
        self._tokenizer: Any = None

    def read(self, question: str, passages: Sequence[Passage]) -> list[Reading]:
        """One reading for each passage, in their order."""
        if not passages:
            return []
        self._load()
        import torch

        inputs = self._tokenizer(
            [self._cut(question)] * len(passages),
            [p.text for p in passages],
            truncation="only_second",
            max_length=HUB_WINDOW_TOKENS,
            stride=OVERLAP_TOKENS,
            return_overflowing_tokens=True,
            return_offsets_mapping=True,
            padding=True,
            return_tensors="pt",
        )
        owner = inputs.pop("overflow_to_sample_mapping").tolist()
        offsets = inputs.pop("offset_mapping").tolist()
        windows = [_window(i, inputs.sequence_ids(n), offsets[n]) for n, i in enumerate(owner)]
        try:
            with torch.inference_mode():
                output = self._model(**inputs)
        except (RuntimeError, ValueError) as error:
            raise ReaderError(f"The reader {self.name} failed ({first_line(error)}). Name another.") from error
        start, end = output.start_logits.numpy(), output.end_logits.numpy()
        readings = combine(passages, windows, [(start[n], end[n], 0.0) for n in range(len(windows))])
        return [Reading(r.spans, r.null, r.spans[0].score - r.null if r.spans else 0.0) for r in readings]

    def compare(self, question: str, groups: Sequence[Group]) -> list[float]:
        """All 0: it was not trained to compare sentences, so its own scores rank them."""
        return [0.0 for group in groups for _ in group.sentences]

    def _cut(self, question: str) -> str:
        """As much of the question as Quoth's own reader sees, so that there is room for a passage."""
        places = self._tokenizer(question, add_special_tokens=False, return_offsets_mapping=True)["offset_mapping"]
        return question[: places[QUESTION_TOKENS - 1][1]] if len(places) > QUESTION_TOKENS else question

    def _load(self) -> None:
        if self._model is not None:
            return
        from transformers import AutoModelForQuestionAnswering, AutoTokenizer

        try:
            tokenizer = AutoTokenizer.from_pretrained(self.name)
            self._model = AutoModelForQuestionAnswering.from_pretrained(self.name).eval()
        except Exception as error:  # of transformers, tokenizers, safetensors, torch: each has its own
            raise ReaderError(
                f"The reader {self.name} cannot be loaded ({first_line(error)}). Check its name, that it is "
                "on this machine or that the hub can be reached, or leave it out to use Quoth's own."
            ) from error
        self._tokenizer = tokenizer


def _window(passage: int, sequence: list[int | None], offsets: list[list[int]]) -> Window:
    """Where the passage's tokens stand in one encoded pair."""
    mine = [at for at, which in enumerate(sequence) if which == 1]
    first = mine[0] if mine else 0
    spans = [(offsets[at][0], offsets[at][1]) for at in mine]
    return Window(passage, [], [], first, spans)
