"""SQLite: the truth of an index, and its words. The one place that imports sqlite3.

One file in write-ahead mode: a change is one transaction, visible whole or not at all, and readers go on during it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from index.article import MAX_CHARACTERS, Article, Chunk, Span
from index.encoder import Vectors
from index.errors import (
    ArticleGoneError,
    IndexDamagedError,
    IndexLockedError,
    IndexWriteError,
    NoIndexError,
    StorageError,
)

FORMAT = 1
"""The layout of the tables below; an index of a newer format is refused."""

TITLE_WEIGHT, BODY_WEIGHT = 0.5, 1.0
"""What a word in the title counts against one in the body, in BM25."""

_TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE origins (origin TEXT PRIMARY KEY, digest TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE articles (
    id INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL UNIQUE, origin TEXT NOT NULL, title TEXT NOT NULL,
    published TEXT, author TEXT, text TEXT NOT NULL, digest TEXT NOT NULL, text_digest TEXT NOT NULL);
CREATE INDEX articles_by_origin ON articles (origin);
CREATE INDEX articles_by_text ON articles (text_digest);
CREATE TABLE chunks (
    id INTEGER PRIMARY KEY AUTOINCREMENT, article_id INTEGER NOT NULL REFERENCES articles (id),
    start INTEGER NOT NULL, "end" INTEGER NOT NULL,
    sentences TEXT NOT NULL, heading TEXT NOT NULL, passage BLOB NOT NULL, vector BLOB NOT NULL);
CREATE INDEX chunks_by_article ON chunks (article_id, start);
CREATE INDEX chunks_by_passage ON chunks (passage);
"""
_WORDS = """CREATE VIRTUAL TABLE words USING fts5 (title, body, tokenize = "porter unicode61 remove_diacritics 2")"""
_CANNOT_WRITE = (
    *(sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY),
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR),
)
_Maybe = (str, type(None))
_ARTICLE = "articles.id, source, title, published, author, text, text_digest"
_CHUNK = 'article_id, start, "end", sentences, heading, chunks.id'


@dataclass(frozen=True, slots=True)
class Settings:
    """What an index was built with; searching or changing it with anything else is refused."""

    encoder: str
    dimension: int
    chunk_characters: int
    format: int = FORMAT

    def differences(self, other: Settings) -> list[str]:
        """Each setting in which `other` differs, as "name: mine, not other's"."""
        mine, others = asdict(self), asdict(other)
        return [
            f"{name.replace('_', ' ')}: {mine[name]}, not {others[name]}" for name in mine if mine[name] != others[name]
        ]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which articles are searched: published on `since` (an ISO date) or later, with `source` in their source."""

    since: str | None = None
    source: str | None = None

    def __bool__(self) -> bool:
        return bool(self.since or self.source)


class Store:
    """One connection to the database. Raises the family of `StorageError`; not for use by two threads at once."""

    def __init__(self, path: Path, *, write: bool = False) -> None:
        """Opens the file to read, or to write (then it is made if it is not there, still without tables).

        Where nothing can be written (a read-only folder, a full disk), SQLite cannot keep its notes for readers; then
        the file is read as it stands, `frozen`: later changes are seen only by opening it again.
        """
        self.path = path
        self.frozen = False
        self._write = write
        if not write and not path.exists():
            raise NoIndexError(
                f"There is no index in {path.parent}. Make one: quoth index PATH... --index {path.parent}"
            )
        with self._translated():
            try:
                mode = "journal_mode = WAL" if write else "query_only = ON"
                self._db = _connect(str(path), False, "foreign_keys = ON", mode)
            except sqlite3.OperationalError as error:
                wal = path.with_name(f"{path.name}-wal")
                if write or _code(error) not in _CANNOT_WRITE or (wal.exists() and wal.stat().st_size):
                    raise
                self._db = _connect(f"{path.absolute().as_uri()}?immutable=1", True, "query_only = ON")
                self.frozen = True

    def close(self) -> None:
        """Lets go of the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """One state of the database to read; when writing, all changes inside it or, after any exception, none."""
        with self._translated():
            self._db.execute("BEGIN IMMEDIATE" if self._write else "BEGIN")
            try:
                yield
                self._db.execute("COMMIT")
            finally:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _as_storage_error(error, self.path.parent, self._write) from error
        except UnicodeDecodeError as error:  # from sqlite3 itself: SQLite's message quotes a damaged name
            raise damaged(self.path.parent, "a name in it is not text") from error

    # what it was built with

    def is_empty(self) -> bool:
        """Whether the file has no tables yet: no index was ever finished here."""
        return not self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'meta'").fetchone()

    def create(self, settings: Settings) -> None:
        """Makes the tables, in the transaction that is open."""
        for statement in (*_TABLES.split(";\n"), _WORDS):
            self._db.execute(statement)
        self._put_meta(settings=json.dumps(asdict(settings)), build=uuid.uuid4().hex, generation="0")

    def settings(self) -> Settings:
        """What the index was built with. Raises `IndexDamagedError` if that cannot be read."""
        said = self._loads(self._meta("settings"))
        values = [said.get(name) for name in Settings.__slots__] if isinstance(said, dict) else None
        return Settings(*self._typed(values, str, int, int, int))

    def stamp(self) -> str:
        """The state of the database in a word: a new one after every change and every new build."""
        return f"{self._meta('build')}:{self.generation()}"

    def generation(self) -> int:
        """The number of changes since the index was made."""
        said = self._loads(self._meta("generation"))
        return int(self._typed([said], int)[0])

    def next_generation(self) -> None:
        """Marks the change in the open transaction."""
        self._put_meta(generation=str(self.generation() + 1))

    def clear(self, settings: Settings) -> None:
        """Removes every article and starts anew with `settings`; numbers go on and generations too."""
        self._db.execute("DROP TABLE words")
        self._db.execute(_WORDS)
        for table in ("chunks", "articles", "origins"):
            self._db.execute(f"DELETE FROM {table}")
        self._put_meta(settings=json.dumps(asdict(settings)))

    def _meta(self, key: str) -> str:
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise sqlite3.DatabaseError(f"{key} is missing")
        return str(row[0])

    def _put_meta(self, **values: str) -> None:
        self._db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", list(values.items()))

    # articles

    def articles(self, only: Filter | None = None) -> Iterator[Article]:
        """All articles, or those that pass the filter, in order of their source."""
        where, values = _where(only or Filter())
        rows = self._db.execute(f"SELECT source FROM articles WHERE 1{where} ORDER BY source", values).fetchall()
        return (self.article_of(self._typed(row, str)[0]) for row in rows)

    def article(self, article_id: int) -> Article:
        """One article, its text proved equal to what was stored. Raises `ArticleGoneError` if it is not there."""
        return self._article("id", article_id)

    def article_of(self, source: str) -> Article:
        """The article of that source; as `article`."""
        return self._article("source", source)

    def _article(self, column: str, value: int | str) -> Article:
        row = self._db.execute(f"SELECT {_ARTICLE} FROM articles WHERE {column} = ?", (value,)).fetchone()
        if row is None:
            raise ArticleGoneError(f"The index holds no article {value} any more: it was removed. Ask again.")
        self._typed(row, int, str, str, _Maybe, _Maybe, str, str)
        if text_digest(row[5]) != row[6]:
            raise damaged(self.path.parent, f"the text of {row[1]} is not what was stored")
        return Article(text=row[5], title=row[2], source=row[1], published=row[3], author=row[4], id=row[0])

    def digest(self, source: str) -> str | None:
        """The digest of the article of that source, or None."""
        row = self._db.execute("SELECT digest FROM articles WHERE source = ?", (source,)).fetchone()
        return row and str(row[0])

    def same_text(self, text: str) -> list[tuple[str, str]]:
        """(source, origin) of the articles with exactly this text."""
        rows = self._db.execute(
            "SELECT source, origin FROM articles WHERE text_digest = ? ORDER BY source", (text_digest(text),)
        )
        return [(row[0], row[1]) for row in rows]

    def sources(self) -> list[tuple[str, str]]:
        """(source, origin) of all articles, in order."""
        rows = self._db.execute("SELECT source, origin FROM articles ORDER BY source")
        return [(source, origin) for source, origin in (self._typed(row, str, str) for row in rows)]

    def source_names(self, article_ids: Iterable[int]) -> dict[int, str]:
        """The source of each of these articles, by id."""
        query = "SELECT source FROM articles WHERE id = ?"
        return {id_: self._typed(self._db.execute(query, (id_,)).fetchone(), str)[0] for id_ in article_ids}

    def origin_of(self, source: str) -> str | None:
        """The file or address that an article came from, or None if there is no such article."""
        row = self._db.execute("SELECT origin FROM articles WHERE source = ?", (source,)).fetchone()
        return row and str(row[0])

    def put_origin_of(self, source: str, origin: str) -> None:
        """Remembers that an article now comes from another file or address."""
        self._db.execute("UPDATE articles SET origin = ? WHERE source = ? AND origin <> ?", (origin, source, origin))

    def sources_of(self, origin: str) -> list[str]:
        """The sources of the articles that came from one file or address."""
        return [r[0] for r in self._db.execute("SELECT source FROM articles WHERE origin = ? ORDER BY id", (origin,))]

    def origin_digest(self, origin: str) -> str | None:
        """The digest of a file's bytes when it was last read without a failure, or None."""
        row = self._db.execute("SELECT digest FROM origins WHERE origin = ?", (origin,)).fetchone()
        return row and str(row[0])

    def put_origin(self, origin: str, digest: str | None) -> None:
        """Remembers a file's bytes by their digest, or forgets them."""
        if digest is None:
            self._db.execute("DELETE FROM origins WHERE origin = ?", (origin,))
        else:
            self._db.execute("INSERT OR REPLACE INTO origins VALUES (?, ?)", (origin, digest))

    def remove(self, source: str) -> None:
        """Removes an article with its chunks and words."""
        row = self._db.execute("SELECT id, origin FROM articles WHERE source = ?", (source,)).fetchone()
        if row is None:
            return
        self._db.execute("DELETE FROM words WHERE rowid IN (SELECT id FROM chunks WHERE article_id = ?)", row[:1])
        self._db.execute("DELETE FROM chunks WHERE article_id = ?", row[:1])
        self._db.execute("DELETE FROM articles WHERE id = ?", row[:1])
        self.put_origin(row[1], None)

    def add(
        self, article: Article, origin: str, chunks: Sequence[Chunk], passages: Sequence[str], rows: Vectors
    ) -> None:
        """Stores an article, its chunks, and for each the digest of the passage that was embedded and its vector."""
        values = (article.source, origin, article.title, article.published, article.author, article.text)
        article_id = self._db.execute(
            "INSERT INTO articles (source, origin, title, published, author, text, digest, text_digest) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (*values, article.digest, text_digest(article.text)),
        ).lastrowid
        for chunk, passage, vector in zip(chunks, passages, rows, strict=True):
            chunk_id = self._db.execute(
                'INSERT INTO chunks (article_id, start, "end", sentences, heading, passage, vector) '
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    article_id,
                    *(chunk.start, chunk.end, json.dumps(chunk.sentences), chunk.heading),
                    *(passage_digest(passage), vector.astype("<f4").tobytes()),
                ),
            ).lastrowid
            body = article.text[chunk.start : chunk.end]
            self._db.execute("INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)", (chunk_id, article.title, body))

    # chunks

    def chunks(self, ids: Iterable[int]) -> dict[int, Chunk]:
        """The chunks of these ids, by id. Raises `IndexDamagedError` if one is not there."""
        ids = list(ids)
        found = {chunk.id: chunk for chunk in self._chunks("chunks.id = ?", ((id_,) for id_ in ids))}
        if len(found) < len(set(ids)):
            raise damaged(self.path.parent, "a chunk is missing")
        return found

    def chunks_of(self, article_id: int, around: Span | None = None) -> list[Chunk]:
        """An article's chunks in order, or those of them that touch a stretch of it."""
        start, end = around or (0, MAX_CHARACTERS)
        where = 'article_id = ? AND start < ? AND "end" > ?'
        return sorted(self._chunks(where, [(article_id, end, start)]), key=lambda chunk: chunk.start)

    def _chunks(self, where: str, values: Iterable[tuple[int, ...]]) -> Iterator[Chunk]:
        for value in values:
            for row in self._db.execute(f"SELECT {_CHUNK} FROM chunks WHERE {where}", value):
                self._typed(row, int, int, int, str, str, int)
                spans = tuple(self._span(span) for span in self._typed([self._loads(row[3])], list)[0])
                yield Chunk(row[0], row[1], row[2], spans, row[4], row[5])

    def _span(self, span: Any) -> Span:
        start, end = self._typed(span if isinstance(span, list) else None, int, int)
        return start, end

    def _typed(self, values: Sequence[Any] | None, *types: Any) -> Sequence[Any]:
        """The values, proved to be of these types. Raises `IndexDamagedError`."""
        if values is None or len(values) != len(types) or not all(map(isinstance, values, types)):
            raise damaged(self.path.parent, "a row is missing or holds values of the wrong kind")
        return values

    def _loads(self, text: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise damaged(self.path.parent, f"JSON in it cannot be read: {error}") from error

    def vector_of_passage(self, passage: str, dimension: int) -> Vectors | None:
        """The stored vector of a passage that was embedded before, or None."""
        query = "SELECT vector FROM chunks WHERE passage = ? LIMIT 1"
        row = self._db.execute(query, (passage_digest(passage),)).fetchone()
        return None if row is None else self._vector(row[0], dimension)

    def _vector(self, data: Any, dimension: int) -> Vectors:
        if not isinstance(data, bytes) or len(data) != 4 * dimension:
            raise damaged(self.path.parent, "a stored vector is not of the index's dimension")
        return np.frombuffer(data, dtype="<f4").astype(np.float32)

    def vectors(self, dimension: int) -> tuple[list[int], Vectors]:
        """All chunk ids in order, and their vectors: float32, (n, dimension). Raises `IndexDamagedError`."""
        rows = self._db.execute("SELECT id, vector FROM chunks ORDER BY id").fetchall()
        vectors = [self._vector(row[1], dimension) for row in rows]
        return [row[0] for row in rows], np.array(vectors, dtype=np.float32).reshape(-1, dimension)

    def chunk_ids(self, only: Filter) -> list[int]:
        """The ids of the chunks whose articles pass the filter."""
        where, values = _where(only)
        query = f"SELECT chunks.id FROM chunks JOIN articles ON articles.id = article_id WHERE 1{where}"
        return [row[0] for row in self._db.execute(query, values)]

    def match(
        self, words: Sequence[str], k: int, only: Filter, among: Sequence[int] | None = None
    ) -> list[tuple[int, float]]:
        """Up to `k` (chunk id, BM25 score above 0), best first, ties by id: the chunks that hold any of the words.

        SQLite's bm25() with k1 = 1.2 and b = 0.75 (https://www.sqlite.org/fts5.html), its sign turned. `among`
        limits it to some chunks.
        """
        if not words:
            return []
        where, values = _where(only)
        if among is not None:
            # the plus keeps SQLite from looking the words up once for each of the ids, which takes many times as long
            where += f" AND +words.rowid IN ({', '.join(str(int(i)) for i in among)})"
        query = " OR ".join('"' + word.replace('"', '""') + '"' for word in words)
        joined = " JOIN chunks ON chunks.id = words.rowid JOIN articles ON articles.id = article_id" if only else ""
        rows = self._db.execute(
            f"SELECT words.rowid, -bm25(words, {TITLE_WEIGHT}, {BODY_WEIGHT}) AS score FROM words{joined} "
            f"WHERE words MATCH ?{where} ORDER BY score DESC, words.rowid LIMIT ?",
            (query, *values, k),
        )
        return [(int(row[0]), float(row[1])) for row in rows]

    # checks

    def complaints(self) -> list[str]:
        """What SQLite itself finds wrong with the file, and rows that belong to nothing."""
        found = [str(r[0]) for r in self._db.execute("PRAGMA integrity_check(5)") if r[0] != "ok"]
        for one, other in (("chunks", "words"), ("words", "chunks")):
            key = {"chunks": "id", "words": "rowid"}
            query = f"SELECT count(*) FROM {one} WHERE {key[one]} NOT IN (SELECT {key[other]} FROM {other})"
            if n := self._db.execute(query).fetchone()[0]:
                found.append(f"{n} rows of the table {one} have no row in {other}")
        query = "SELECT count(*) FROM chunks WHERE article_id NOT IN (SELECT id FROM articles)"
        if n := self._db.execute(query).fetchone()[0]:
            found.append(f"{n} chunks belong to no article")
        return found

    def knows_its_words(self) -> bool:
        """Whether FTS5 lists every word where it stands: compared with a table made anew from the same texts."""
        anew = sqlite3.connect(":memory:", isolation_level=None)
        try:
            anew.execute(_WORDS)
            rows = self._db.execute("SELECT rowid, title, body FROM words")
            anew.executemany("INSERT INTO words (rowid, title, body) VALUES (?, ?, ?)", rows)
            with _listed(self._db) as ours, _listed(anew) as theirs:
                return all(mine == other for mine, other in zip_longest(ours, theirs))
        finally:
            anew.close()

    def stored(self, chunk_id: int) -> tuple[str, str, bytes]:
        """(title, body) as they are searched, and the digest of the passage as it was embedded."""
        query = "SELECT title, body, passage FROM words JOIN chunks ON chunks.id = words.rowid WHERE chunks.id = ?"
        row = self._db.execute(query, (chunk_id,)).fetchone()
        return (row[0], row[1], row[2]) if row else ("", "", b"")


def text_digest(text: str) -> str:
    """SHA-256 of a text, in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def passage_digest(passage: str) -> bytes:
    """The first half of the SHA-256 of what was embedded."""
    return hashlib.sha256(passage.encode()).digest()[:16]


def damaged(folder: Path, why: str) -> IndexDamagedError:
    """The error for an index that cannot be trusted, with the command that makes it anew."""
    return IndexDamagedError(
        f"The index in {folder} is damaged ({why}). Make it again from your articles: "
        f"quoth index PATH... --index {folder} --rebuild"
    )


def _where(only: Filter) -> tuple[str, list[str]]:
    where, values = "", []
    if only.since:
        where, values = " AND substr(published, 1, 10) >= ?", [only.since]
    if only.source:
        where, values = where + " AND instr(casefold(source), ?) > 0", [*values, only.source.casefold()]
    return where, values


def _connect(name: str, uri: bool, *pragmas: str) -> sqlite3.Connection:
    """A connection that has proved that it can read."""
    db = sqlite3.connect(name, isolation_level=None, check_same_thread=False, timeout=30, uri=uri)
    db.create_function("casefold", 1, str.casefold, deterministic=True)  # SQLite's own lower() knows ASCII alone
    try:
        for pragma in pragmas:
            db.execute(f"PRAGMA {pragma}")
        db.execute("SELECT 1 FROM sqlite_master").fetchone()
    except sqlite3.Error:
        db.close()
        raise
    return db


@contextmanager
def _listed(db: sqlite3.Connection) -> Iterator[sqlite3.Cursor]:
    """Every (word, row, column, place) in the table of words, in order."""
    db.execute("PRAGMA query_only = OFF")  # else not even a temporary table is allowed
    db.execute("CREATE VIRTUAL TABLE temp.listed USING fts5vocab (main, words, instance)")
    cursor = db.execute("SELECT term, doc, col, offset FROM temp.listed")
    try:
        yield cursor
    finally:
        cursor.close()
        db.execute("DROP TABLE temp.listed")
        db.execute("PRAGMA query_only = ON")


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code; Python's own complaints are about what the file holds."""
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF


def _as_storage_error(error: sqlite3.Error, folder: Path, write: bool) -> StorageError:
    code = _code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return IndexLockedError(f"The index in {folder} is being written to by another program. Try again in a moment.")
    if code in _CANNOT_WRITE and not write:
        return StorageError(
            f"The index in {folder} cannot be read ({error}). Check that you may read the folder and write to it, and "
            "that the disk works and has room."
        )
    if code in _CANNOT_WRITE:
        return IndexWriteError(
            f"The index in {folder} could not be written ({error}); nothing of the change was kept. "
            "Check that the disk has room and that you may write to the folder, then run the same command again."
        )
    return damaged(folder, " ".join(str(error).split())[:100])
