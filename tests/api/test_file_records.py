"""What a changed record does to reports on it, to bindings, and after a crash (journey 7)."""

from collections.abc import Sequence
from typing import Any

import pytest

from chalicelib.adapters.memory_tables import MemoryTables
from chalicelib.domain.records import Credential
from chalicelib.operations.file_records import RecordFiling
from chalicelib.stores.record_rows import Source
from chalicelib.stores.tables import Row, TableName
from tests.world import START, Client, Student, World, world

STUDENT = Student()


def credential(number: str | None = STUDENT.document_number, **facts: Any) -> Source:
    """A credential as its institution delivers it."""
    said: dict[str, Any] = {
        "name": STUDENT.name,
        "document_number": number,
        "institution_code": "10001",
        "institution_name": "北京大学",
        "level": "本科",
        "major_name": "历史学",
        "graduation_date": "1999-07-01",
        "school_number": "982456",
        "conclusion": "毕业",
    }
    return Source(
        family="credentials",
        natural_key="credential 982456",
        facts=Credential(**(said | facts)),
        person_number=number,
        numbers={"school": ("10001", 1999, "982456")},
    )


def file(archive: World, source: Source) -> None:
    RecordFiling(archive.ports).put([source], now=archive.clock(), reason="import")


@pytest.fixture
def student(archive: World) -> Client:
    archive.checker.learn(STUDENT.name, STUDENT.document_number, STUDENT.phone)
    return archive.registered(STUDENT)


def report_on(client: Client) -> str:
    record = client.call("GET", "/archive/credentials").json["items"][0]
    body = {
        "kind": "credential",
        "record_id": record["record_id"],
        "language": "zh",
        "valid_months": 1,
        "disclosure": "full",
    }
    return str(client.call("POST", "/reports", body).json["verification_code"])


def result(archive: World, code: str) -> Any:
    return archive.client.call("GET", f"/verifications/{code}").json


def test_a_new_version_supersedes_the_reports_on_the_old(archive: World, student: Client) -> None:
    file(archive, credential())
    code = report_on(student)
    file(archive, credential())
    assert result(archive, code)["result"] == "valid", "the same words change nothing"
    file(archive, credential(major_name="世界史"))
    told = result(archive, code)
    assert told["result"] == "superseded"
    assert told["report"]["major_name"] == "历史学", "the content at issue is still shown"
    assert "pdf_url" not in told
    activity = student.call("GET", "/account/activity").json["items"]
    assert "report_superseded" in {item["action"] for item in activity}


@pytest.mark.parametrize("fact", ["revoked", "lost_void"])
def test_a_void_record_revokes_its_reports(archive: World, student: Client, fact: str) -> None:
    file(archive, credential())
    code = report_on(student)
    file(archive, credential(STUDENT.document_number, **{fact: True}))
    assert result(archive, code)["result"] == "revoked"


def test_a_closed_report_stays_closed(archive: World, student: Client) -> None:
    file(archive, credential())
    code = report_on(student)
    report_id = student.call("GET", "/reports").json["items"][0]["report_id"]
    student.call("DELETE", f"/reports/{report_id}")
    file(archive, credential(revoked=True))
    assert result(archive, code)["result"] == "closed"


def bind(client: Client) -> int:
    return client.call(
        "POST",
        "/bindings",
        {
            "family": "credentials",
            "certificate_number": "982456",
            "graduation_year": 1999,
            "institution": "10001",
        },
    ).status


def how(client: Client) -> list[str]:
    return [item["how"] for item in client.call("GET", "/bindings").json["items"]]


def test_a_record_bound_by_hand_binds_by_itself_once_it_has_its_number(
    archive: World, student: Client
) -> None:
    file(archive, credential(None))
    assert bind(student) == 201
    assert how(student) == ["manual"]
    file(archive, credential())
    assert how(student) == ["automatic"]
    record = student.call("GET", "/archive/credentials").json["items"]
    assert [one["version"] for one in record] == [2]


def test_a_record_bound_by_hand_leaves_when_it_is_somebody_elses(
    archive: World, student: Client
) -> None:
    file(archive, credential(None))
    assert bind(student) == 201
    file(archive, credential("440524188001010014"))
    assert how(student) == []


class CrashError(Exception):
    """The import's process is gone."""


class CrashingTables(MemoryTables):
    """Tables that fail at a chosen call that writes for an import."""

    def __init__(self) -> None:
        super().__init__()
        self.calls_left = -1

    def load(self, table: TableName, rows: Sequence[Row]) -> None:
        self._count()
        super().load(table, rows)

    def _count(self) -> None:
        if self.calls_left == 0:
            raise CrashError
        self.calls_left -= 1


@pytest.mark.parametrize("calls", [0, 1])
def test_an_import_killed_midway_ends_like_an_undisturbed_one(calls: int) -> None:
    tables = CrashingTables()
    archive = world(tables=tables)
    archive.checker.learn(STUDENT.name, STUDENT.document_number, STUDENT.phone)
    file(archive, credential(None))
    tables.calls_left = calls
    with pytest.raises(CrashError):
        file(archive, credential())
    tables.calls_left = -1
    file(archive, credential())
    student = archive.registered(STUDENT)
    records = student.call("GET", "/archive/credentials").json["items"]
    assert [one["version"] for one in records] == [2]
    path = f"/archive/credentials/{records[0]['record_id']}/versions"
    assert [one["version"] for one in student.call("GET", path).json["items"]] == [1]
    assert archive.clock() == START
    rows = [key for key in tables._rows if key.sk.startswith("credentials#")]
    assert len([key for key in rows if not key.pk.startswith("number#")]) == 1
