"""The Articles page: what is in the index, and how it grows and shrinks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

from index import Article, ArticleError, Changes, Index, QuothError
from index.errors import ArticleGoneError, NoIndexError
from index.formats.sources import SUFFIXES
from index.update import Progress
from ui.chat_page import QUIET, script
from ui.conversation import SURPRISE, panel_html
from ui.render import changes_text, failure_text, source_html, source_label

LISTED = 1000
"""How many articles the page lists; the command line lists them all."""

NAMED = 5
"""How many changed or removed articles are named."""


def articles_html(articles: Sequence[Article], *, editable: bool = True) -> str:
    """The list of articles: each opens in the panel, and with `editable` can be removed."""
    if not articles:
        return '<div class="q-empty"><p>There are no articles yet.</p></div>'
    rows = "".join(_row(article, editable) for article in articles[:LISTED])
    more = (
        f"<p>… and {len(articles) - LISTED:,} more. List them all with: quoth articles</p>" if articles[LISTED:] else ""
    )
    removing = '<th scope="col"><span class="q-unseen">Remove</span></th>' if editable else ""
    return (
        f'<h2 class="q-heading">{len(articles):,} in the index</h2><div class="q-list"><table>'
        f'<thead><tr><th scope="col">Article</th><th scope="col">Date</th>{removing}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>{more}"
    )


def changes_html(changes: Changes) -> str:
    """What an update did, which articles it put others in the place of or removed, and each failure with its reason."""
    lines = [f"{changes_text(changes)}"]
    for word, sources in (("Changed", changes.replaced), ("Removed", changes.removed)):
        if sources:
            more = f" and {len(sources) - NAMED:,} more" if sources[NAMED:] else ""
            lines.append(f"{word}: {', '.join(source_label(s, short=True) for s in sources[:NAMED])}{more}")
    told = "".join(f'<p dir="auto">{escape(line)}</p>' for line in lines)
    reasons = (failure_text(f).replace(f.source, source_label(f.source, short=True)) for f in changes.failed)
    failures = "".join(f'<li dir="auto">{escape(reason)}</li>' for reason in reasons)
    tone = "q-fault" if changes.failed else "q-done"
    return f'<div class="q-status {tone}" role="status">{told}{f"<ul>{failures}</ul>" if failures else ""}</div>'


def fault_html(fault: QuothError) -> str:
    """A fault, as plain as it was raised."""
    return f'<div class="q-status q-fault" role="alert"><p dir="auto">{escape(str(fault))}</p></div>'


def list_html(index: Index, *, editable: bool = True) -> str:
    """The list of what is in the index now."""
    try:
        return articles_html(index.articles(), editable=editable)
    except NoIndexError:
        return articles_html(())
    except QuothError as fault:
        return fault_html(fault)


def kept_uploads(index: Index, files: Sequence[str]) -> list[str]:
    """The uploaded files, copied to where they stay: beside the index, each under its own name.

    Raises `ArticleError` if two have the same name, of which one would be lost.
    """
    folder = _uploads(index)
    names = [Path(file).name for file in files]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ArticleError(f"Two of the files are named {twice}. Add one after renaming the other.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return [str(shutil.copyfile(file, folder / Path(file).name)) for file in files]
    except OSError as error:
        raise ArticleError(
            f"The files cannot be kept in {folder} ({error.strerror}). Make room there, or give yourself permission."
        ) from error


def _uploads(index: Index) -> Path:
    return Path(os.path.abspath(index.directory)) / "uploads"


def _drop_uploads(index: Index, sources: Iterable[str]) -> None:
    """Deletes the copies of these sources that were made when they were uploaded, and no other file."""
    for source in sources:
        if Path(source).parent == _uploads(index):
            Path(source).unlink(missing_ok=True)


def _without_article(index: Index, sources: Sequence[str]) -> list[str]:
    """Those of the sources that are not in the index."""
    try:
        known = {article.source for article in index.articles()} if sources else set()
    except NoIndexError:
        known = set()
    except QuothError:
        return []
    return [source for source in sources if source not in known]


def add_articles_page(index: Index, panel: gr.HTML, tabs: gr.Tabs, *, editable: bool) -> gr.HTML:
    """Lays the page out in the Blocks that are open. Returns the list, for whoever opens the page."""
    with gr.Row(elem_id="articles"):
        with gr.Column(scale=3, min_width=0):
            listed = gr.HTML("", js_on_load=script("articles.js"), apply_default_css=False, elem_id="list")
        if editable:
            with gr.Column(scale=2, min_width=280, elem_id="add"):
                _add_form(index, listed)
        else:
            gr.HTML('<p class="q-hint">Articles can be changed only on the machine that Quoth runs on.</p>')

    def open_article(event: gr.EventData) -> tuple[str, gr.Tabs]:
        return panel_html(index, event.id), gr.Tabs(selected="chat")

    listed.open(open_article, None, [panel, tabs], **QUIET)
    return listed


def add_html(index: Index, files: Sequence[str], place: str, progress: Progress) -> tuple[str, bool]:
    """Takes in uploaded files and a place (a file, folder or web address); what came of it, as HTML, and whether
    anything did: if not, the same can be tried again."""
    named = [place.strip()] if place.strip() else []
    if not files and not named:
        return fault_html(ArticleError("Choose files, or name a file, folder or web address, and press Add.")), False
    kept: list[str] = []
    try:
        kept = kept_uploads(index, files)
        changes = index.update([*kept, *named], progress=progress)
    except QuothError as fault:
        _drop_uploads(index, _without_article(index, kept))
        return fault_html(fault), False
    _drop_uploads(index, _without_article(index, [failure.source for failure in changes.failed]))
    done = changes.added or changes.replaced or changes.unchanged or changes.moved or changes.removed
    return changes_html(changes), bool(done)


def remove_html(index: Index, article_id: int) -> str:
    """Removes an article, and the copy of its file if it was uploaded; what came of it, as HTML."""
    try:
        changes = index.remove([index.article(article_id).source])
    except ArticleGoneError:
        return changes_html(Changes())
    except QuothError as fault:
        return fault_html(fault)
    _drop_uploads(index, changes.removed)
    return changes_html(changes)


def _add_form(index: Index, listed: gr.HTML) -> None:
    gr.HTML('<h2 class="q-heading">Add articles</h2>', apply_default_css=False)
    files = gr.File(label="Files", file_count="multiple", file_types=list(SUFFIXES), height=140)
    place = gr.Textbox(label="Or a file, folder or web address", placeholder="news/2026 or https://…", lines=1)
    add = gr.Button("Add", variant="primary")
    status = gr.HTML("", apply_default_css=False, elem_id="status")
    bar = gr.Progress()

    def add_them(chosen: list[str] | None, named: str, bar: gr.Progress = bar) -> tuple[Any, ...]:
        def progress(stage: str, done: int, total: int) -> None:
            bar((done, total), desc=f"{stage.capitalize()} {done:,} of {total:,}")

        told, done = add_html(index, chosen or (), named, progress)
        return told, list_html(index), *((None, "") if done else (gr.skip(), gr.skip()))

    def remove(event: gr.EventData) -> tuple[str, str]:
        return remove_html(index, event.id), list_html(index)

    shown = {**QUIET, "show_progress": "full", "show_progress_on": [status]}
    inputs, outputs = [files, place], [status, listed, files, place]
    clearing = gr.on([add.click, place.submit], lambda: "", None, status, **QUIET)
    adding = clearing.then(add_them, inputs, outputs, concurrency_limit=1, **shown)
    removing = listed.remove(remove, None, [status, listed], **QUIET)
    for event in (adding, removing):
        event.failure(lambda: fault_html(QuothError(SURPRISE)), None, status, **QUIET)


def _row(article: Article, editable: bool) -> str:
    title = escape(article.title or "(no title)")
    source = source_html(article.source) if article.source else ""
    button = (
        f'<td><button type="button" class="q-remove" data-id="{article.id}" '
        f'aria-label="Remove {title}">Remove</button></td>'
        if editable
        else ""
    )
    return (
        f'<tr><td><button type="button" class="q-open" data-id="{article.id}" dir="auto">{title}</button>'
        f'<span class="q-facts">{source}</span></td>'
        f'<td class="q-date">{escape((article.published or "")[:10])}</td>{button}</tr>'
    )
