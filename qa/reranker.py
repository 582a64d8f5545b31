"""A cross-encoder that orders the passages anew before they are read; only when one is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from index import Hit
from index.search import scale
from qa.errors import ReaderError
from qa.reader import first_line

RERANKED = 30
"""How many passages of the search are ordered anew."""


class Reranker(Protocol):
    """What the chain needs of one."""

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The same hits, best first, each with a `score` of 0..1. Raises `ReaderError` when the model fails."""
        ...


class HubReranker:
    """A model of sentence-transformers' `CrossEncoder`, by its name on a hub or its folder, for instance
    `cross-encoder/ms-marco-MiniLM-L6-v2`.

    A hit's new score is the model's, moved to 0..1 among the hits as the search's own scores are. Nothing is loaded
    before the first call. Raises `ReaderError` when the model is not there or fails.
    """

    def __init__(self, model: str) -> None:
        self.name = model
        self._model: Any = None

    def rerank(self, question: str, hits: Sequence[Hit]) -> list[Hit]:
        """The hits by the model's scores, equal ones in the order they came in."""
        if not hits:
            return []
        self._load()
        pairs = [(question, f"{hit.title}. {hit.text}" if hit.title else hit.text) for hit in hits]
        try:
            scores = self._model.predict(pairs, show_progress_bar=False)
        except (RuntimeError, ValueError, IndexError) as error:
            raise ReaderError(f"The reranker {self.name} failed ({first_line(error)}). Name another.") from error
        scaled = scale([(i, float(score)) for i, score in enumerate(scores)])
        order = sorted(scaled, key=lambda i: (-scaled[i], i))
        return [replace(hits[i], score=scaled[i]) for i in order]

    def _load(self) -> None:
        if self._model is not None:
            return
        from sentence_transformers import CrossEncoder

        try:
            model = CrossEncoder(self.name)
        except Exception as error:  # of transformers, tokenizers, safetensors, torch: each has its own
            raise ReaderError(
                f"The reranker {self.name} cannot be loaded ({first_line(error)}). Check its name, and that "
                "it is on this machine or that the hub can be reached, or leave it out."
            ) from error
        if model.num_labels != 1:
            raise ReaderError(
                f"The reranker {self.name} gives a passage {model.num_labels} scores, not one. Name another."
            )
        self._model = model
