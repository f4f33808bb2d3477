"""A WSGI server's requests as API Gateway's proxy events, for the one application object.

What differs from `chalice local`: the event is complete, one application serves many threads, and
there is no delay of 44 ms per answer. The application keeps its current request per thread.
"""

import base64
import logging
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote
from uuid import uuid4

import msgspec

from chalicelib.api.languages import preferred_language
from chalicelib.api.problems import problem_headers, problem_of
from chalicelib.domain.errors import Refusal

Event = dict[str, Any]
Reply = Mapping[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], object]
WsgiEnvironment = Mapping[str, Any]

PREFIX = "/api"
"""What API Gateway calls the stage; it is not part of a route."""
MOST_BYTES = 10 * 1024 * 1024
"""The largest body that API Gateway passes on."""
PLAIN_HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
)
"""Headers of the answers that the gateway makes itself."""

_LOG = logging.getLogger(__name__)
_SECONDS = 29


class Application(Protocol):
    """What the gateway needs of Chalice."""

    @property
    def routes(self) -> Mapping[str, Mapping[str, Any]]:
        """The methods of each route's path."""

    def __call__(self, event: Event, context: Any) -> Reply:
        """Answer one event."""

    def unrouted(self, event: Event, allowed: Sequence[str]) -> Reply:
        """Answer an event without a route; `allowed` are the methods that its path has."""

    def preflight(self, event: Event, allowed: Sequence[str]) -> Reply:
        """Answer a browser that asks what a page of another origin may do there."""


@dataclass(frozen=True, slots=True)
class LambdaContext:
    """The parts of Lambda's context object that a handler may read."""

    function_name: str
    aws_request_id: str = field(default_factory=lambda: str(uuid4()))
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:local:000000000000:function:archive-local"
    _deadline: float = field(default_factory=lambda: time.monotonic() + _SECONDS)

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda would stop the call."""
        return max(0, int((self._deadline - time.monotonic()) * 1000))


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the application, and what its placeholders stand for, as sent."""

    template: str
    parameters: Mapping[str, str]
    methods: Sequence[str]


class Routes:
    """The routes of an application, by path. A literal segment is preferred to a placeholder."""

    def __init__(self, routes: Mapping[str, Mapping[str, Any]]) -> None:
        self._templates = [
            (template, template.split("/"), sorted(routes[template]))
            for template in sorted(routes, key=_literal_first)
        ]

    def find(self, path: str) -> Route | None:
        """The route of a path, or None. As on API Gateway, a slash at the end does not count."""
        segments = (path.removesuffix("/") or "/").split("/")
        for template, expected, methods in self._templates:
            parameters = _placeholders(expected, segments)
            if parameters is not None:
                return Route(template, parameters, methods)
        return None


class Gateway:
    """The API under `/api`. `after_change` is called when a request may have changed something."""

    def __init__(
        self,
        app: Application,
        *,
        after_change: Callable[[], object] = lambda: None,
    ) -> None:
        self._app = app
        self._routes = Routes(app.routes)
        self._after_change = after_change

    def __call__(self, environ: WsgiEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        if int(environ.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
            return problem(environ, start_response, Refusal("too_large"))
        route = self._routes.find(_path(environ))
        methods = route.methods if route else ()
        try:
            reply = self._reply(environ, route, methods)
        except Exception as error:  # noqa: BLE001 -- as Lambda does, whatever it is
            log_failure(_LOG, "request", error)
            return problem(environ, start_response, Refusal("internal_error"))
        return _send(reply, start_response)

    def _reply(
        self, environ: WsgiEnvironment, route: Route | None, methods: Sequence[str]
    ) -> Reply:
        context = LambdaContext("archive-local")
        event = make_event(environ, route, context.aws_request_id)
        if methods and _is_preflight(environ):
            return self._app.preflight(event, methods)
        if event["httpMethod"] not in methods:
            return self._app.unrouted(event, methods)
        try:
            return self._app(event, context)
        finally:
            if event["httpMethod"] != "GET":
                self._after_change()


def make_event(environ: WsgiEnvironment, route: Route | None, request_id: str) -> Event:
    """The proxy event (REST API, payload 1.0) of one request; it reads the body."""
    path = _path(environ)
    method = environ["REQUEST_METHOD"]
    template = route.template if route else "/{proxy+}"
    headers = _headers(environ)
    query = _query(environ)
    body, is_base64 = _body(environ)
    return {
        "resource": template,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": dict(route.parameters) or None if route else {"proxy": path[1:]},
        "stageVariables": None,
        "requestContext": {
            "requestId": request_id,
            "resourcePath": template,
            "path": PREFIX + path,
            "httpMethod": method,
            "stage": PREFIX.removeprefix("/"),
            "protocol": environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
            "identity": {
                "sourceIp": environ.get("REMOTE_ADDR", ""),
                "userAgent": environ.get("HTTP_USER_AGENT"),
            },
        },
        "body": body,
        "isBase64Encoded": is_base64,
    }


def problem(
    environ: WsgiEnvironment,
    start_response: StartResponse,
    refusal: Refusal,
    *extra: tuple[str, str],
) -> Iterable[bytes]:
    """Send a refusal that the server itself gives, in the form of the API's."""
    request_id = str(uuid4())
    language = preferred_language(environ.get("HTTP_ACCEPT_LANGUAGE", ""))
    document = problem_of(refusal, language, request_id)
    body = msgspec.json.encode(document)
    headers = [
        *PLAIN_HEADERS,
        *extra,
        *problem_headers(refusal).items(),
        ("Content-Type", "application/problem+json"),
        ("X-Request-Id", request_id),
        ("Content-Length", str(len(body))),
    ]
    start_response(_status_line(HTTPStatus(document.status)), headers)
    return [body]


def log_failure(log: logging.Logger, what: str, error: Exception) -> None:
    """Log where an error came from, without its text, which may quote somebody's data."""
    places = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s failed: %s\n%s", what, type(error).__name__, places)


def _literal_first(template: str) -> list[tuple[bool, str]]:
    return [(segment.startswith("{"), segment) for segment in template.split("/")]


def _placeholders(template: Sequence[str], segments: Sequence[str]) -> Mapping[str, str] | None:
    if len(template) != len(segments):
        return None
    parameters: dict[str, str] = {}
    for expected, sent in zip(template, segments, strict=True):
        if expected.startswith("{") and sent:
            parameters[expected.strip("{}")] = sent
        elif expected != sent:
            return None
    return parameters


def _path(environ: WsgiEnvironment) -> str:
    """The path after `/api` as it was sent: API Gateway does not decode path parameters."""
    sent = str(environ.get("REQUEST_URI", "")).partition("?")[0]
    if not sent.startswith("/"):
        sent = quote(str(environ["PATH_INFO"]).encode("latin-1"))
    return sent.removeprefix(PREFIX) or "/"


def _query(environ: WsgiEnvironment) -> dict[str, list[str]]:
    query: dict[str, list[str]] = {}
    for name, value in parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True):
        query.setdefault(name, []).append(value)
    return query


def _headers(environ: WsgiEnvironment) -> dict[str, str]:
    headers = {"Accept": "*/*"}
    for name in ("CONTENT_TYPE", "CONTENT_LENGTH"):
        if environ.get(name):
            headers[name.replace("_", "-").title()] = environ[name]
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            headers[name[5:].replace("_", "-").title()] = value
    return headers


def _body(environ: WsgiEnvironment) -> tuple[str | None, bool]:
    """The body as text; in base64 where it is no UTF-8."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    content: bytes = environ["wsgi.input"].read(length) if length else b""
    try:
        return content.decode() or None, False
    except UnicodeDecodeError:
        return base64.b64encode(content).decode(), True


def _is_preflight(environ: WsgiEnvironment) -> bool:
    return (
        environ["REQUEST_METHOD"] == "OPTIONS"
        and "HTTP_ORIGIN" in environ
        and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in environ
    )


def _send(reply: Reply, start_response: StartResponse) -> Iterable[bytes]:
    status = HTTPStatus(reply["statusCode"])
    body = reply.get("body") or ""
    content = base64.b64decode(body) if reply.get("isBase64Encoded") else body.encode()
    headers = [(name, str(value)) for name, value in (reply.get("headers") or {}).items()]
    for name, values in (reply.get("multiValueHeaders") or {}).items():
        headers += [(name, str(value)) for value in values]
    if status is not HTTPStatus.NO_CONTENT:
        headers.append(("Content-Length", str(len(content))))
    start_response(_status_line(status), headers)
    return [content] if content else []


def _status_line(status: HTTPStatus) -> str:
    return f"{status.value} {status.phrase}"
