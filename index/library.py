"""`Index`: a folder of searchable articles, kept right while it changes. Ties the parts of this package together."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from index.article import Article, Changes, Chunk, Hit, Span
from index.chunks import CHUNK_CHARACTERS
from index.encoder import Encoder, SentenceEncoder
from index.errors import ArticleError, FilterError, IndexMismatchError, NoIndexError
from index.folder import Folder
from index.formats.dates import iso_date
from index.formats.sources import is_url
from index.search import CANDIDATES, mix, with_articles, words_of
from index.store import FORMAT, Filter, Settings, Store
from index.update import Item, Progress, Update

if TYPE_CHECKING:
    from index.retriever import IndexRetriever


class Index:
    """Articles on disk: searched, updated, checked. Safe to share between threads; made by `build` or `open`.

    Any number of processes may search while one writes; each search sees the newest finished change.
    """

    def __init__(self, directory: str | os.PathLike[str], encoder: Encoder) -> None:
        self.directory = Path(directory)
        self.encoder = encoder
        self._folder = Folder(self.directory)

    @classmethod
    def build(
        cls,
        items: Iterable[Item],
        directory: str | os.PathLike[str],
        *,
        encoder: Encoder | None = None,
        progress: Progress | None = None,
        allow_private: bool = False,
    ) -> Index:
        """An index of exactly these files, folders, addresses and articles, instead of what the folder held before.

        Whole or not at all: raises `ArticleError` if any of them cannot be read, and the folder is as it was. `update`
        takes in the others.
        """
        index = cls(directory, encoder or SentenceEncoder())

        def change(store: Store) -> Changes:
            changes = Update(store, index.encoder, progress, allow_private=allow_private, whole=True).run(items)
            if changes.failed:
                more = f" (And {len(changes.failed) - 1} more failed.)" if len(changes.failed) > 1 else ""
                raise ArticleError(changes.failed[0].reason + more)
            return changes

        index._folder.write(change, index._settings(), rebuild=True)
        return index

    @classmethod
    def open(cls, directory: str | os.PathLike[str], *, encoder: Encoder | None = None) -> Index:
        """The index in the folder, with the encoder that it was built with.

        Raises `NoIndexError`, `IndexDamagedError`, or `IndexMismatchError` if `encoder` is another one.
        """
        index = cls(directory, encoder or SentenceEncoder())
        with index._folder.reading() as store:
            settings = store.settings()
        if encoder is None:
            index.encoder = SentenceEncoder(settings.encoder)
        index._refuse_other(settings)
        return index

    @classmethod
    def open_or_create(cls, directory: str | os.PathLike[str], *, encoder: Encoder | None = None) -> Index:
        """The index in the folder, or one that its first update will make there."""
        try:
            return cls.open(directory, encoder=encoder)
        except NoIndexError:
            return cls(directory, encoder or SentenceEncoder())

    def update(
        self,
        items: Iterable[Item],
        *,
        prune: bool = False,
        dry_run: bool = False,
        rebuild: bool = False,
        progress: Progress | None = None,
        allow_private: bool = False,
        wait: float = 0.0,
    ) -> Changes:
        """Adds what is new, replaces what changed, follows what moved, leaves the rest: what was done, as `Changes`.

        `prune` also removes articles whose files under these folders are gone; `dry_run` only says what would be
        done; `rebuild` starts from nothing; `wait` is how many seconds to wait for another writer. All of it becomes
        visible at once, or nothing after an error. Raises `ArticleError`, `IndexLockedError`, `IndexWriteError`.
        """

        def change(store: Store) -> Changes:
            self._refuse_other(store.settings())
            return Update(store, self.encoder, progress, dry_run, allow_private).run(items, prune=prune)

        if dry_run:
            return self._folder.rehearse(change, self._settings(), afresh=rebuild)
        return self._folder.write(change, self._settings(), rebuild=rebuild, wait=wait)

    def remove(self, sources: Iterable[str | os.PathLike[str]], *, dry_run: bool = False, wait: float = 0.0) -> Changes:
        """Removes articles by source: the name that `articles()` shows, or the file, folder or address they came from.

        Raises `ArticleError`, and removes nothing, if one of them names no article.
        """
        if isinstance(sources, str | os.PathLike):  # its letters are no sources
            sources = [sources]
        names = [os.fspath(source) for source in sources]

        def change(store: Store) -> Changes:
            known = store.sources()
            found = dict.fromkeys(source for name in names for source in _named(name, known))
            if not dry_run:
                for source in found:
                    store.remove(source)
            return Changes(removed=tuple(found))

        if dry_run:
            return self._folder.rehearse(change, self._settings())
        with self._folder.reading():  # raises where there is no index: removing never makes one
            pass
        return self._folder.write(change, self._settings(), wait=wait)

    def articles(self, *, since: str | None = None, source: str | None = None) -> list[Article]:
        """All articles, or those that pass the filters of `search`: whole, in order of their sources."""
        only = _filter(since, source)
        with self._folder.reading() as store:
            return list(store.articles(only))

    def article(self, article_id: int) -> Article:
        """One article. Raises `ArticleGoneError` if it was removed, `IndexDamagedError` if its text was altered."""
        with self._folder.reading() as store:
            return store.article(article_id)

    def chunks(self, article_id: int, around: Span | None = None) -> tuple[Chunk, ...]:
        """An article's chunks in order, or those of them that touch that stretch of its characters; none for an article
        that was removed."""
        with self._folder.reading() as store:
            return tuple(store.chunks_of(article_id, around))

    def sentences(self, article_id: int) -> tuple[Span, ...]:
        """The spans of an article's quotable sentences in order; none for an article that was removed."""
        return tuple(span for chunk in self.chunks(article_id) for span in chunk.sentences)

    @property
    def generation(self) -> int:
        """The number of changes since the index was made."""
        with self._folder.reading() as store:
            return store.generation()

    def search(self, question: str, k: int = 8, *, since: str | None = None, source: str | None = None) -> list[Hit]:
        """Up to `k` chunks, best first, by the mix of both rankings; ties by source and place; none for no words.

        `since` keeps articles published on that date ("2026-03-01") or later, `source` those with this text in their
        source. Raises `FilterError` for a date that is none.
        """
        only = _filter(since, source)
        words = words_of(question)
        if k < 1 or not words:
            return []
        query = self.encoder.encode_queries([_searchable(question)])[0]
        with self._folder.reading() as store:
            self._refuse_other(store.settings())
            dense = self._folder.dense(store)
            among = store.chunk_ids(only) if only else None
            near = dense.search(query, CANDIDATES, among)
            words = words_of(question)
            lexical = store.match(words, CANDIDATES, only)
            ids = {id_ for id_, _ in (*near, *lexical)}
            cosine = {id_: dense.cosine(query, id_) for id_ in ids}
            bm25 = dict.fromkeys(ids, 0.0) | dict(store.match(words, len(ids), Filter(), sorted(ids)))
            ranked = _ordered(mix(list(cosine.items()), list(bm25.items())), store)[:k]
            articles = {article_id: store.article(article_id) for article_id in {c.article_id for c, _ in ranked}}
            return [_hit(c, articles[c.article_id], score, cosine[c.id], bm25[c.id]) for c, score in ranked]

    def check(self) -> list[str]:
        """What is wrong with the index, a line each; empty when everything that is stored fits together."""
        from index.check import find_faults

        with self._folder.reading() as store:
            return find_faults(store, self._folder.dense(store), self.encoder.dimension)

    def as_retriever(self, k: int = 8, *, since: str | None = None, source: str | None = None) -> IndexRetriever:
        """The search as a LangChain `BaseRetriever` that returns up to `k` documents."""
        from index.retriever import IndexRetriever

        return IndexRetriever(index=self, k=k, since=since, source=source)

    def close(self) -> None:
        """Lets go of the files; the next use opens them again."""
        self._folder.close()

    def _settings(self) -> Settings:
        return Settings(self.encoder.name, self.encoder.dimension, CHUNK_CHARACTERS)

    def _refuse_other(self, found: Settings) -> None:
        """Raises `IndexMismatchError` when the index was not built as it would be now."""
        if found.format > FORMAT:
            differences = [f"its format is {found.format}, and this version of Quoth reads up to {FORMAT}"]
        else:
            differences = found.differences(self._settings())
        if not differences:
            return
        raise IndexMismatchError(
            f"The index in {self.directory} was made differently ({'; '.join(differences)}). Use it with what it was "
            f"made with, or make it again: quoth index PATH... --index {self.directory} --rebuild"
        )


def _filter(since: str | None, source: str | None) -> Filter:
    """Raises `FilterError` for a date that is none."""
    return Filter(_checked_date(since), source and _searchable(source))


def _searchable(text: str) -> str:
    """The text without lone surrogates, which a command line makes of bytes that are no UTF-8."""
    return text.encode(errors="replace").decode()


def _checked_date(since: str | None) -> str | None:
    if since is None:
        return None
    date = iso_date(since)
    if date is None:
        raise FilterError(f"{since} is not a date. Write it as in 2026-03-01.")
    return date[:10]


def _named(name: str, known: list[tuple[str, str]]) -> list[str]:
    """The sources that a person's name for them means. Raises `ArticleError` for none."""
    if not name.strip():
        raise ArticleError("A name is empty, and was not taken for the folder that you are in. Name an article.")
    path = name if is_url(name) else os.path.abspath(name)
    found = [source for source, origin in known if name == source or path in (source, origin)]
    found = found or [source for source, origin in known if origin.startswith(os.path.join(path, ""))]
    if not found:
        raise ArticleError(f"No article in the index has the source {name}. See what is there: quoth articles")
    return found


def _ordered(mixed: list[tuple[int, float]], store: Store) -> list[tuple[Chunk, float]]:
    """Best first; equal scores (to six digits, below which an encoder's arithmetic varies) by source and place."""
    chunks = store.chunks(id_ for id_, _ in mixed)
    ranked = with_articles(mixed, {id_: chunk.article_id for id_, chunk in chunks.items()})
    sources = store.source_names({chunk.article_id for chunk in chunks.values()})

    def key(pair: tuple[int, float]) -> tuple[float, str, int]:
        chunk = chunks[pair[0]]
        return -round(pair[1], 6), sources[chunk.article_id], chunk.start

    return [(chunks[id_], score) for id_, score in sorted(ranked, key=key)]


def _hit(chunk: Chunk, article: Article, score: float, cosine: float, bm25: float) -> Hit:
    return Hit(
        text=article.text[chunk.start : chunk.end],
        title=article.title,
        source=article.source,
        article_id=article.id,
        start=chunk.start,
        end=chunk.end,
        score=score,
        cosine=cosine,
        bm25=bm25,
        sentences=chunk.sentences,
        heading=chunk.heading,
        published=article.published,
        chunk_id=chunk.id,
    )
