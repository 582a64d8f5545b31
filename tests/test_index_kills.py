"""A process that changes an index is killed, interrupted, or out of disk at many moments: the last good state stays."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from toys import ToyEncoder, story, write_stories

from index import Index
from index.encoder import DEFAULT_MODEL
from index.errors import NoIndexError

DYING = Path(__file__).parent / "dying.py"


def changed_files(news: Path) -> None:
    """What happens to the files between the first and the second state: every kind of change."""
    for n in range(4):
        (news / f"report-{n:04}.txt").write_text(story(n, version=1), encoding="utf-8")
    (news / "report-0004.txt").rename(news / "moved.txt")
    (news / "report-0005.txt").unlink()
    for n in range(20, 28):
        (news / f"new-{n}.txt").write_text(story(n), encoding="utf-8")


def state(folder: Path, encoder: ToyEncoder | None = None) -> dict[str, str] | None:
    """The text of each source in an index that passes its check; None for no index."""
    try:
        index = Index.open(folder, encoder=encoder or ToyEncoder())
    except NoIndexError:
        return None
    assert index.check() == []
    found = {article.source: article.text for article in index.articles()}
    for hit in index.search("What did the bridge cost in Seoul?", k=50):
        assert hit.text == found[hit.source][hit.start : hit.end]
    index.close()
    return found


def on_disk(news: Path) -> dict[str, str]:
    return {str(path): path.read_text(encoding="utf-8") for path in news.iterdir()}


def die(how: str, first: bool, count: int, tmp_path: Path) -> tuple[list[dict[str, Any]], Counter[str]]:
    """Lets `count` processes die while they make an index, or change one; proves what each left behind."""
    news, base, out = tmp_path / "news", tmp_path / "base", tmp_path / "out"
    write_stories(news, 12)
    before = None
    if not first:
        Index.build([news], base, encoder=ToyEncoder()).close()
        before = on_disk(news)
        changed_files(news)
    after = on_disk(news)
    command = [sys.executable, str(DYING), how, str(news), str(base), str(out), str(count)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=120)
    moments = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(moments) == count
    assert state(out / "whole") == after
    left: Counter[str] = Counter()
    for moment in moments:
        folder = Path(moment["folder"])
        found = state(folder)
        assert found in (before, after), f"a mix after {moment}"
        left["before" if found == before else "after"] += 1
        assert moment["status"] != 0 or found == after, moment
        Index.open_or_create(folder, encoder=ToyEncoder()).update([news], prune=True)
        assert state(folder) == after
    return moments, left


@pytest.mark.parametrize("first", [True, False], ids=["build", "update"])
def test_killed_from_outside_at_any_time(first: bool, tmp_path: Path) -> None:
    moments, left = die("kill", first, 25, tmp_path)
    assert sum(moment["status"] == -9 for moment in moments) > 15
    assert left["before"] > 5


@pytest.mark.parametrize("first", [True, False], ids=["build", "update"])
def test_killed_at_any_call_into_the_database_or_the_system(first: bool, tmp_path: Path) -> None:
    moments, left = die("call", first, 70, tmp_path)
    assert sum(moment["status"] == -9 for moment in moments) > 65
    assert left["before"] > 20
    assert left["after"] > 3, "some moments lie between the commit and the end"


def test_interrupted_at_any_time(tmp_path: Path) -> None:
    moments, left = die("interrupt", False, 8, tmp_path)
    assert {moment["status"] for moment in moments} <= {0, 3}
    assert left["before"] > 2


@pytest.mark.parametrize("first", [True, False], ids=["build", "update"])
def test_out_of_disk_at_any_write(first: bool, tmp_path: Path) -> None:
    moments, left = die("disk", first, 30, tmp_path)
    assert {moment["status"] for moment in moments} <= {0, 3}, "a known error, or none"
    assert left["before"] > 20


def test_the_command_is_killed_and_run_again(tmp_path: Path) -> None:
    news, folder = tmp_path / "news", tmp_path / "index"
    encoder = ToyEncoder(DEFAULT_MODEL, 384)  # what the command finds stored it does not encode: it starts fast
    Index.build(write_stories(news, 40), folder, encoder=encoder).close()
    before = on_disk(news)
    for n, path in enumerate(list(news.iterdir())):
        path.rename(news / f"moved-{n}.txt") if n % 2 else (news / f"copy-{n}.txt").write_text(path.read_text())
    after = on_disk(news)
    command = [str(Path(sys.executable).with_name("quoth")), "index", str(news), "--prune", "--index"]
    shutil.copytree(folder, tmp_path / "whole")
    started = time.monotonic()
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    whole = time.monotonic() - started
    left = []
    for n in range(5):
        shutil.copytree(folder, tmp_path / str(n))
        process = subprocess.Popen([*command, str(tmp_path / str(n))], stdout=subprocess.DEVNULL)
        time.sleep(whole * (0.4 + 0.6 * n / 5))
        process.kill()
        process.wait()
        left.append(state(tmp_path / str(n), encoder))
        subprocess.run([*command, str(tmp_path / str(n))], check=True, capture_output=True)
        assert state(tmp_path / str(n), encoder) == after
    assert all(found in (before, after) for found in left)
    assert before in left
