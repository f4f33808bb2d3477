"""Odd and hostile requests by the thousand: each gets a documented answer (R-75).

`FUZZ_EXAMPLES` sets how many requests every operation gets; `make fuzz` sends many more.
"""

import json
import os
import re
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chalicelib.api.openapi import document
from chalicelib.api.problems import STATUS
from chalicelib.api.routes import ROUTES
from tests.api.test_report import issue
from tests.records import WANG, file_record, record_ids
from tests.staff import admitted, everybody
from tests.world import Answer, Client, World, world

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
OPERATIONS = [
    (method.upper(), path) for path, methods in document()["paths"].items() for method in methods
]
each_operation = pytest.mark.parametrize(
    ("method", "path"), OPERATIONS, ids=[" ".join(one) for one in OPERATIONS]
)


def can_be_wrong(method: str, path: str) -> bool:
    """Whether the document leaves anything to get wrong: any text will do for an id."""
    operation = document()["paths"][path][method.lower()]
    queried = any(one["in"] == "query" for one in operation["parameters"])
    return queried or "requestBody" in operation


often = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,  # the short slice is the same every time
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


class Target:
    """An archive, somebody signed in, and ids that exist."""

    def __init__(self) -> None:
        self.archive: World = world(limits="local")
        self.callers = everybody(self.archive)
        self.client: Client = self.callers["student"]
        file_record(self.archive, "credentials", WANG, photos={"graduation": b"face"})
        record_id = record_ids(self.client, "credentials")[0]
        report = issue(self.client, record_id, valid_months=1).json
        self.ids = {
            "family": "credentials",
            "record_id": record_id,
            "report_id": str(report["report_id"]),
            "code": str(report["verification_code"]),
        }
        self.schema = schemathesis.openapi.from_wsgi("/api/openapi.json", self.archive.gateway)

    def fresh_client(self, method: str = "", path: str = "") -> Client:
        """Somebody whom the operation lets in; signed in again where an odd request ended that."""
        route = next((one for one in ROUTES if (one.method, one.path) == (method, path)), None)
        caller = admitted(route) if route else "student"
        client = self.callers[caller]
        if caller == "student" and client.call("GET", "/account").status == 401:
            client = self.callers[caller] = self.archive.sign_in(WANG)
        return client


@pytest.fixture(scope="module")
def target() -> Target:
    return Target()


def require_documented(answer: Answer, operation: dict[str, Any] | None) -> None:
    """One of the operation's answers; an error is a problem that agrees with its status."""
    assert answer.status < 500, answer.content
    if operation is not None:
        assert str(answer.status) in operation["responses"]
    if answer.status >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert STATUS[answer.code] == answer.status == answer.json["status"]


# By the document's own shapes


@pytest.mark.req("R-75")
@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [
        (*one, mode)
        for one in OPERATIONS
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or can_be_wrong(*one)
    ],
)
def test_requests_made_from_the_document(target, method, path, mode):
    operation = target.schema[path][method]
    checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS

    @often
    @given(case=operation.as_strategy(generation_mode=mode))
    def send(case):
        case.headers = {
            **(case.headers or {}),
            "Authorization": f"Bearer {target.fresh_client(method, path).token}",
        }
        case.call_and_validate(checks=checks)

    send()


# By bytes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=60),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=12,
)
HEADER = st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=60)
ODD = st.text(max_size=40).map(quote) | st.binary(max_size=20).map(quote) | st.just("-" * 3000)


@st.composite
def bodies(draw: st.DrawFn, members: list[str]) -> bytes:
    """Bytes, JSON, or an object of the right names with odd values, perhaps spoilt."""
    if draw(st.booleans()):
        return draw(st.binary(max_size=200))
    shape = st.fixed_dictionaries(dict.fromkeys(members, JSON)) if members else JSON
    text = json.dumps(draw(shape | JSON)).encode()
    cut = draw(st.integers(0, 9))
    return text[:-cut] if cut < 3 and cut else text


def members_of(operation: dict[str, Any]) -> list[str]:
    body = operation.get("requestBody")
    if body is None:
        return []
    name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return list(document()["components"]["schemas"][name].get("properties", {}))


@pytest.mark.req("R-75")
@each_operation
def test_requests_of_any_bytes(target, method, path):
    operation = document()["paths"][path][method.lower()]

    @often
    @given(data=st.data())
    def send(data):
        sent = re.sub(
            r"{(\w+)}",
            lambda found: data.draw(st.just(target.ids.get(found[1], "x")) | ODD) or "x",
            path,
        )
        names = ["Accept", "Accept-Language", "Content-Type", "Idempotency-Key", "User-Agent"]
        headers = data.draw(st.dictionaries(st.sampled_from(names), HEADER))
        if data.draw(st.booleans()):
            headers["Content-Type"] = "application/json"
        if data.draw(st.integers(0, 5)) == 0:
            headers["Authorization"] = data.draw(HEADER)
        query = data.draw(
            st.dictionaries(
                st.sampled_from(["limit", "cursor", "kind", "query", "purpose"]),
                st.text(max_size=30),
            )
        )
        answer = target.fresh_client(method, path).call(
            method,
            sent,
            raw=data.draw(bodies(members_of(operation))),
            headers=headers,
            query=query,
        )
        routed = "%2F" in sent or "/" not in sent.removeprefix(path.partition("{")[0])
        require_documented(answer, operation if routed and "//" not in sent else None)

    send()


@pytest.mark.req("R-75")
@often
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "X-ODD"]),
    path=st.text(max_size=60).map(quote) | st.sampled_from([path for _, path in OPERATIONS]),
)
def test_requests_of_any_path_and_method(target, method, path):
    answer = target.fresh_client().call(method, f"/{path.lstrip('/')}")
    if method != "HEAD":
        require_documented(answer, None)
