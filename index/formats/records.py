"""A file of JSON lines -> articles, one a line."""

from __future__ import annotations

import json
from typing import Any

from index.article import Article, Failure
from index.errors import ArticleError
from index.formats.dates import iso_date
from index.formats.decoding import decode_declared, one_line_end
from index.formats.parsed import Parsed
from index.formats.titles import standing_line


def read_records(source: str, data: bytes, charset: str | None = None) -> Parsed:
    """An article for each line that is an object with a "text"; "title", "published" or "date", and "author" may be
    there too. What is wrong with a line is a failure of that line ("FILE#3"), and the others are kept.

    An article's source is its "source" or "url"; else FILE#ID for its "id"; else FILE#LINE, which changes when lines
    are put before it. `charset` is what a web server said. Raises `ArticleError` when no line can be read.
    """
    articles: dict[str, Article] = {}
    failures: list[Failure] = []
    for number, line in enumerate(decode_declared(source, data, charset).split("\n"), 1):
        if not line.strip():
            continue
        try:
            article = _read_line(source, number, line)
            if article.source in articles:
                raise ArticleError(f"{source}, line {number}: {article.source} was there before. Give it its own name.")
        except ArticleError as error:
            failures.append(Failure(f"{source}#{number}", str(error)))
        else:
            articles[article.source] = article
    if not articles:
        more = f" ({len(failures):,} lines, none of them readable)" if len(failures) > 1 else ""
        raise ArticleError(failures[0].reason + more)
    return Parsed(tuple(articles.values()), tuple(failures))


def _read_line(source: str, number: int, line: str) -> Article:
    where = f"{source}, line {number}"
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        said = str(error)[:100] if isinstance(error, ValueError) else "it is nested too deep"
        raise ArticleError(f"{where} is not valid JSON ({said}). Mend it: each line is one whole object.") from error
    if not isinstance(record, dict) or not isinstance(record.get("text"), str):
        raise ArticleError(f'{where} has no "text". Write it as {{"title": "...", "text": "..."}}')
    text = one_line_end(record["text"])
    own = _field(record, "source") or _field(record, "url")
    name = own or f"{source}#{_field(record, 'id') or number}"
    if not text.strip():
        raise ArticleError(f'{where}: its "text" is empty: there is nothing to quote. Fill it, or leave the line out.')
    return Article(
        text=text,
        title=_field(record, "title") or standing_line(text) or name.rsplit("/", 1)[-1],
        source=name,
        published=iso_date(_field(record, "published") or _field(record, "date")),
        author=_field(record, "author") or None,
    )


def _field(record: dict[str, Any], name: str) -> str:
    """A field in one line, a number as its digits; "" for anything else."""
    value = record.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**18 else ""
    return " ".join(value.split()) if isinstance(value, str) else ""
