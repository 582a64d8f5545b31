"""Web addresses: what is fetched from a server on this machine, and what is refused."""

from __future__ import annotations

import gzip
import http.server
import json
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import documents
import pytest
from documents import AFTER, TEXT

import index.formats.fetch
from index.errors import ArticleError
from index.formats import isolation, load, parse, reading, web

Page = tuple[int, dict[str, str], bytes]


class Site:
    """A server whose pages are `pages[path]`, and which counts what it was asked for."""

    def __init__(self) -> None:
        self.pages: dict[str, Page | Callable[[Any], None]] = {}
        self.asked: list[str] = []
        site = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append(self.path)
                page = site.pages.get(self.path, (404, {}, b"nothing"))
                if callable(page):
                    page(self)
                    return
                status, headers, body = page
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.server.shutdown()
    site.server.server_close()
    site.thread.join()


def fault(url: str, *, allow_private: bool = True) -> str:
    with pytest.raises(ArticleError) as caught:
        load(url, allow_private=allow_private)
    message = str(caught.value)
    assert "\n" not in message
    assert url in message
    return message


@pytest.mark.parametrize(
    ("path", "content_type", "data", "kind"),
    [
        ("/story", "text/html; charset=utf-8", documents.html(), ".html"),
        ("/story.php?id=1", "application/xhtml+xml", documents.html(), ".html"),
        ("/story.pdf", "application/pdf", documents.article_pdf(), ".pdf"),
        ("/story", "application/octet-stream", documents.article_pdf(), ".pdf"),
        ("/story.docx", "application/octet-stream", documents.word([TEXT]), ".docx"),
        ("/story", "text/plain", TEXT.encode(), ".txt"),
        ("/story.md", "text/plain", TEXT.encode(), ".md"),
        ("/stories", "application/x-ndjson", b'{"text": "Kim met Lee."}', ".jsonl"),
        ("/stories.jsonl", "", b'{"text": "Kim met Lee."}', ".jsonl"),
    ],
)
def test_the_content_type_says_what_a_page_is(site: Site, path: str, content_type: str, data: bytes, kind: str) -> None:
    site.pages[path] = (200, {"Content-Type": content_type}, data)
    loaded = load(site.url + path, allow_private=True)
    assert (loaded.data, loaded.kind) == (data, kind)
    assert parse(site.url + path, loaded).articles


@pytest.mark.parametrize("kind", ["text/plain", "text/markdown", "application/x-ndjson"])
@pytest.mark.parametrize("charset", ["iso-8859-1", "utf-16-le", "hex"])
def test_a_text_is_read_in_the_encoding_that_the_server_says(site: Site, kind: str, charset: str) -> None:
    text = "Über die Brücke, for 5 dollars, he went home."
    data = (json.dumps({"text": text}, ensure_ascii=False) if kind.endswith("json") else text) + "\n"
    encoded = data.encode(charset) if charset[0] in "iu" else data.encode()
    site.pages["/story"] = (200, {"Content-Type": f"{kind}; charset={charset}"}, encoded)
    loaded = load(site.url + "/story", allow_private=True)
    if charset[0] in "iu":
        assert parse(site.url + "/story", loaded).articles[0].text.strip() == text
    else:
        with pytest.raises(ArticleError, match=f"says that its encoding is '{charset}', which is none"):
            parse(site.url + "/story", loaded)


def test_a_page_keeps_the_address_that_was_given_through_redirects_and_gzip(site: Site) -> None:
    words = "Шторм обрушился на западное побережье в понедельник, погибли три человека, сообщил мэр города. " * 4
    page = documents.html(f"<p>{words}</p>", "").decode().encode("cp1251")
    site.pages["/old"] = (301, {"Location": "/new?x=é"}, b"")
    site.pages["/new?x=%C3%A9"] = (
        200,
        {"Content-Type": "text/html; charset=windows-1251", "Content-Encoding": "gzip"},
        gzip.compress(page),
    )
    (article,) = parse(site.url + "/old", load(site.url + "/old", allow_private=True)).articles
    assert article.text == words.strip()
    assert (article.source, article.published) == (site.url + "/old", "2026-03-03")


def test_the_pages_of_a_feed_are_fetched_and_those_that_fail_are_listed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.pages["/story"] = (200, {"Content-Type": "text/html"}, documents.html())
    whole = f"<content:encoded><![CDATA[<p>{TEXT}</p><p>{AFTER}</p>]]></content:encoded>"
    items = [
        f"<title>Storm</title><link>{site.url}/story</link><description>A storm.</description>"
        "<pubDate>Tue, 03 Mar 2026 11:00:00 GMT</pubDate>",
        f"<title>Gone</title><link>{site.url}/gone</link>",
        f"<title>Whole</title><link>{site.url}/whole</link>{whole}",
        f"<title>Storm again</title><link>{site.url}/story</link>",
        f"<title>Itself</title><link>{site.url}/feed</link>",
    ]
    site.pages["/feed"] = (200, {"Content-Type": "application/rss+xml"}, documents.rss(items))
    loaded = load(site.url + "/feed", allow_private=True)
    assert loaded.kind == ".xml"
    parsed = parse(site.url + "/feed", loaded, allow_private=True)
    assert [(a.source, a.title) for a in parsed.articles] == [
        (f"{site.url}/story", "Storm"),
        (f"{site.url}/whole", "Whole"),
    ]
    assert parsed.articles[0].text.endswith(AFTER)
    assert parsed.articles[0].published == "2026-03-03T11:00:00+00:00"
    assert parsed.articles[0].author == "Jane Doe"
    assert [f.source for f in parsed.failures] == [f"{site.url}/gone", f"{site.url}/feed"]
    assert "HTTP 404" in parsed.failures[0].reason
    assert "/whole" not in site.asked
    monkeypatch.setattr(reading, "FEED_SECONDS", -1)
    with pytest.raises(ArticleError, match="its feed took longer"):
        parse(site.url + "/feed", loaded, allow_private=True)
    monkeypatch.undo()
    site.asked.clear()
    refused = parse(site.url + "/feed", loaded)
    assert [a.title for a in refused.articles] == ["Whole"]
    assert all("private network" in f.reason for f in refused.failures)
    assert site.asked == []


def test_what_a_server_refuses_or_sends_wrongly_is_told_in_one_line(site: Site) -> None:
    site.pages["/locked"] = (403, {}, b"")
    site.pages["/broken"] = (500, {}, b"")
    site.pages["/picture"] = (200, {"Content-Type": "image/png"}, b"\x89PNG")
    site.pages["/loop"] = (302, {"Location": "/loop"}, b"")
    site.pages["/file"] = (302, {"Location": "file:///etc/passwd"}, b"")
    site.pages["/short"] = (200, {"Content-Length": "100", "Content-Type": "text/html"}, b"cut")
    site.pages["/gzip"] = (200, {"Content-Encoding": "gzip", "Content-Type": "text/html"}, b"not gzip")
    site.pages["/large"] = (200, {"Content-Type": "text/plain"}, b"x" * (web.MAX_PAGE_BYTES + 1))
    for path, words in {
        "/gone": "no such page (HTTP 404)",
        "/locked": "needs a login",
        "/broken": "the server has a fault (HTTP 500)",
        "/picture": "of no kind that is read (image/png)",
        "/loop": "from page to page without end",
        "/file": "no http or https address",
        "/short": "broke off",
        "/gzip": "broke off",
        "/large": "larger than 10 MB",
    }.items():
        assert words in fault(site.url + path), path
    assert site.asked.count("/loop") == web.MAX_REDIRECTS + 1


def test_a_gzip_bomb_is_not_unpacked(site: Site) -> None:
    bomb = gzip.compress(b"\0" * 300_000_000)
    site.pages["/bomb"] = (200, {"Content-Type": "text/html", "Content-Encoding": "gzip"}, bomb)
    start = time.monotonic()
    assert "larger than 10 MB" in fault(site.url + "/bomb")
    assert time.monotonic() - start < 10


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_server_that_drips_is_given_up_in_time(site: Site, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    monkeypatch.setattr(index.formats.fetch, "FETCH_SECONDS", 2)
    ended = threading.Event()

    def drip(handler: Any) -> None:
        head = b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n" + (b"\r\n" if part == "body" else b"X: ")
        try:
            handler.wfile.write(head)
            while not ended.wait(0.2):
                handler.wfile.write(b"x")
        except OSError:
            ended.set()

    site.pages["/drip"] = drip
    start = time.monotonic()
    assert "took longer than 2 seconds" in fault(site.url + "/drip")
    assert time.monotonic() - start < 4
    assert ended.wait(5), "the connection was left open"


PRIVATE = [
    "127.0.0.1", "127.1.2.3", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1",
    "::", "::1", "fe80::1", "fc00::1", "fd12::1", "fec0::1", "ff02::1", "2001:db8::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a00:1", "2002:7f00:1::",
]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_public(address: str) -> None:
    assert not web.is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are_public(address: str) -> None:
    assert web.is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "0", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "u:p@127.0.0.1"],
)
def test_a_private_address_is_refused_however_it_is_written(site: Site, host: str) -> None:
    assert "private network" in fault(f"http://{host}:{site.server.server_port}/story", allow_private=False)
    assert site.asked == []


def look_up(*found: str) -> Callable[..., list[Any]]:
    return lambda *_, **__: [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80)) for address in found]


def test_a_host_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", look_up("8.8.8.8", "10.0.0.1"))
    with pytest.raises(ArticleError, match=r"10[.]0[.]0[.]1 and lies in a private network"):
        web.fetch("http://news.example/story")


def test_each_redirect_is_checked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.pages["/start"] = (302, {"Location": "http://inner.example/secret"}, b"")
    real = socket.getaddrinfo
    monkeypatch.setattr(web, "is_public", lambda address: address == "127.0.0.1")
    inner = look_up("10.9.9.9")
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest: inner() if "example" in host else real(host, *rest))
    with pytest.raises(ArticleError, match=r"inner[.]example is 10[.]9[.]9[.]9 and lies in a private network"):
        web.fetch(f"{site.url}/start")


def test_the_connection_goes_to_the_address_that_was_checked(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that changes its answer after the check (DNS rebinding) is not asked a second time."""
    site.pages["/story"] = (200, {"Content-Type": "text/plain"}, b"Kim met Lee.")
    real = socket.getaddrinfo
    asked: list[str] = []

    def rebinding(host: str, *args: Any, **options: Any) -> Any:
        if host != "news.example":
            return real(host, *args, **options)
        asked.append(host)
        return look_up("127.0.0.1" if len(asked) == 1 else "10.0.0.1")()

    monkeypatch.setattr(web, "is_public", lambda address: address == "127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    loaded = web.fetch(f"http://news.example:{site.server.server_port}/story")
    assert loaded.data == b"Kim met Lee."
    assert asked == ["news.example"]


def test_addresses_that_lead_nowhere(unused_port: int) -> None:
    assert "cannot be reached" in fault(f"http://127.0.0.1:{unused_port}/")
    assert "no host" in fault("http://no-such-host.invalid/")
    for url in ("http:///story", "http://", "http://[::1", "http://a:99999/", "https://a b/"):
        fault(url)


@pytest.fixture
def unused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def test_a_worker_that_dies_is_replaced() -> None:
    worker = isolation._start()
    worker.kill()
    worker.wait()
    data = documents.html()
    reply, _ = isolation.ask(".html", "a.html", data, seconds=8, charset=None)
    assert reply["article"]["title"] == "Storm hits coast"


def test_a_certificate_must_be_the_hosts_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name in the address, though the connection goes to the number that was checked."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the command openssl to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2"]
    make += ["-subj", "/CN=news.example", "-addext", "subjectAltName=DNS:news.example"]
    subprocess.run(make, check=True, capture_output=True)
    real = socket.getaddrinfo
    local = look_up("127.0.0.1")
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest: local() if "example" in host else real(host, *rest))
    site = Site()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    site.server.socket = context.wrap_socket(site.server.socket, server_side=True)
    site.pages["/story"] = (200, {"Content-Type": "text/plain"}, b"Kim met Lee.")
    try:
        port = site.server.server_port
        with pytest.raises(ArticleError, match="certificate"):
            web.fetch(f"https://news.example:{port}/story", allow_private=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert web.fetch(f"https://news.example:{port}/story", allow_private=True).data == b"Kim met Lee."
        with pytest.raises(ArticleError, match="doesn't match"):
            web.fetch(f"https://other.example:{port}/story", allow_private=True)
    finally:
        site.server.shutdown()
        site.server.server_close()
        site.thread.join()
