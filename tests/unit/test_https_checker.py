"""The identity checker over HTTPS: one question, a plain answer, and nothing guessed."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
import urllib3
from botocore.exceptions import EndpointConnectionError

from chalicelib.adapters.https_checker import (
    MOST_BYTES,
    TOKEN_SECONDS,
    HttpsIdentityChecker,
    ParameterSecret,
)
from chalicelib.domain.errors import Refusal
from chalicelib.stores.accounts import Person

PERSON = Person(name="王小明", document_type="resident_id", document_number="11010519491231002X")
PHONE = "+8619900000001"
TOKEN = "t0ken-of-the-test"
JSON = "application/json"


@dataclass
class Service:
    """A checker on loopback that answers what it is told, in turn; the last one for ever."""

    answers: list[tuple[int, str, bytes]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    silent: threading.Event | None = None
    address: str = ""

    def take(self) -> tuple[int, str, bytes]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Handler(BaseHTTPRequestHandler):
    service: Service

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.service.asked.append(json.loads(content))
        self.service.tokens.append(self.headers["Authorization"])
        if self.service.silent is not None:
            self.service.silent.wait(10)
            return
        status, media_type, body = self.service.take()
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        if status in {302, 307}:
            self.send_header("Location", self.service.address)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    handler = type("OneHandler", (Handler,), {"service": made})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    made.address = f"http://127.0.0.1:{server.server_port}/v1/check"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    if made.silent is not None:
        made.silent.set()
    server.shutdown()
    server.server_close()
    thread.join()


class Told:
    """A secret that is known."""

    def value(self) -> str:
        return TOKEN


@pytest.fixture
def ask(service: Service) -> Iterator[Callable[..., bool]]:
    pool = urllib3.PoolManager()

    def asking(*answers: tuple[int, str, bytes], timeout: float = 3.0) -> bool:
        service.answers = list(answers)
        checker = HttpsIdentityChecker(service.address, Told(), pool=pool, timeout=timeout)
        return checker.agrees(PERSON, PHONE)

    yield asking
    pool.clear()


def ok(body: bytes, media_type: str = JSON) -> tuple[int, str, bytes]:
    return (200, media_type, body)


@pytest.mark.parametrize("agrees", [True, False])
def test_it_answers_what_the_service_says(ask, service, agrees):
    assert ask(ok(json.dumps({"agrees": agrees}).encode())) is agrees
    assert service.asked == [
        {
            "name": PERSON.name,
            "document_type": PERSON.document_type,
            "document_number": PERSON.document_number,
            "phone": PHONE,
        }
    ]
    assert service.tokens == [f"Bearer {TOKEN}"]


UNCLEAR = [
    ok(b""),
    ok(b"true"),
    ok(b"null"),
    ok(b"{}"),
    ok(b"[true]"),
    ok(b'{"agrees": "true"}'),
    ok(b'{"agrees": 1}'),
    ok(b'{"agrees": null}'),
    ok(b'{"agree": true}'),
    ok(b'{"agrees": true, "warning": "partial"}'),
    ok(b'{"agrees": true'),
    ok(b'{"agrees": true} true'),
    ok(b'\xff{"agrees": true}'),
    ok(b'{"agrees": true}', "text/html"),
    ok(b'{"agrees": true}' + b" " * MOST_BYTES),
    (201, JSON, b'{"agrees": true}'),
    (302, JSON, b'{"agrees": true}'),
    (307, JSON, b'{"agrees": true}'),
    (400, JSON, b'{"agrees": false}'),
    (401, JSON, b'{"agrees": true}'),
    (404, JSON, b'{"agrees": false}'),
    (429, JSON, b'{"agrees": false}'),
]


@pytest.mark.parametrize("answer", UNCLEAR)
def test_whatever_is_unclear_is_no_answer_and_not_asked_again(ask, service, answer):
    with pytest.raises(Refusal) as refused:
        ask(answer, ok(b'{"agrees": true}'))
    assert (refused.value.code, refused.value.retry_after) == ("unavailable", 5)
    assert len(service.asked) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_failing_service_is_asked_once_more(ask, service, status):
    assert ask((status, JSON, b"{}"), ok(b'{"agrees": true}')) is True
    assert len(service.asked) == 2


def test_a_service_that_goes_on_failing_is_no_answer(ask, service):
    with pytest.raises(Refusal) as refused:
        ask((503, JSON, b'{"agrees": true}'))
    assert (refused.value.code, refused.value.cause) == ("unavailable", "Status503")
    assert len(service.asked) == 2


def test_a_silent_service_is_no_answer_and_not_asked_again(ask, service):
    """It may have taken the question: asking twice would double its load and the wait."""
    service.silent = threading.Event()
    with pytest.raises(Refusal) as refused:
        ask(ok(b'{"agrees": true}'), timeout=0.2)
    assert (refused.value.code, refused.value.cause) == ("unavailable", "ReadTimeoutError")
    assert len(service.asked) == 1


def test_an_address_where_nobody_listens_is_tried_twice(service):
    class CountingPool(urllib3.PoolManager):
        tries = 0

        def request(self, *args: Any, **kwargs: Any) -> Any:
            CountingPool.tries += 1
            return super().request(*args, **kwargs)

    checker = HttpsIdentityChecker("http://127.0.0.1:9/", Told(), pool=CountingPool())
    with pytest.raises(Refusal) as refused:
        checker.agrees(PERSON, PHONE)
    assert (refused.value.code, CountingPool.tries) == ("unavailable", 2)


@pytest.mark.req("R-60")
def test_nothing_personal_and_no_token_is_logged(ask, caplog):
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Refusal) as refused:
        ask(ok(f"{PERSON.name} {PERSON.document_number}".encode()))
    said = f"{caplog.text} {refused.value!r} {refused.value.cause} {refused.value.__cause__}"
    hidden = (PERSON.name, PERSON.document_number, PHONE, TOKEN)
    assert not [one for one in hidden if one in said]


def test_a_certificate_is_required_unless_told_otherwise():
    checker = HttpsIdentityChecker("https://checker.example/v1", Told())
    assert checker._pool.connection_pool_kw["cert_reqs"] == "CERT_REQUIRED"


class Ssm:
    """Systems Manager with one parameter."""

    def __init__(self) -> None:
        self.reads: list[dict[str, Any]] = []
        self.down = False

    def get_parameter(self, **request: Any) -> dict[str, Any]:
        self.reads.append(request)
        if self.down:
            raise EndpointConnectionError(endpoint_url="https://ssm.example")
        return {"Parameter": {"Value": f"token {len(self.reads)}"}}


def test_the_token_is_read_decrypted_and_kept_for_five_minutes():
    ssm, now = Ssm(), [1000]
    secret = ParameterSecret(lambda: ssm, "/archive/dev/token", lambda: now[0])
    assert [secret.value(), secret.value()] == ["token 1", "token 1"]
    now[0] += TOKEN_SECONDS - 1
    assert secret.value() == "token 1"
    now[0] += 1
    assert secret.value() == "token 2"
    assert ssm.reads[0] == {"Name": "/archive/dev/token", "WithDecryption": True}


def test_without_the_token_there_is_no_answer():
    ssm = Ssm()
    ssm.down = True
    checker = HttpsIdentityChecker(
        "https://checker.example/v1", ParameterSecret(lambda: ssm, "/a/b", lambda: 0)
    )
    with pytest.raises(Refusal) as refused:
        checker.agrees(PERSON, PHONE)
    assert (refused.value.code, refused.value.cause) == ("unavailable", "EndpointConnectionError")
