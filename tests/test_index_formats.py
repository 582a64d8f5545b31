"""Files of every format -> articles, and one clear line for each that is none."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import documents
import pytest
from documents import AFTER, TEXT

from index.article import LONGEST_NAME, Article
from index.chunks import chunk_article
from index.errors import ArticleError
from index.formats import Loaded, expand, load, parse


def read(source: str, data: bytes, charset: str | None = None) -> Article:
    kind = source[source.rindex(".") :]
    (article,) = parse(source, Loaded(data, kind, charset)).articles
    return article


def test_a_page_gives_its_main_text_title_date_and_author() -> None:
    article = read("a.html", documents.html())
    assert article.text == f"Storm hits coast\n{TEXT}\nThe aftermath\n{AFTER}"
    assert (article.title, article.author, article.published) == ("Storm hits coast", "Jane Doe", "2026-03-03")
    assert article.source == "a.html"


def test_a_short_page_gives_no_menus() -> None:
    assert read("a.html", documents.html("<h1>Storm</h1><p>Kim met Lee.</p>")).text == "Storm\nKim met Lee."


@pytest.mark.parametrize(
    ("head", "charset", "encoding"),
    [
        ('<meta charset="windows-1251">', None, "cp1251"),
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">', None, "cp1251"),
        ("", "windows-1251", "cp1251"),
        ('<meta charset="windows-1251">', "utf-8", "utf-8"),
        ("", None, "utf-8"),
        ("", None, "utf-16"),
    ],
)
def test_a_page_is_read_in_the_encoding_that_it_declares(head: str, charset: str | None, encoding: str) -> None:
    words = "Шторм обрушился на западное побережье в понедельник, погибли три человека, сообщил мэр города. " * 4
    page = documents.html(f"<p>{words}</p>", head).decode().encode(encoding)
    assert read("a.html", page, charset).text == words.strip()


def test_a_pdf_gives_whole_paragraphs_without_running_heads_and_page_numbers() -> None:
    article = read("a.pdf", documents.article_pdf())
    assert article.text == f"Storm hits coast\n\n{TEXT}\n\nThe aftermath\n\n{AFTER}"
    assert (article.title, article.author, article.published) == ("Storm", "Jane Doe", "2026-03-03T10:30:00+00:00")


def test_words_broken_at_line_ends_in_a_pdf_are_whole_again() -> None:
    lines = ["The storm was known to be the strongest in many years, go-", "vernment officials said to the well-"]
    lines += ["known newspaper. A well-known mayor agreed, and so did the", "government."]
    assert read("a.pdf", documents.pdf([lines])).text == (
        "The storm was known to be the strongest in many years, government officials said to the well-known newspaper. "
        "A well-known mayor agreed, and so did the government."
    )


def test_a_word_document_gives_headings_paragraphs_and_table_rows_as_lines() -> None:
    made = datetime(2026, 3, 3, 10, 30, tzinfo=UTC)
    data = documents.word(["# Storm hits coast", TEXT, "# The toll"], [["Dead", "3"], ["Hurt", "5"]], created=made)
    article = read("a.docx", data)
    assert article.text == f"Storm hits coast\n\n{TEXT}\n\nThe toll\n\nDead | 3\nHurt | 5\n\nThe end."
    assert (article.title, article.author, article.published) == ("Storm hits coast", None, "2026-03-03T10:30:00+00:00")
    about = read("a.docx", documents.word([TEXT], title="Storm", author="Jane Doe"))
    assert (about.title, about.author, about.published) == ("Storm", "Jane Doe", None)


def test_the_lines_of_a_jsonl_file_are_articles_and_their_faults_have_line_numbers() -> None:
    lines = [
        json.dumps({"text": TEXT, "title": "Storm", "url": "https://a.example/storm", "date": "March 3, 2026"}),
        json.dumps({"text": "Calm\n\nNothing happened.\r\n", "id": 7, "author": "Jane Doe", "published": "2026-03-04"}),
        "",
        '{"text": ',
        json.dumps({"title": "No text"}),
        json.dumps({"text": " "}),
        json.dumps({"text": "Again.", "id": "7"}),
        "[" * 100_000,
        json.dumps({"text": "a\0b"}),
        json.dumps({"text": "\ud800"}),
        json.dumps({"text": "Last one. Short."}),
    ]
    parsed = parse("/n/a.jsonl", Loaded("\n".join(lines).encode(), ".jsonl"))
    assert parsed.articles == (
        Article(text=TEXT, title="Storm", source="https://a.example/storm", published="2026-03-03"),
        Article(
            text="Calm\n\nNothing happened.\n",
            title="Calm",
            source="/n/a.jsonl#7",
            published="2026-03-04",
            author="Jane Doe",
        ),
        Article(text="Last one. Short.", title="a.jsonl#11", source="/n/a.jsonl#11"),
    )
    assert [failure.source for failure in parsed.failures] == [f"/n/a.jsonl#{n}" for n in (4, 5, 6, 7, 8, 9, 10)]
    assert all("line " in f.reason or f.source.endswith(("9", "10")) for f in parsed.failures)


def test_a_feed_that_holds_its_articles_is_read_without_the_network() -> None:
    whole = f"<![CDATA[<p>{TEXT}</p><p>{AFTER}</p>]]>"
    items = [
        "<title>Storm &amp;amp; coast</title><link>https://a.example/storm</link>"
        f"<pubDate>Tue, 03 Mar 2026 10:30:00 +0100</pubDate><content:encoded>{whole}</content:encoded>",
        "<title>Calm</title><description>Nothing happened today.</description>",
    ]
    storm, calm = parse("/n/a.xml", Loaded(documents.rss(items), ".xml")).articles
    assert storm.text == f"{TEXT}\n{AFTER}"
    assert (storm.title, storm.source, storm.published) == (
        "Storm & coast",
        "https://a.example/storm",
        "2026-03-03T09:30:00+00:00",
    )
    assert (calm.text, calm.title, calm.source) == ("Nothing happened today.", "Calm", "/n/a.xml#2")
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>F</title><entry><title>Storm</title><id>x</id>'
        f'<link href="https://a.example/storm"/><updated>2026-03-03T10:30:00Z</updated><content type="html">'
        f"&lt;p&gt;{TEXT}&lt;/p&gt;&lt;p&gt;{AFTER}&lt;/p&gt;</content></entry></feed>"
    )
    (article,) = parse("/n/a.atom", Loaded(atom.encode(), ".atom")).articles
    assert article.text == f"{TEXT}\n{AFTER}"


def zip_of(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return out.getvalue()


def locked_pdf() -> bytes:
    from pypdf import PdfWriter

    writer = PdfWriter(clone_from=io.BytesIO(documents.article_pdf()))
    writer.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


OLD_WORD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600
BAD = {
    "empty.html": (b"", "is empty"),
    "empty.pdf": (b"", "is empty"),
    "empty.docx": (b" \n", "is empty"),
    "empty.jsonl": (b"\n", "is empty"),
    "empty.xml": (b"", "is empty"),
    "none.html": (b"<html><body><script>run()</script></body></html>", "holds no article"),
    "menu.html": (documents.html("<h1>Storm hits coast</h1>"), "holds no article"),
    "latin.html": ("<p>Café</p>".encode("latin-1"), "is not valid UTF-8"),
    "unknown.html": (b"<meta charset=klingon><p>Text</p>", "'klingon', which is unknown"),
    "hex.html": (b"<meta charset=hex><p>Text</p>", "encoding"),
    "garbage.pdf": (b"no pdf at all", "is damaged or no PDF"),
    "cut.pdf": (documents.article_pdf()[:300], "damaged"),
    "locked.pdf": (locked_pdf(), "is encrypted"),
    "blank.pdf": (documents.pdf([[], []]), "holds no text: all 2 pages are empty or a picture. Run OCR"),
    "text.docx": (b"just text", "is not a Word document"),
    "old.docx": (OLD_WORD, "password, or an old Word document"),
    "zip.docx": (zip_of({"a.txt": b"text"}), "damaged"),
    "bomb.docx": (zip_of({"word/document.xml": b" " * 50_000_000}), "unpacks to more than"),
    "blank.docx": (documents.word([]), "holds no text"),
    "page.xml": (b"<?xml version='1.0'?><a><b/></a>", "is not a feed"),
    "none.rss": (documents.rss([]), "it has no entries"),
    "escape.md": (b'---\ntitle: "\\U00110000"\n---\nText', "line 2: its front matter is not valid YAML"),
    "bad.jsonl": (b"{}\n[]\n", 'has no "text"'),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gives_one_clear_line(name: str, tmp_path: Path) -> None:
    data, words = BAD[name]
    path = tmp_path / name
    path.write_bytes(data)
    (source,) = expand([path])
    with pytest.raises(ArticleError, match=re.escape(words)) as caught:
        parse(source, load(source))
    message = str(caught.value)
    assert message.startswith(source)
    assert "\n" not in message
    assert len(message) - len(source) < 300


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("The bridge opened in May 1932.\n\nIt was painted red in 1950.", "Opening day"),
        ("“The bridge is open.”\n\nSo said Kim.", "Opening day"),
        ("The bridge is open. Is it red?\n\nIt is.", "Opening day"),
        ("The bridge opened in May 1932\n\nIt was painted red in 1950.", "The bridge opened in May 1932"),
        ("Is it red?\n\nIt was painted red in 1950.", "Is it red?"),
        ("Bridge opens\nIt was painted red in 1950.", "Bridge opens"),
        ("A day in the U.S.\n\nIt was painted red in 1950.", "A day in the U.S."),
        ("10.30 train leaves\n\nIt was painted red in 1950.", "10.30 train leaves"),
        ("Name: Kim Lee\nBorn: 3 May 1931\nShe wrote.", "Opening day"),
        ("1. Heat the oven\n2. Mix the flour", "Opening day"),
        ("[09:01] alice: hey you\n[09:02] bob: hi", "Opening day"),
    ],
)
def test_a_first_line_that_is_a_sentence_is_no_title_and_can_be_quoted(text: str, title: str) -> None:
    article = read("opening-day.txt", text.encode())
    assert article.title == title
    quotable = [text[start:end] for chunk in chunk_article(article) for start, end in chunk.sentences]
    assert (text.split("\n")[0] in " ".join(quotable)) == (title == "Opening day")


@pytest.mark.parametrize(
    ("text", "kept", "title"),
    [
        ("---\ntitle: Storm\n---\nIt rained.", "It rained.", "Storm"),
        ("---\n\nNote: it rained.\n\n---\n\nThen it was dry.", None, "A"),
        ('---\ntitle: "Sto\\ud83drm"\n---\nIt rained.', "It rained.", "Sto\ufffdrm"),
    ],
    ids=["fields", "a rule across the page", "half an emoji"],
)
def test_front_matter_is_taken_off_and_a_rule_is_not(text: str, kept: str | None, title: str) -> None:
    article = read("a.md", text.encode())
    assert (article.text, article.title) == (kept or text, title)


def test_words_that_a_document_moved_away_or_hides_are_in_no_text() -> None:
    import docx
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    def run(text: str, mark: str = "") -> str:
        return f'<w:r><w:rPr>{mark}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'

    paragraphs = [
        f'<w:moveFrom w:id="1" w:author="a">{run("Kim resigned.")}</w:moveFrom>',
        run("He ") + run("secretly ", "<w:vanish/>") + run("left ", '<w:vanish w:val="0"/>') + run("at noon."),
        f'<w:moveTo w:id="2" w:author="a">{run("Kim resigned.")}</w:moveTo>',
    ]
    document = docx.Document()
    for inner in reversed(paragraphs):
        document.element.body.insert(0, parse_xml(f"<w:p {nsdecls('w')}>{inner}</w:p>"))
    out = io.BytesIO()
    document.save(out)
    assert read("a.docx", out.getvalue()).text == "He left at noon.\n\nKim resigned."


def test_odd_names_are_mended_or_refused_and_long_ones_cut() -> None:
    article = Article(text=TEXT, title="Sto\ud83drm\0" + "x" * 1000, author="\ud83d", source="a")
    assert (article.title[:7], len(article.title), article.author) == ("Sto\ufffdrm\ufffd", LONGEST_NAME, "\ufffd")
    with pytest.raises(ArticleError, match=r"'a.udc00' cannot name an article"):
        Article(text=TEXT, source="a\udc00")
    lines = [json.dumps({"text": TEXT, "source": "a\ud83d"}), json.dumps({"text": TEXT, "title": "a\ud83d"})]
    parsed = parse("/n/a.jsonl", Loaded("\n".join(lines).encode(), ".jsonl"))
    assert [a.title for a in parsed.articles] == ["a\ufffd"]
    assert [f.source for f in parsed.failures] == ["/n/a.jsonl#1"]


def test_a_pdf_that_may_be_opened_without_a_password_is_read() -> None:
    from pypdf import PdfWriter

    writer = PdfWriter(clone_from=io.BytesIO(documents.article_pdf()))
    writer.encrypt("", "owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    assert TEXT in read("a.pdf", out.getvalue()).text


def test_every_kind_of_file_in_a_folder_is_taken_in_order(tmp_path: Path) -> None:
    for name in ("b.html", "a.PDF", "c.docx", "d.jsonl", "e.rss", "f.htm", "ignored.csv", ".hidden.html"):
        (tmp_path / name).write_bytes(b"x")
    assert [Path(source).name for source in expand([tmp_path])] == [
        "a.PDF",
        "b.html",
        "c.docx",
        "d.jsonl",
        "e.rss",
        "f.htm",
    ]
    assert load(str(tmp_path / "a.PDF")).kind == ".pdf"


def test_reading_formats_loads_no_parser_here() -> None:
    code = (
        "import sys, documents; from index.formats import Loaded, parse;"
        "print(parse('a.html', Loaded(documents.html(), '.html')).articles[0].title);"
        "print([m for m in ('trafilatura', 'pypdf', 'docx', 'feedparser', 'lxml', 'urllib3') if m in sys.modules])"
    )
    here = Path(__file__).parent
    done = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == ["Storm hits coast", "[]"]
    assert done.stderr == ""
