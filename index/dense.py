"""FAISS: vectors -> the chunks whose vectors lie nearest. The one place that imports faiss.

On disk the index is one file: a line of JSON that says what it was made from, then FAISS's own bytes.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from index.encoder import Vectors


class Dense:
    """An exact inner-product index over unit vectors (so, cosine), whose ids are chunk ids."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def build(cls, ids: Sequence[int], vectors: Vectors) -> Dense:
        """An index of `vectors` (float32, (n, dimension), rows of length 1) under `ids`."""
        import faiss

        index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
        if len(ids):
            index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), np.asarray(ids, dtype=np.int64))
        return cls(index)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def search(self, query: NDArray[np.float32], k: int, among: Sequence[int] | None = None) -> list[tuple[int, float]]:
        """Up to `k` (id, cosine), nearest first, ties by id; only ids in `among`, if given.

        FAISS pads a short result with id -1; such rows are dropped.
        """
        import faiss

        k = min(k, len(self) if among is None else len(among))
        if k <= 0:
            return []
        extra = {}
        if among is not None:
            wanted = faiss.IDSelectorBatch(np.asarray(among, dtype=np.int64))
            extra = {"params": faiss.SearchParameters(sel=wanted)}  # type: ignore[call-arg]
        scores, ids = self._index.search(np.ascontiguousarray(query.reshape(1, -1)), k, **extra)
        found = [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0]
        return sorted(found, key=lambda pair: (-pair[1], pair[0]))

    def cosine(self, query: NDArray[np.float32], chunk_id: int) -> float:
        """The cosine between the query and one stored vector."""
        return float(self._index.reconstruct(chunk_id) @ query.reshape(-1))

    def ids(self) -> list[int]:
        """The chunk ids, in order."""
        import faiss

        return sorted(int(i) for i in faiss.vector_to_array(self._index.id_map))

    def vector(self, chunk_id: int) -> NDArray[np.float32]:
        """The stored vector of one chunk."""
        return np.asarray(self._index.reconstruct(chunk_id), dtype=np.float32)

    def write(self, path: Path, stamp: str) -> None:
        """Writes the file and waits until it is on the disk. Not atomic: write beside, then rename into place."""
        import faiss

        data = faiss.serialize_index(self._index).tobytes()
        head = json.dumps({"stamp": stamp, "crc": zlib.crc32(data), "bytes": len(data)})
        with open(path, "wb") as file:
            file.write(head.encode() + b"\n" + data)
            file.flush()
            os.fsync(file.fileno())

    @classmethod
    def read(cls, path: Path, stamp: str) -> Dense | None:
        """The index in the file, or None if it is missing, damaged, or was made from another state of the database."""
        import faiss

        try:
            head, _, data = path.read_bytes().partition(b"\n")
            said = json.loads(head)
        except (OSError, ValueError, RecursionError):
            return None
        if not isinstance(said, dict) or said != {"stamp": stamp, "crc": zlib.crc32(data), "bytes": len(data)}:
            return None
        try:
            return cls(faiss.deserialize_index(np.frombuffer(data, dtype=np.uint8)))
        except RuntimeError:  # whole, but written by a FAISS that this one does not understand
            return None
