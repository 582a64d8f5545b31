"""The Chat page: a conversation, and beside it the article that a quote stands in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import gradio as gr

from index import Index, QuothError
from index.errors import NoIndexError
from ui.conversation import (
    Ask,
    Turn,
    Turns,
    answered_turn,
    conversation_html,
    panel_html,
    welcome_html,
    with_surprise,
)
from ui.examples import example_questions

QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private"}
"""How the events of every page are: no spinner over what is read, and no address to call them by from elsewhere."""

_EMPTY_PANEL = '<div class="q-empty"><p>Click a quote to see it in its article.</p></div>'


class Welcome:
    """The first sight of the chat. Its examples are asked once for each state of the index, and shared."""

    def __init__(self, index: Index, ask: Ask) -> None:
        self._index = index
        self._ask = ask
        self._made = lru_cache(maxsize=1)(self._make)

    def html(self) -> str:
        """The welcome for the articles that are there now; the first time it takes as long as its examples."""
        try:
            return self._made(self._index.generation)
        except NoIndexError:
            return welcome_html(0, ())
        except QuothError as fault:
            return f"{welcome_html(0, ())}{conversation_html([Turn('', fault=str(fault))])}"

    def _make(self, generation: int) -> str:
        examples = example_questions(self._index, lambda question: self._ask(question, ()).answered)
        return welcome_html(len(self._index.articles()), examples)


def add_chat_page(index: Index, ask: Ask, opened: Sequence[Any]) -> gr.HTML:
    """Lays the page out in the Blocks that are open; `opened` are the events at which it comes into sight. Returns the
    panel, for others to show an article in."""
    turns = gr.State(())
    welcome = Welcome(index, ask)
    with gr.Row(elem_id="chat"):
        with gr.Column(elem_id="talk", min_width=0):
            # apart from the conversation, so that whichever comes last covers nothing; seen while there are no turns
            greeting = gr.HTML("", elem_id="welcome", js_on_load=script("welcome.js"), apply_default_css=False)
            log = gr.HTML("", elem_id="conversation", js_on_load=script("conversation.js"), apply_default_css=False)
            with gr.Row(elem_id="ask"):
                box = gr.Textbox(
                    placeholder="Ask a question",
                    label="Your question",
                    show_label=False,
                    container=False,
                    autofocus=True,
                    submit_btn="Ask",
                    lines=1,
                    max_lines=1,
                    elem_id="question",
                )
                new = gr.Button("New chat", elem_id="new", size="sm", scale=0, min_width=90)
        with gr.Column(elem_id="panel", min_width=0):
            panel = gr.HTML(_EMPTY_PANEL, js_on_load=script("panel.js"), apply_default_css=False)

    def answer_it(typed: str, before: Turns, event: gr.EventData) -> Iterator[tuple[Any, Any, Any]]:
        alone, example = event.target is log, event.target is greeting
        question = before[event.turn].question if alone else event._data["question"] if example else typed
        if not question.strip():
            yield gr.skip(), gr.skip(), ""
            return
        asked: Turns = (*before, Turn(question))
        yield asked, conversation_html(asked), gr.skip() if example or alone else ""
        done: Turns = (*before, answered_turn(question, ask, () if alone else before))
        yield done, conversation_html(done), gr.skip()  # what was typed meanwhile stays

    def surprise(before: Turns) -> tuple[Turns, str]:
        after = with_surprise(before)
        return after, conversation_html(after)

    def open_quote(before: Turns, event: gr.EventData) -> str:
        shown = before[event.turn].shown
        return panel_html(index, shown[event.quote].article_id, shown, shown[event.quote])

    asking = gr.on(
        [box.submit, greeting.submit, log.submit],
        answer_it,
        [box, turns],
        [turns, log, box],
        concurrency_limit=4,
        **QUIET,
    )
    asking.failure(surprise, turns, [turns, log], **QUIET)
    log.select(open_quote, turns, panel, trigger_mode="always_last", **QUIET)
    new.click(lambda: ((), "", _EMPTY_PANEL), None, [turns, log, panel], cancels=[asking], **QUIET)
    gr.on([*opened, new.click], welcome.html, None, greeting, **QUIET)
    return panel


def script(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
