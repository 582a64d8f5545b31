"""Conversations about news -> how often a question that leans on the ones before it gets a right quote first.

    python -m bench.conversations FOLDER [--held-out | --short]

FOLDER is as in `bench.news`. Each question is asked three times, and nothing is declined: after the conversation so
far, alone, and as a person wrote it who knew the conversation ("how old is he?" as "how old is Robert Jackson?"), which
is what no reading of the conversation can be expected to surpass. A line of `conversations.tsv` is a conversation's
number, an article, the question, its answer and the character of the article's file at which it starts (nothing and -1
where no article answers it), and the question as a person wrote it, or nothing where it stands by itself: then it opens
the conversation, or turns to another article. A language model wrote them. How questions that lean are taken was chosen
by these and by those of `--short`, which turn to another article in few words ("is inflation rising?"); nothing was
chosen by those of `--held-out`.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from bench.news import article_files
from index import Article, Index
from index.update import Progress
from qa import Answer
from qa.chain import build_chain
from ui.progress import Bars

CONVERSATIONS = Path(__file__).parent / "conversations.tsv"
HELD_OUT = Path(__file__).parent / "conversations_held_out.tsv"
SHORT = Path(__file__).parent / "conversations_short.tsv"
WAYS = ("in the conversation", "alone", "as a person wrote it")


@dataclass(frozen=True, slots=True)
class Turn:
    """A question about `article`, its answer at the character `start` of the article's file, "" and -1 without one."""

    kind: str
    article: str
    question: str
    answer: str
    start: int
    standalone: str


def read_conversations(path: Path) -> list[list[Turn]]:
    """The file's conversations; a turn's `kind` is "opening", "leaning" or "another topic"."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t"))
    found = []
    for _, group in groupby(rows, key=lambda row: row[0]):
        turns: list[Turn] = []
        for _, article, question, answer, start, standalone in group:
            kind = "leaning" if standalone else "another topic" if turns else "opening"
            turns.append(Turn(kind, article, question, answer, int(start), standalone or question))
        found.append(turns)
    return found


def read_article(name: str, path: Path) -> Article:
    """An article of the collection, its source its name as `Turn.article` has it, its text the whole file."""
    text = path.read_text(encoding="latin-1")
    return Article(text, title=text.partition("\n")[0].strip(), source=name)


def is_right(turn: Turn, answer: Answer) -> bool:
    """Whether the first quote shares a character with the answer in its article."""
    quote = answer.quotes[0] if answer.quotes else None
    end = turn.start + len(turn.answer)
    return bool(quote and quote.source == turn.article and quote.start < end and turn.start < quote.end)


def ask_all(index: Index, conversations: Sequence[Sequence[Turn]], progress: Progress) -> list[tuple[Turn, list[bool]]]:
    """Each turn that has an answer, with whether it got a right quote first in each of `WAYS`."""
    chain = build_chain(index, threshold=0.0)
    results = []
    for number, turns in enumerate(conversations, 1):
        history: list[tuple[str, Answer]] = []
        for turn in turns:
            told = chain.invoke({"question": turn.question, "history": history})
            history.append((turn.question, told))
            if turn.answer:
                others = [chain.invoke(turn.question), chain.invoke(turn.standalone)]
                results.append((turn, [is_right(turn, answer) for answer in (told, *others)]))
        progress("Asking", number, len(conversations))
    return results


def report(results: Sequence[tuple[Turn, Sequence[bool]]]) -> str:
    """A line for each kind of turn: how many there are, and the share of right first quotes in each of `WAYS`."""
    lines = [f"{'':15}{'questions':>10}" + "".join(f"{way:>22}" for way in WAYS)]
    for kind in ("opening", "leaning", "another topic"):
        rows = [right for turn, right in results if turn.kind == kind]
        if rows:
            shares = [sum(way) / len(rows) for way in zip(*rows, strict=True)]
            lines.append(f"{kind:15}{len(rows):>10}" + "".join(f"{share:>22.3f}" for share in shares))
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.conversations",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="the collection's folder")
    others = parser.add_mutually_exclusive_group()
    for option, path, which in (
        ("--held-out", HELD_OUT, "the conversations that nothing was chosen by"),
        ("--short", SHORT, "those that turn to another article in few words"),
    ):
        others.add_argument(option, dest="asked", action="store_const", const=path, help=which)
    parser.set_defaults(asked=CONVERSATIONS)
    args = parser.parse_args(argv)
    conversations = read_conversations(args.asked)
    files = article_files(args.folder, {turn.article for turns in conversations for turn in turns})
    articles = [read_article(name, path) for name, path in files.items()]
    with tempfile.TemporaryDirectory() as folder, Bars() as bars:
        index = Index.build(articles, Path(folder) / "index", progress=bars)
        results = ask_all(index, conversations, bars)
    print(report(results))


if __name__ == "__main__":
    main()
