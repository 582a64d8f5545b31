"""Scores -> one calibrated number: a logistic model over `evidence.features`, stored as data with its threshold.

`training/calibrate.py` fits it on the development questions and writes `confidence.json`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from qa.errors import ReaderError

FILE = Path(__file__).parent / "confidence.json"


@dataclass(frozen=True, slots=True)
class ConfidenceModel:
    """`confidence` = 1 / (1 + exp(-(bias + sum of weight times feature))); below `threshold`, Quoth abstains."""

    weights: Mapping[str, float]
    bias: float
    threshold: float

    def confidence(self, features: Mapping[str, float]) -> float:
        """The chance, 0..1, that the best evidence answers the question."""
        x = self.bias + sum(weight * features[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-50.0, min(50.0, x))))


@cache
def load_confidence(path: Path = FILE) -> ConfidenceModel:
    """The model in the file. Raises `ReaderError` if it cannot be read."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        return ConfidenceModel(
            dict(zip(said["features"], said["weights"], strict=True)), float(said["bias"]), float(said["threshold"])
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReaderError(f"The confidence model {path} cannot be read ({error}). Install quoth again.") from error
