"""The wire between the AWS clients and AWS: in tests it can be serialised, watched and cut.

It stands around botocore's sending of one attempt, below the SDK's own retries, so that a fault
here meets everything that a real one meets. (A `before-send` hook would come too late: moto has
applied the write by then.)
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, Literal, get_args

import botocore.endpoint
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError

Fault = Literal[
    "throttled",
    "failed before",
    "failed after",
    "timed out after",
    "killed before",
    "killed after",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)

Attempt = Callable[[], Any]
Around = Callable[[Any, Attempt], Any]


class Killed(BaseException):
    """The function's process ended here."""


@contextmanager
def around_wire(around: Around) -> Iterator[None]:
    """Let `around(request, attempt)` stand around every attempt; SDK retries do not wait."""
    endpoint, clock = botocore.endpoint.Endpoint, botocore.endpoint.time
    send = endpoint._do_get_response

    def sent(self: Any, request: Any, model: Any, context: Any) -> Any:
        return around(request, lambda: send(self, request, model, context))

    endpoint._do_get_response = sent
    botocore.endpoint.time = SimpleNamespace(sleep=lambda _: None, time=clock.time)
    try:
        yield
    finally:
        endpoint._do_get_response = send
        botocore.endpoint.time = clock


def one_at_a_time() -> Around:
    """One call after the other: moto lets two conditional writers win otherwise."""
    lock = threading.Lock()

    def locked(_: Any, attempt: Attempt) -> Any:
        with lock:
            return attempt()

    return locked


class Cut:
    """Breaks the attempts from number `place` (from 0) on, `times` of them."""

    def __init__(self, fault: Fault, place: int, times: int) -> None:
        self._fault = fault
        self._broken = range(place, place + times)
        self.seen = 0

    def __call__(self, request: Any, attempt: Attempt) -> Any:
        number, self.seen = self.seen, self.seen + 1
        return broken(self._fault, request, attempt) if number in self._broken else attempt()


def broken(fault: Fault, request: Any, attempt: Attempt) -> Any:
    """What the SDK sees of an attempt with this fault."""
    if fault == "killed before":
        raise Killed
    if fault == "throttled":
        return _refused(request, 400, "ProvisionedThroughputExceededException")
    if fault == "failed before":
        return _refused(request, 500, "InternalServerError")
    attempt()
    if fault == "killed after":
        raise Killed
    if fault == "failed after":
        return _refused(request, 500, "InternalServerError")
    return None, ReadTimeoutError(endpoint_url=request.url)


def operation(request: Any) -> str:
    """The operation's name of a DynamoDB request."""
    return str(request.headers.get("X-Amz-Target", b"").decode().rpartition(".")[2])


def _refused(request: Any, status: int, code: str) -> Any:
    parsed = {
        "Error": {"Code": code, "Message": ""},
        "ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": {}},
    }
    body = json.dumps({"__type": code}).encode()
    return (AWSResponse(request.url, status, {}, _Body(body)), parsed), None


class _Body:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self) -> Iterator[bytes]:
        yield self._content
