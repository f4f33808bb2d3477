"""How often the operations that everybody uses most ask the tables: no more than they must."""

from collections.abc import Callable
from typing import Any

import pytest

from chalicelib.adapters.memory_tables import MemoryTables
from tests.records import CERTIFICATE_NUMBER, UNIVERSITY_CODE, WANG, file_record
from tests.world import Client, World, world


class CountedTables(MemoryTables):
    """Notes each request by name."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[str] = []
        self._inside = False

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name in {"get", "get_many", "query", "write", "commit"}:
            return lambda *args, **kwargs: self._noted(name, found, *args, **kwargs)
        return found

    def _noted(self, name: str, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Note the outermost call (these tables use their own methods) that asks for anything."""
        if self._inside or args == ([],):
            return call(*args, **kwargs)
        self.requests.append(name)
        self._inside = True
        try:
            return call(*args, **kwargs)
        finally:
            self._inside = False


@pytest.fixture
def tables() -> CountedTables:
    return CountedTables()


@pytest.fixture
def archive(tables: CountedTables) -> World:
    made = world(tables=tables)
    made.checker.learn(WANG.name, WANG.document_number, WANG.phone)
    return made


def test_reading_the_archive_is_the_session_and_one_query(archive, tables):
    file_record(archive, "credentials", WANG)
    file_record(archive, "degrees", WANG)
    client = archive.registered(WANG)
    for path in ("/archive", "/archive/credentials"):
        assert requests_of(tables, client, "GET", path) == ["get", "query"]


def test_linked_records_take_one_batch_read_more(archive, tables):
    file_record(archive, "credentials", WANG, document_number="")
    client = archive.registered(WANG)
    body = {
        "family": "credentials",
        "certificate_number": CERTIFICATE_NUMBER,
        "graduation_year": 2015,
        "institution": UNIVERSITY_CODE,
    }
    assert client.call("POST", "/bindings", body).status == 201
    assert requests_of(tables, client, "GET", "/archive") == ["get", "query", "get_many"]


@pytest.mark.req("R-02")
def test_confirming_a_registration_is_one_commit(archive, tables):
    file_record(archive, "credentials", WANG)
    path = f"/registrations/{archive.draft(WANG).json['registration_id']}/confirm"
    asked = requests_of(tables, archive.client, "POST", path)
    assert asked == ["get", "query", "commit"], "draft, what binds, everything at once"


@pytest.mark.req("R-67")
def test_verifying_a_report_is_one_read_and_the_views_commit(archive, tables):
    """The read brings the report and the address's two counters of misses (A-09) at once."""
    file_record(archive, "credentials", WANG)
    client = archive.registered(WANG)
    listed = client.call("GET", "/archive/credentials").json["items"]
    body = {
        "kind": "credential",
        "record_id": listed[0]["record_id"],
        "language": "zh",
        "valid_months": 1,
        "disclosure": "full",
    }
    code = client.call("POST", "/reports", body).json["verification_code"]
    path = f"/verifications/{code}"
    assert requests_of(tables, archive.client, "GET", path) == ["get_many", "commit"]


@pytest.mark.req("R-28")
def test_a_refused_sign_in_asks_the_same_whether_or_not_there_is_an_account(archive, tables):
    archive.registered(WANG)
    archive.ports.accounts.get_or_nobody(None)  # as somebody asked for nobody before
    asked = []
    for username in (WANG.email, "nobody@example.org", "19900000777"):
        tables.requests.clear()
        body = {"username": username, "password": "wrong-password-1"}
        assert archive.client.call("POST", "/sessions", body).status == 401
        asked.append(list(tables.requests))
    assert asked[0] == asked[1] == asked[2]


def requests_of(tables: CountedTables, client: Client, method: str, path: str) -> list[str]:
    """The requests to the tables that one successful call makes."""
    tables.requests.clear()
    answer = client.call(method, path)
    assert answer.status in {200, 201}, answer.content
    return list(tables.requests)
