"""From a gateway request to an operation and back: the same steps for every route.

Parse, authenticate, claim the idempotency key, operate, answer. Refusals become problem+json;
anything unforeseen becomes `internal_error`, logged without values.
"""

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import unquote

import msgspec
from chalice.app import Request, Response

from chalicelib.api.bodies import CSV, media_type_of, read_body, read_query
from chalicelib.api.cookies import read_cookies
from chalicelib.api.languages import preferred_language
from chalicelib.api.problems import problem_headers, problem_of
from chalicelib.api.routes import ADMITTED, Binary, Listing, Route, WithCookies
from chalicelib.domain.errors import Language, Refusal, invalid
from chalicelib.operations.ports import Caller, Ports, Recorder
from chalicelib.stores.idempotency import StoredReply
from chalicelib.stores.sessions import Principal
from chalicelib.telemetry import crash_log

PROBLEM = "application/problem+json"
JSON = "application/json"

CURRENT: ContextVar["Exchange"] = ContextVar("CURRENT")
"""The request being answered, per thread."""

_NOT_KEPT = {
    "conflict",
    "invalid_request",
    "unavailable",
    "internal_error",
    "rate_limited",
    "request_in_progress",
    "unauthenticated",
}
"""Refusals that leave an `Idempotency-Key` free: the same request may do better later."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What every id looks like that the archive gives out."""

_MOST_KEY_CHARACTERS = 255
_MOST_DEVICE_CHARACTERS = 120


@dataclass
class Exchange:
    """A gateway request and the ports to answer it with."""

    request: Request
    ports: Ports
    outcome: str = "ok"
    route: str = "-"
    accept: str = ""

    def crash(self, error: Exception) -> None:
        """Log what was not foreseen, without its text: that may quote a value."""
        self.ports.metrics.count("crash")
        crash_log(request_id=self.request_id, route=self.route, error=error)

    @cached_property
    def request_id(self) -> str:
        """The gateway's id of the request."""
        return str(self.request.context.get("requestId", "-"))

    @cached_property
    def language(self) -> Language:
        """The person's language."""
        return preferred_language(self.request.headers.get("accept-language", ""))

    @property
    def wants_csv(self) -> bool:
        """See `Call.as_csv`."""
        sent = media_type_of(str(self.request.headers.get("content-type", "")))
        return CSV in self.accept or (sent == CSV and JSON not in self.accept)

    @cached_property
    def caller(self) -> Caller:
        """Where the request comes from."""
        identity = self.request.context.get("identity") or {}
        agent = str(self.request.headers.get("user-agent", ""))[:_MOST_DEVICE_CHARACTERS]
        return Caller(
            ip=str(identity.get("sourceIp", "")),
            language=self.language,
            request_id=self.request_id,
            device="".join(character for character in agent if character.isprintable()),
        )


@dataclass(frozen=True, slots=True)
class Call:
    """What an operation's route gets: ports, caller, and what was parsed."""

    ports: Ports
    caller: Caller
    body: Any
    query: Any
    scope: str
    signed_in: Principal | None
    header: str = ""
    """The value of the header that the route names."""
    cookies: Mapping[str, str] = field(default_factory=dict)
    as_csv: bool = False
    """Whether the person wants CSV: by `Accept`, or by sending it without asking for JSON."""

    @property
    def principal(self) -> Principal:
        """Who is signed in. Raises `unauthenticated` on a public route."""
        if self.signed_in is None:
            raise Refusal("unauthenticated")
        return self.signed_in


def answer(route: Route, operation: Callable[..., Any], parameters: Mapping[str, str]) -> Response:
    """Answer the current request by an operation."""
    exchange = CURRENT.get()
    exchange.route = f"{route.method} {route.path}"
    try:
        return _operated(exchange, route, operation, _readable(parameters))
    except Refusal as refusal:
        return refused(exchange, refusal)
    except Exception as error:  # noqa: BLE001 -- the edge answers whatever went wrong
        exchange.crash(error)
        return refused(exchange, Refusal("internal_error"))


def refused(exchange: Exchange, refusal: Refusal) -> Response:
    """The error answer of a refusal."""
    exchange.outcome = refusal.code if refusal.cause is None else f"{refusal.code}:{refusal.cause}"
    problem = problem_of(refusal, exchange.language, exchange.request_id)
    return Response(
        body=msgspec.json.encode(problem).decode(),
        status_code=problem.status,
        headers={"Content-Type": PROBLEM, **problem_headers(refusal)},
    )


def _operated(
    exchange: Exchange,
    route: Route,
    operation: Callable[..., Any],
    parameters: Mapping[str, str],
) -> Response:
    ports = exchange.ports
    signed_in = None if route.policy == "public" else _admitted(exchange, ports, route)
    body = _body(exchange.request, route)
    query = read_query(_parameters(exchange.request), route.query)
    header = str(exchange.request.headers.get((route.header or "-").casefold(), ""))
    cookies = read_cookies(str(exchange.request.headers.get("cookie", "")))
    scope = f"{route.method} {route.path} {signed_in.account_id if signed_in else 'public'}"

    def operate(with_ports: Ports) -> Any:
        call = Call(
            with_ports,
            exchange.caller,
            body,
            query,
            scope,
            signed_in,
            header=header,
            cookies=cookies,
            as_csv=exchange.wants_csv,
        )
        return operation(call, **parameters)

    key = exchange.request.headers.get("idempotency-key")
    if not route.creating or key is None:
        return _response(route, operate(ports))
    address = f"{scope} {sorted(parameters.items())}"
    return _once(exchange, route, operate, address=address, key=key)


def _once(
    exchange: Exchange,
    route: Route,
    operate: Callable[[Ports], Any],
    *,
    address: str,
    key: str,
) -> Response:
    """Operate at most once for a key; a repeated request gets the first answer."""
    if not 1 <= len(key) <= _MOST_KEY_CHARACTERS or not key.isprintable():
        raise invalid("Idempotency-Key", "value_invalid")
    ports = exchange.ports
    claim = ports.idempotency.claim(
        address,
        key,
        _raw_body(exchange.request).hex(),
        owner=ports.random.identifier(),
        now=ports.now(),
    )
    if isinstance(claim, StoredReply):
        exchange.outcome = "replayed"
        return _replayed(claim)
    recorder = Recorder(ports.idempotency, claim, next(iter(route.answers)))
    try:
        outcome = operate(ports.recording_with(recorder))
    except Refusal as refusal:
        return _kept_refusal(exchange, ports, recorder, refusal)
    except Exception:
        ports.idempotency.abandon(claim)
        raise
    response = _response(route, outcome)
    if not recorder.kept:
        ports.idempotency.complete(claim, _stored(response))
    return response


def _kept_refusal(
    exchange: Exchange, ports: Ports, recorder: Recorder, refusal: Refusal
) -> Response:
    response = refused(exchange, refusal)
    if refusal.code in _NOT_KEPT:
        ports.idempotency.abandon(recorder.claim)
    else:
        ports.idempotency.complete(recorder.claim, _stored(response))
    return response


def _stored(response: Response) -> StoredReply:
    body = response.body if isinstance(response.body, str) else ""
    return StoredReply(response.status_code, body.encode())


def _replayed(reply: StoredReply) -> Response:
    headers: dict[str, str | list[str]] = {"Idempotency-Replayed": "true"}
    if reply.body:
        headers["Content-Type"] = PROBLEM if reply.status >= 400 else JSON
    if reply.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(body=reply.body.decode(), status_code=reply.status, headers=headers)


def _response(route: Route, outcome: Any) -> Response:
    if isinstance(outcome, WithCookies):
        response = _response(route, outcome.answer)
        response.headers["Set-Cookie"] = list(outcome.cookies)
        return response
    status = route.status_of(outcome)
    headers: dict[str, str | list[str]] = {"Content-Type": JSON}
    if route.cacheable_seconds:
        headers["Cache-Control"] = f"public, max-age={route.cacheable_seconds}"
    if isinstance(outcome, Binary):
        headers["Content-Type"] = outcome.media_type
        if outcome.file_name:
            headers["Content-Disposition"] = f'attachment; filename="{outcome.file_name}"'
        return Response(body=outcome.content, status_code=status, headers=headers)
    if outcome is None:
        return Response(body="", status_code=status, headers={})
    if isinstance(outcome, Listing):
        outcome = {"items": outcome.items, "next": outcome.next}
    return Response(body=msgspec.json.encode(outcome).decode(), status_code=status, headers=headers)


def _readable(parameters: Mapping[str, str]) -> dict[str, str]:
    """The path's parameters, percent-decoded (API Gateway passes them as sent).

    An id that cannot be one of ours reads as `-`, which none is: it gets the answer of any unknown
    one, and no table is asked for a key that it could not hold.
    """
    decoded = {name: unquote(value) for name, value in parameters.items()}
    return {
        name: "-" if name.endswith("_id") and not _ID.fullmatch(value) else value
        for name, value in decoded.items()
    }


def _admitted(exchange: Exchange, ports: Ports, route: Route) -> Principal:
    """Who is signed in, if the route is for them. Raises `unauthenticated`, `forbidden`."""
    principal = _authenticated(exchange, ports)
    caller = principal.post.role if principal.post else "student"
    if caller not in ADMITTED[route.policy]:
        raise Refusal("forbidden")
    return principal


def _authenticated(exchange: Exchange, ports: Ports) -> Principal:
    scheme, _, token = str(exchange.request.headers.get("authorization", "")).partition(" ")
    session = None
    if scheme.casefold() == "bearer" and token.isascii():
        session = ports.sessions.of_access_token(token.strip(), ports.now())
    if session is None:
        raise Refusal("unauthenticated")
    return session.principal


def _body(request: Request, route: Route) -> msgspec.Struct | None:
    if route.body is None:
        return None
    content_type = str(request.headers.get("content-type", ""))
    return read_body(
        _raw_body(request),
        content_type,
        route.body,
        optional=route.body_optional,
        csv=route.csv,
        most_members=route.most_members,
    )


def _raw_body(request: Request) -> bytes:
    try:
        raw = request.raw_body
    except ValueError:
        raise Refusal("malformed_json") from None
    return raw if isinstance(raw, bytes) else raw.encode()


def _parameters(request: Request) -> dict[str, str]:
    found = request.query_params
    return {name: found[name] for name in found} if found else {}
