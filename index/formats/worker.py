"""The process in which files of strangers are taken apart: `python -m index.formats.worker`.

It reads requests from its standard input and writes a reply to each to its standard output: a line of JSON, then as
many bytes as its "length" says. A request has "task" (a kind of file, or "fetch"), "source", and "seconds", after which
the process ends itself. A reply has "error" if it came to nothing, and "spent" if the process had better be replaced.
It may not use more memory than `MAX_MEMORY_BYTES`. `index.formats.isolation` starts it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from typing import Any, BinaryIO

from index.errors import ArticleError
from index.formats.feeds import read_feed
from index.formats.pages import read_page
from index.formats.pdf import read_pdf
from index.formats.web import fetch
from index.formats.word import read_word

MAX_MEMORY_BYTES = 800_000_000


def main() -> None:
    """Answers requests until there are no more."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # nothing that a library prints may stand between replies
    _limit()
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        data = sys.stdin.buffer.read(request["length"])
        _alarm(request["seconds"])
        reply, body = _answer(request, data)
        _alarm(0)
        _write(replies, reply, body)


def _limit() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever asked, who ends this process
    sys.setrecursionlimit(2000)
    if sys.platform != "win32":
        import resource

        with suppress(ValueError, OSError):  # where a system knows no such limit, or has a lower one
            resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _alarm(seconds: int) -> None:
    if sys.platform != "win32":
        signal.alarm(seconds)  # nobody catches it: it ends the process even within a library's C code


def _answer(request: dict[str, Any], data: bytes) -> tuple[dict[str, Any], bytes]:
    source = request["source"]
    try:
        return _do(request["task"], source, data, request)
    except ArticleError as error:
        return {"error": str(error)}, b""
    except MemoryError:
        why = f"takes more than {MAX_MEMORY_BYTES // 1_000_000} MB of memory to read. Split it, or save it as text."
    except RecursionError:
        why = "is nested too deep to be read: it is damaged, or made to harm. Leave it out."
    except Exception as error:  # noqa: BLE001 - whatever a parser raises on a hostile file is a fault of that file
        said = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        return {
            "error": f"{source} is damaged: it cannot be read ({said}). Open it in its program and save it anew."
        }, b""
    return {"error": f"{source} {why}", "spent": True}, b""


def _do(task: str, source: str, data: bytes, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    match task:
        case "fetch":
            loaded = fetch(source, allow_private=request["allow_private"])
            return {"kind": loaded.kind, "charset": loaded.charset}, loaded.data
        case ".pdf":
            return {"article": asdict(read_pdf(source, data))}, b""
        case ".docx":
            return {"article": asdict(read_word(source, data))}, b""
        case ".xml":
            entries, count = read_feed(source, data)
            return {"entries": [asdict(entry) for entry in entries], "count": count}, b""
        case _:
            return {"article": asdict(read_page(source, data, request["charset"]))}, b""


def _write(replies: BinaryIO, reply: dict[str, Any], body: bytes) -> None:
    replies.write(json.dumps({**reply, "length": len(body)}).encode() + b"\n" + body)
    replies.flush()


if __name__ == "__main__":
    main()
