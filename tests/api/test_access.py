"""Who gets what, from the table of routes: every route × every kind of caller × whose it is.

A route that is added is in here by itself; where it takes a body before it looks at who asks, the
body is named in `BODIES`.
"""

import re
from typing import Any

import msgspec
import pytest

from chalicelib.api.openapi import document
from chalicelib.api.routes import ADMITTED, ROUTES, Route
from tests.api.steps import known
from tests.api.test_report import issue
from tests.appeals import open_appeal
from tests.corrections import ask as ask_for_correction
from tests.records import LI, WANG, file_record, record_ids, without_request_id
from tests.staff import everybody
from tests.world import Answer, Client, Student, world

document()  # loads every function's routes
CLOSED = [route for route in ROUTES if route.policy != "public"]
PUBLIC = [route for route in ROUTES if route.policy == "public"]
PROVED = [route for route in CLOSED if "proof_required" in route.raises]

STRANGERS = ("nobody", "a wrong token", "a token of another form", "an ended session")
CALLERS = ("unproved", "student", "registrar", "reviewer", "operator")
UNPROVED = Student(
    name="赵一", document_number="11010519491231002X", phone="+8619900000007", email="zhao@x.test"
)

BODIES: dict[str, dict[str, Any]] = {
    "create_binding": {
        "family": "degrees",
        "certificate_number": "1",
        "graduation_year": 2001,
        "institution": "x",
    },
    "judge_photo": {"verdict": "mine"},
    "open_correction": {
        "family": "degrees",
        "institution_code": "10001",
        "facts": {"degree_name": "文学学士"},
        "reason": "x",
    },
    "create_report": {
        "kind": "degree",
        "record_id": "x",
        "language": "zh",
        "valid_months": 1,
        "disclosure": "full",
    },
    "extend_report": {"extend_months": 1},
}
"""Bodies of the routes that need a proved identity."""
QUERIES = {
    "read_photo": {"kind": "graduation"},
    **{
        f"look_at_{what}": {"purpose": "decision"}
        for what in ("appeal", "scan", "review", "evidence")
    },
}


def title(route: Route) -> str:
    return f"{route.method} {route.path}"


def each(routes: list[Route]) -> Any:
    return pytest.mark.parametrize("route", routes, ids=title)


@pytest.fixture(scope="module")
def clients() -> dict[str, Client]:
    """A client of every kind of caller and of every kind of stranger."""
    archive = world()
    found = everybody(archive)
    archive.clock.advance(61)  # the last code's pause
    ended = archive.sign_in(WANG)
    assert ended.call("DELETE", "/sessions/current").status == 204
    tokens = {"a wrong token": str(found["student"].token)[::-1], "a token of another form": "x"}
    for name, token in tokens.items():
        found[name] = archive.client
        found[name].token = token
    return found | {
        "nobody": archive.client,
        "an ended session": ended,
        "unproved": archive.registered(UNPROVED),
    }


def call(client: Client, route: Route, ids: dict[str, str] | None = None, **how: Any) -> Answer:
    path = re.sub(r"{(\w+)}", lambda found: (ids or {}).get(found[1], "x"), route.path)
    path = path.replace("/archive/x", "/archive/enrollments")
    body = BODIES.get(route.name)
    return client.call(route.method, path, body, query=QUERIES.get(route.name), **how)


@pytest.mark.req("R-40")
@pytest.mark.parametrize("stranger", STRANGERS)
@each(CLOSED)
def test_without_a_session_nothing_is_open_but_the_public(clients, route, stranger):
    answer = call(clients[stranger], route)
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.req("R-40")
@pytest.mark.parametrize("caller", [*STRANGERS, *CALLERS])
@each(PUBLIC)
def test_a_public_route_asks_nobody_who_it_is(clients, route, caller):
    first, answer = call(clients["nobody"], route), call(clients[caller], route)
    assert answer.status == first.status
    assert answer.status not in {401, 403}


@pytest.mark.req("R-40")
@pytest.mark.req("R-43")
@pytest.mark.parametrize("caller", CALLERS)
@each(CLOSED)
def test_a_route_lets_in_whom_it_is_for(clients, route, caller):
    """Those let in only read here: what they change would be missing further down."""
    role = "student" if caller == "unproved" else caller
    if role not in ADMITTED[route.policy]:
        answer = call(clients[caller], route)
        assert (answer.status, answer.code) == (403, "forbidden")
    elif route.method == "GET":
        answer = call(clients[caller], route)
        assert answer.status in {200, 404} or answer.code == "proof_required"


@pytest.mark.req("R-04")
@each(PROVED)
def test_below_a_proved_identity_there_is_no_archive(clients, route):
    answer = call(clients["unproved"], route)
    assert (answer.status, answer.code) == (403, "proof_required")


@pytest.mark.req("R-04")
def test_every_route_of_records_needs_a_proved_identity():
    records = {"bind", "query", "correct", "report"}
    open_by_design = {"search_institutions"}
    expected = {r.name for r in ROUTES if r.function in records} - open_by_design
    assert {route.name for route in PROVED} >= expected


# Appeals are open by their token alone


APPEALS = [route for route in PUBLIC if "{appeal_id}" in route.path]


def with_key(client: Client, route: Route, appeal_id: str, token: str) -> Answer:
    path = route.path.replace("{appeal_id}", appeal_id)
    if route.header:
        return client.call(route.method, path, headers={route.header: token})
    return client.call(route.method, path, {"appeal_token": token})


@pytest.mark.req("R-41")
@each(APPEALS)
def test_another_appeals_token_opens_nothing(archive, route):
    numbers = ("110105194912310038", "440524188001010014")
    phones = ("+8619900000771", "+8619900000772")
    mine, other = (
        open_appeal(archive, msgspec.structs.replace(LI, document_number=number), phone).json
        for number, phone in zip(numbers, phones, strict=True)
    )
    foreign = with_key(archive.client, route, other["appeal_id"], mine["appeal_token"])
    absent = with_key(archive.client, route, other["appeal_id"][::-1], mine["appeal_token"])
    assert (absent.status, absent.code) == (404, "not_found")
    assert without_request_id(foreign) == without_request_id(absent)


# Ids that are given in a body


@pytest.mark.req("R-41")
def test_a_foreign_id_in_a_body_is_none(archive):
    """Reports and corrections of a record that is somebody else's, and of one that is not."""
    file_record(archive, "credentials", WANG)
    owner, stranger = (archive.registered(known(archive, one)) for one in (WANG, LI))
    [record_id] = record_ids(owner, "credentials")
    for ask in (issue, ask_for_correction):
        foreign, absent = ask(stranger, record_id), ask(stranger, record_id[::-1])
        assert (absent.status, absent.code) == (404, "not_found")
        assert without_request_id(foreign) == without_request_id(absent)
