"""What updating an index costs beside building it, with the real encoder.

    python -m bench.update [--articles 1000]

Writes that many articles into a folder for the time being, builds their index, then updates it: with nothing changed,
with one article changed, one moved, one added. The model is loaded before the clock starts.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from index import Changes, Index, SentenceEncoder
from index.encoder import Vectors

WORDS = [
    "minister",
    "harbour",
    "treaty",
    "election",
    "rainfall",
    "vaccine",
    "railway",
    "museum",
    "budget",
    "glacier",
    "orchestra",
    "harvest",
    "satellite",
    "bridge",
    "court",
    "strike",
    "earthquake",
    "festival",
    "refinery",
    "border",
    "school",
    "hospital",
    "engineer",
    "senator",
    "village",
]
PLACES = ["Seoul", "Lagos", "Lima", "Oslo", "Quito", "Dakar", "Hanoi", "Turin", "Cairo", "Minsk", "Perth", "Accra"]


class Counting(SentenceEncoder):
    """The default encoder, counting the passages that it encodes."""

    passages = 0

    def encode_passages(self, passages: Sequence[str], progress: Callable[[int], None] | None = None) -> Vectors:
        """One unit row for each passage."""
        self.passages += len(passages)
        return super().encode_passages(passages, progress)


def write_article(path: Path, seed: int) -> None:
    """A file of about 1,200 characters: a title and sixteen sentences, all its own."""
    choose = random.Random(seed)
    sentences = [
        f"The {choose.choice(WORDS)} of {choose.choice(PLACES)} and the {choose.choice(WORDS)} "
        f"met in {choose.randint(1900, 2030)} over the {choose.choice(WORDS)}."
        for _ in range(16)
    ]
    path.write_text(f"Report {seed}\n\n{' '.join(sentences[:8])}\n\n{' '.join(sentences[8:])}\n", encoding="utf-8")


def main() -> None:
    """Measures and prints a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=1000)
    count: int = parser.parse_args().articles
    encoder = Counting()
    encoder.encode_passages(["Load the model."])
    with tempfile.TemporaryDirectory() as folder:
        news = Path(folder) / "news"
        news.mkdir()
        for n in range(count):
            write_article(news / f"report-{n:05}.txt", n)
        index = Index.open_or_create(Path(folder) / "index", encoder=encoder)
        build = 0.0

        def measure(what: str) -> None:
            nonlocal build
            encoder.passages = 0
            started = time.perf_counter()
            changes: Changes = index.update([news], prune=True)
            seconds = time.perf_counter() - started
            build = build or seconds
            counts = (len(changes.added), len(changes.replaced), len(changes.moved), len(changes.unchanged))
            print(
                f"{what:<18}{seconds:>9.2f}{seconds / build:>9.2%}{encoder.passages:>9}", *(f"{n:>9}" for n in counts)
            )

        heads = ("", "seconds", "of build", "encoded", "added", "replaced", "moved", "unchanged")
        print(f"{heads[0]:<18}" + "".join(f"{head:>9}" for head in heads[1:4]), *(f"{head:>9}" for head in heads[4:]))
        measure("build")
        measure("nothing changed")
        write_article(news / "report-00000.txt", count)
        measure("1 changed")
        (news / "report-00001.txt").rename(news / "moved.txt")
        measure("1 moved")
        write_article(news / "new.txt", count + 1)
        measure("1 added")


if __name__ == "__main__":
    main()
