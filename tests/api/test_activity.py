"""The own activity: every line once, the newest first, nobody else's data."""

import pytest

from chalicelib.domain.records import Family
from tests.api.steps import known
from tests.records import LI, WANG, file_record, member, record_ids
from tests.world import Client, World

FAMILIES: tuple[Family, ...] = ("enrollments", "credentials", "degrees", "loans", "aids")


@pytest.fixture
def student(archive: World) -> Client:
    for family in FAMILIES:
        file_record(archive, family, WANG)
    return member(archive, WANG)


def confirm_all(student: Client) -> None:
    for family in FAMILIES:
        [record_id] = record_ids(student, family)
        path = f"/archive/{family}/{record_id}/confirmation"
        assert student.call("PUT", path).status == 204


def test_what_happens_in_one_second_keeps_its_order(student):
    confirm_all(student)
    lines = student.call("GET", "/account/activity").json["items"]
    confirmed = [line["facts"]["family"] for line in lines if line["action"] == "record_confirmed"]
    assert confirmed == list(reversed(FAMILIES))
    assert len({line["at"] for line in lines[: len(FAMILIES)]}) == 1


def test_pages_of_one_second_show_every_line_once(student):
    confirm_all(student)
    whole = student.call("GET", "/account/activity", query={"limit": "100"}).json["items"]
    paged, cursor = [], {}
    while True:
        page = student.call("GET", "/account/activity", query={"limit": "2"} | cursor).json
        paged += page["items"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert paged == whole


def test_it_is_ones_own(archive, student):
    confirm_all(student)
    other = archive.registered(known(archive, LI))
    actions = {line["action"] for line in other.call("GET", "/account/activity").json["items"]}
    assert actions == {"registered", "signed_in"}
