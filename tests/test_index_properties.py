"""Whatever happens to the files, the index finds what one built afresh from what is left would find."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from toys import ToyEncoder

from index import ArticleError, Index
from index.formats import load, parse

NAMES = st.sampled_from(["a.txt", "b.txt", "c.md", "deep/a.txt", "deep/d.md", "e.jsonl", "f.jsonl"])
TEXTS = st.sampled_from(
    [
        "A storm hit Lima. Nobody was hurt.",
        "A storm hit Oslo. Two people were hurt.",
        "Heading one\n\nThe treaty was signed in Quito. It took years.\n\nLater\n\nA storm came.",
        "Heading one\n\nThe treaty was signed in Dakar. It took years.",
        "Read more: nothing to quote",
        " ",
        "The harvest failed. " * 60,
    ]
)
QUESTIONS = ("storm in Lima", "Who signed the treaty in Quito?", "harvest", "zebra hurt")


def content(name: str, text: str) -> str:
    """The text as a file of that name holds it; one of records holds it twice, once under a name of its own."""
    if not name.endswith(".jsonl"):
        return text
    line = '{{"text": "{}", "source": "{}"}}\n'
    words = text.replace("\n", "\\n")
    return line.format(words, "wire/1") + line.format(words + " It ended.", "wire/2" if len(text) % 2 else "wire/3")


class Files(RuleBasedStateMachine):
    """Files come, change, move and go; now and then the index follows, and is compared."""

    @initialize()
    def start(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr("index.update.BATCH_CHUNKS", 3)  # so that one update encodes more than once
        self.root = Path(tempfile.mkdtemp())
        self.news = self.root / "news"
        (self.news / "deep").mkdir(parents=True)
        (self.news / "keep.txt").write_text("Nothing happened in Turin. It was quiet.")
        self.index = Index.build([self.news], self.root / "index", encoder=ToyEncoder())

    def teardown(self) -> None:
        if hasattr(self, "root"):
            self.patch.undo()
            self.index.close()
            shutil.rmtree(self.root)

    @rule(name=NAMES, text=TEXTS)
    def write(self, name: str, text: str) -> None:
        (self.news / name).write_text(content(name, text))

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        (self.news / name).unlink(missing_ok=True)

    @rule(name=NAMES)
    def touch(self, name: str) -> None:
        if (self.news / name).exists():
            os.utime(self.news / name, (1, 1))

    @rule(name=NAMES, other=NAMES)
    def move(self, name: str, other: str) -> None:
        if (self.news / name).exists() and Path(name).suffix == Path(other).suffix:
            os.replace(self.news / name, self.news / other)

    @rule(name=NAMES, other=NAMES)
    def copy(self, name: str, other: str) -> None:
        if (self.news / name).exists() and name != other and Path(name).suffix == Path(other).suffix:
            shutil.copy(self.news / name, self.news / other)

    @rule()
    def remove_an_article(self) -> None:
        articles = self.index.articles()
        if len(articles) > 1:
            self.index.remove([articles[0].source])
            assert [article.source for article in self.index.articles()] == [a.source for a in articles[1:]]

    @rule(prune=st.booleans(), rebuild=st.sampled_from([False, False, False, True]))
    def update(self, prune: bool, rebuild: bool) -> None:
        old = {article.source: replace(article, id=0) for article in self.index.articles()}
        rehearsed = self.index.update([self.news], prune=prune, rebuild=rebuild, dry_run=True)
        changes = self.index.update([self.news], prune=prune, rebuild=rebuild)
        assert changes == rehearsed
        now = {article.source: replace(article, id=0) for article in self.index.articles()}
        failed = {failure.source for failure in changes.failed}
        assert len(now) == len({} if rebuild else old) + len(changes.added) - len(changes.removed)
        assert all(now[source] == old[source] for source in changes.unchanged)
        assert all(now[source] != old[source] for source in changes.replaced)
        for path in self.news.rglob("*.*"):
            if str(path) not in failed and path.suffix != ".jsonl":
                assert now[str(path)].text == path.read_text()
        if prune or rebuild:
            expected = self.read_afresh()
            assert {source: a for source, a in now.items() if source in expected} == expected
            assert set(now) - set(expected) <= (set() if rebuild else failed)

    def read_afresh(self) -> dict[str, object]:
        found: dict[str, object] = {}
        for path in sorted(map(str, self.news.rglob("*.*"))):
            try:
                for article in parse(path, load(path)).articles:
                    if "Read more" not in article.text:
                        found.setdefault(article.source, article)
            except ArticleError:
                pass
        return found

    @invariant()
    @precondition(lambda self: hasattr(self, "index"))
    def finds_what_a_fresh_index_finds(self) -> None:
        if getattr(self, "compared", None) == self.index.generation:
            return
        self.compared = self.index.generation
        assert self.index.check() == []
        left = [replace(article, id=0) for article in self.index.articles()]
        fresh = Index.build(left, self.root / "fresh", encoder=ToyEncoder())
        assert [replace(article, id=0) for article in fresh.articles()] == left
        for question in QUESTIONS:
            ours, theirs = (
                [(h.text, h.source, h.title, h.score, h.cosine, h.bm25) for h in index.search(question, k=100)]
                for index in (self.index, fresh)
            )
            assert ours == theirs
        fresh.close()


TestFiles = Files.TestCase
TestFiles.settings = settings(max_examples=25, stateful_step_count=12, deadline=None)
