"""The Chalice application of one Lambda function, or of all of them in one process.

`ARCHIVE_FUNCTION` names the function whose blueprint is loaded, so that a cold start imports only
what its routes need; without it all are loaded (local run, tests, packaging).
"""

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextvars import ContextVar
from importlib import import_module
from typing import Any

from chalice.app import Chalice, Request, Response

from chalicelib.api.calls import CURRENT, PROBLEM, Exchange, refused
from chalicelib.api.client_address import with_client_address
from chalicelib.domain.errors import Refusal
from chalicelib.operations.ports import Ports
from chalicelib.telemetry import request_log

APP_NAME = "student-archive"
CORS_REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key, Accept-Language, Appeal-Token"
"""The request headers that a page of another allowed origin may send."""
CORS_RESPONSE_HEADERS = "Content-Disposition, Idempotency-Replayed, Retry-After, X-Request-Id"
"""The answer's headers that such a page may read."""

BINARY_TYPES = (
    "application/dc+sd-jwt",
    "application/pdf",
    "application/statuslist+jwt",
    "image/jpeg",
    "text/csv",
    "text/html",
)
"""Answers that are passed through as they are."""

_SILENT = logging.getLogger("chalice.silent")
"""Chalice logs a crash with its text, which may quote a value: `calls.answer` logs it instead."""
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

FUNCTIONS = (
    "register",
    "verify_code",
    "sessions",
    "recover",
    "account",
    "appeals",
    "bind",
    "query",
    "correct",
    "report",
    "verify_report",
    "registrar",
    "reviewer",
    "operator",
    "describe",
)
"""The functions that answer HTTP, each a module of `chalicelib.api` with a `function`."""

_REQUEST: ContextVar[Request | None] = ContextVar("_REQUEST", default=None)
_CONTEXT: ContextVar[Any] = ContextVar("_CONTEXT", default=None)

_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Archive(Chalice):
    """Chalice, safe under threads, with the same headers and errors on every answer."""

    def __init__(
        self,
        ports: Callable[[], Ports],
        cors_origins: Callable[[], Collection[str]],
        origin_digests: Callable[[], Collection[str]],
    ) -> None:
        super().__init__(APP_NAME, configure_logs=False)
        self.log = _SILENT
        self._ports = ports
        self._cors_origins = cors_origins
        self._origin_digests = origin_digests
        self.api.binary_types = [*BINARY_TYPES]

    @property
    def current_request(self) -> Request | None:
        """The request of this thread."""
        return _REQUEST.get()

    @current_request.setter
    def current_request(self, request: Request | None) -> None:
        _REQUEST.set(request)

    @property
    def lambda_context(self) -> Any:
        """The Lambda context of this thread."""
        return _CONTEXT.get()

    @lambda_context.setter
    def lambda_context(self, context: Any) -> None:
        _CONTEXT.set(context)

    def __call__(self, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answer a gateway event."""
        return self._answered(
            event, lambda accepted: super(Archive, self).__call__(accepted, context)
        )

    def unrouted(self, event: dict[str, Any], allowed: Sequence[str]) -> dict[str, Any]:
        """Answer where there is no route: 405 with the allowed methods, or 404."""
        code = "method_not_allowed" if allowed else "not_found"

        def refuse(_: dict[str, Any]) -> dict[str, Any]:
            response = refused(CURRENT.get(), Refusal(code)).to_dict()
            if allowed:
                response["headers"]["Allow"] = ", ".join(sorted(allowed))
            return dict(response)

        return self._answered(event, refuse)

    def preflight(self, event: dict[str, Any], allowed: Sequence[str]) -> dict[str, Any]:
        """Answer a browser that asks whether a page of another origin may call a path."""

        def permit(_: dict[str, Any]) -> dict[str, Any]:
            response = Response(body="", status_code=204)
            if CURRENT.get().request.headers.get("origin") in self._cors_origins():
                response.headers |= {
                    "Access-Control-Allow-Methods": ", ".join(sorted(allowed)),
                    "Access-Control-Allow-Headers": CORS_REQUEST_HEADERS,
                    "Access-Control-Max-Age": "600",
                }
            return dict(response.to_dict())

        return self._answered(event, permit)

    def _answered(
        self, event: dict[str, Any], answer: Callable[[dict[str, Any]], dict[str, Any]]
    ) -> dict[str, Any]:
        started = time.perf_counter()
        accepted = _accepting_anything(with_client_address(event, self._origin_digests()))
        exchange = Exchange(Request(accepted), None, accept=_accept(event))  # type: ignore[arg-type]  # set just below
        token = CURRENT.set(exchange)
        try:
            try:
                exchange.ports = self._ports()
                response = answer(accepted)
            except Refusal as refusal:
                response = refused(exchange, refusal).to_dict()
            response = _problem_for_crash(exchange, response)
        finally:
            CURRENT.reset(token)
        response["headers"] = self._headers(exchange, response)
        _log(exchange, response["statusCode"], started)
        return response

    def _headers(self, exchange: Exchange, response: Mapping[str, Any]) -> dict[str, str]:
        headers = {
            **_HEADERS,
            "Cache-Control": "no-store",
            "X-Request-Id": exchange.request_id,
            "Vary": "Origin, Accept-Language",
            **response["headers"],
        }
        origin = exchange.request.headers.get("origin")
        if origin and origin in self._cors_origins():
            headers["Access-Control-Allow-Origin"] = str(origin)
            headers["Access-Control-Expose-Headers"] = CORS_RESPONSE_HEADERS
        return headers


def build(
    function: str | None,
    ports: Callable[[], Ports],
    *,
    cors_origins: Callable[[], Collection[str]] = tuple,
    origin_digests: Callable[[], Collection[str]] = tuple,
) -> Archive:
    """The application with one function's routes, or with all of them for None.

    The arguments that are called are asked when the first request comes, not at import.
    `origin_digests` are those of `with_client_address`.
    """
    app = Archive(ports, cors_origins, origin_digests)
    for name in FUNCTIONS:
        if function in {None, name}:
            app.register_blueprint(import_module(f"chalicelib.api.{name}").function.blueprint())
    return app


def _accept(event: dict[str, Any]) -> str:
    """What the person wants to be answered in."""
    headers = event.get("headers") or {}
    return next((str(v).casefold() for k, v in headers.items() if k.casefold() == "accept"), "")


def _accepting_anything(event: dict[str, Any]) -> dict[str, Any]:
    """Chalice refuses a binary answer unless `Accept` names its type; the contract does not."""
    headers = {
        name: value
        for name, value in (event.get("headers") or {}).items()
        if name.casefold() != "accept"
    }
    return {**event, "headers": {**headers, "accept": "*/*"}}


def _problem_for_crash(exchange: Exchange, response: dict[str, Any]) -> dict[str, Any]:
    """Chalice answers a crash, a bad method or type itself; those become problems too."""
    headers = response["headers"]
    media_type = next((v for k, v in headers.items() if k.casefold() == "content-type"), "")
    if response["statusCode"] < 400 or media_type == PROBLEM:
        return response
    code = {405: "method_not_allowed", 404: "not_found"}.get(response["statusCode"])
    return dict(refused(exchange, Refusal(code or "internal_error")).to_dict())


def _log(exchange: Exchange, status: int, started: float) -> None:
    request_log(
        request_id=exchange.request_id,
        route=exchange.route,
        status=status,
        outcome=exchange.outcome,
        milliseconds=round((time.perf_counter() - started) * 1000, 1),
    )
