"""One thing is damaged at a time: the repair or the exact complaint."""

from __future__ import annotations

import json
import logging
import os
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from toys import ToyEncoder, articles

from index import ArticleError, Index
from index.dense import Dense
from index.errors import (
    ArticleGoneError,
    IndexDamagedError,
    IndexLockedError,
    IndexMismatchError,
    StorageError,
)
from index.folder import Folder
from index.lock import write_lock

QUESTION = "What did the railway in Lima cost?"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An index at rest, changed once."""
    folder = tmp_path / "index"
    index = Index.build(articles(10), folder, encoder=ToyEncoder())
    index.update(articles(12))
    index.close()
    return folder


def opened(folder: Path) -> Index:
    return Index.open(folder, encoder=ToyEncoder())


def altered(folder: Path, statement: str, *values: object) -> None:
    """Changes the database behind Quoth's back."""
    db = sqlite3.connect(folder / "index.sqlite")
    with db:
        db.execute(statement, values)
    db.close()


# the FAISS file: always repaired


def missing(path: Path) -> None:
    path.unlink()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1000] ^= 1
    path.write_bytes(data)


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def garbage(path: Path) -> None:
    path.write_bytes(random.Random(0).randbytes(5000))


def of_a_newer_state(path: Path) -> None:
    head, _, data = path.read_bytes().partition(b"\n")
    said = json.loads(head)
    build, _, generation = said["stamp"].rpartition(":")
    path.write_bytes(json.dumps(said | {"stamp": f"{build}:{int(generation) + 1}"}).encode() + b"\n" + data)


def of_an_older_state(path: Path) -> None:
    old = path.read_bytes()
    index = opened(path.parent)
    index.update(articles(14))
    index.close()
    path.write_bytes(old)


def nested(path: Path) -> None:
    path.write_bytes(b"[" * 200_000 + b"\n")


def of_another_faiss(path: Path) -> None:
    import zlib

    said = json.loads(path.read_bytes().partition(b"\n")[0])
    data = b"FAISS of the year 2040"
    head = {"stamp": said["stamp"], "crc": zlib.crc32(data), "bytes": len(data)}
    path.write_bytes(json.dumps(head).encode() + b"\n" + data)


DAMAGES = [missing, empty, truncated, flipped, longer, garbage, nested]
DAMAGES += [of_a_newer_state, of_an_older_state, of_another_faiss]


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_faiss_file_that_does_not_fit_is_made_again_and_one_line_says_so(
    damage: Callable[[Path], None], folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = folder / "vectors.faiss"
    damage(path)
    index = opened(folder)
    hits = index.search(QUESTION, k=50)
    state = "was missing" if damage is missing else "was damaged or of another state than the database"
    assert caplog.messages == [f"{path} {state}; it was made again from the stored vectors."]
    assert caplog.records[0].levelno == logging.WARNING
    assert index.check() == []
    index.close()

    again = opened(folder)
    assert again.search(QUESTION, k=50) == hits
    assert len(caplog.messages) == 1
    fresh = Index.build(again.articles(), folder.parent / "fresh", encoder=ToyEncoder())
    assert [(hit.text, hit.score) for hit in fresh.search(QUESTION, k=50)] == [(hit.text, hit.score) for hit in hits]


def test_the_file_is_left_to_a_writer_at_work(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / "vectors.faiss").unlink()
    with write_lock(folder):
        assert opened(folder).search(QUESTION)
    assert caplog.messages == []
    assert not (folder / "vectors.faiss").exists()
    assert opened(folder).search(QUESTION)
    assert len(caplog.messages) == 1


def test_a_reader_of_an_older_state_leaves_the_newer_file_in_place(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    reader = Folder(folder)
    with reader.reading() as store:
        opened(folder).update(articles(14))
        newer = (folder / "vectors.faiss").read_bytes()
        assert len(reader.dense(store)) == 24
    with reader.reading() as store:
        assert len(reader.dense(store)) == 28
    assert (folder / "vectors.faiss").read_bytes() == newer
    assert caplog.messages == []


# the database: told, never guessed


def rebuilt(folder: Path) -> None:
    """Proves that the command which every complaint names mends the index."""
    index = Index(folder, ToyEncoder())
    assert len(index.update(articles(3), rebuild=True).added) == 3
    assert index.check() == []
    assert len(index.search("report")) > 0


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def no_header(path: Path) -> None:
    path.write_bytes(b"\0" * 100 + path.read_bytes()[100:])


@pytest.mark.parametrize("damage", [garbage, cut_in_half, no_header], ids=lambda damage: damage.__name__)
def test_a_damaged_database_is_told_with_the_command_that_rebuilds(
    damage: Callable[[Path], None], folder: Path
) -> None:
    damage(folder / "index.sqlite")
    with pytest.raises(IndexDamagedError) as caught:
        opened(folder).search(QUESTION)
    command = f"Make it again from your articles: quoth index PATH... --index {folder} --rebuild"
    assert re.fullmatch(
        rf"The index in {re.escape(str(folder))} is damaged \(.+\)\. {re.escape(command)}", str(caught.value)
    )
    with pytest.raises(IndexDamagedError):
        Index(folder, ToyEncoder()).update(articles(3))
    rebuilt(folder)


def test_an_altered_text_is_never_quoted(folder: Path) -> None:
    altered(folder, "UPDATE articles SET text = replace(text, 'million', 'billion') WHERE source = 'news/3'")
    index = opened(folder)
    with pytest.raises(IndexDamagedError, match="the text of news/3 is not what was stored"):
        index.search("million dollars", k=50)
    with pytest.raises(IndexDamagedError, match="the text of news/3 is not what was stored"):
        index.articles()
    assert "the text of news/3 is not what was stored" in "".join(index.check())
    rebuilt(folder)


ALTERED = {
    "UPDATE chunks SET start = start + 1 WHERE id = 3": "news/1: chunk 3 has sentences that do not fill it in order",
    "UPDATE chunks SET passage = x'00' WHERE id = 3": "chunk 3 was embedded with other words than its article has",
    "UPDATE words SET body = 'other' WHERE rowid = 3": "chunk 3 has other words to search than its article has",
    "UPDATE articles SET title = 'Other' WHERE id = 2": "chunk 3 has other words to search than its article has",
    "DELETE FROM words WHERE rowid = 3": "1 rows of the table chunks have no row in words",
    "DELETE FROM chunks WHERE id = 3": "1 rows of the table words have no row in chunks",
    "DELETE FROM words_content WHERE id = 3": "the words are not listed where they stand",
}


@pytest.mark.parametrize("statement", ALTERED)
def test_the_check_finds_each_thing_that_does_not_fit(statement: str, folder: Path) -> None:
    assert opened(folder).check() == []
    altered(folder, statement)
    assert ALTERED[statement] in "\n".join(opened(folder).check())
    rebuilt(folder)


def test_the_check_finds_vectors_that_are_not_of_length_1_or_not_those_in_faiss(folder: Path) -> None:
    altered(folder, "UPDATE chunks SET vector = ? WHERE id = 3", np.full(256, 7, dtype="<f4").tobytes())
    assert opened(folder).check() == [
        "1 stored vectors are not of length 1, the first that of chunk 3",
        "the FAISS file holds other vectors than the database",
    ]
    altered(folder, "UPDATE chunks SET vector = x'00' WHERE id = 3")
    with pytest.raises(IndexDamagedError, match="a stored vector is not of the index's dimension"):
        opened(folder).check()


def is_whole(folder: Path, known: dict[str, str]) -> bool:
    """Whether an index passes its check; any error is one of the known ones, and any hit is true."""
    try:
        index = opened(folder)
        for hit in index.search(QUESTION, k=50):
            assert hit.text == known[hit.source][hit.start : hit.end]
        return index.check() == []
    except (IndexDamagedError, IndexMismatchError, ArticleGoneError):
        return False


def test_flipped_bits_anywhere_are_told_or_do_no_harm(folder: Path, tmp_path: Path) -> None:
    whole = (folder / "index.sqlite").read_bytes()
    known = {article.source: article.text for article in opened(folder).articles()}
    told = 0
    for seed in range(40):
        random_ = random.Random(seed)
        copy = tmp_path / f"copy-{seed}"
        shutil.copytree(folder, copy)
        data = bytearray(whole)
        for _ in range(random_.choice([1, 10, 100])):
            data[random_.randrange(len(data))] ^= 1 << random_.randrange(8)
        (copy / "index.sqlite").write_bytes(data)
        told += not is_whole(copy, known)
        rebuilt(copy)
        shutil.rmtree(copy)
    assert told > 12


# made differently


def test_an_index_that_was_made_differently_is_refused_and_each_difference_named(folder: Path) -> None:
    with pytest.raises(IndexMismatchError) as caught:
        Index.open(folder, encoder=ToyEncoder("other", dimension=8))
    assert str(caught.value) == (
        f"The index in {folder} was made differently (encoder: toy, not other; dimension: 256, not 8). Use it with "
        f"what it was made with, or make it again: quoth index PATH... --index {folder} --rebuild"
    )
    altered(folder, "UPDATE meta SET value = replace(value, '500', '400') WHERE key = 'settings'")
    with pytest.raises(IndexMismatchError, match="chunk characters: 400, not 500"):
        opened(folder)
    rebuilt(folder)


def newer(folder: Path) -> None:
    statement = "UPDATE meta SET value = replace(value, '\"format\": 1', '\"format\": 99') WHERE key = 'settings'"
    altered(folder, statement)


def test_a_newer_format_is_refused_and_kept_by_a_rebuild_that_fails(folder: Path, tmp_path: Path) -> None:
    newer(folder)
    names = ("index.sqlite", "vectors.faiss")
    files = [(folder / name).read_bytes() for name in names]
    for use in (opened, lambda folder: Index(folder, ToyEncoder()).update(articles(3))):
        with pytest.raises(IndexMismatchError, match="its format is 99, and this version of Quoth reads up to 1"):
            use(folder)
    with pytest.raises(ArticleError):
        Index.build([tmp_path / "nowhere"], folder, encoder=ToyEncoder())
    assert [(folder / name).read_bytes() for name in names] == files
    rebuilt(folder)
    assert not list(folder.glob("*.old"))


REPLACING = """
import os, signal, sys
from pathlib import Path
from toys import ToyEncoder, articles
from index import Index
from index.folder import Folder

calls = 0

def last(call):
    def called(*args, **kwargs):
        global calls
        calls += 1
        if calls > int(sys.argv[2]):
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*args, **kwargs)
    return called

os.replace, Folder._write, Path.unlink = map(last, (os.replace, Folder._write, Path.unlink))
Index(sys.argv[1], ToyEncoder()).update(articles(3), rebuild=True)
"""


@pytest.mark.parametrize("moment", range(10))
def test_killed_while_it_replaces_an_index_that_cannot_be_emptied(moment: int, folder: Path) -> None:
    newer(folder)
    (folder / "vectors.faiss.tmp").write_bytes(b"of a change that was killed")
    command = [sys.executable, "-c", REPLACING, str(folder), str(moment)]
    died = subprocess.run(command, cwd=Path(__file__).parent, timeout=60, check=False)
    assert died.returncode in (0, -signal.SIGKILL)
    with suppress(IndexMismatchError):  # the index that was to be replaced
        assert len(opened(folder).articles()) == 3
    rebuilt(folder)
    assert not list(folder.glob("*.old"))


def test_a_rebuild_that_finds_nothing_to_read_keeps_an_index_that_cannot_be_emptied(
    folder: Path, tmp_path: Path
) -> None:
    newer(folder)
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\x00")
    before = {path.name: path.read_bytes() for path in folder.iterdir() if "lock" not in path.name}
    assert Index(folder, ToyEncoder()).update([tmp_path / "bad.txt"], rebuild=True).failed
    assert {path.name: path.read_bytes() for path in folder.iterdir() if "lock" not in path.name} == before


@pytest.mark.parametrize("name", ["x" * 300, "file/index"])
def test_a_folder_that_no_index_can_lie_in_is_told_in_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file, not a folder")
    for use in (opened, lambda folder: Index.build(articles(1), folder, encoder=ToyEncoder())):
        with pytest.raises(StorageError) as caught:
            use(tmp_path / name)
        assert "\n" not in str(caught.value)


# one writer at a time

HOLDING = """
import sys, time
from pathlib import Path
from index.lock import write_lock
with write_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def test_a_second_writer_is_told_who_writes_and_can_wait(folder: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDING, str(folder), "2"], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    with holder:
        assert holder.stdout.readline() == "held\n"
        index = opened(folder)
        for write in (lambda: index.update(articles(20)), lambda: index.remove(["news/1"], wait=0.1)):
            with pytest.raises(IndexLockedError) as caught:
                write()
            assert re.search(
                rf"is being written to by process {holder.pid}, since \d\d:\d\d:\d\d\. Wait", str(caught.value)
            )
        assert index.search(QUESTION), "questions can be asked meanwhile"
        assert len(index.update(articles(20), dry_run=True).added) == 8
        assert len(index.update(articles(20), wait=60).added) == 8
    assert holder.returncode == 0


def test_who_is_refused_leaves_the_folder_of_a_first_build_alone(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    holder = subprocess.Popen([sys.executable, "-c", HOLDING, str(folder), "1"], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    with holder:
        assert holder.stdout.readline() == "held\n"
        for _ in range(2):
            with pytest.raises(IndexLockedError, match=f"process {holder.pid}"):
                Index.build(articles(2), folder, encoder=ToyEncoder())
    assert len(Index.build(articles(2), folder, encoder=ToyEncoder()).articles()) == 2


def test_threads_of_one_process_write_one_at_a_time_too(folder: Path) -> None:
    index = opened(folder)
    writing, told = threading.Event(), []

    class Slow(ToyEncoder):
        def encode_passages(self, passages, progress=None):  # type: ignore[no-untyped-def]
            writing.set()
            time.sleep(0.5)
            return super().encode_passages(passages, progress)

    writer = threading.Thread(target=lambda: told.append(Index(folder, Slow()).update(articles(30))))
    writer.start()
    writing.wait()
    with pytest.raises(IndexLockedError, match=f"process {os.getpid()}"):
        index.update(articles(14))
    assert len(index.articles()) == 12
    assert index.search(QUESTION)
    writer.join()
    assert len(told[0].added) == 18
    assert len(index.articles()) == 30


def test_another_program_that_holds_the_database_harms_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **kwargs: connect(*args, **kwargs | {"timeout": 0.1}))
    other = connect(folder / "index.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(IndexLockedError, match="is being written to by another program"):
        opened(folder).update(articles(20))
    other.close()
    assert len(opened(folder).articles()) == 12
    assert opened(folder).check() == []


# nothing can be written


READING = """
import os, sys
from pathlib import Path
from toys import ToyEncoder, articles
from index import Index
from index.errors import IndexWriteError

folder = Path(sys.argv[1])
warm = Index.build(articles(2), folder.parent / "warm", encoder=ToyEncoder())  # loads all, while it may be read
warm.search("storm"), warm.check()
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
index = Index.open(folder, encoder=ToyEncoder())
assert len(index.articles()) == 12
assert index.search("What did the railway in Lima cost?")
assert index.check() == []
for writer in (index, Index(folder.parent / "new", ToyEncoder())):
    try:
        writer.update(articles(20))
    except IndexWriteError as error:
        print(error, flush=True)
sys.stdin.readline()
assert len(index.articles()) == 14
assert {hit.source for hit in index.search("report", k=100)} >= {"news/13"}
"""


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give up its rights")
@pytest.mark.parametrize("faiss_there", [True, False])
def test_a_read_only_folder_is_searched_and_a_change_refused(folder: Path, faiss_there: bool) -> None:
    if not faiss_there:
        (folder / "vectors.faiss").unlink()
    for parent in [folder, *folder.parents][:4]:
        parent.chmod(0o755)
    for path in folder.iterdir():
        path.chmod(0o444)
    before = sorted(path.name for path in folder.iterdir())
    command = [sys.executable, "-c", READING, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    reader = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert reader.stdin
    assert reader.stdout
    with reader:
        for path in (folder, folder.parent / "new"):
            assert reader.stdout.readline().startswith(f"The index in {path} cannot be written to (")
        assert sorted(path.name for path in folder.iterdir()) == before
        writer = opened(folder)
        assert len(writer.update(articles(14)).added) == 2
        writer.close()
        reader.stdin.write("changed\n")
    assert reader.returncode == 0, "it sees the change"


# no pickle


def test_what_is_on_disk_is_sqlite_and_faiss_under_a_line_of_json(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {"index.sqlite", "vectors.faiss", "lock", "lock.holder"}
    assert (folder / "index.sqlite").read_bytes().startswith(b"SQLite format 3\0")
    stamp = json.loads((folder / "vectors.faiss").read_bytes().partition(b"\n")[0])["stamp"]
    dense = Dense.read(folder / "vectors.faiss", stamp)
    assert dense
    assert len(dense) == 24
