"""The command `quoth`. Each command parses, calls one function, and prints: results to stdout, all else to stderr."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

from index import QuothError
from ui.opening import index_to_ask, index_to_read, index_to_write
from ui.progress import Bars
from ui.render import answer_text, articles_text, as_json, changes_text, failure_text, plain

if TYPE_CHECKING:
    from index import Changes
    from qa import Answer
    from qa.followup import History

P = ParamSpec("P")

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

IndexDir = Annotated[
    Path | None,
    typer.Option(
        "--index",
        metavar="DIR",
        help="The folder of the index; else the one that QUOTH_INDEX names, or .quoth/index.",
        show_default=False,
    ),
]
ReaderName = Annotated[
    str | None,
    typer.Option(
        "--reader",
        metavar="NAME",
        help="Another extractive model, by its name on a hub or its folder; else the one that QUOTH_READER names.",
        show_default=False,
    ),
]
RerankerName = Annotated[
    str | None,
    typer.Option(
        "--reranker",
        metavar="NAME",
        help="A cross-encoder to order passages with before reading; else the one that QUOTH_RERANKER names.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for machines.")]


def guarded(command: Callable[P, int | None]) -> Callable[P, None]:
    """The command, with what can end it early told in one line: errors and Ctrl-C. A closed pipe is quiet."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            status = command(*args, **kwargs) or 0
            sys.stdout.flush()
        except QuothError as error:
            print(f"quoth: {plain(str(error))}", file=sys.stderr)
            status = 1
        except KeyboardInterrupt:
            print("quoth: stopped. Nothing is half done: what was finished stays.", file=sys.stderr)
            status = 130
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at exit
            status = 141
        raise typer.Exit(status)

    return run


def main() -> None:
    """Runs the command line; the entry point of `quoth`."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a letter shows its number
    try:
        os.getcwd()
    except FileNotFoundError:
        sys.exit("quoth: the folder that you are in was removed. Change to another one.")
    app(prog_name="quoth")


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"quoth {version('quoth')}")
        raise typer.Exit


@app.callback()
def _quoth(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Answers questions about your articles with the exact sentences that answer.

    \b
    Start here:
      quoth chat                        chat in the browser
      quoth ask "Where did they meet?"  one answer in the terminal
      quoth index news/                 take in articles, or what changed in them
    """


@app.command("index")
@guarded
def index_command(
    paths: Annotated[list[str], typer.Argument(metavar="PATH", help="Files, folders, and web addresses.")],
    index: IndexDir = None,
    prune: Annotated[bool, typer.Option("--prune", help="Remove articles whose file under PATH is gone.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and change nothing.")] = False,
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Start from nothing: keep only what is in PATH.")] = False,
    wait: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="Wait for another writer to finish.")] = 0.0,
    model: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The sentence-transformers model of a new index.", show_default=False),
    ] = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch from private and loopback addresses too.")
    ] = False,
) -> int:
    """Take in articles: what is new or changed.

    Articles that did not change cost nothing, and the others in the index stay. Reads .txt, .md, .html, .pdf, .docx
    and .jsonl files, web pages, and RSS or Atom feeds. What cannot be read is listed at the end, and tried again the
    next time.

    \b
    Examples:
      quoth index news/                           all articles in a folder
      quoth index report.pdf https://example.org/story
      quoth index news/ --prune --dry-run         what would change?
      quoth index news/ --rebuild --index my-index
    """
    target = index_to_write(index, model, rebuild)
    with Bars() as bars:
        changes = target.update(
            paths, prune=prune, dry_run=dry_run, rebuild=rebuild, progress=bars, allow_private=allow_private, wait=wait
        )
    if rebuild and changes.failed and not changes.added:
        print("quoth: nothing could be read, so the index stays as it was.", file=sys.stderr)
    return _print_changes(changes)


@app.command()
@guarded
def ask(
    question: Annotated[str, typer.Argument(help="In quotes, so that it is one argument.")],
    json: AsJson = False,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only articles published then or later.", show_default=False)
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only articles with this in their source.", show_default=False)
    ] = None,
    index: IndexDir = None,
    reader: ReaderName = None,
    reranker: RerankerName = None,
) -> None:
    """Ask one question in the terminal.

    Prints the answer and the sentences that it stands in, or says that the articles don't say.

    \b
    Examples:
      quoth ask "Where did the security advisors meet?"
      quoth ask "Who won?" --since 2026-03-01 --source example.org
      quoth ask "Who won?" --json | jq -r .short
    """
    from qa import answer

    found = answer(question, index_to_ask(index), since=since, source=source, reader=reader, reranker=reranker)
    print(_json(found.to_dict()) if json else answer_text(found))


@app.command()
@guarded
def chat(
    host: Annotated[str, typer.Option(help="The address to listen on; 0.0.0.0 lets others in.")] = ("127.0.0.1"),
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to listen on.")] = 7860,
    index: IndexDir = None,
    reader: ReaderName = None,
    reranker: RerankerName = None,
) -> None:
    """Chat in the browser.

    Ask, click a quote, and see it in its article.

    Runs on this machine alone until Ctrl-C stops it. Opened to other machines with --host, articles can be read and
    asked about, but not added or removed.

    \b
    Examples:
      quoth chat
      quoth chat --port 8000 --index my-index
    """
    from qa import answer
    from ui.app import serve

    opened = index_to_ask(index)

    def ready(address: str) -> None:
        print(f"Quoth is at {address} (Ctrl-C stops it)", flush=True)

    def answers(question: str, history: History | None) -> Answer:
        return answer(question, opened, history=history, reader=reader, reranker=reranker)

    serve(opened, answers, host=host, port=port, ready=ready)


@app.command()
@guarded
def articles(json: AsJson = False, index: IndexDir = None) -> None:
    """List the articles: title, date, source."""
    found = index_to_read(index).articles()
    print(_json([article.to_dict() for article in found]) if json else articles_text(found))


@app.command()
@guarded
def remove(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE", help="As `quoth articles` shows it, or a folder.")],
    index: IndexDir = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")] = False,
    wait: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="Wait for another writer to finish.")] = 0.0,
) -> int:
    """Remove articles from the index.

    Their files stay where they are.
    """
    return _print_changes(index_to_read(index).remove(sources, dry_run=dry_run, wait=wait))


@app.command()
@guarded
def check(index: IndexDir = None) -> int:
    """Check that the index is sound.

    Prints what does not fit together, with exit status 1.
    """
    faults = index_to_read(index).check()
    for fault in faults:
        print(plain(fault))
    if not faults:
        print("All is well.")
    return 1 if faults else 0


@app.command("eval")
@guarded
def eval_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Questions with answers, in SQuAD 2.0 format; .gz too.")],
    with_: Annotated[
        Path | None, typer.Option("--with", metavar="FILE", help="Index these articles too.", show_default=False)
    ] = None,
    json: AsJson = False,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw reliability and risk.", show_default=False)
    ] = None,
    ablation: Annotated[bool, typer.Option("--ablation", help="Say what each part of the search adds.")] = False,
    limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Ask only N of the questions.", show_default=False)
    ] = None,
    reader: ReaderName = None,
    reranker: RerankerName = None,
) -> None:
    """Measure answers against known ones.

    Indexes the articles of FILE in a folder of its own, asks every question of all of them, and prints how often the
    right passage is found, the right sentence quoted, and the question declined.

    \b
    Examples:
      quoth eval questions.json
      quoth eval dev.json.gz --with train.json.gz --ablation --plot dev.png
    """
    from qa.evaluate import evaluate
    from qa.report import check_plot, report_text
    from qa.report import plot as draw

    if plot:
        check_plot(plot)
    with Bars() as bars:
        report = evaluate(file, with_, reader=reader, reranker=reranker, ablation=ablation, limit=limit, progress=bars)
    print(_json(report.to_dict()) if json else report_text(report))
    if plot:
        draw(report, plot)


def _json(value: Any) -> str:
    return as_json(value, sys.stdout.encoding or "utf-8")


def _print_changes(changes: Changes) -> int:
    """Prints the summary, and each failure with its reason; 1 if there are failures."""
    print(changes_text(changes))
    for failure in changes.failed:
        print(f"quoth: {plain(failure_text(failure))}", file=sys.stderr)
    return 1 if changes.failed else 0
