"""The command `quoth`, through its real entry point: what it prints where, and how it ends."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from index import Index
from ui import cli
from ui.progress import Bars

SEEDS = Path(__file__).parents[1] / "seeds"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs `quoth ...` in an empty folder: exit status, stdout, stderr."""
    monkeypatch.chdir(tmp_path)

    def run_(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["quoth", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run_


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of an index of the shipped articles; not to be changed."""
    folder = tmp_path_factory.mktemp("seeded") / "index"
    Index.build([SEEDS], folder).close()
    return str(folder)


def process(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", "from ui.cli import main; main()", *arguments],
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_help_is_quick_and_loads_nothing_heavy(tmp_path: Path) -> None:
    code = (
        "import sys, ui.cli\n"
        "try: sys.argv = ['quoth', '--help']; ui.cli.main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'faiss', 'gradio', 'langchain', 'langchain_core', 'onnxruntime', 'sentence_transformers'}\n"
        "print(heavy & set(sys.modules), file=sys.stderr)"
    )
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.stderr.strip() == "set()"
    assert 'quoth ask "Where did they meet?"' in done.stdout
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("command", ["index", "ask", "chat", "articles", "remove", "check", "eval"])
def test_each_command_says_what_it_does(run: Run, command: str) -> None:
    status, out, err = run(command, "--help")
    assert (status, err) == (0, "")
    assert f"Usage: quoth {command}" in out
    assert command == "eval" or "--index DIR" in out


def test_version(run: Run) -> None:
    assert run("--version") == (0, "quoth 0.1.0\n", "")


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["index", "no-such-file", "--index", "new"], 1, "quoth: no-such-file is not there"),
        (["index", "empty", "--index", "new"], 1, "quoth: empty holds no article"),
        (["index", "picture.png", "--index", "new"], 1, "not of a kind that is read"),
        (["ask", "Why?", "--index", "none"], 1, "There is no index in none. Make one: quoth index"),
        (["chat", "--index", "none"], 1, "There is no index in none"),
        (["articles"], 1, "There is no index in .quoth/index"),
        (["chat", "--port", "70000"], 2, "--port"),
        (["chat", "--port", "0"], 2, "--port"),
        (["index", "", "--index", "new"], 1, "quoth: A name is empty"),
        (["ask", "Why?", "--index", "x" * 300], 1, "cannot be read (File name too long)"),
        (["remove", "a", "--index", "none"], 1, "There is no index in none"),
        (["check", "--index", "none"], 1, "There is no index in none"),
        (["index"], 2, "Missing argument 'PATH'"),
        (["index", "empty", "--wait", "-1"], 2, "--wait"),
        (["eval", "none.json"], 1, "quoth: none.json cannot be read"),
        (["eval", "picture.png"], 1, "picture.png"),
        (["nonsense"], 2, "No such command 'nonsense'"),
    ],
)
def test_bad_input_is_told_in_one_line_and_leaves_nothing(
    run: Run, tmp_path: Path, arguments: list[str], status: int, words: str
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    before = sorted(tmp_path.rglob("*"))
    ended, out, err = run(*arguments)
    assert (ended, out) == (status, "")
    assert words in err
    assert status == 2 or err.count("\n") == 1
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.real
def test_the_life_of_an_index(run: Run, tmp_path: Path) -> None:
    news = tmp_path / "news"
    news.mkdir()
    (news / "bridge.txt").write_text("The bridge\n\nThe bridge opened in Lima in May 1932.\n")
    (news / "storm.md").write_text("---\ntitle: The storm\ndate: 2026-03-01\n---\nThe storm reached Oslo on Friday.\n")
    at = ("--index", "my-index")

    assert run("index", "news", "--dry-run", *at)[:2] == (0, "2 new, 0 changed, 0 gone, 0 unchanged\n")
    assert not (tmp_path / "my-index").exists()
    status, out, err = run("index", "news", *at)
    assert (status, out) == (0, "2 new, 0 changed, 0 gone, 0 unchanged\n")
    assert run("index", "news", *at)[1] == "0 new, 0 changed, 0 gone, 2 unchanged\n"

    status, out, err = run("articles", *at)
    assert (status, err) == (0, "")
    assert out == f"The bridge\t\t{Path('news/bridge.txt')}\nThe storm\t2026-03-01\t{Path('news/storm.md')}\n"
    assert [a["title"] for a in json.loads(run("articles", "--json", *at)[1])] == ["The bridge", "The storm"]
    assert run("check", *at) == (0, "All is well.\n", "")

    (news / "storm.md").unlink()
    (news / "empty.txt").write_text(" \n")
    status, out, err = run("index", "news", "--prune", *at)
    assert (status, out) == (1, "0 new, 0 changed, 1 gone, 1 unchanged, 1 failed\n")
    assert "empty.txt is empty" in err
    assert run("remove", "news/bridge.txt", *at)[:2] == (0, "0 new, 0 changed, 1 gone, 0 unchanged\n")
    status, out, err = run("remove", "news/bridge.txt", *at)
    assert (status, out) == (1, "")
    assert "quoth articles" in err


@pytest.mark.real
def test_a_question_is_answered_with_its_quote(run: Run, seeded: str) -> None:
    status, out, err = run("ask", "Where did the security advisors meet?", "--index", seeded)
    assert (status, err) == (0, "")
    assert "convened a meeting in Seoul.”" in out
    assert "North Korea once again warned by US and co (" in out
    status, out, _ = run("ask", "Where did the security advisors meet?", "--index", seeded, "--json")
    found = json.loads(out)
    assert (status, found["answered"]) == (0, True)
    assert "Seoul" in found["quotes"][0]["text"]
    status, out, _ = run("ask", "What is the capital of France?", "--index", seeded)
    assert status == 0
    assert out.startswith("The articles don’t say")
    status, out, err = run("ask", "Who?", "--since", "soon", "--index", seeded)
    assert (status, out) == (1, "")
    assert "soon is not a date" in err


@pytest.mark.real
def test_answers_are_measured(run: Run, tmp_path: Path) -> None:
    text = "The bridge opened in Lima in May 1932. It was closed in 1971 after a storm."
    known = {"text": "May 1932", "answer_start": text.index("May 1932")}
    asked = [
        {"id": "1", "question": "When did the bridge open?", "is_impossible": False, "answers": [known]},
        {"id": "2", "question": "Who painted the ceiling of the chapel?", "is_impossible": True, "answers": []},
    ]
    paragraphs = [{"context": text, "qas": asked}]
    (tmp_path / "known.json").write_text(json.dumps({"data": [{"title": "The bridge", "paragraphs": paragraphs}]}))
    status, out, _ = run("eval", "known.json")
    assert status == 0
    assert "2 questions, 1 of them answerable" in out
    assert "quote@1" in out
    found = json.loads(run("eval", "known.json", "--json", "--plot", "known.png")[1])
    assert found["quote_1"]["value"] == 1.0
    assert found["verbatim"] == 1.0
    assert (tmp_path / "known.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.real
def test_with_no_index_the_shipped_articles_are_indexed_first(tmp_path: Path) -> None:
    asked = process("ask", "Where did the security advisors meet?", cwd=tmp_path)
    out, err = asked.communicate(timeout=120)
    assert asked.returncode == 0
    assert "convened a meeting in Seoul.”" in out
    assert "There is no index in .quoth/index yet" in err
    assert (tmp_path / ".quoth/index").is_dir()


@pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals")
def test_a_terminal_gets_bars_and_nothing_else_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import fcntl
    import pty
    import struct
    import termios

    def some_work() -> None:
        with Bars() as bars:
            for done in range(1, 4):
                bars("reading", done, 3)
                bars("encoding", done * 10, 30)

    some_work()
    assert capsys.readouterr() == ("", "")
    reading, writing = pty.openpty()
    fcntl.ioctl(writing, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    with os.fdopen(writing, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        some_work()
    seen = ""
    with contextlib.suppress(OSError):  # how Linux says that the other end is closed
        while piece := os.read(reading, 1 << 16):
            seen += piece.decode(errors="replace")
    os.close(reading)
    assert "Reading: 100%" in seen
    assert "3/3" in seen
    assert "articles/s" in seen
    assert "Encoding: 100%" in seen
    assert "chunks/s" in seen


def test_a_rebuild_that_reads_nothing_says_that_the_index_stays(run: Run, tmp_path: Path) -> None:
    (tmp_path / "good.txt").write_text("They met in Seoul. It rained.")
    (tmp_path / "bad.txt").write_bytes(b"\xff\xfe\x00")
    assert run("index", "good.txt")[0] == 0
    status, out, err = run("index", "bad.txt", "--rebuild")
    assert (status, out) == (1, "0 new, 0 changed, 0 gone, 0 unchanged, 1 failed\n")
    assert err.startswith("quoth: nothing could be read, so the index stays as it was.\nquoth: ")
    assert "good.txt" in run("articles")[1]


def test_a_folder_that_is_gone_is_told_in_one_line(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    monkeypatch.setattr(sys, "argv", ["quoth", "articles"])
    with pytest.raises(SystemExit, match="quoth: the folder that you are in was removed"):
        cli.main()
    monkeypatch.chdir(tmp_path)


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6")
@pytest.mark.parametrize("host", ["::1", "[::1]"])
def test_the_chat_is_served_on_ipv6_too(tmp_path: Path, seeded: str, host: str) -> None:
    with socket.socket(socket.AF_INET6) as free:
        try:
            free.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6")
        port = free.getsockname()[1]
    chat = process("chat", "--host", host, "--port", str(port), "--index", seeded, cwd=tmp_path)
    assert chat.stdout is not None
    assert chat.stdout.readline() == f"Quoth is at http://[::1]:{port} (Ctrl-C stops it)\n"
    chat.kill()
    chat.communicate(timeout=30)


def test_a_port_in_use_is_told_in_one_line(tmp_path: Path, seeded: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        chat = process("chat", "--port", str(port), "--index", seeded, cwd=tmp_path)
        out, err = chat.communicate(timeout=60)
    assert (chat.returncode, out) == (1, "")
    assert err.startswith(f"quoth: port {port} is in use")
    assert err.count("\n") == 1


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_is_told_in_one_line(tmp_path: Path, seeded: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chat = process("chat", "--port", str(port), "--index", seeded, cwd=tmp_path)
    assert chat.stdout is not None
    assert chat.stdout.readline() == f"Quoth is at http://127.0.0.1:{port} (Ctrl-C stops it)\n"
    chat.send_signal(signal.SIGINT)
    out, err = chat.communicate(timeout=30)
    assert (chat.returncode, out) == (130, "")
    assert err == "quoth: stopped. Nothing is half done: what was finished stays.\n"


def test_a_closed_pipe_is_quiet(tmp_path: Path, seeded: str) -> None:
    listing = process("articles", "--json", "--index", seeded, cwd=tmp_path)
    assert listing.stdout is not None
    listing.stdout.close()
    assert listing.stderr is not None
    err = listing.stderr.read()
    listing.stderr.close()
    assert listing.wait(timeout=60) == 141
    assert err == ""
