"""A deterministic encoder for tests, and articles and files to feed it."""

from __future__ import annotations

import re
import time
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from index import Article
from index.encoder import Vectors

BATCH = 8


class ToyEncoder:
    """Words hashed into `dimension` columns, counted, scaled to length 1: equal words, equal vectors.

    Remembers every passage and question that it encoded. `delay` is how many seconds each passage takes.
    """

    def __init__(self, name: str = "toy", dimension: int = 256, delay: float = 0.0) -> None:
        self.name = name
        self.dimension = dimension
        self.delay = delay
        self.passages: list[str] = []
        self.queries: list[str] = []

    def encode_queries(self, queries: Sequence[str]) -> Vectors:
        """One unit row for each question."""
        self.queries += queries
        return self._rows(queries)

    def encode_passages(self, passages: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """One unit row for each passage."""
        for at in range(0, len(passages), BATCH):
            time.sleep(self.delay * len(passages[at : at + BATCH]))
            if progress:
                progress(min(at + BATCH, len(passages)))
        self.passages += passages
        return self._rows(passages)

    def _rows(self, texts: Sequence[str]) -> Vectors:
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[zlib.crc32(word.encode()) % self.dimension] += 1
            row[0] += not row.any()
            row /= np.linalg.norm(row)
        return rows


PLACES = ("Seoul", "Lagos", "Lima", "Oslo", "Quito", "Dakar", "Hanoi", "Turin")
THINGS = ("bridge", "harvest", "election", "storm", "railway", "museum", "treaty", "vaccine")


def story(number: int, version: int = 0) -> str:
    """The text of a short article of three paragraphs, each number's own; its words change with the version."""
    place, thing = PLACES[number % 8], THINGS[number // 8 % 8]
    return (
        f"Report {number} from {place}\n\n"
        f"Officials in {place} spoke about the {thing} on Monday. Edition {version} of report {number} says so.\n\n"
        f"The {thing} cost {number + 3} million dollars. Nobody in {place} had expected that.\n"
        + f"Residents of {place} said that the {thing} mattered to them more than anything else this year. " * 4
        + f"\n\nA second {thing} will follow in {1990 + number}, wrote reporter{number}v{version}.\n"
    )


def articles(count: int, version: int = 0) -> list[Article]:
    """`count` different articles whose sources are "news/0", "news/1" and so on."""
    return [
        Article(
            text=story(n, version), title=f"Report {n}", source=f"news/{n}", published=f"20{n % 30:02}-0{n % 9 + 1}-15"
        )
        for n in range(count)
    ]


def write_stories(folder: Path, count: int, version: int = 0) -> list[Path]:
    """Files of `count` different articles in a folder, made if it is not there."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"report-{n:04}.txt" for n in range(count)]
    for n, path in enumerate(paths):
        path.write_text(story(n, version), encoding="utf-8")
    return paths
