"""Damaged and hostile files of every format: one clear error or an article, in bounded time and memory."""

from __future__ import annotations

import io
import json
import random
import resource
import time
import zipfile
import zlib
from collections.abc import Iterator

import documents
import pytest
from documents import TEXT

from index.errors import ArticleError
from index.formats import Loaded, isolation, parse
from index.formats.reading import PARSE_SECONDS
from index.formats.worker import MAX_MEMORY_BYTES

SECONDS = 10
WHOLE = {
    ".txt": TEXT.encode(),
    ".md": f"---\ntitle: Storm\nauthor: [a, b]\n---\n# Storm\n\n{TEXT}\n".encode(),
    ".html": documents.html(),
    ".pdf": documents.article_pdf(),
    ".docx": documents.word(["# Storm", TEXT], [["a", "b"]]),
    ".jsonl": b"\n".join(json.dumps({"text": TEXT, "id": i}).encode() for i in range(5)),
    ".xml": documents.rss([f"<title>S</title><content:encoded><![CDATA[<p>{TEXT}</p>]]></content:encoded>"] * 2),
}


def survives(kind: str, data: bytes) -> bool:
    """Whether an article is read from the bytes; a clear line is the one other thing that may come of them."""
    start = time.monotonic()
    try:
        articles = parse(f"/n/file{kind}", Loaded(data, kind)).articles
    except ArticleError as error:
        message = str(error)
        assert message.startswith("/n/file")
        assert "\n" not in message
        assert len(message) < 500
        return False
    finally:
        assert time.monotonic() - start < SECONDS
    assert articles
    return True


def damaged(whole: bytes, chance: random.Random) -> bytes:
    """The file with one kind of damage: cut off, bytes changed, a stretch doubled, left out or filled with noise."""
    data = bytearray(whole)
    start, end = sorted(chance.randrange(len(data) + 1) for _ in range(2))
    match chance.randrange(6):
        case 0:
            return bytes(data[:start])
        case 1:
            for _ in range(chance.randrange(1, 40)):
                data[chance.randrange(len(data))] = chance.randrange(256)
        case 2:
            data[start:end] = chance.randbytes(end - start)
        case 3:
            del data[start:end]
        case 4:
            data[start:start] = data[start:end] * chance.randrange(1, 20)
        case _:
            digits = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
            for i in chance.sample(digits, min(len(digits), 10)):
                data[i] = chance.randrange(48, 58)
    return bytes(data)


@pytest.mark.parametrize("kind", WHOLE)
def test_damaged_files(kind: str) -> None:
    chance = random.Random(f"quoth{kind}")
    assert survives(kind, WHOLE[kind])
    for _ in range(60):
        survives(kind, damaged(WHOLE[kind], chance))


@pytest.mark.parametrize("kind", WHOLE)
def test_files_of_noise(kind: str) -> None:
    chance = random.Random(f"noise{kind}")
    for size in (1, 10, 1000, 100_000):
        survives(kind, chance.randbytes(size))
        survives(kind, WHOLE[kind][:20] + chance.randbytes(size))
        survives(kind, bytes(chance.choice(b"<>&;/()[]{}\"' \n%#a1") for _ in range(size)))


def zipped(parts: dict[str, bytes]) -> bytes:
    """The whole Word document with these parts in place of its own."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(WHOLE[".docx"])) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, parts.get(name) or old.read(name))
        for name in parts.keys() - set(old.namelist()):
            new.writestr(name, parts[name])
    return out.getvalue()


W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def document(body: str, head: str = "") -> bytes:
    return zipped({"word/document.xml": f"{head}<w:document {W}><w:body>{body}</w:body></w:document>".encode()})


def lying_zip() -> bytes:
    """A bomb whose directory declares a part of 100 bytes."""
    bomb = bytearray(document("<w:p><w:r><w:t>" + "a" * 35_000_000 + "</w:t></w:r></w:p>"))
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = 0
        while (at := bomb.find(mark, at)) >= 0:
            bomb[at + offset : at + offset + 4] = (100).to_bytes(4, "little")
            at += 4
    return bytes(bomb)


def looping_pdf() -> bytes:
    """Its page tree holds itself."""
    return documents.article_pdf().replace(b"/Kids [3 0 R", b"/Kids [2 0 R")


def form_pdf(depth: int) -> bytes:
    """Forms that draw one another ten times each, the last one the first."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>"]
    page = (
        "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R /Resources << /XObject << /X 5 0 R >> >> >>"
    )
    draw = "/X Do " * 10
    objects += [page, f"<< /Length {len(draw)} >>\nstream\n{draw}\nendstream"]
    for i in range(depth):
        to = f"{6 + i} 0 R" if i + 1 < depth else "5 0 R"
        head = f"/Type /XObject /Subtype /Form /BBox [0 0 9 9] /Resources << /XObject << /X {to} >> >>"
        objects.append(f"<< {head} /Length {len(draw)} >>\nstream\n{draw}\nendstream")
    body = "".join(f"{i} 0 obj\n{text}\nendobj\n" for i, text in enumerate(objects, 1))
    return f"%PDF-1.4\n{body}trailer << /Root 1 0 R /Size {len(objects) + 1} >>\nstartxref\n0\n%%EOF".encode()


def flate_pdf() -> bytes:
    """Contents of 120 kB that unpack to 60 MB of operators."""
    data = zlib.compress(b"(a) Tj T* " * 6_000_000)
    whole = documents.pdf([["x"]])
    length, end = whole.index(b"/Length "), whole.index(b"\nendstream")
    return whole[:length] + b"/Length %d >>\nstream\n" % len(data) + data + whole[end:]


ENTITIES = "<!DOCTYPE a [<!ENTITY a 'aaaaaaaaaa'>" + "".join(
    f"<!ENTITY {chr(98 + i)} '{f'&{chr(97 + i)};' * 10}'>" for i in range(9)
)
HOSTILE = {
    "deeply nested page": (".html", b"<div>" * 200_000 + TEXT.encode()),
    "page of open lists": (".html", b"<ul><li><b><p>" * 100_000 + TEXT.encode()),
    "page of tables": (".html", b"<table><tr><td>" * 50_000 + TEXT.encode()),
    "page in one line": (".html", b"<p>" + b"Word word. " * 1_000_000),
    "page of one tag": (".html", b"<p " + b"a='b' " * 500_000 + b">" + TEXT.encode()),
    "page of brackets": (".html", b"<" * 3_000_000),
    "page of links": (".html", b"<p><a href='x'>y</a></p>" * 200_000),
    "page of scripts": (".html", b"<script type='application/ld+json'>" + b"[" * 1_000_000 + b"</script>text"),
    "page of entities": (".html", b"<p>" + b"&amp;" * 2_000_000),
    "word bomb": (".docx", zipped({"word/media/a.bin": b"\0" * 250_000_000})),
    "word bomb of XML": (".docx", document("<w:p/>" * 6_000_000)),
    "word bomb that lies": (".docx", lying_zip()),
    "word of entities": (".docx", document("<w:p><w:r><w:t>&j;</w:t></w:r></w:p>", ENTITIES + "]>")),
    "word of files": (".docx", document("<w:t>&x;</w:t>", "<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>")),
    "deeply nested word": (".docx", document("<w:tbl><w:tr><w:tc>" * 100_000)),
    "word of tables": (".docx", document("<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>" * 100_000)),
    "looping PDF": (".pdf", looping_pdf()),
    "PDF of forms": (".pdf", form_pdf(9)),
    "PDF bomb": (".pdf", flate_pdf()),
    "PDF of brackets": (".pdf", b"%PDF-1.4\n1 0 obj\n" + b"[" * 300_000),
    "PDF of dictionaries": (".pdf", documents.pdf([["x"]], "/A " + "<< /A " * 20_000)),
    "PDF of objects": (".pdf", b"%PDF-1.4\n" + b"1 0 obj << /Type /Catalog >> endobj\n" * 10_000),
    "feed of entities": (".xml", f"{ENTITIES}]><rss><channel><item><title>&j;</title></item></channel></rss>".encode()),
    "deeply nested feed": (".xml", b"<rss><channel><item>" + b"<a>" * 100_000),
    "feed of entries": (".xml", documents.rss(["<title>a</title><description>b c.</description>"] * 3_000)),
    "lines of brackets": (".jsonl", b"[" * 5_000_000),
    "lines of digits": (".jsonl", b'{"text": "a b", "id": ' + b"9" * 1_000_000 + b"}"),
    "front matter of brackets": (".md", b"---\na: " + b"[" * 60_000 + b"\n---\ntext"),
    "front matter of aliases": (".md", b"---\n" + b"".join(
        b"a%d: &a%d [%s]\n" % (i, i, b",".join([b"*a%d" % (i - 1)] * 9) if i else b"x") for i in range(30)
    ) + b"---\ntext"),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _bounded_memory() -> Iterator[None]:
    before = _most_memory_of_children()  # other tests' programs, which may be larger, are among them
    yield
    isolation.stop()  # so that the worker's memory is counted
    after = _most_memory_of_children()
    assert after == before or after < MAX_MEMORY_BYTES


def _most_memory_of_children() -> int:
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024


@pytest.mark.parametrize("name", HOSTILE)
def test_files_made_to_harm(name: str) -> None:
    kind, data = HOSTILE[name]
    survives(kind, data)
    assert survives(".html", WHOLE[".html"]), "the next file is read as ever"


def test_nothing_of_this_machine_is_read_into_an_article() -> None:
    with pytest.raises(ArticleError, match=r"holds no text|damaged"):
        parse("/n/a.docx", Loaded(HOSTILE["word of files"][1], ".docx"))


def test_a_feed_beyond_the_limit_says_how_much_is_left_out() -> None:
    kind, data = HOSTILE["feed of entries"]
    parsed = parse("/n/a.xml", Loaded(data, kind))
    assert len(parsed.articles) == 500
    assert [f.reason.split(" than ")[0] for f in parsed.failures] == ["/n/a.xml has 2,500 entries more"]


def test_the_limits_leave_room_below_what_is_promised() -> None:
    assert PARSE_SECONDS < SECONDS
    assert MAX_MEMORY_BYTES < 1_000_000_000
