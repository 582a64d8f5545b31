"""An update: what is new is added, what changed is replaced, what moved is followed, and only that is encoded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from index.article import Article, Changes, Chunk, Failure
from index.chunks import chunk_article, passage_to_embed
from index.encoder import Encoder, Vectors
from index.errors import ArticleError
from index.formats import expand, load, parse
from index.formats.sources import is_gone, is_url
from index.store import Store

Progress = Callable[[str, int, int], None]
"""Called with ("reading", articles' sources done, in all) and ("encoding", chunks done, chunks found so far)."""

Item = str | os.PathLike[str] | Article

BATCH_CHUNKS = 512
"""How many chunks are gathered before they are encoded and stored; the memory that an update needs."""

PARSER = 2
"""Part of what a file is remembered by; a new number makes every file be read again once."""


@dataclass
class _Pending:
    article: Article
    origin: str
    chunks: list[Chunk]
    passages: list[str]


@dataclass
class Update:
    """One update inside a write transaction of `store`; with `dry_run` it decides everything and writes nothing.

    `whole` is for one whose caller takes nothing back from after a failure: from the first one on it only looks for
    more of them, and encodes no longer.
    """

    store: Store
    encoder: Encoder
    progress: Progress | None = None
    dry_run: bool = False
    allow_private: bool = False
    whole: bool = False
    _added: list[str] = field(default_factory=list)
    _replaced: list[str] = field(default_factory=list)
    _unchanged: list[str] = field(default_factory=list)
    _removed: list[str] = field(default_factory=list)
    _moved: list[str] = field(default_factory=list)
    _failed: list[Failure] = field(default_factory=list)
    _taken: dict[str, str] = field(default_factory=dict)
    _left: set[str] = field(default_factory=set)
    _dropped: set[str] = field(default_factory=set)
    _forgotten: set[str] = field(default_factory=set)
    _pending: list[_Pending] = field(default_factory=list)
    _vectors: dict[str, Vectors] = field(default_factory=dict)
    _encoded: int = 0
    _found: int = 0

    def run(self, items: Iterable[Item], *, prune: bool = False) -> Changes:
        """Takes in every source under the files, folders and addresses, and the articles given as such.

        One that fails is listed and does not stop the others. `prune` also removes the articles that came from the
        folders named and whose files are gone. Raises `ArticleError` for a path that is not there.
        """
        items = [items] if isinstance(items, str | os.PathLike | Article) else list(items)
        articles = [item for item in items if isinstance(item, Article)]
        paths = [os.fspath(item) for item in items if not isinstance(item, Article)]
        sources = expand(paths)
        total = len(sources) + len(articles)
        for done, source in enumerate(sources, start=1):
            self._take_source(source)
            self._report("reading", done, total)
        for done, article in enumerate(articles, start=len(sources) + 1):
            self._take_named(article)
            self._report("reading", done, total)
        if prune:
            self._dropped |= self._gone(paths, set(sources))
        self._remove(self._dropped - self._taken.keys() - self._left)
        self._flush()
        return Changes(
            added=tuple(self._added),
            replaced=tuple(self._replaced),
            unchanged=tuple(self._unchanged),
            removed=tuple(self._removed),
            moved=tuple(self._moved),
            failed=tuple(self._failed),
        )

    def _report(self, stage: str, done: int, total: int) -> None:
        if self.progress:
            self.progress(stage, done, total)

    def _take_source(self, source: str) -> None:
        try:
            loaded = load(source, allow_private=self.allow_private)
            digest = f"{PARSER}:{hashlib.sha256(loaded.data).hexdigest()}"
            if source not in self._forgotten and self.store.origin_digest(source) == digest:
                return self._keep(source)
            parsed = parse(source, loaded, allow_private=self.allow_private)
        except ArticleError as error:
            self._failed.append(Failure(source, str(error)))
            return None
        failures = len(self._failed)
        self._failed.extend(parsed.failures)
        shares = any(article.source in self._taken for article in parsed.articles)
        for article in parsed.articles:
            self._take(article, source)
        whole = len(self._failed) == failures
        if whole and not is_url(source):  # a feed forgets its old entries, a file that lost some means it
            self._dropped.update(self.store.sources_of(source))
        if not self.dry_run:  # one that shares an article with another is read anew each time: the other may go
            self.store.put_origin(source, digest if whole and not shares else None)
        return None

    def _keep(self, origin: str) -> None:
        for source in self.store.sources_of(origin):
            if source not in self._taken:
                self._taken[source] = self.store.digest(source) or ""
                self._unchanged.append(source)

    def _take_named(self, article: Article) -> None:
        if not article.source:
            name = article.title or f"article {hashlib.sha256(article.text.encode()).hexdigest()[:12]}"
            article = replace(article, source=name)
        self._take(article, article.source)

    def _take(self, article: Article, origin: str) -> None:
        source = article.source
        if source in self._taken:
            if self._taken[source] != article.digest:
                reason = f"{source} names two different articles. Give each a source of its own."
                self._failed.append(Failure(source, reason))
            return
        known = self.store.digest(source)
        if known == article.digest:
            self._unchanged.append(source)
            self._forget_other(source, origin)
            if not self.dry_run:
                self.store.put_origin_of(source, origin)
        elif not (chunks := chunk_article(article)):
            reason = f"{source} holds no sentence that could be quoted. Check that it is an article."
            self._failed.append(Failure(source, reason))
            return
        else:
            left = None if known else self._moved_from(article)
            (self._replaced if known else self._moved if left else self._added).append(source)
            self._forget_other(source, origin)
            if not self.dry_run:
                self._queue(article, origin, chunks)
                self.store.remove(left or source)
                self._flush_if_full()  # only now: what it stores must not be taken for the older version
            if left:
                self._left.add(left)
        self._taken[source] = article.digest

    def _moved_from(self, article: Article) -> str | None:
        """The source of an article with the same text whose file is no longer there."""
        for source, origin in self.store.same_text(article.text):
            gone = os.path.isabs(origin) and is_gone(origin)
            if gone and source not in self._left and source not in self._taken:
                return source
        return None

    def _forget_other(self, source: str, origin: str) -> None:
        """Has the file that the article came from until now read again, should it be one of those still to come."""
        before = self.store.origin_of(source)
        if before is not None and before != origin:
            self._forgotten.add(before)
            if not self.dry_run:
                self.store.put_origin(before, None)

    def _gone(self, paths: Sequence[str], sources: set[str]) -> set[str]:
        """The articles from the folders among the paths whose files are not among the sources."""
        folders = [os.path.join(os.path.abspath(path), "") for path in paths if os.path.isdir(path)]
        return {
            source
            for source, origin in self.store.sources()
            if origin not in sources and any(origin.startswith(folder) for folder in folders)
        }

    def _remove(self, sources: set[str]) -> None:
        for source in sorted(sources):
            self._removed.append(source)
            if not self.dry_run:
                self.store.remove(source)

    def _queue(self, article: Article, origin: str, chunks: list[Chunk]) -> None:
        passages = [passage_to_embed(article, chunk) for chunk in chunks]
        for passage in passages:  # looked up now: the article's older version is about to be removed
            known = self.store.vector_of_passage(passage, self.encoder.dimension)
            if known is not None:
                self._vectors[passage] = known
        self._pending.append(_Pending(article, origin, chunks, passages))
        self._found += len(chunks)

    def _flush_if_full(self) -> None:
        if sum(len(pending.chunks) for pending in self._pending) >= BATCH_CHUNKS:
            self._flush()

    def _flush(self) -> None:
        if self.whole and self._failed:
            self._pending.clear()
        wanted = dict.fromkeys(p for pending in self._pending for p in pending.passages if p not in self._vectors)
        before = self._encoded
        rows = (
            self.encoder.encode_passages(
                list(wanted), lambda done: self._report("encoding", before + done, self._found)
            )
            if wanted
            else np.zeros((0, self.encoder.dimension), dtype=np.float32)
        )
        self._vectors.update(zip(wanted, rows, strict=True))
        for pending in self._pending:
            vectors = np.array([self._vectors[passage] for passage in pending.passages], dtype=np.float32)
            self.store.add(pending.article, pending.origin, pending.chunks, pending.passages, vectors)
        self._encoded += sum(len(pending.chunks) for pending in self._pending)
        self._report("encoding", self._encoded, self._found)
        self._pending.clear()
        self._vectors.clear()
