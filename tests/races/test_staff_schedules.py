"""Pairs of concurrent steps of staff and students, in every order of table calls (R-44, R-94)."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.api.test_report import issue
from tests.corrections import ask
from tests.faults.staff_flows import PRESIDENT, Setting
from tests.lab import lab
from tests.races.scheduler import Operation, explore
from tests.records import LI, UNIVERSITY_CODE, WANG, file_record, member, record_ids
from tests.registry import change, decide, review
from tests.tables import straight
from tests.world import Answer

MOST_SCHEDULES = 4000 if os.environ.get("SCHEDULES") == "all" else 60


@dataclass
class Pair:
    """Two steps at once, and what must hold whatever their order."""

    setting: Setting
    operations: Sequence[Operation]
    check: Callable[[list[Any]], None]


def statuses(answers: Sequence[Answer]) -> list[int]:
    return sorted(answer.status for answer in answers)


def decide_one_change_twice() -> Pair:
    """Two reviewers: one decision stands, the record has one new version or none."""
    setting = Setting(lab())
    second = setting.counter.reviewer_of("北京市", "second@beijing.example").client
    change_id = change(setting.registrar, setting.record_id, major_name="历史学").json["change_id"]

    def check(answers: list[Answer]) -> None:
        assert statuses(answers) == [200, 409]
        accepted = answers[0].status == 200
        setting.require_version(2 if accepted else 1)
        setting.require_report("superseded" if accepted else "valid")

    operations: list[Operation] = [
        lambda: review(setting.reviewer, change_id, "accept"),
        lambda: review(second, change_id, "refuse", "依据不足"),
    ]
    return Pair(setting, operations, check)


def accept_a_change_while_the_record_changes() -> Pair:
    """What a reviewer accepts is the version it was proposed for, or nothing."""
    setting = Setting(lab())
    change_id = change(setting.registrar, setting.record_id, major_name="历史学").json["change_id"]

    def check(answers: list[Answer]) -> None:
        (record,) = setting.student.call("GET", "/archive/credentials").json["items"]
        accepted, changed = (answer.status == 200 for answer in answers)
        assert accepted or changed
        assert (record["major_name"] == "历史学") == accepted
        assert (record["president_name"] == "林校长") == changed
        setting.require_version(1 + accepted + changed)

    operations: list[Operation] = [
        lambda: review(setting.reviewer, change_id, "accept"),
        lambda: change(setting.registrar, setting.record_id, president_name="林校长"),
    ]
    return Pair(setting, operations, check)


def decide_one_correction_twice() -> Pair:
    setting = Setting(lab())
    asked = ask(setting.student, setting.record_id, changes=[PRESIDENT]).json["correction_id"]
    colleague = setting.counter.registrar_of(UNIVERSITY_CODE, "second@pku.example").client

    def check(answers: list[Answer]) -> None:
        assert statuses(answers) == [200, 409]
        setting.require_version(2 if answers[0].status == 200 else 1)

    operations: list[Operation] = [
        lambda: decide(setting.registrar, asked, "accept"),
        lambda: decide(colleague, asked, "refuse", "与档案一致"),
    ]
    return Pair(setting, operations, check)


def decide_a_correction_while_it_is_withdrawn() -> Pair:
    setting = Setting(lab())
    asked = ask(setting.student, setting.record_id, changes=[PRESIDENT]).json["correction_id"]

    def check(answers: list[Answer]) -> None:
        accepted, withdrawn = answers
        assert (accepted.status == 200) != (withdrawn.status == 204)
        setting.require_version(2 if accepted.status == 200 else 1)

    operations: list[Operation] = [
        lambda: decide(setting.registrar, asked, "accept"),
        lambda: setting.student.call("DELETE", f"/corrections/{asked}"),
    ]
    return Pair(setting, operations, check)


def issue_a_report_while_the_record_changes() -> Pair:
    """No report on what the record does not say any more stays valid."""
    setting = Setting(lab())

    def check(answers: list[Answer]) -> None:
        changed, issued = answers
        assert changed.status == 200
        setting.require_report("superseded")
        if issued.status == 201:
            code = issued.json["verification_code"]
            told = setting.archive.client.call("GET", f"/verifications/{code}").json
            fresh = "林校长" in str(told["report"])
            assert (told["result"] == "valid") == fresh

    operations: list[Operation] = [
        lambda: change(setting.registrar, setting.record_id, president_name="林校长"),
        lambda: issue(setting.student, setting.record_id),
    ]
    return Pair(setting, operations, check)


def bind_by_hand_while_the_record_moves() -> Pair:
    """The binding ends with the move, or is refused: nobody keeps what is somebody else's."""
    setting = Setting(lab())
    archive, number = setting.archive, "100011201505000777"
    file_record(archive, "credentials", LI, document_number="", certificate_number=number)
    wrong = member(archive, LI)
    body = {
        "family": "credentials",
        "certificate_number": number,
        "graduation_year": 2015,
        "institution": UNIVERSITY_CODE,
    }
    found = setting.registrar.call(
        "POST", "/registrar/records/search", {"purpose": "核对", "certificate_number": number}
    )
    (record,) = found.json["items"]
    moved_to = "610104196209276908"
    proposed = change(setting.registrar, record["record_id"], document_number=moved_to)

    def check(answers: list[Answer]) -> None:
        accepted, bound = answers
        assert accepted.status in {200, 409}
        kept = record_ids(wrong, "credentials")
        assert kept == ([] if accepted.status == 200 else [record["record_id"]])
        assert bound.status in {201, 422, 503}

    operations: list[Operation] = [
        lambda: review(setting.reviewer, proposed.json["change_id"], "accept"),
        lambda: wrong.call("POST", "/bindings", body),
    ]
    return Pair(setting, operations, check)


def import_while_the_record_changes() -> Pair:
    """Neither the file nor the registrar overwrites the other unseen."""
    setting = Setting(lab())

    def imported() -> None:
        file_record(setting.archive, "credentials", WANG, major_name="历史学")

    def check(answers: list[Any]) -> None:
        changed = answers[0].status == 200
        (record,) = setting.student.call("GET", "/archive/credentials").json["items"]
        path = f"/archive/credentials/{setting.record_id}/versions"
        said = [one["facts"] for one in setting.student.call("GET", path).json["items"]]
        assert record["version"] == len(said) + 1 == 2 + changed
        presidents = [
            facts["president_name"] for facts in (record, *said) if "president_name" in facts
        ]
        assert ("林校长" in presidents) == changed
        assert "历史学" in {facts["major_name"] for facts in (record, *said)}

    operations: list[Operation] = [
        lambda: change(setting.registrar, setting.record_id, president_name="林校长"),
        imported,
    ]
    return Pair(setting, operations, check)


def deactivate_while_signing_in_goes_on() -> Pair:
    """Whoever was deactivated reads nothing afterwards."""
    setting = Setting(lab())
    registrar, operator = setting.counter.registrar, setting.counter.operator.client

    def check(answers: list[Answer]) -> None:
        ended, refreshed = answers
        assert ended.status == 204
        tokens = [registrar.client.token]
        if refreshed.status == 200:
            tokens.append(refreshed.json["access_token"])
        for token in tokens:
            read = setting.archive.client.call("GET", "/registrar/corrections", token=token)
            assert read.status == 401

    operations: list[Operation] = [
        lambda: operator.call("DELETE", f"/operator/staff/{registrar.staff_id}"),
        lambda: setting.archive.client.call(
            "POST", "/sessions/refresh", {"refresh_token": registrar.client.refresh_token}
        ),
    ]
    return Pair(setting, operations, check)


PAIRS = (
    decide_one_change_twice,
    accept_a_change_while_the_record_changes,
    decide_one_correction_twice,
    decide_a_correction_while_it_is_withdrawn,
    issue_a_report_while_the_record_changes,
    bind_by_hand_while_the_record_moves,
    import_while_the_record_changes,
    deactivate_while_signing_in_goes_on,
)


@pytest.mark.req("R-44")
@pytest.mark.parametrize("make", PAIRS, ids=lambda one: one.__name__)
def test_whatever_the_order_of_table_calls(make: Callable[[], Pair]) -> None:
    pair = make()
    archive = pair.setting.archive
    rewind = archive.mark()

    def begin() -> Sequence[Operation]:
        rewind()
        return pair.operations

    def check(answers: list[Any]) -> None:
        archive.tables.around = straight
        pair.check(answers)

    assert explore(archive.tables, begin, check, most=MOST_SCHEDULES) > 1
