"""The chat in a real Chromium, served by the real command over the real index, encoder and reader."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from toys import ToyEncoder, articles

from index import Index
from qa import Answer
from qa.followup import History
from ui.app import launch_options, make_app

pytestmark = [pytest.mark.browser, pytest.mark.real]

SEEDS = Path(__file__).parents[1] / "seeds"
HOSTILE = (
    "<script>window.hacked = 1</script> ${value} {{value}}\n\n"
    "The Zorblax treaty was signed in Quito <img src=x onerror=window.hacked=2> for $x^2$ and _a_ and <b>b</b>.\n"
)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the chat is served."""
    folder = tmp_path_factory.mktemp("chat")
    (folder / "hostile.txt").write_text(HOSTILE)
    Index.build([SEEDS, folder / "hostile.txt"], folder / "index").close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    quoth = [sys.executable, "-P", "-c", "from ui.cli import main; main()"]
    log = folder / "log.txt"
    with log.open("w") as errors:
        chat = subprocess.Popen(
            [*quoth, "chat", "--port", port, "--index", "index"],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
    late = threading.Timer(120, chat.kill)
    late.start()
    assert chat.stdout is not None
    try:
        assert chat.stdout.readline().startswith("Quoth is at"), log.read_text()
        late.cancel()
        yield f"http://127.0.0.1:{port}"
    finally:
        late.cancel()
        chat.kill()
        chat.wait()
        chat.stdout.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        if os.environ.get("QUOTH_REQUIRE_BROWSER"):
            pytest.fail("QUOTH_REQUIRE_BROWSER is set, and there is no Chromium on the PATH")
        pytest.skip("no Chromium on the PATH")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The chat, just opened. No test may ask another host for anything, nor meet an error in the page's scripts."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    opened = context.new_page()
    requests: list[str] = []
    errors: list[str] = []
    opened.on("request", lambda request: requests.append(request.url))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on("console", lambda told: errors.append(told.text) if "js_on_load" in told.text else None)
    opened.goto(address)
    expect(opened.locator(".q-welcome")).to_be_visible(timeout=60_000)
    yield opened
    hacked = opened.evaluate("window.hacked")
    context.close()
    assert [url for url in requests if not url.startswith((address, "data:", "blob:"))] == []
    assert errors == []
    assert hacked is None


def ask(page: Page, question: str) -> None:
    """Types the question, sends it, and waits until it is answered."""
    turns = page.locator(".q-turn").count()
    page.locator("#question").get_by_role("textbox").fill(question)
    page.keyboard.press("Enter")
    expect(page.locator(".q-turn")).to_have_count(turns + 1)
    expect(page.locator(".q-wait")).to_have_count(0, timeout=30_000)


def test_a_quote_is_shown_and_found_in_its_article(page: Page) -> None:
    ask(page, "Where did the security advisors meet?")
    card = page.locator(".q-quote").first
    expect(card).to_contain_text("convened a meeting in Seoul.")
    expect(card).to_contain_text("North Korea once again warned by US and co")
    card.click()
    mark = page.locator("#panel mark.q-active")
    expect(mark).to_have_text(
        "On Saturday, the national security advisors of the United States, South Korea, and Japan "
        "convened a meeting in Seoul."
    )
    expect(mark).to_be_in_viewport()
    expect(page.locator("#panel h2")).to_have_text("North Korea once again warned by US and co")


def test_the_words_of_a_quote_can_be_selected(page: Page) -> None:
    ask(page, "Where did the security advisors meet?")
    words = page.locator(".q-quote .q-words").first
    box = words.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 20, box["y"] + 8, steps=5)
    page.mouse.up()
    assert len(page.evaluate("String(getSelection())")) > 10
    expect(page.locator("#panel mark")).to_have_count(0)  # selecting is no click
    page.mouse.click(box["x"] + 2, box["y"] + 8)
    expect(page.locator("#panel mark.q-active")).to_be_visible()


def test_the_article_scrolls_to_the_quote_with_the_keyboard_alone(page: Page) -> None:
    page.set_viewport_size({"width": 1280, "height": 520})
    ask(page, "What did Cho and Akiba discuss in their one-on-one meeting?")
    card = page.locator(".q-quote").filter(has_text="one-on-one").first
    card.focus()
    page.keyboard.press("Enter")
    mark = page.locator("#panel mark.q-active")
    expect(mark).to_contain_text("In their one-on-one meeting")
    expect(mark).to_be_in_viewport()
    assert page.evaluate("document.querySelector('#panel').scrollTop") > 0


def test_an_abstention_is_plain_and_offers_what_is_near(page: Page) -> None:
    ask(page, "What is the capital of France?")
    expect(page.locator(".q-none .q-title")).to_have_text("The articles don’t say")
    expect(page.locator(".q-turn .q-head")).to_have_count(0)
    near = page.locator(".q-none .q-quote")
    if near.count():
        expect(page.locator(".q-none .q-hint")).to_contain_text("don’t answer")


def test_a_question_may_lean_on_the_one_before_until_a_new_chat(page: Page) -> None:
    ask(page, "Who represented Japan?")
    expect(page.locator(".q-about")).to_have_count(0)
    ask(page, "what is his job?")
    expect(page.locator(".q-about")).to_contain_text("About “North Korea once again warned by US and co”")
    expect(page.locator(".q-turn").last.locator(".q-quote").first).to_contain_text("Takeo Akiba")
    page.get_by_role("textbox").first.fill("half a question")
    page.locator(".q-alone").click()
    expect(page.locator(".q-turn")).to_have_count(3)
    expect(page.locator(".q-wait")).to_have_count(0, timeout=30_000)
    expect(page.locator(".q-turn").last.locator(".q-question")).to_have_text("what is his job?")
    expect(page.locator(".q-turn").last.locator(".q-about")).to_have_count(0)
    expect(page.get_by_role("textbox").first).to_have_value("half a question")
    page.locator("#new").click()
    expect(page.locator(".q-turn")).to_have_count(0)
    ask(page, "what is his job?")
    expect(page.locator(".q-about")).to_have_count(0)


def test_a_greeting_is_answered_without_a_quote(page: Page) -> None:
    ask(page, "Hello!")
    expect(page.locator(".q-note")).to_be_visible()
    expect(page.locator(".q-quote")).to_have_count(0)


def test_an_example_is_asked_with_a_click_and_answered(page: Page) -> None:
    example = page.locator(".q-example").first
    question = example.text_content()
    example.click()
    expect(page.locator(".q-question")).to_have_text(question or "")
    expect(page.locator(".q-quote").first).to_be_visible(timeout=30_000)


def test_hostile_articles_are_shown_as_they_are(page: Page) -> None:
    ask(page, "Where was the Zorblax treaty signed?")
    words = "signed in Quito <img src=x onerror=window.hacked=2> for $x^2$ and _a_ and <b>b</b>."
    card = page.locator(".q-quote").filter(has_text="Zorblax").first
    expect(card).to_contain_text(words)
    expect(card).to_contain_text("<script>window.hacked = 1</script> ${value} {{value}}")
    card.click()
    expect(page.locator("#panel mark.q-active")).to_contain_text(words)
    expect(page.locator("#panel h2")).to_have_text("<script>window.hacked = 1</script> ${value} {{value}}")
    ask(page, "Is <img src=x onerror=window.hacked=3> <b>bold</b> $y$?")
    expect(page.locator(".q-question").last).to_have_text("Is <img src=x onerror=window.hacked=3> <b>bold</b> $y$?")


def test_each_browser_has_a_conversation_of_its_own(page: Page, browser: Browser, address: str) -> None:
    ask(page, "Where did the security advisors meet?")
    context = browser.new_context()
    other = context.new_page()
    other.goto(address)
    expect(other.locator(".q-welcome")).to_be_visible(timeout=30_000)
    ask(other, "Hello!")
    expect(other.locator(".q-turn")).to_have_count(1)
    context.close()
    expect(page.locator(".q-turn")).to_have_count(1)
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".q-welcome")).to_be_visible()


IN_PROCESS = pytest.mark.filterwarnings("ignore")
"""For a chat that is served from here: what Gradio is warned of by pandas must not end its threads."""


@pytest.fixture
def slow(browser: Browser, tmp_path: Path) -> Iterator[tuple[Page, threading.Event]]:
    """A chat just opened in which no answer comes, not even to the examples, before the event is set."""
    go = threading.Event()

    def answer(question: str, history: History | None) -> Answer:
        go.wait(30)
        return Answer(question, False, "Hello!", reason="greeting")

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    app = make_app(Index.build(articles(3), tmp_path / "index", encoder=ToyEncoder()), answer)
    app.launch(**launch_options("127.0.0.1", port))
    context = browser.new_context()
    opened = context.new_page()
    opened.goto(f"http://127.0.0.1:{port}")
    yield opened, go
    go.set()
    context.close()
    app.close(verbose=False)


@IN_PROCESS
def test_a_fault_is_seen_when_the_page_is_opened(slow: tuple[Page, threading.Event], tmp_path: Path) -> None:
    page, go = slow
    go.set()
    for path in (tmp_path / "index").glob("index.sqlite*"):
        path.write_bytes(b"no database at all" * 100)
    page.reload()
    expect(page.locator(".q-fault")).to_contain_text("is damaged")
    expect(page.locator(".q-fault")).to_be_visible()


@IN_PROCESS
def test_the_welcome_never_covers_a_question(slow: tuple[Page, threading.Event]) -> None:
    page, go = slow
    page.locator("#question").get_by_role("textbox").fill("Hello?")
    page.keyboard.press("Enter")
    expect(page.locator(".q-wait")).to_be_visible()
    go.set()
    expect(page.locator(".q-note")).to_be_visible()
    page.wait_for_timeout(1000)
    expect(page.locator(".q-note")).to_be_visible()
    expect(page.locator(".q-welcome")).to_be_hidden()


@IN_PROCESS
def test_what_is_typed_while_an_answer_is_read_stays(slow: tuple[Page, threading.Event]) -> None:
    page, go = slow
    box = page.locator("#question").get_by_role("textbox")
    box.fill("Hello?")
    page.keyboard.press("Enter")
    expect(page.locator(".q-wait")).to_be_visible()
    expect(box).to_have_value("")
    box.fill("And who")
    go.set()
    expect(page.locator(".q-note")).to_be_visible()
    expect(box).to_have_value("And who")
    box.fill("  ")
    page.keyboard.press("Enter")
    expect(box).to_have_value("")
    expect(page.locator(".q-turn")).to_have_count(1)


@IN_PROCESS
def test_a_new_chat_stays_new(slow: tuple[Page, threading.Event]) -> None:
    page, go = slow
    go.set()
    expect(page.locator(".q-welcome")).to_be_visible()
    go.clear()
    page.locator("#question").get_by_role("textbox").fill("Hello?")
    page.keyboard.press("Enter")
    expect(page.locator(".q-wait")).to_be_visible()
    page.get_by_role("button", name="New chat").click()
    expect(page.locator(".q-welcome")).to_be_visible()
    go.set()
    page.wait_for_timeout(1000)
    expect(page.locator(".q-welcome")).to_be_visible()
    ask(page, "Hello again?")
    expect(page.locator(".q-question")).to_have_text(["Hello again?"])


def test_articles_are_added_asked_about_and_removed(page: Page, tmp_path: Path) -> None:
    story = tmp_path / "lighthouse.txt"
    story.write_text("The lighthouse\n\nThe lighthouse of Vardo was lit for the first time in 1896.\n")
    empty = tmp_path / "empty.txt"
    empty.write_text(" ")
    page.get_by_role("tab", name="Articles").click()
    expect(page.locator(".q-list tbody tr")).to_have_count(2)
    page.locator("#add input[type=file]").set_input_files([story, empty])
    expect(page.locator("#add")).to_contain_text("lighthouse")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#status")).to_contain_text("1 new", timeout=60_000)
    expect(page.locator("#status")).to_contain_text("1 failed")
    expect(page.locator("#status li")).to_contain_text("empty.txt")
    expect(page.locator(".q-list tbody tr")).to_have_count(3)

    page.get_by_role("tab", name="Chat").click()
    ask(page, "When was the lighthouse of Vardo lit?")
    expect(page.locator(".q-quote").first).to_contain_text("in 1896.")

    page.get_by_role("tab", name="Articles").click()
    place = page.get_by_role("textbox", name=re.compile("web address"))
    place.fill("no/such/place")
    page.locator("#add input[type=file]").set_input_files([story])
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#status .q-fault")).to_contain_text("no/such/place", timeout=30_000)
    expect(place).to_have_value("no/such/place")
    expect(page.locator("#add")).to_contain_text("lighthouse")
    page.get_by_role("button", name="Remove The lighthouse").dblclick()
    expect(page.locator(".q-list tbody tr")).to_have_count(3)
    page.get_by_role("button", name="Really remove The lighthouse?").click()
    expect(page.locator(".q-list tbody tr")).to_have_count(2)
    expect(page.locator("#status")).to_contain_text("1 gone")
    expect(page.locator("#status")).to_contain_text("Removed: lighthouse.txt")
    page.locator(".q-open").filter(has_text="North Korea").click()
    expect(page.locator("#panel h2")).to_have_text("North Korea once again warned by US and co")


def test_on_a_narrow_screen_the_article_comes_over_the_chat_and_goes(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 780})
    ask(page, "Where did the security advisors meet?")
    expect(page.locator("#panel")).to_be_hidden()
    page.locator(".q-quote").first.click()
    expect(page.locator("#panel mark.q-active")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Back to the chat").click()
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator(".q-quote").first).to_be_focused()
    page.locator(".q-quote").first.click()
    expect(page.get_by_role("dialog", name="Article")).to_be_visible()
    expect(page.get_by_role("button", name="Back to the chat")).to_be_focused()
    page.go_back()
    expect(page.locator("#panel")).to_be_hidden()
    page.locator(".q-quote").first.click()
    expect(page.get_by_role("dialog", name="Article")).to_be_visible()
    page.get_by_role("button", name="Back to the chat").dblclick()
    expect(page.locator("#panel")).to_be_hidden()
    expect(page.locator(".q-turn")).to_have_count(1)
    page.get_by_role("tab", name="Articles").click()
    expect(page.locator(".q-list")).to_be_visible()
    assert page.evaluate("document.querySelector('.q-list').clientWidth") > 300
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_beside_the_chat_the_article_goes_with_its_quote(page: Page) -> None:
    ask(page, "Where did the security advisors meet?")
    page.locator(".q-quote").first.click()
    expect(page.locator("#panel mark.q-active")).to_be_visible()
    ask(page, "Hello!")
    expect(page.locator(".q-quote[aria-pressed]")).to_have_count(1)
    box = page.locator("#question").get_by_role("textbox")
    box.focus()
    page.keyboard.type("Who des")
    page.keyboard.press("Escape")
    page.keyboard.type("igned")
    expect(box).to_have_value("Who designed")
    page.get_by_role("button", name="New chat").click()
    expect(box).to_be_focused()
    expect(page.locator("#panel .q-empty")).to_be_visible()
    page.set_viewport_size({"width": 600, "height": 700})
    expect(page.locator("#panel")).to_be_hidden()
    box.click()
