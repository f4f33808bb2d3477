"""The steps of proofreading and corrections."""

from typing import Any

from chalicelib.domain.institutions import Institution
from tests.records import UNIVERSITY, UNIVERSITY_CODE
from tests.world import Answer, Client, World

RIGHT_NAME = {"field": "major_name", "proposed": "汉语国际教育"}


def with_directory(archive: World) -> None:
    """The directory knows the university of the tests' records."""
    university = Institution(
        identifier="4111010001",
        code=UNIVERSITY_CODE,
        name=UNIVERSITY,
        province="北京市",
        level="本科",
        department="教育部",
    )
    archive.ports.institutions.merge([university])


def ask(client: Client, record_id: str, **changes: Any) -> Answer:
    """Ask for a correction of a credential."""
    body = {
        "family": "credentials",
        "record_id": record_id,
        "changes": [RIGHT_NAME],
        "reason": "专业名称有误",
    }
    return client.call("POST", "/corrections", body | changes)


def ask_for_missing(client: Client, **changes: Any) -> Answer:
    """Ask for a record that is missing."""
    body = {
        "family": "degrees",
        "institution_code": UNIVERSITY_CODE,
        "facts": {"degree_name": "文学学士", "awarded_date": "2015-07-01"},
        "reason": "没有查到学位",
    }
    return client.call("POST", "/corrections", body | changes)


def with_evidence(client: Client, record_id: str) -> Any:
    """A draft that waits for its evidence."""
    opened = ask(client, record_id, evidence=True)
    assert (opened.status, opened.json["status"]) == (201, "draft"), opened.content
    return opened.json
