"""The files of an index: one state to read, one writer at a time, and the FAISS file kept equal to the database.

`index.sqlite` is the truth. `vectors.faiss` is derived: stamped with the database's state, written beside before a
change is committed, renamed into place after, and made again from the stored vectors wherever it does not fit.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from index.article import Changes
from index.dense import Dense
from index.errors import IndexLockedError, IndexWriteError, NoIndexError, StorageError
from index.lock import HOLDER, LOCK, write_lock
from index.store import FORMAT, Settings, Store

DATABASE, FAISS = "index.sqlite", "vectors.faiss"

_log = logging.getLogger("quoth")

Change = Callable[[Store], Changes]
"""What to do inside a transaction, and what it came to."""


class _Nothing(Exception):
    """Rolls the open transaction back: there is nothing to keep."""

    def __init__(self, changes: Changes) -> None:
        self.changes = changes


class Folder:
    """One index's folder, shared by the threads of a process."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.database = directory / DATABASE
        self._lock = threading.RLock()
        self._store: Store | None = None
        self._file: tuple[int, int] | None = None
        self._dense: tuple[str, Dense] | None = None

    @contextmanager
    def reading(self) -> Iterator[Store]:
        """The newest finished state of the database, the same until the block ends. Raises `StorageError`s."""
        with self._lock:
            store = self._connected()
            with store.transaction():
                if store.is_empty():
                    raise self._no_index()
                yield store

    def dense(self, store: Store) -> Dense:
        """The vectors of the state that `store` is reading, from the FAISS file or else from the database."""
        stamp = store.stamp()
        if self._dense is None or self._dense[0] != stamp:
            dense = Dense.read(self.directory / FAISS, stamp)
            self._dense = stamp, self._repaired(store, stamp) if dense is None else dense
        return self._dense[1]

    def write(self, change: Change, settings: Settings, *, rebuild: bool = False, wait: float = 0.0) -> Changes:
        """What `change` did, all of it visible at once; after any exception the folder is as it was.

        A folder without an index gets one, unless nothing came of the change. `rebuild` starts from no articles, but
        where it found none that could be read, the index stays as it was.
        """
        made = [folder for folder in (self.directory, *self.directory.parents) if not os.path.exists(folder)]
        with write_lock(self.directory, wait):
            self._recover()
            try:
                if rebuild and self._is_unusable():
                    return self._replace(change, settings)
                return self._write(change, settings, rebuild)
            finally:
                if not self.database.exists():
                    self._tidy(made)

    def rehearse(self, change: Change, settings: Settings, *, afresh: bool = False) -> Changes:
        """What `change` would do; it must not write. `afresh`: as on an index without articles."""
        try:
            if afresh:
                raise self._no_index()
            with self.reading() as store:
                return change(store)
        except NoIndexError:
            store = Store(Path(":memory:"), write=True)
            try:
                with store.transaction():
                    store.create(settings)
                    return change(store)
            finally:
                store.close()

    def close(self) -> None:
        """Lets go of the files; the next use opens them again."""
        with self._lock:
            if self._store:
                self._store.close()
            self._store = self._file = None

    def _connected(self) -> Store:
        """The open database; opened anew when another file has taken its place."""
        if os.path.exists(_aside(self.database)):
            with suppress(IndexLockedError, IndexWriteError), write_lock(self.directory):
                self._recover()
        try:
            status = os.stat(self.database)
        except (FileNotFoundError, NotADirectoryError):
            self.close()
            raise self._no_index() from None
        except OSError as error:
            raise StorageError(
                f"The index in {self.directory} cannot be read ({error.strerror}). Check its name, and your permission."
            ) from error
        if self._store is None or self._store.frozen or self._file != (status.st_dev, status.st_ino):
            self.close()
            self._store, self._file = Store(self.database), (status.st_dev, status.st_ino)
        return self._store

    def _write(self, change: Change, settings: Settings, rebuild: bool) -> Changes:
        fresh = not self.database.exists()
        beside = self.directory / f"{FAISS}.tmp"
        store = None
        try:
            store = Store(self.database, write=True)
            with store.transaction():
                fresh = store.is_empty()
                if fresh:
                    store.create(settings)
                elif rebuild:
                    store.clear(settings)
                changes = change(store)
                if not changes.added and (fresh or (rebuild and changes.failed)):
                    raise _Nothing(changes)
                changed = rebuild or bool(changes.added or changes.replaced or changes.removed or changes.moved)
                if changed:
                    store.next_generation()
                    self._write_dense(Dense.build(*store.vectors(settings.dimension)), beside, store.stamp())
            if changed:
                self._put_in_place(beside)
            fresh = False
            return changes
        except _Nothing as nothing:
            return nothing.changes
        finally:
            if store:
                store.close()
            if fresh:
                self._delete()

    def _replace(self, change: Change, settings: Settings) -> Changes:
        """As `_write`, instead of a database that cannot be emptied; it is back in its place if none came of it."""
        self.close()
        try:
            for path in reversed(self._files()):  # the database last, see `_recover`
                if path.exists():
                    os.replace(path, _aside(path))
            return self._write(change, settings, rebuild=True)
        finally:
            self._recover()

    def _recover(self) -> None:
        """Ends what `_replace` began, be it that its process was killed: a finished database stays, else the one that
        was set aside comes back. The write lock is held.

        The database is set aside last, put back first, and thrown away last, so that its being there tells how far
        that went.
        """
        aside = [path for path in self._files() if _aside(path).exists()]
        if self.database in aside and self._is_finished():
            for path in reversed(aside):
                _aside(path).unlink()
            return
        if self.database in aside:
            self.close()
            self._delete()
        for path in aside:
            os.replace(_aside(path), path)

    def _is_finished(self) -> bool:
        try:
            with self._opened() as store:
                return not store.is_empty()
        except StorageError:
            return False

    def _delete(self) -> None:
        for path in self._files():
            path.unlink(missing_ok=True)

    def _write_dense(self, dense: Dense, path: Path, stamp: str) -> None:
        try:
            dense.write(path, stamp)
        except OSError as error:
            raise IndexWriteError(
                f"The index in {self.directory} could not be written ({error.strerror or error}); nothing of the "
                "change was kept. Check that the disk has room, then run the same command again."
            ) from error

    def _put_in_place(self, beside: Path) -> None:
        with suppress(OSError):  # the database is committed, and the next reader makes the file again
            os.replace(beside, self.directory / FAISS)

    def _repaired(self, store: Store, stamp: str) -> Dense:
        """The vectors taken from the database; the file too, unless a writer is at work and will do it."""
        dense = Dense.build(*store.vectors(store.settings().dimension))
        path = self.directory / FAISS
        state = "was damaged or of another state than the database" if path.exists() else "was missing"
        with suppress(IndexLockedError, IndexWriteError), write_lock(self.directory):
            if self._newest_stamp() == stamp:  # else a writer was faster, and its file is the right one
                beside = self.directory / f"{FAISS}.tmp"
                self._write_dense(dense, beside, stamp)
                self._put_in_place(beside)
                _log.warning("%s %s; it was made again from the stored vectors.", path, state)
        return dense

    def _newest_stamp(self) -> str:
        with self._opened() as store:
            return store.stamp()

    @contextmanager
    def _opened(self) -> Iterator[Store]:
        """The newest finished state, read over a connection of its own: that of the readers may see an older one."""
        store = Store(self.database)
        try:
            with store.transaction():
                yield store
        finally:
            store.close()

    def _is_unusable(self) -> bool:
        """Whether there is a database that cannot be emptied in place: damaged, or of another format."""
        try:
            with self.reading() as store:
                return store.settings().format != FORMAT or bool(store.complaints())
        except NoIndexError:
            return False
        except StorageError:
            return True

    def _files(self) -> list[Path]:
        names = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", FAISS, f"{FAISS}.tmp")
        return [self.directory / name for name in names]

    def _tidy(self, made: Iterable[Path]) -> None:
        """Leaves nothing where no index came of it, nor any of the folders that were made for it."""
        with suppress(OSError):
            for name in (LOCK, HOLDER):
                (self.directory / name).unlink(missing_ok=True)
            for folder in made:
                folder.rmdir()

    def _no_index(self) -> NoIndexError:
        return NoIndexError(
            f"There is no index in {self.directory}. Make one: quoth index PATH... --index {self.directory}"
        )


def _aside(path: Path) -> Path:
    """Where a file lies while a rebuild that cannot be made in place may still fail."""
    return path.with_name(f"{path.name}.old")
