"""What a person names (files, folders, addresses) -> the sources to read."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from index.errors import ArticleError

SUFFIXES = (".txt", ".md", ".html", ".htm", ".pdf", ".docx", ".jsonl", ".xml", ".rss", ".atom")
"""The file names that are read, by their ending in lower case; `.xml`, `.rss` and `.atom` are feeds."""


def is_url(source: str) -> bool:
    """Whether the source is a web address (http or https)."""
    return source.lower().startswith(("http://", "https://"))


def suffix_of(source: str) -> str:
    """The ending of a file's or address's path in lower case, dot included; "" for none."""
    path = urlsplit(source).path if is_url(source) else source
    return os.path.splitext(path)[1].lower()


def expand(paths: Iterable[str | os.PathLike[str]]) -> list[str]:
    """The sources under files, folders and http(s) addresses, each once, in the order given, sorted within a folder.

    A file's source is its absolute path. Folders are searched through, hidden files and folders aside; only files
    with a known ending are taken. Raises `ArticleError` for a path that is not there or cannot be listed, a folder
    with no article in it, and a file given by name whose ending is unknown.
    """
    found: dict[str, None] = {}
    for path in paths:
        found.update(dict.fromkeys(_sources_at(os.fspath(path))))
    return list(found)


def _sources_at(name: str) -> list[str]:
    if is_url(name):
        return [name]
    if not name.strip():
        raise ArticleError("A name is empty. Name a file, a folder or a web address.")
    if "://" in name:
        raise ArticleError(f"{name} cannot be read: only http and https addresses are. Save the page as a file first.")
    path = os.path.abspath(name)
    if os.path.isdir(path):
        return _folder_sources(name, path)
    if not _exists(path):
        raise ArticleError(f"{name} is not there. Check the spelling, and the folder you run this in ({os.getcwd()}).")
    if suffix_of(path) not in SUFFIXES:
        raise ArticleError(
            f"{name} is not of a kind that is read: its name ends in {suffix_of(path) or 'no suffix'}. "
            f"Convert it to one of {', '.join(SUFFIXES)}, or rename it."
        )
    return [path]


def _exists(path: str) -> bool:
    try:
        return os.path.lexists(path)
    except ValueError:  # a NUL in the name
        return False


def is_gone(path: str) -> bool:
    """Whether there is no such file; one that may not be looked at is not gone."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return True
    except OSError:
        return False
    return False


def _may_be_read(path: str) -> bool:
    """Whether it is a file, or may be one: in a folder that may not be entered, reading it tells why it fails."""
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except PermissionError:
        return True
    except OSError:
        return False


def _folder_sources(name: str, folder: str) -> list[str]:
    sources = sorted(_walk(folder))
    if not sources:
        raise ArticleError(
            f"{name} holds no article: no file in it ends in {', '.join(SUFFIXES)}. Check that it is the right folder."
        )
    return sources


def _walk(root: str) -> Iterator[str]:
    """The article files below a folder. A linked folder is entered once, and never if it is found below anyway."""
    top = os.path.realpath(root)
    seen = {top}

    def stop(error: OSError) -> None:
        raise ArticleError(
            f"{error.filename} cannot be listed ({error.strerror}). Give yourself read permission, or leave it out."
        ) from error

    def enter(folder: str, name: str) -> bool:
        path = os.path.join(folder, name)
        if name.startswith("."):
            return False
        if not os.path.islink(path):
            return True
        real = os.path.realpath(path)
        inside = Path(real).is_relative_to(top) or Path(top).is_relative_to(real)
        if inside or real in seen:
            return False
        seen.add(real)
        return True

    for folder, folders, files in os.walk(root, onerror=stop, followlinks=True):
        folders[:] = sorted(name for name in folders if enter(folder, name))
        for file in files:
            path = os.path.join(folder, file)
            if not file.startswith(".") and suffix_of(path) in SUFFIXES and _may_be_read(path):
                yield path
