"""Asking the process that takes files of strangers apart, and ending it when it takes too long.

Parsers of PDF, HTML, Word and XML have faults that a file can use to hang them or to fill the memory; so has the wait
for a name server. A process of its own with limits is the one thing that ends all of these.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import Any

from index.errors import ArticleError

_lock = threading.Lock()
_worker: subprocess.Popen[bytes] | None = None


def ask(task: str, source: str, data: bytes = b"", *, seconds: int, **options: Any) -> tuple[dict[str, Any], bytes]:
    """The worker's reply and the bytes that came with it. Raises `ArticleError` with what it says, or if it must be
    ended after `seconds`, or ends by itself."""
    request = {"task": task, "source": source, "seconds": seconds + 2, "length": len(data), **options}
    with _lock:
        try:
            worker = _start()
        except OSError as error:
            raise ArticleError(f"{source} cannot be read: no process can be started ({error}). Try again.") from error
        timer = threading.Timer(seconds, worker.kill)
        timer.daemon = True
        started = time.monotonic()
        timer.start()
        reply: dict[str, Any] = {}
        try:
            reply, body = _exchange(worker, request, data)
        finally:
            timer.cancel()
            if not reply or "spent" in reply:  # afresh after a fault, and after Ctrl-C in the middle
                stop()
    if not reply and time.monotonic() - started >= seconds:
        raise ArticleError(f"{source} took longer than {seconds} seconds to read. {_hint(task)}")
    if not reply:
        raise ArticleError(f"{source} broke the program that reads it: it is damaged. Save it anew, or leave it out.")
    if "error" in reply:
        raise ArticleError(reply["error"])
    return reply, body


def stop() -> None:
    """Ends the worker, if there is one."""
    global _worker
    worker, _worker = _worker, None
    if worker is not None:
        worker.kill()
        worker.wait()
        for pipe in (worker.stdin, worker.stdout):
            with suppress(OSError):  # what was not yet written
                if pipe is not None:
                    pipe.close()


def _start() -> subprocess.Popen[bytes]:
    global _worker
    if _worker is None or _worker.poll() is not None:
        stop()
        atexit.unregister(stop)
        atexit.register(stop)
        # -P: the working directory is no place to import from. Everything else is found as it is here.
        paths = os.pathsep.join(path for path in sys.path if path)
        _worker = subprocess.Popen(
            [sys.executable, "-P", "-m", "index.formats.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": paths, "PYTHONIOENCODING": "utf-8"},
        )
    return _worker


def _exchange(worker: subprocess.Popen[bytes], request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    """The reply and its bytes; ({}, b"") if the worker has ended."""
    if worker.stdin is None or worker.stdout is None:
        return {}, b""
    try:
        worker.stdin.write(json.dumps(request).encode() + b"\n" + data)
        worker.stdin.flush()
        line = worker.stdout.readline()
        reply = json.loads(line) if line.endswith(b"\n") else {}
        body = worker.stdout.read(reply["length"]) if reply else b""
    except BrokenPipeError:
        return {}, b""
    return (reply, body) if reply and len(body) == reply["length"] else ({}, b"")


def _hint(task: str) -> str:
    return "Try again later." if task == "fetch" else "It is damaged, or too large: split it, or save it as text."
