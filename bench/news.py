"""Questions about news that no training saw -> a file to ask with `quoth eval`.

    python -m bench.news FOLDER news.json.gz [--held-out | --reworded | --tuning]
    quoth eval news.json.gz

FOLDER holds the 2,225 articles of the BBC News collection (Greene and Cunningham 2006, "Practical solutions to the
problem of diagonal dominance in kernel document clustering"; http://mlg.ucd.ie/datasets/bbc.html), as
`business/001.txt` and so on. They are the BBC's and may be used for research; none is kept here. Nothing was chosen by
the questions in `news_held_out.tsv`, which are asked in a reader's own words. By the others, networks and weights were
chosen: those in `news.tsv` are asked in the words that come to mind, those in `news_reworded.tsv` in deliberately other
words than the article's, those in `news_tuning.tsv` much like the first. A line is an article, the question, its answer
and the character of the article's file at which it starts, or nothing and -1 where no article answers it.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

QUESTIONS = Path(__file__).parent / "news.tsv"
REWORDED = Path(__file__).parent / "news_reworded.tsv"
TUNING = Path(__file__).parent / "news_tuning.tsv"
HELD_OUT = Path(__file__).parent / "news_held_out.tsv"


def questions_of(path: Path) -> dict[str, list[tuple[str, str, int]]]:
    """(question, answer, start) by article."""
    found: dict[str, list[tuple[str, str, int]]] = {}
    with open(path, encoding="utf-8", newline="") as file:
        for article, question, answer, start in csv.reader(file, delimiter="\t"):
            found.setdefault(article, []).append((question, answer, int(start)))
    return found


def article_files(folder: Path, asked: Iterable[str]) -> dict[str, Path]:
    """The collection's files by their articles' names, as "business/001". Ends the program if one that is asked about
    is missing."""
    files = {f"{path.parent.name}/{path.stem}": path for path in sorted(folder.glob("*/*.txt"))}
    if gone := sorted(set(asked) - files.keys()):
        raise SystemExit(f"There is no article {gone[0]}.txt in {folder}. Name the folder of the BBC collection.")
    return files


def entry(text: str, asked: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    """An article's entry of a SQuAD file: its first line the title, the rest one paragraph.

    Raises `ValueError` if an answer does not stand where `asked` says.
    """
    title, _, body = text.partition("\n")
    at = len(title) + 1
    qas = []
    for question, answer, start in asked:
        if answer and text[start : start + len(answer)] != answer:
            raise ValueError(f"{answer!r} does not stand at character {start}")
        answers = [{"text": answer, "answer_start": start - at}] if answer else []
        qas.append({"question": question, "answers": answers, "is_impossible": not answer})
    return {"title": title.strip(), "source": "news", "paragraphs": [{"context": body, "qas": qas}]}


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.news", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="the collection's folder")
    parser.add_argument("out", type=Path, help="the file to write, gzipped JSON")
    others = parser.add_mutually_exclusive_group()
    for option, path, which in (
        ("--held-out", HELD_OUT, "the questions that nothing was chosen by"),
        ("--reworded", REWORDED, "the questions in other words than the articles'"),
        ("--tuning", TUNING, "the questions that Quoth was tuned on"),
    ):
        others.add_argument(option, dest="asked", action="store_const", const=path, help=which)
    parser.set_defaults(asked=QUESTIONS)
    args = parser.parse_args(argv)
    asked = questions_of(args.asked)
    files = article_files(args.folder, asked)
    entries = []
    for name, path in files.items():
        try:
            entries.append(entry(path.read_text(encoding="latin-1"), asked.get(name, ())))
        except ValueError as error:
            raise SystemExit(f"{path} is not the article that was asked about: {error}.") from error
    with gzip.open(args.out, "wt", encoding="utf-8") as file:
        json.dump({"version": "v2.0", "data": entries}, file)
    print(f"{args.out}: {len(entries)} articles, {sum(map(len, asked.values()))} questions")


if __name__ == "__main__":
    main()
