"""A web address -> its bytes, within limits, and from no address of a private network unless that is allowed."""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from typing import Any
from urllib.parse import urljoin

from index.errors import ArticleError
from index.formats.parsed import Loaded
from index.formats.sources import SUFFIXES, suffix_of

MAX_PAGE_BYTES = 10_000_000
MAX_REDIRECTS = 5
_WAIT_SECONDS = 10.0
"""For a connection, and for each of its answers; the whole is limited by whoever calls."""

_HEADERS = {
    "User-Agent": "Mozilla/5.0 (compatible; Quoth)",
    "Accept": "text/html,application/xhtml+xml,application/rss+xml,application/atom+xml,*/*;q=0.8",
    "Accept-Encoding": "gzip, deflate",
}
_KINDS = {
    "text/html": ".html",
    "application/xhtml+xml": ".html",
    "application/pdf": ".pdf",
    "application/x-pdf": ".pdf",
    "application/rss+xml": ".xml",
    "application/atom+xml": ".xml",
    "application/rdf+xml": ".xml",
    "text/markdown": ".md",
    "application/jsonl": ".jsonl",
    "application/x-jsonlines": ".jsonl",
    "application/x-ndjson": ".jsonl",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
}
_VAGUE = ("", "text/plain", "application/octet-stream", "binary/octet-stream", "application/xml", "text/xml")
"""Content types that servers give to files which they do not know: the address's ending says more."""


_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")


def fetch(url: str, *, allow_private: bool = False) -> Loaded:
    """The page's bytes and kind. Raises `ArticleError` for an address that is refused, not there, or too large.

    Redirects are followed, `MAX_REDIRECTS` at most, each to an address that is checked like the first.
    """
    address = url
    for _ in range(MAX_REDIRECTS + 1):
        response = _open(url, address, allow_private)
        try:
            location = response.headers.get("Location")
            if response.status in (301, 302, 303, 307, 308) and location:
                address = urljoin(address, location)
                continue
            return _read(url, address, response)
        finally:
            response.close()
    raise ArticleError(
        f"{url} leads from page to page without end ({MAX_REDIRECTS} times). Open it in a browser first."
    )


def _open(url: str, address: str, allow_private: bool) -> Any:
    """The response at `address`, to which `url` led, its body not yet read."""
    import urllib3

    try:
        parts = urllib3.util.parse_url(address)
    except urllib3.exceptions.HTTPError as error:
        raise ArticleError(f"{address!a} is not a web address ({error}). Check its spelling.") from error
    if parts.scheme not in ("http", "https") or not parts.host:
        raise ArticleError(f"{url} leads to {address!a}, which is no http or https address. Save the page as a file.")
    host = parts.host.strip("[]")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    failed: Exception | None = None
    for ip in checked_addresses(url, host, port, allow_private):
        pool = _pool(parts.scheme, ip, port, host)
        try:
            return pool.urlopen(
                "GET",
                parts.request_uri,
                headers={**_HEADERS, "Host": parts.netloc},
                redirect=False,
                retries=False,
                assert_same_host=False,
                preload_content=False,
            )
        except urllib3.exceptions.HTTPError as error:
            failed = error
    raise ArticleError(
        f"{url} cannot be reached ({_reason(failed)}). Check the address and your connection; try again."
    )


def _pool(scheme: str, ip: str, port: int, host: str) -> Any:
    """Connections to that very address, so that no second look-up can lead elsewhere; the certificate is the host's."""
    import certifi
    import urllib3

    if scheme == "http":
        return urllib3.HTTPConnectionPool(ip, port, timeout=_WAIT_SECONDS)
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())  # beside the system's own, which some systems lack
    return urllib3.HTTPSConnectionPool(
        ip, port, timeout=_WAIT_SECONDS, ssl_context=context, server_hostname=host, assert_hostname=host
    )


def checked_addresses(url: str, host: str, port: int, allow_private: bool) -> list[str]:
    """The host's IP addresses. Raises `ArticleError` if it has none, or any that is not public and none but such may be
    used."""
    try:
        found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ArticleError(f"{url} cannot be reached: there is no host {host!a}. Check the spelling.") from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    for address in addresses:
        if not allow_private and not is_public(address):
            where = address if address == host else f"{host} is {address} and"
            raise ArticleError(
                f"{url} is refused: {where} lies in a private network. Allow it with --allow-private if you trust it."
            )
    return addresses


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, and so is any that is wrapped in it."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        # An IPv4 address in IPv6's clothes: as such, or as a network without IPv4 gives every one (RFC 6052).
        translated = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _TRANSLATED else None
        if inner := ip.ipv4_mapped or translated:
            return is_public(str(inner))
        if ip.is_site_local or ip.sixtofour or ip.teredo:  # old tunnels, which lead to an IPv4 address as well
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _read(url: str, address: str, response: Any) -> Loaded:
    import urllib3

    if response.status != 200:
        hint = {401: "it needs a login", 403: "it needs a login, or bars programs", 404: "there is no such page"}
        why = hint.get(response.status, "the server has a fault" if response.status >= 500 else "the server says no")
        raise ArticleError(f"{url} cannot be read: {why} (HTTP {response.status}). Open it in a browser, or save it.")
    try:
        data = response.read(MAX_PAGE_BYTES + 1, decode_content=True)  # bounded even for a gzip bomb
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise ArticleError(f"{url} broke off ({_reason(error)}). Try again.") from error
    if len(data) > MAX_PAGE_BYTES:
        raise ArticleError(
            f"{url} is larger than {MAX_PAGE_BYTES // 1_000_000} MB, the limit for a page. Save it first."
        )
    kind, _, rest = response.headers.get("Content-Type", "").partition(";")
    charset = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", rest, re.IGNORECASE)
    return Loaded(data, kind_of_page(url, address, kind.strip().lower(), data), charset[1] if charset else None)


def kind_of_page(url: str, address: str, content_type: str, data: bytes) -> str:
    """The ending that stands for what the page is: by its content type, its address, or its first bytes."""
    head = data[:1000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    xml = head.startswith((b"<?xml", b"<rss", b"<feed", b"<rdf"))
    if xml and any(mark in head for mark in (b"<rss", b"<feed", b"<rdf:rdf")):
        return ".xml"
    if content_type in _KINDS:
        return _KINDS[content_type]
    if content_type in _VAGUE:
        for suffix in (suffix_of(address), suffix_of(url)):
            if suffix in SUFFIXES:
                return suffix
        if head.startswith(b"%pdf-"):
            return ".pdf"
        if xml:
            return ".html" if b"<html" in head else ".xml"
        if content_type == "text/plain":
            return ".txt"
        if head.startswith((b"<!doctype html", b"<html")):
            return ".html"
    raise ArticleError(f"{url} is of no kind that is read ({content_type or 'unknown'}). Save its text as a .txt file.")


def _reason(error: Exception | None) -> str:
    """The last of the reasons wrapped in one another, in one short line."""
    reason: object = error
    while (inner := getattr(reason, "reason", None)) is not None and isinstance(inner, Exception):
        reason = inner
    text = re.sub(r"^<?HTTPS?Connection\w*\(.*?\)>?: ", "", " ".join(str(reason).split()))
    return text[:120] or type(reason).__name__
