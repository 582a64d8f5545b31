"""A program that changes copies of an index and dies, or runs out of disk, at one moment after the other.

    python dying.py HOW NEWS BASE OUT COUNT

For each of COUNT moments it copies the folder BASE (it may be missing) to OUT/0, OUT/1 and so on, and in a forked
process updates that index from the folder NEWS. HOW says what happens to that process: `kill` or `interrupt` (SIGKILL
or SIGINT from outside, at moments spread over the whole time that an update takes), `call` (SIGKILL from inside, at
moments spread over the calls that the index makes into SQLite and the system, the last ones all taken), `disk` (no
file may grow past a limit, from nothing up to all that is needed). Prints a line of JSON for each moment.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import faiss  # noqa: F401  # so that no child has to load it
from toys import ToyEncoder

from index import Index, QuothError

FILES = tuple(f"{os.sep}index{os.sep}{name}.py" for name in ("dense", "folder", "lock", "store", "update"))
LAST_CALLS = 40


def update(news: Path, folder: Path, delay: float) -> None:
    index = Index.open_or_create(folder, encoder=ToyEncoder(delay=delay))
    index.update([news], prune=True)
    index.close()


def child(work: Callable[[], object]) -> int:
    """The number of a forked process that does the work; its exit status is 0, or 3 after a known error."""
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        work()
        status = 0
    except (QuothError, KeyboardInterrupt):
        status = 3
    except Exception:
        traceback.print_exc()
        raise
    finally:
        os._exit(status)


def calls_counted(work: Callable[[], object], last: int | None = None) -> int:
    """How many calls into C the index makes and returns from; with `last` the process kills itself at that one."""
    count = 0

    def watch(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        if event in ("c_call", "c_return") and frame.f_code.co_filename.endswith(FILES):
            count += 1
            if count == last:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(watch)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def largest_file(folder: Path) -> int:
    return max((path.stat().st_size for path in folder.iterdir()), default=0)


def limited(work: Callable[[], object], most: int) -> None:
    """Does the work while no file may grow past `most` bytes: writes beyond fail, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    work()


def measured(how: str, news: Path, folder: Path, delay: float) -> float:
    """How long an undisturbed update is: in seconds, calls, or bytes of the largest file on the way."""
    started = time.monotonic()
    if how == "call":
        return calls_counted(partial(update, news, folder, delay))
    if how == "disk":
        peak = [0]

        def watch(frame: FrameType, event: str, argument: Any) -> None:
            if event == "c_return" and frame.f_code.co_filename.endswith(FILES) and folder.exists():
                peak[0] = max(peak[0], largest_file(folder))

        sys.setprofile(watch)
        update(news, folder, delay)
        sys.setprofile(None)
        return peak[0]
    os.waitpid(child(partial(update, news, folder, delay)), 0)
    return time.monotonic() - started


def moment(how: str, n: int, count: int, whole: float) -> float:
    if how == "call":
        singly = min(LAST_CALLS, count // 2)
        spread = count - singly
        return int(whole - singly) * n // spread + 1 if n < spread else int(whole) - (count - 1 - n)
    return whole * (n + 0.5) / count


def main(how: str, news: Path, base: Path, out: Path, count: int) -> None:
    delay = 0.002 if how in ("kill", "interrupt") else 0.0

    def copy(name: str) -> Path:
        folder = out / name
        if base.exists():
            shutil.copytree(base, folder)
        return folder

    whole = measured(how, news, copy("whole"), delay)
    for n in range(count):
        folder, at = copy(str(n)), moment(how, n, count, whole)
        work = partial(update, news, folder, delay)
        if how == "call":
            pid = child(partial(calls_counted, work, int(at)))
        elif how == "disk":
            pid = child(partial(limited, work, int(at)))
        else:
            pid = child(work)
            time.sleep(at)
            os.kill(pid, signal.SIGKILL if how == "kill" else signal.SIGINT)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(json.dumps({"folder": str(folder), "at": at, "whole": whole, "status": status}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4]), int(sys.argv[5]))
