"""all-MiniLM-L6-v2 in plain NumPy, for queries: the same vectors as sentence-transformers, ready at once.

BERT (Devlin et al. 2019, https://arxiv.org/abs/1810.04805): embeddings, then layers of self-attention and a GELU
feed-forward, each with a residual and a layer norm; the mean over the words, scaled to length 1.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.errors import EncoderError

Array = NDArray[np.float32]

MOST_TOKENS = 256
"""The window that the model was trained with (its sentence_bert_config.json)."""


class MiniLM:
    """A BERT encoder with mean pooling, read from a folder of safetensors, config and tokenizer."""

    def __init__(self, folder: Path) -> None:
        from safetensors import SafetensorError
        from safetensors.numpy import load_file
        from threadpoolctl import ThreadpoolController
        from tokenizers import Tokenizer

        try:
            config = json.loads((folder / "config.json").read_text())
            self._weights: dict[str, Array] = load_file(folder / "model.safetensors")
            self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except (OSError, ValueError, SafetensorError) as error:
            raise EncoderError(f"The embedding model in {folder} is damaged ({error}). Install it again.") from error
        self._tokenizer.enable_truncation(MOST_TOKENS)
        self._tokenizer.no_padding()
        self._heads = int(config["num_attention_heads"])
        self._layers = int(config["num_hidden_layers"])
        self._epsilon = float(config["layer_norm_eps"])
        self._lock = threading.Lock()
        self._threads = ThreadpoolController()

    def encode(self, texts: Sequence[str]) -> Array:
        """One row of length 1 for each text: float32, (n, 384)."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        rows = np.zeros((len(texts), self._weights["embeddings.word_embeddings.weight"].shape[1]), dtype=np.float32)
        for at in range(0, len(order), 8):
            batch = order[at : at + 8]
            with self._lock:
                encodings = self._tokenizer.encode_batch([texts[i] for i in batch])
                # a question is too little for two threads: the second would wait on, busily, and slow the reader
                with self._threads.limit(limits=1 if len(texts) == 1 else None):  # of the process: one at a time
                    rows[batch] = self._forward([e.ids for e in encodings])
        return rows

    def _forward(self, ids: list[list[int]]) -> Array:
        longest = max(map(len, ids))
        tokens = np.array([row + [0] * (longest - len(row)) for row in ids])
        mask = np.array([[1.0] * len(row) + [0.0] * (longest - len(row)) for row in ids], dtype=np.float32)
        w = self._weights
        x = w["embeddings.word_embeddings.weight"][tokens] + w["embeddings.position_embeddings.weight"][:longest]
        x = self._norm(x + w["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        hide = (1.0 - mask)[:, None, None, :] * np.float32(-1e9)
        for i in range(self._layers):
            x = self._layer(x, hide, f"encoder.layer.{i}.")
        mean = (x * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        return np.asarray(mean / np.linalg.norm(mean, axis=1, keepdims=True), dtype=np.float32)

    def _layer(self, x: Array, hide: Array, name: str) -> Array:
        n, length, width = x.shape

        def heads(part: str) -> Array:
            y = self._linear(x, f"{name}attention.self.{part}")
            return y.reshape(n, length, self._heads, width // self._heads).transpose(0, 2, 1, 3)

        scores = heads("query") @ heads("key").transpose(0, 1, 3, 2) / np.float32(np.sqrt(width // self._heads)) + hide
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ heads("value")).transpose(0, 2, 1, 3).reshape(n, length, width)
        x = self._norm(x + self._linear(mixed, f"{name}attention.output.dense"), f"{name}attention.output.LayerNorm")
        inner = _gelu(self._linear(x, f"{name}intermediate.dense"))
        return self._norm(x + self._linear(inner, f"{name}output.dense"), f"{name}output.LayerNorm")

    def _linear(self, x: Array, name: str) -> Array:
        y = x.reshape(-1, x.shape[-1]) @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return y.reshape(*x.shape[:-1], -1)

    def _norm(self, x: Array, name: str) -> Array:
        x = x - x.mean(axis=-1, keepdims=True)
        x /= np.sqrt((x * x).mean(axis=-1, keepdims=True) + self._epsilon)
        return np.asarray(x * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"], dtype=np.float32)


def _gelu(x: Array) -> Array:
    """x times the normal distribution's cumulative probability; erf as in Abramowitz and Stegun 7.1.26 (1.5e-7)."""
    z = np.abs(x) * np.float32(np.sqrt(0.5))
    t = 1.0 / (1.0 + np.float32(0.3275911) * z)
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(x) * (1.0 - poly * np.exp(-z * z))
    return np.asarray(0.5 * x * (1.0 + erf), dtype=np.float32)
