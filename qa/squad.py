"""A file of questions in SQuAD format -> articles, and questions with the places where their answers stand."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from index.article import Article, Hit, Span
from index.errors import ArticleError
from qa.errors import EvaluationError, QuestionError
from qa.question import clean_question

T = TypeVar("T")

WIKIPEDIA = ("squad2", "new_wiki")
"""What `source` says of entries that are whole articles. Posts and reviews are lumped together by the hundred."""

GAP = "\n\n"
_GZIP = b"\x1f\x8b"
_KINDS = {dict: "an object", list: "a list", str: "a string", int: "a whole number"}


@dataclass(frozen=True, slots=True)
class Question:
    """A question about the article with this `source`. `golds` are the spans, in characters of that article, of the
    answers that count as right, and `words` their words; both are empty when the articles do not answer it."""

    text: str
    source: str
    golds: tuple[Span, ...] = ()
    words: tuple[str, ...] = ()

    @property
    def answerable(self) -> bool:
        """Whether the articles answer it."""
        return bool(self.golds)

    def answered_by(self, source: str, start: int, end: int) -> bool:
        """Whether this stretch of that article covers a right answer, all its characters."""
        return source == self.source and any(start <= s and e <= end for s, e in self.golds)

    def held_by(self, hits: Sequence[Hit]) -> bool:
        """Whether one of the passages covers a right answer."""
        return any(self.answered_by(hit.source, hit.start, hit.end) for hit in hits)


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Articles and questions about them.

    `misplaced` is how many answers were left out because other words stand where the file says, and `skipped` how
    many questions because none of their answers was left.
    """

    articles: tuple[Article, ...]
    questions: tuple[Question, ...]
    misplaced: int = 0
    skipped: int = 0


def read_questions(path: str | os.PathLike[str], with_: str | os.PathLike[str] | None = None) -> QuestionSet:
    """The articles and questions of a SQuAD file, gzipped or not, and the articles of another as distractors.

    An entry of `data` is one article, its paragraphs joined by a blank line; of `with_`, entries that name another
    `source` than Wikipedia are left out. Raises `EvaluationError` that says what is wrong, and where.
    """
    file = Path(path)
    articles: list[Article] = []
    questions: list[Question] = []
    misplaced = skipped = 0
    taken: set[str] = set()
    for where, entry in _entries(file):
        article, starts = _article(entry, where, taken)
        articles.append(article)
        for place, qa, at in _asked(entry, where, starts):
            question, wrong = _question(qa, place, article, at)
            misplaced += wrong
            questions += [question] if question else []
            skipped += question is None
    if not questions:
        raise EvaluationError(f"{file} holds no question that can be asked. Name a file in SQuAD format with `qas`.")
    if with_ is not None:
        articles += _distractors(Path(with_), {article.text for article in articles}, taken)
    return QuestionSet(tuple(articles), tuple(questions), misplaced, skipped)


def some_of(items: Sequence[T], limit: int | None) -> list[T]:
    """At most `limit` of the items, taken at even distances, in their order; the same ones each time."""
    if limit is None or limit >= len(items):
        return list(items)
    return [items[i * len(items) // limit] for i in range(max(0, limit))]


def _distractors(file: Path, known: set[str], taken: set[str]) -> Iterator[Article]:
    for where, entry in _entries(file):
        if entry.get("source") in (None, *WIKIPEDIA):
            article, _ = _article(entry, where, taken)
            if article.text not in known:
                yield article


def _entries(file: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """(place, entry) of each entry of `data`."""
    whole = _read(file)
    if not isinstance(whole, dict) or not isinstance(whole.get("data"), list):
        raise EvaluationError(f'{file} is not in SQuAD format: it has no list "data" at its top. Name another file.')
    for i, entry in enumerate(whole["data"]):
        yield f"{file}: data[{i}]", _of_kind(entry, dict, f"{file}: data[{i}]")


def _read(file: Path) -> Any:
    try:
        data = file.read_bytes()
        return json.loads(gzip.decompress(data) if data.startswith(_GZIP) else data)
    except OSError as error:  # gzip's own errors are of this family too
        reason = error.strerror or str(error)
    except (EOFError, zlib.error):
        reason = "its gzip data is cut off or damaged"
    except UnicodeDecodeError:
        reason = "it is not UTF-8 text"
    except json.JSONDecodeError as error:
        reason = f"it is not JSON: {error.msg} in line {error.lineno}"
    except RecursionError:
        reason = "its JSON is nested too deep"
    raise EvaluationError(f"{file} cannot be read ({reason}). Name a file in SQuAD format, gzipped or not.")


def _article(entry: dict[str, Any], where: str, taken: set[str]) -> tuple[Article, list[int]]:
    """The entry's article, under a source that is not yet taken, and where each paragraph starts in it."""
    contexts = [
        _field(_of_kind(paragraph, dict, f"{where}.paragraphs[{i}]"), "context", str, f"{where}.paragraphs[{i}]")
        for i, paragraph in enumerate(_field(entry, "paragraphs", list, where))
    ]
    starts = [0]
    for context in contexts:
        starts.append(starts[-1] + len(context) + len(GAP))
    title = _field(entry, "title", str, where) if "title" in entry else ""
    source, copies = title or where, 1
    while source in taken:
        copies += 1
        source = f"{title or where} ({copies})"
    taken.add(source)
    try:
        return Article(GAP.join(contexts), title.replace("_", " "), source), starts
    except ArticleError as error:
        raise EvaluationError(f"{where}: {error}") from error


def _asked(entry: dict[str, Any], where: str, starts: Sequence[int]) -> Iterator[tuple[str, dict[str, Any], int]]:
    """(place, question, start of its paragraph) of each question of an entry."""
    for i, paragraph in enumerate(entry["paragraphs"]):
        for j, qa in enumerate(_field(paragraph, "qas", list, f"{where}.paragraphs[{i}]")):
            place = f"{where}.paragraphs[{i}].qas[{j}]"
            yield place, _of_kind(qa, dict, place), starts[i]


def _question(qa: dict[str, Any], where: str, article: Article, at: int) -> tuple[Question | None, int]:
    """The question, or None if all its answers are misplaced; and how many are."""
    text = _field(qa, "question", str, where)
    try:
        clean_question(text)
    except QuestionError as error:
        raise EvaluationError(f"{where}: {error}") from error
    if qa.get("is_impossible"):
        return Question(text, article.source), 0
    golds: dict[Span, str] = {}
    answers = _field(qa, "answers", list, where)
    misplaced = 0
    for k, answer in enumerate(answers):
        place = f"{where}.answers[{k}]"
        words = _field(_of_kind(answer, dict, place), "text", str, place)
        start = at + _field(answer, "answer_start", int, place)
        if words and start >= at and article.text.startswith(words, start):
            golds[start, start + len(words)] = words
        else:
            misplaced += 1
    if answers and not golds:
        return None, misplaced
    return Question(text, article.source, tuple(golds), tuple(dict.fromkeys(golds.values()))), misplaced


def _field(value: dict[str, Any], name: str, kind: type[T], where: str) -> T:
    if name not in value:
        raise EvaluationError(f'{where} has no "{name}". Correct the file, or name one in SQuAD format.')
    return _of_kind(value[name], kind, f"{where}.{name}")


def _of_kind(value: Any, kind: type[T], where: str) -> T:
    if isinstance(value, kind) and not isinstance(value, bool):
        return value
    raise EvaluationError(f"{where} is not {_KINDS[kind]}. Correct the file, or name one in SQuAD format.")
