"""Markdown -> an article: the words as they stand, the front matter taken off."""

from __future__ import annotations

import re
from collections.abc import Iterator

from index.article import Article
from index.errors import ArticleError
from index.formats.dates import iso_date
from index.formats.decoding import decode_declared
from index.formats.titles import LONGEST_TITLE, title_of_text

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(?=\S)(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_LONGEST_FRONT_MATTER = 64 * 1024
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+(.*?)(?:[ \t]+#+)?[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-{3,})[ \t]*$")
_FENCE = re.compile(r" {0,3}(?:```|~~~)")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")


def read_markdown(source: str, data: bytes, charset: str | None = None) -> Article:
    """The text below the front matter, which may give title, date and author; `source` stays what it is.

    Without a title there, it is the first heading, else the first line that stands alone, else the file's name.
    `charset` is what a web server said. Raises `ArticleError` for front matter that is not YAML, with its line.
    """
    text = decode_declared(source, data, charset)
    fields, body = split_front_matter(source, text)
    return Article(
        text=body,
        title=_field(fields, "title") or first_heading(body) or title_of_text(source, body),
        source=source,
        published=iso_date(_field(fields, "date") or _field(fields, "published")),
        author=_field(fields, "author") or _field(fields, "authors") or None,
    )


def split_front_matter(source: str, text: str) -> tuple[dict[str, object], str]:
    """The fields between two lines of `---` at the top, every value a string, list or dict; and the text below.

    As for Pandoc, a blank line below the first `---` makes it a rule across the page, and what follows text.
    """
    found = _FRONT_MATTER.match(text[: _LONGEST_FRONT_MATTER + 1])
    fields = _load_yaml(source, found[1]) if found else None
    if found is None or not isinstance(fields, dict):
        return {}, text
    return fields, text[found.end() :]


def _load_yaml(source: str, block: str) -> object:
    import yaml

    try:
        return yaml.load(block, Loader=yaml.BaseLoader)  # makes strings, lists and dicts only: nothing can run
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 2 if mark else 1  # the block begins on the second line, and marks count from 0
        raise ArticleError(_broken(source, line, str(error.problem or error.context))) from error
    except yaml.reader.ReaderError as error:
        line = block[: error.position].count("\n") + 2
        raise ArticleError(_broken(source, line, "a character that YAML does not allow")) from error
    except RecursionError as error:
        raise ArticleError(_broken(source, 2, "nested too deep")) from error
    except (ValueError, OverflowError) as error:
        raise ArticleError(_broken(source, 2, "an escape that is no character")) from error


def _broken(source: str, line: int, problem: str) -> str:
    return f"{source}, line {line}: its front matter is not valid YAML ({problem}). Mend it, or take it off."


def _field(fields: dict[str, object], name: str) -> str:
    """A field in one line: a string, or a list of strings joined with commas; "" for anything else."""
    value = next((v for k, v in fields.items() if str(k).lower() == name), "")
    values = value if isinstance(value, list) else [value]
    return ", ".join(" ".join(v.split()) for v in values if isinstance(v, str) and v.strip())


def first_heading(body: str) -> str:
    """The words of the first heading outside a code block, without their marks; "" for none."""
    return next(filter(None, map(_bare, _headings(body))), "")


def _headings(body: str) -> Iterator[str]:
    fenced = False
    before = ""
    for line in body.split("\n"):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and len(line) <= 4 * LONGEST_TITLE:
            found = _HEADING.match(line)
            if found:
                yield found[1]
            elif before.strip() and _UNDERLINE.match(line):
                yield before
        before = "" if fenced or len(line) > LONGEST_TITLE else line


def _bare(heading: str) -> str:
    """A heading's words: links as their text, no marks of emphasis."""
    return re.sub(r"\*+|`+|__|(?<!\w)_|_(?!\w)", "", _LINK.sub(r"\1", heading)).strip()
