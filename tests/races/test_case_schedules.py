"""Pairs of concurrent steps of appeals and changes of identity, in every order of table calls."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from chalicelib import jobs
from chalicelib.adapters.files import MemoryFiles
from chalicelib.adapters.quarantine import MemoryQuarantine
from chalicelib.domain.errors import Refusal
from chalicelib.operations.change_identity import approve_identity, reject_identity
from chalicelib.operations.document_scans import SETTLE_SECONDS
from chalicelib.stores.accounts import Person, document_value
from tests.appeals import (
    APPELLANT_MAIL,
    change_identity,
    open_appeal,
    picture,
    read_appeal,
    submit_appeal,
    withdraw,
)
from tests.lab import Lab, lab
from tests.races.pairs import Pair, hold, statuses
from tests.races.scheduler import Operation
from tests.records import LI, WANG, member
from tests.world import Answer, Client, Student


def opening(archive: Lab, phone: str) -> Operation:
    body = {
        "verification_token": archive.prove_phone(phone, "appeal"),
        "name": WANG.name,
        "document_type": WANG.document_type,
        "document_number": WANG.document_number,
        "email": APPELLANT_MAIL,
    }
    return lambda: archive.client.call("POST", "/appeals", body)


def open_two_appeals_for_one_number() -> Pair:
    archive = lab()
    operations = [opening(archive, phone) for phone in ("+8619900000777", "+8619900000778")]

    def check(answers: list[Answer]) -> None:
        assert statuses(answers) == [201, 409]
        assert next(one for one in answers if one.status == 409).code == "conflict"
        census = archive.census()
        assert (census["cases appeal -"], census["cases open -"]) == (1, 1)

    return Pair(archive, operations, check)


def submit_one_appeal_twice() -> Pair:
    archive = lab()
    member(archive, WANG)
    opened = open_appeal(archive, WANG).json
    archive.deliver()

    def check(answers: list[Answer]) -> None:
        assert statuses(answers) == [202, 202]
        assert answers[0].json == answers[1].json
        kinds = sorted(f"{one.kind} {one.channel}" for one in archive.waiting())
        assert kinds == ["appeal_received email", "appeal_received sms"]
        assert archive.census()["outbox errand"] == 1  # to warn the holder

    return Pair(archive, [lambda: submit_appeal(archive, opened)] * 2, check)


def submit_and_withdraw() -> Pair:
    archive = lab()
    opened = open_appeal(archive, WANG).json

    def check(answers: list[Answer]) -> None:
        submitted, withdrawn = (answer.status for answer in answers)
        state = read_appeal(archive, opened).json["status"]
        assert (submitted, withdrawn, state) in {
            (202, 204, "withdrawn"),
            (202, 409, "submitted"),
            (409, 204, "withdrawn"),
        }
        archive.clock.advance(SETTLE_SECONDS)
        jobs.check_appeals(archive.ports)
        assert isinstance(archive.ports.photos, MemoryFiles)
        assert bool(archive.ports.photos._files) == (state == "submitted")
        archive.ports.photos.forget("")

    operations = [lambda: submit_appeal(archive, opened), lambda: withdraw(archive, opened)]
    return Pair(archive, operations, check)


def object_and_withdraw() -> Pair:
    archive = lab()
    holder = member(archive, WANG)
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    path = f"/appeals/{opened['appeal_id']}/objection"

    def check(answers: list[Answer]) -> None:
        objected, withdrawn = (answer.status for answer in answers)
        state = read_appeal(archive, opened).json["status"]
        assert (objected, withdrawn, state) in {
            (202, 204, "withdrawn"),
            (409, 204, "withdrawn"),
            (202, 409, "submitted"),
        }

    operations = [
        lambda: holder.call("POST", path, {"reason": "号码是我的"}),
        lambda: withdraw(archive, opened),
    ]
    return Pair(archive, operations, check)


def object_twice() -> Pair:
    archive = lab()
    holder = member(archive, WANG)
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    path = f"/appeals/{opened['appeal_id']}/objection"

    def check(answers: list[Answer]) -> None:
        appeal = archive.ports.cases.appeal(opened["appeal_id"], archive.clock())
        assert appeal is not None
        heard = [answer.status for answer in answers].count(202)
        assert len(appeal.objections) == heard >= 1
        assert statuses(answers) in ([202, 202], [202, 409])

    bodies = [{"reason": reason} for reason in ("号码是我的", "有证件为证")]
    operations = [partial(holder.call, "POST", path, body) for body in bodies]
    return Pair(archive, operations, check)


def look_after_cases_twice() -> Pair:
    archive = lab()
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    withdraw(archive, opened)
    open_appeal(archive, LI, phone="+8619900000778")
    archive.clock.advance(2 * 86_400)

    def check(_: list[Any]) -> None:
        assert archive.census()["cases appeal -"] == 1  # the withdrawn one, its scan gone
        assert archive.ports.tables.query("cases", "watch#cases").rows == []

    return Pair(archive, [lambda: jobs.check_appeals(archive.ports)] * 2, check)


def prove_and_register_one_number() -> Pair:
    """R-01: an account is raised while somebody else registers the same number."""
    archive = lab()
    unproved = archive.registered(WANG)
    other = Student(phone="+8619900000555", email="late@example.com")
    for phone in (WANG.phone, other.phone):
        archive.checker.learn(WANG.name, WANG.document_number, phone)
    archive.clock.advance(61)
    drafted = archive.draft(other)
    path = f"/registrations/{drafted.json['registration_id']}/confirm"

    def check(answers: list[Answer]) -> None:
        raised, registered = (answer.status for answer in answers)
        assert (raised, registered) in {(202, 409), (409, 201)}
        person = Person(
            name=WANG.name, document_type="resident_id", document_number=WANG.document_number
        )
        holder = archive.ports.accounts.get(
            archive.ports.accounts.holder("document", document_value(person)) or ""
        )
        assert holder is not None
        assert holder.phone == (WANG.phone if raised == 202 else other.phone)

    operations = [
        lambda: change_identity(unproved, WANG),
        lambda: archive.client.call("POST", path),
    ]
    return Pair(archive, operations, check)


def changing(client: Client, name: str) -> Operation:
    return lambda: change_identity(client, WANG, name=name)


def ask_for_two_changes() -> Pair:
    archive = lab()
    owner = member(archive, WANG)

    def check(answers: list[Answer]) -> None:
        assert {answer.status for answer in answers} <= {202, 409}
        assert any(answer.status == 202 for answer in answers)
        assert archive.census()["cases open -"] == 1

    return Pair(archive, [changing(owner, "王大明"), changing(owner, "王中明")], check)


def decide_twice() -> Pair:
    archive = lab()
    owner = member(archive, WANG)
    answer = change_identity(owner, WANG, name="王大明").json
    assert isinstance(archive.ports.quarantine, MemoryQuarantine)
    archive.ports.quarantine.files[answer["upload"]["fields"]["key"]] = picture()
    owner.call("POST", f"/account/identity/{answer['review_id']}/submit")
    change = archive.ports.cases.identity_change(answer["review_id"], archive.clock())
    assert change is not None

    def deciding(decide: Callable[[], None]) -> Operation:
        def decided() -> str:
            try:
                decide()
            except Refusal as refusal:
                return refusal.code
            return "done"

        return decided

    def check(answers: list[str]) -> None:
        assert sorted(answers) == ["conflict", "done"]
        shown = owner.call("GET", f"/account/identity/{change.case_id}").json["status"]
        names = owner.call("GET", "/account").json["name"]
        approved = answers[0] == "done"
        assert (shown, names) == (("approved", "王大明") if approved else ("rejected", WANG.name))

    ports = archive.ports
    operations = [
        deciding(lambda: approve_identity(ports, change, actor="staff:a")),
        deciding(
            lambda: reject_identity(ports, change, actor="staff:b", reason_code="evidence_missing")
        ),
    ]
    return Pair(archive, operations, check)


PAIRS = [
    pytest.param(open_two_appeals_for_one_number, marks=pytest.mark.req("A-13")),
    pytest.param(submit_one_appeal_twice, marks=pytest.mark.req("R-03")),
    pytest.param(submit_and_withdraw, marks=pytest.mark.req("R-66")),
    object_and_withdraw,
    object_twice,
    pytest.param(look_after_cases_twice, marks=pytest.mark.req("R-94")),
    pytest.param(prove_and_register_one_number, marks=pytest.mark.req("R-01")),
    ask_for_two_changes,
    decide_twice,
]


@pytest.mark.parametrize("make", PAIRS)
def test_whatever_the_order_of_table_calls(make: Callable[[], Pair]) -> None:
    hold(make())
