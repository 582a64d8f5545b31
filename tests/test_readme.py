"""The README's commands and Python run as they stand there, in order, in a folder with the shipped articles."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = [line for kind, block in BLOCKS if kind == "bash" for line in block.splitlines()]
ELSEWHERE = {"make chat", "make test", "make lint", "pip install ."}
"""Commands that install or do not end; how they are made is checked below, and they are run where a change lands."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that looks like the project's to whoever types the README's commands there."""
    made = tmp_path_factory.mktemp("readme")
    shutil.copytree(ROOT / "seeds", made / "seeds", ignore=shutil.ignore_patterns("__pycache__"))
    return made


def finish(arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("QUOTH_")}
    return subprocess.run(arguments, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


@pytest.mark.real
def test_the_commands_run(folder: Path) -> None:
    told = [command for command in COMMANDS if command not in ELSEWHERE]
    assert len(told) >= 10
    for command in told:
        name, *arguments = shlex.split(command)
        assert name == "quoth", command
        done = finish([sys.executable, "-P", "-c", "from ui.cli import main; main()", *arguments], folder)
        assert done.returncode == 0, f"{command}: {done.stderr}"
        assert done.stdout.strip(), command


@pytest.mark.real
def test_the_python_runs_and_prints_what_it_says(folder: Path) -> None:
    code = "".join(block for kind, block in BLOCKS if kind == "python")
    done = finish([sys.executable, "-P", "-c", code], folder)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    for line, promised in zip(lines, re.findall(r"# (.*)$", code, re.MULTILINE), strict=False):
        if promised.endswith("..."):
            assert line.startswith(promised.removesuffix("..."))
        elif not promised.startswith("0 to 1"):
            assert line == promised
    assert "1932" in lines[-1]


def test_the_make_targets_are_there_and_bare_make_lists_them() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    for command in COMMANDS:
        if command.startswith("make "):
            assert command in listed, command


def test_the_files_that_it_shows_are_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []
