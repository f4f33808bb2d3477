"""CPU time of one warm request: gateway event in, answer out, on tables in memory.

    python -m benchmarks.warm_requests

Beside a bare Chalice route in the same run: the difference is what the archive itself costs
(reading tokens, opening sealed rows, building and logging the answer). CPU time of the process,
median of rounds.
"""

import logging
import os
import statistics
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from chalice.app import Chalice
from werkzeug.test import EnvironBuilder

from benchmarks.embedded import as_student, demo_people, fill
from chalicelib.api.application import build
from chalicelib.telemetry import SERVICE
from infra.local.gateway import LambdaContext, Routes, make_event
from tests.world import World, world

CALLS = 100
ROUNDS = 11
App = Callable[[dict[str, Any], Any], Mapping[str, Any]]


def bare() -> Chalice:
    """The least that a Chalice route can be."""
    app = Chalice("bare", configure_logs=False)

    @app.route("/bare")
    def answer() -> dict[str, str]:
        return {"status": "ok"}

    return app


def event_of(app: Any, path: str, token: str = "", query: str = "") -> dict[str, Any]:
    """What the gateway hands to the function for a GET."""
    headers = {"Accept": "application/json", "Host": "archive.example"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    builder = EnvironBuilder(path=path, query_string=query, input_stream=BytesIO())
    environ = builder.get_environ() | {
        f"HTTP_{name.upper()}": value for name, value in headers.items()
    }
    return make_event(environ | {"REMOTE_ADDR": "203.0.113.7"}, Routes(app.routes).find(path), "id")


def microseconds(app: App, event: dict[str, Any], status: int) -> float:
    """CPU µs of one call."""
    context = LambdaContext("benchmark")
    times = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(CALLS):
            answer = app(event, context)
        times.append((time.process_time() - started) / CALLS * 1_000_000)
        assert answer["statusCode"] == status, answer
    return statistics.median(times)


def graduate(archive: World) -> tuple[str, str]:
    """The access token of a doctor with records of three stages, and a report's code."""
    student = as_student(demo_people(1)[0])
    archive.checker.learn(student.name, student.document_number, student.phone)
    client = archive.registered(student)
    record = client.call("GET", "/archive/credentials").json["items"][0]
    body = {
        "kind": "credential",
        "record_id": record["record_id"],
        "language": "zh+en",
        "valid_months": 3,
        "disclosure": "full",
    }
    issued = client.call("POST", "/reports", body).json
    client.call("DELETE", f"/reports/{issued['report_id']}")  # views of a valid one are limited
    assert client.token is not None
    return client.token, issued["verification_code"]


def silence() -> None:
    """Write the log as always, but nowhere."""
    sink = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 -- for the process's life
    for handler in logging.getLogger(SERVICE).handlers:
        with suppress(AttributeError):
            handler.setStream(sink)  # type: ignore[attr-defined]  # the one handler is of a stream


def main() -> None:
    silence()
    archive = world(limits="local")
    fill(archive.ports, 1, portraits=False)
    token, code = graduate(archive)
    app = build(None, lambda: archive.ports)
    routes: Mapping[str, tuple[str, str, str]] = {
        "GET /account": ("/account", token, ""),
        "GET /account without a token: 401": ("/account", "", ""),
        "GET /archive, 19 records": ("/archive", token, ""),
        "GET /archive/credentials, 3 of 19": ("/archive/credentials", token, ""),
        "GET /reports": ("/reports", token, ""),
        "GET /verifications/{code}, closed": (f"/verifications/{code}", "", ""),
        "GET /institutions": ("/institutions", "", f"query={quote('大学')}&limit=20"),
    }
    least_app = bare()
    least = microseconds(least_app, event_of(least_app, "/bare"), 200)
    print(f"{'request':40}{'CPU µs':>10}{'of bare':>10}")
    print(f"{'bare Chalice route':40}{least:10.0f}{1:10.1f}")
    for says, (path, bearer, query) in routes.items():
        status = 401 if says.endswith("401") else 200
        taken = microseconds(app, event_of(app, path, bearer, query), status)
        print(f"{says:40}{taken:10.0f}{taken / least:10.1f}")


if __name__ == "__main__":
    main()
