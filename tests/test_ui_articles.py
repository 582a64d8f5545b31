"""The Articles page without a browser: what becomes of the files that are uploaded."""

from __future__ import annotations

from pathlib import Path

import pytest
from toys import ToyEncoder, articles, story

from index import Index
from ui.articles_page import add_html, changes_html, remove_html


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index.build(articles(1), tmp_path / "index", encoder=ToyEncoder())


def upload(folder: Path, name: str, text: str) -> str:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text)
    return str(folder / name)


def kept(index: Index) -> list[str]:
    return sorted(path.name for path in (index.directory / "uploads").glob("*"))


def add(index: Index, *files: str, place: str = "") -> tuple[str, bool]:
    return add_html(index, files, place, lambda stage, done, total: None)


def test_an_upload_of_a_name_that_is_known_says_what_it_replaced(index: Index, tmp_path: Path) -> None:
    assert "1 new" in add(index, upload(tmp_path / "a", "notes.txt", story(7)))[0]
    told, done = add(index, upload(tmp_path / "b", "notes.txt", story(8)))
    assert done
    assert "1 changed" in told
    assert "Changed: notes.txt" in told


def test_of_two_uploads_of_one_name_none_is_lost(index: Index, tmp_path: Path) -> None:
    told, done = add(
        index, upload(tmp_path / "a", "notes.txt", story(7)), upload(tmp_path / "b", "notes.txt", story(8))
    )
    assert not done
    assert "Two of the files are named notes.txt" in told
    assert len(index.articles()) == 1


def test_copies_of_what_is_not_in_the_index_do_not_stay(index: Index, tmp_path: Path) -> None:
    told, done = add(index, upload(tmp_path / "a", "good.txt", story(7)), upload(tmp_path / "a", "bad.txt", " "))
    assert done
    assert "<li" in told
    assert str(tmp_path) not in told
    assert kept(index) == ["good.txt"]
    add(index, upload(tmp_path / "b", "good.txt", " "))
    assert kept(index) == ["good.txt"], "of an article that stays as it was"
    (uploaded,) = (article for article in index.articles() if article.source.endswith("good.txt"))
    assert "Removed: good.txt" in remove_html(index, uploaded.id)
    assert kept(index) == []
    assert "0 gone" in remove_html(index, uploaded.id), "it was removed already"


def test_what_failed_can_be_tried_again_and_leaves_no_copy(index: Index, tmp_path: Path) -> None:
    good = upload(tmp_path / "a", "good.txt", story(7))
    told, done = add(index, good, place=str(tmp_path / "nowhere"))
    assert not done
    assert "nowhere" in told
    assert kept(index) == []
    told, done = add(index, upload(tmp_path / "a", "bad.txt", " "))
    assert not done
    assert "1 failed" in told
    assert kept(index) == []


def test_copies_go_however_the_folder_of_the_index_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    index = Index.build(articles(1), "../index", encoder=ToyEncoder())
    add(index, upload(tmp_path / "a", "good.txt", story(7)))
    (uploaded,) = (article for article in index.articles() if article.source.endswith("good.txt"))
    remove_html(index, uploaded.id)
    assert kept(index) == []


def test_a_file_that_was_named_and_not_uploaded_is_never_deleted(index: Index, tmp_path: Path) -> None:
    mine = upload(tmp_path / "mine", "story.txt", story(7))
    add(index, place=mine)
    (named,) = (article for article in index.articles() if article.source == mine)
    remove_html(index, named.id)
    assert Path(mine).exists()


def test_nothing_chosen_is_told(index: Index) -> None:
    told, done = add(index, place="  ")
    assert not done
    assert "Choose files" in told


def test_of_many_changes_a_few_are_named(index: Index) -> None:
    changes = index.update(articles(1, version=1))
    assert "Changed: news/0" in changes_html(changes)
    index.update(articles(9))
    assert "and 4 more" in changes_html(index.update(articles(9, version=1)))
