"""What belongs to somebody else answers like what does not exist (R-41), for every such route."""

import re
from typing import Any

import pytest

from chalicelib.api.openapi import document
from chalicelib.api.routes import ADMITTED, ROUTES, Route
from tests.api.test_report import issue
from tests.appeals import appeal_against, renamed
from tests.corrections import ask as ask_for_correction
from tests.corrections import with_directory
from tests.records import LI, WANG, file_record, member, record_ids, without_request_id
from tests.world import Answer, Client, World, world

document()  # loads every function's routes
OWNED = [
    route
    for route in ROUTES
    if "student" in ADMITTED.get(route.policy, ()) and "_id}" in route.path
]
every_route = pytest.mark.parametrize("route", OWNED, ids=lambda one: f"{one.method} {one.path}")

BODIES: dict[str, dict[str, Any]] = {
    "object_to_appeal": {"reason": "本人持有"},
    "extend_report": {"extend_months": 1},
    "judge_photo": {"verdict": "mine"},
}
QUERIES = {"read_photo": {"kind": "graduation"}}


@pytest.fixture(scope="module")
def archive() -> World:
    return world()


@pytest.fixture(scope="module")
def clients(archive: World) -> tuple[Client, Client]:
    """Two members; the first has something of everything that has an id."""
    with_directory(archive)
    for family in ("credentials", "enrollments"):
        file_record(archive, family, WANG, photos={"graduation": b"face"})
    file_record(archive, "credentials", WANG, major_name="changed")
    return member(archive, WANG), member(archive, LI)


@pytest.fixture(scope="module")
def ids(archive: World, clients: tuple[Client, Client]) -> dict[str, str]:
    """The owner's ids by placeholder; a new placeholder has to be named here."""
    owner, _ = clients
    record_id = record_ids(owner, "credentials")[0]
    return {
        "family": "credentials",
        "record_id": record_id,
        "report_id": issue(owner, record_id, valid_months=1).json["report_id"],
        "appeal_id": appeal_against(archive, WANG),
        "correction_id": ask_for_correction(owner, record_id).json["correction_id"],
        "review_id": renamed(owner, WANG),
        "session_id": owner.call("GET", "/sessions").json["items"][0]["session_id"],
    }


def call(client: Client, route: Route, ids: dict[str, str]) -> Answer:
    path = re.sub(r"{(\w+)}", lambda found: ids[found[1]], route.path)
    return client.call(route.method, path, BODIES.get(route.name), query=QUERIES.get(route.name))


def unknown(ids: dict[str, str]) -> dict[str, str]:
    """Ids of the same form that nothing has."""
    return {name: value if name == "family" else value[::-1] for name, value in ids.items()}


@pytest.mark.req("R-41")
@every_route
def test_somebody_elses_is_what_does_not_exist(clients, ids, route):
    _, stranger = clients
    foreign, absent = call(stranger, route, ids), call(stranger, route, unknown(ids))
    assert (absent.status, absent.code) == (404, "not_found")
    assert without_request_id(foreign) == without_request_id(absent)
    assert list(foreign.headers) == list(absent.headers)
    assert len(foreign.content) == len(absent.content)


@pytest.mark.req("R-41")
def test_the_owner_finds_it(clients, ids):
    """The comparison above would hold for an archive that finds nothing."""
    owner, _ = clients
    reading = [route for route in OWNED if route.method == "GET"]
    assert {call(owner, route, ids).status for route in reading} == {200}


@pytest.mark.req("R-41")
@pytest.mark.parametrize(
    "odd", ["x" * 3000, "%00", "a%2Fb", "%ED%A0%80", "%FF", "%23", "a b", "中", "*", "'", '"']
)
@every_route
def test_an_id_that_cannot_be_one_is_not_found(clients, ids, route, odd):
    odd_ids = {name: value if name == "family" else odd for name, value in ids.items()}
    answer = call(clients[0], route, odd_ids)
    assert (answer.status, answer.code) == (404, "not_found")
