"""Two processes write and eight readers ask at once: no error, no wrong text, and all see the newest state."""

from __future__ import annotations

import multiprocessing
import os
import random
import threading
import time
import traceback
from multiprocessing.synchronize import Event
from pathlib import Path

import pytest
from toys import PLACES, THINGS, ToyEncoder, articles

from index import Article, Index
from index.errors import ArticleGoneError

SECONDS = float(os.environ.get("QUOTH_SOAK", "8"))
SPAWN = multiprocessing.get_context("spawn")  # a fork of a process that has searched may hang in FAISS's threads
LAST = "The zebra crossed the finish line. Everyone cheered."


def known_texts(count: int, versions: int) -> dict[str, set[str]]:
    """Every text that a source ever has."""
    texts: dict[str, set[str]] = {}
    for version in range(versions):
        for article in articles(count, version):
            texts.setdefault(article.source, set()).add(article.text)
    return texts


COUNT, VERSIONS = 24, 6


def write(folder: Path, seed: int, done: Event, wrong: multiprocessing.Queue[str]) -> None:
    """Adds, changes and removes articles of its own half until it is time."""
    try:
        choose = random.Random(seed)
        index = Index.open(folder, encoder=ToyEncoder())
        own = [[a for a in articles(COUNT, version) if int(a.source[5:]) % 2 == seed] for version in range(VERSIONS)]
        turns = 0
        while not done.is_set():
            some = choose.sample(range(COUNT // 2), 3)
            index.update([own[choose.randrange(VERSIONS)][n] for n in some], wait=60)
            present = {article.source for article in index.articles()}
            gone = own[0][choose.choice(some)].source
            if gone in present:
                index.remove([gone], wait=60)
            turns += 1
        index.update(own[seed], wait=60)
        assert turns > 3, f"only {turns} changes"
    except BaseException:
        wrong.put(traceback.format_exc())
        raise


def ask(index: Index, seed: int, done: Event, wrong: multiprocessing.Queue[str]) -> None:
    """Searches until it is time; every hit is a slice of a text that its source had, and of the stored article."""
    try:
        texts = known_texts(COUNT, VERSIONS)
        choose = random.Random(seed)
        generation = 0
        turns = 0
        while not done.is_set():
            question = f"{choose.choice(THINGS)} in {choose.choice(PLACES)}, edition {choose.randrange(VERSIONS)}"
            for hit in index.search(question, k=10):
                assert any(hit.text == text[hit.start : hit.end] for text in texts[hit.source])
                try:
                    article = index.article(hit.article_id)
                except ArticleGoneError:
                    continue
                assert hit.text == article.text[hit.start : hit.end]
            assert index.generation >= generation
            generation = index.generation
            turns += 1
        assert turns > 3, f"only {turns} questions"
    except BaseException:
        wrong.put(traceback.format_exc())
        raise


def read(folder: Path, seed: int, done: Event, last: Event, wrong: multiprocessing.Queue[str]) -> None:
    """Two threads of one process ask; then each must see what was written last, without opening the index again."""
    index = Index.open(folder, encoder=ToyEncoder())
    threads = [threading.Thread(target=ask, args=(index, seed * 2 + n, done, wrong)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    last.wait()
    if index.search("zebra finish")[0].text != LAST or len(index.articles()) != COUNT + 1:
        wrong.put(f"reader {seed} does not see the newest state")


@pytest.mark.skipif(SECONDS <= 0, reason="QUOTH_SOAK is 0")
def test_two_writers_and_eight_readers(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    index = Index.build(articles(COUNT), folder, encoder=ToyEncoder())
    done, last = SPAWN.Event(), SPAWN.Event()
    wrong: multiprocessing.Queue[str] = SPAWN.Queue()
    writers = [SPAWN.Process(target=write, args=(folder, n, done, wrong)) for n in range(2)]
    readers = [SPAWN.Process(target=read, args=(folder, n, done, last, wrong)) for n in range(4)]
    for process in writers + readers:
        process.start()
    while index.generation < 4 and all(process.is_alive() for process in writers):
        time.sleep(0.05)
    time.sleep(SECONDS)
    done.set()
    for process in writers:
        process.join(60)
    index.update([Article(text=LAST, source="zebra")], wait=60)
    last.set()
    for process in readers:
        process.join(60)
    said = []
    while not wrong.empty():
        said.append(wrong.get())
    assert said == []
    assert [process.exitcode for process in writers + readers] == [0] * 6
    assert index.check() == []
    kept = {article.source: article.text for article in index.articles()}
    assert kept == {a.source: a.text for n in range(2) for a in articles(COUNT, n) if int(a.source[5:]) % 2 == n} | {
        "zebra": LAST
    }
