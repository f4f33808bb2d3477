"""Everything that the local server serves: the API, the web client's files, and two lists."""

import gzip
import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import msgspec

from chalicelib.domain.errors import Refusal, invalid
from infra.local.gateway import (
    PLAIN_HEADERS,
    PREFIX,
    Gateway,
    StartResponse,
    WsgiEnvironment,
    problem,
)
from infra.local.messages import SentMessages
from infra.pages import TYPES, page_headers

PANEL = Path(__file__).parent / "panel"
"""The phone and mailbox that only a local run shows, under `/local/`."""
_MOST_ITEMS = 100
_WORTH_COMPRESSING = 1000
"""Bytes; what CloudFront takes as the least, too."""

Wsgi = Callable[[WsgiEnvironment, StartResponse], Iterable[bytes]]


class Site:
    """The whole server (WSGI). `ready` is set once the demo data is loaded."""

    def __init__(
        self,
        gateway: Gateway,
        *,
        web: Path,
        people: Path,
        messages: SentMessages,
        settings: Mapping[str, Any],
        upload_origin: str,
    ) -> None:
        self.ready = threading.Event()
        self._gateway = gateway
        self._web = web.resolve()
        self._settings = {**settings, "panel": "/local/panel.js"}
        self._page_headers = page_headers(upload_origin)
        self._people = people
        self._messages = messages
        self._pages: Mapping[str, Wsgi] = {
            f"{PREFIX}/health": self._health,
            "/local/people": self._list_people,
            "/local/messages": self._list_messages,
            "/config.json": self._show_settings,
        }

    def __call__(self, environ: WsgiEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        path = environ["PATH_INFO"]
        page = self._pages.get(path)
        if page is None and (path == PREFIX or path.startswith(f"{PREFIX}/")):
            return self._gateway(environ, start_response)
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            refusal = Refusal("method_not_allowed")
            return problem(environ, start_response, refusal, ("Allow", "GET, HEAD"))
        return (page or self._file)(environ, start_response)

    def _health(self, environ: WsgiEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if not self.ready.is_set():
            return problem(environ, start_response, Refusal("unavailable", retry_after=1))
        return _json(start_response, {"status": "ok"})

    def _show_settings(
        self,
        environ: WsgiEnvironment,  # noqa: ARG002 -- the form of a WSGI application
        start_response: StartResponse,
    ) -> Iterable[bytes]:
        return _json(start_response, self._settings)

    def _list_people(
        self, environ: WsgiEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        people = json.loads(self._people.read_text()) if self._people.exists() else []
        return _list(environ, start_response, people)

    def _list_messages(
        self, environ: WsgiEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        return _list(environ, start_response, self._messages.to(_argument(environ, "to")))

    def _file(self, environ: WsgiEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = self._find(environ["PATH_INFO"])
        if path is None:
            return problem(environ, start_response, Refusal("not_found"))
        content, coding = _coded(path.read_bytes(), environ)
        headers = [
            *coding,
            *self._page_headers.items(),
            ("Cache-Control", "no-cache"),
            ("X-Request-Id", str(uuid4())),
            ("Content-Type", TYPES[path.suffix]),
            ("Content-Length", str(len(content))),
        ]
        start_response("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [content]

    def _find(self, path: str) -> Path | None:
        """The file of a path, if it lies in the folder and is of a type that is served."""
        name = path.removeprefix("/") or "index.html"
        if "\0" in name:
            return None
        folder, name = (PANEL, name[6:]) if name.startswith("local/") else (self._web, name)
        file = (folder / name).resolve()
        if file.is_dir():
            file /= "index.html"
        inside = file.is_relative_to(folder)
        return file if inside and file.suffix in TYPES and file.is_file() else None


def _coded(content: bytes, environ: WsgiEnvironment) -> tuple[bytes, Sequence[tuple[str, str]]]:
    """The content compressed where the browser takes that, as CloudFront does."""
    vary = ("Vary", "Accept-Encoding")
    if len(content) < _WORTH_COMPRESSING or "gzip" not in environ.get("HTTP_ACCEPT_ENCODING", ""):
        return content, [vary]
    return gzip.compress(content, mtime=0), [vary, ("Content-Encoding", "gzip")]


def _argument(environ: WsgiEnvironment, name: str) -> str | None:
    values = parse_qs(str(environ.get("QUERY_STRING", ""))).get(name)
    return values[-1] if values else None


def _list(
    environ: WsgiEnvironment, start_response: StartResponse, items: Sequence[object]
) -> Iterable[bytes]:
    """Send one page of a list; the cursor is the place of the next page's first item."""
    limit = _argument(environ, "limit") or "20"
    cursor = _argument(environ, "cursor") or "0"
    if not _is_number(limit) or not 1 <= int(limit) <= _MOST_ITEMS:
        return problem(environ, start_response, invalid("limit", "value_invalid"))
    if not _is_number(cursor):
        return problem(environ, start_response, Refusal("cursor_invalid"))
    end = int(cursor) + int(limit)
    page = items[int(cursor) : end]
    return _json(start_response, {"items": page, "next": str(end) if end < len(items) else None})


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _json(start_response: StartResponse, answer: object) -> Iterable[bytes]:
    body = msgspec.json.encode(answer)
    headers = [
        *PLAIN_HEADERS,
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("X-Request-Id", str(uuid4())),
    ]
    start_response("200 OK", headers)
    return [body]
