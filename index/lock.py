"""One writer at a time: a lock on the index's folder that names who holds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from index.errors import IndexLockedError, IndexWriteError

LOCK, HOLDER = "lock", "lock.holder"


@contextmanager
def write_lock(folder: Path, wait: float = 0.0) -> Iterator[None]:
    """Holds the folder (made if it is not there) for writing; waits up to `wait` seconds for another writer.

    Raises `IndexLockedError`, which says who holds it, and `IndexWriteError` if the folder cannot be written to.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / LOCK, thread_local=False)
        lock.acquire(timeout=max(0.0, wait), poll_interval=0.05)
    except Timeout as error:
        raise IndexLockedError(
            f"The index in {folder} is being written to by {_holder(folder)}. Wait for it to end, or run the same "
            "command with --wait 60. Questions can be asked meanwhile."
        ) from error
    except (OSError, NotImplementedError) as error:
        raise _unwritable(folder, error) from error
    try:
        _sign(folder)
        yield
    finally:
        lock.release()


def _sign(folder: Path) -> None:
    try:
        (folder / HOLDER).write_text(f"process {os.getpid()}, since {datetime.now():%H:%M:%S}", encoding="utf-8")
    except OSError as error:
        raise _unwritable(folder, error) from error


def _holder(folder: Path) -> str:
    with suppress(OSError, UnicodeDecodeError):
        return (folder / HOLDER).read_text(encoding="utf-8")[:100] or "another process"
    return "another process"


def _unwritable(folder: Path, error: Exception) -> IndexWriteError:
    return IndexWriteError(
        f"The index in {folder} cannot be written to ({getattr(error, 'strerror', None) or error}); it is as it was. "
        "Check that the disk has room and that you may write there, or name another folder with --index."
    )
