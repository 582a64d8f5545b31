"""A source -> its bytes, within limits."""

from __future__ import annotations

import os
import stat

from index.errors import ArticleError
from index.formats import isolation
from index.formats.parsed import Loaded
from index.formats.sources import is_url, suffix_of

MAX_FILE_BYTES = 50_000_000
FETCH_SECONDS = 20


def load(source: str, *, allow_private: bool = False) -> Loaded:
    """The bytes of a file or page, and their kind. Raises `ArticleError` if it cannot be read in time or is too large.

    A page is fetched from a public address only, unless `allow_private`: 10 MB and `FETCH_SECONDS` at most, with all
    its redirects.
    """
    if not is_url(source):
        return Loaded(_load_file(source), suffix_of(source))
    reply, data = isolation.ask("fetch", source, seconds=FETCH_SECONDS, allow_private=allow_private)
    return Loaded(data, reply["kind"], reply["charset"])


def _load_file(path: str) -> bytes:
    """A regular file's bytes, at most `MAX_FILE_BYTES` of them."""
    try:
        path.encode()
    except UnicodeEncodeError as error:
        raise ArticleError(f"{path!a} has a name that is not valid UTF-8. Rename the file.") from error
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ArticleError(f"{path} is not a file that can be read (a pipe or device). Give a regular file.")
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError as error:
        raise ArticleError(f"{path} is not there: it was moved or removed. Check its name.") from error
    except IsADirectoryError as error:
        raise ArticleError(f"{path} is a folder, not a file. Name it as a folder to read what is in it.") from error
    except PermissionError as error:
        raise ArticleError(f"{path} may not be read: you lack permission. Run: chmod u+r on it.") from error
    except (OSError, ValueError) as error:
        raise ArticleError(f"{path} cannot be read ({error}). Check the disk and the name.") from error
    if len(data) > MAX_FILE_BYTES:
        raise ArticleError(f"{path} is larger than {MAX_FILE_BYTES // 1_000_000} MB, the limit for a file. Split it.")
    return data


def _open_without_waiting(path: str, flags: int) -> int:
    """Opens even a pipe that nobody writes to, so that it can be refused rather than waited for."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
