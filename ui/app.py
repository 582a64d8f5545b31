"""The web chat: two pages in one Gradio app, served on this machine and asking nothing of any other."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from index import Index, QuothError
from ui.articles_page import add_articles_page, list_html
from ui.chat_page import QUIET, add_chat_page
from ui.conversation import Ask

HOST, PORT = "127.0.0.1", 7860

UPLOAD_LIMIT = "50mb"

_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect width='32' height='32' "
    "rx='8' fill='%230f5c63'/%3E%3Ctext x='16' y='35' font-size='40' font-family='Georgia,serif' fill='white' "
    "text-anchor='middle'%3E%E2%80%9C%3C/text%3E%3C/svg%3E"
)

_POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:; "
    "style-src 'self' 'unsafe-inline'; frame-ancestors 'none'; form-action 'self'; object-src 'none'"
)
"""What the browser may load: from this server alone. Gradio needs its own inline scripts and templates."""


class PortError(QuothError):
    """The chat cannot be served at the host and port."""


def make_app(index: Index, ask: Ask, *, editable: bool = True) -> gr.Blocks:
    """The chat over an index, each question answered by `ask`; with `editable`, its articles can be changed."""
    app: gr.Blocks
    with gr.Blocks(title="Quoth", analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as app:
        gr.HTML(
            '<header class="q-top"><h1><span aria-hidden="true">“</span>Quoth</h1>'
            "<p>Answers from your articles, word for word</p></header>",
            apply_default_css=False,
        )
        with gr.Tabs(elem_id="pages") as tabs:
            with gr.Tab("Chat", id="chat") as chat_tab:
                panel = add_chat_page(index, ask, [app.load, chat_tab.select])
            with gr.Tab("Articles", id="articles") as articles_tab:
                listed = add_articles_page(index, panel, tabs, editable=editable)
        gr.on([app.load, articles_tab.select], lambda: list_html(index, editable=editable), None, listed, **QUIET)
    return app


def serve(
    index: Index, ask: Ask, *, host: str = HOST, port: int = PORT, ready: Callable[[str], None] | None = None
) -> None:
    """Serves the chat until Ctrl-C (`KeyboardInterrupt`); `ready` is told its address. Raises `PortError`.

    From a host that other machines can reach, articles are read, not changed.
    """
    host = host.strip("[]")
    _check_port(host, port)
    app = make_app(index, ask, editable=_is_loopback(host))
    _spare_proxies()
    shown = f"[{host}]" if ":" in host else host  # as an address of IPv6 stands in one of the web
    try:
        app.launch(**launch_options(shown, port))
        if ready:
            ready(f"http://{shown}:{port}")
        while True:
            time.sleep(3600)
    finally:
        app.close(verbose=False)


def launch_options(host: str, port: int) -> dict[str, Any]:
    """How Gradio is started: quietly, in the background, its own links, history and telemetry left out."""
    return {
        "server_name": host,
        "server_port": port,
        "share": False,
        "quiet": True,
        "prevent_thread_lock": True,
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "ssr_mode": False,
        "pwa": False,
        "mcp_server": False,
        "max_file_size": UPLOAD_LIMIT,
        "theme": _theme(),
        "css": Path(__file__).with_name("style.css").read_text(encoding="utf-8"),
        "head": f'<link rel="icon" href="{_ICON}">',
        "app_kwargs": {"middleware": [Middleware(_Policy)]},
    }


class _Policy:
    """Adds the content security policy to every page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", []),
                    (b"content-security-policy", _POLICY.encode()),
                    (b"referrer-policy", b"no-referrer"),
                ]
            await send(message)

        await self._app(scope, receive, with_policy)


def _theme() -> gr.themes.Base:
    return gr.themes.Base(
        primary_hue=gr.themes.colors.teal,
        neutral_hue=gr.themes.colors.stone,
        radius_size=gr.themes.sizes.radius_lg,
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "Liberation Sans", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _check_port(host: str, port: int) -> None:
    """Raises `PortError` if nothing can listen there."""
    try:
        kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortError(
                f"port {port} is in use, perhaps by another chat. Stop it, or run: quoth chat --port {port % 65535 + 1}"
            ) from error
        raise PortError(
            f"{host}:{port} cannot be listened on ({error.strerror}). Run: quoth chat --host {HOST}"
        ) from error


def _spare_proxies() -> None:
    """Keeps Gradio's own look at whether it has started from going through a proxy, and its telemetry off."""
    names = [os.environ.get("NO_PROXY", ""), "127.0.0.1", "localhost", "::1"]
    os.environ["NO_PROXY"] = ",".join(name for name in names if name)
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
