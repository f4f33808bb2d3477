"""Pairs of concurrent requests under every order of their table calls.

`make test` runs a slice; `make schedules` (SCHEDULES=all) every order, or many more where there are
too many.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from chalicelib.domain.consents import CURRENT_VERSION
from chalicelib.stores.codes import MOST_TRIES, Codes
from tests.lab import Lab, lab
from tests.races.scheduler import Operation, explore
from tests.records import CERTIFICATE_NUMBER, file_record
from tests.tables import straight
from tests.world import PASSWORD, Answer, Client, Student

MOST_SCHEDULES = 6000 if os.environ.get("SCHEDULES") == "all" else 80

WANG = Student()
LONG_AGO = Student(
    name="赵六",
    document_number="610104196209276908",
    phone="+8619900000003",
    email="zhao@example.com",
)
OTHER_HANDS = Student(
    name="赵六", document_number="610104620927690", phone="+8619900000004", email="six@example.com"
)
NAMESAKE = Student(
    document_number="440308199901101512", phone="+8619900000005", email="other@example.com"
)


@dataclass
class Pair:
    """Two requests at once, and what must hold whatever their order."""

    archive: Lab
    operations: Sequence[Operation]
    check: Callable[[list[Any]], None]
    most_compared: int = MOST_TRIES


def statuses(answers: Sequence[Answer]) -> list[int]:
    return sorted(answer.status for answer in answers)


def drafted(archive: Lab, student: Student) -> str:
    archive.checker.learn(student.name, "610104196209276908", student.phone)
    archive.checker.learn(student.name, student.document_number, student.phone)
    answer = archive.draft(student)
    assert answer.status == 201, answer.content
    return str(answer.json["registration_id"])


def confirm(archive: Lab, registration_id: str, key: str | None = None) -> Operation:
    headers = {"Idempotency-Key": key} if key else None
    path = f"/registrations/{registration_id}/confirm"
    return lambda: archive.client.call("POST", path, headers=headers)


def post(client: Client, path: str, body: Any, key: str | None = None) -> Operation:
    headers = {"Idempotency-Key": key} if key else None
    return lambda: client.call("POST", path, body, headers=headers)


ONE_ACCOUNT = {
    "accounts account -": 1,
    "accounts account consent": 1,
    "accounts unique -": 3,
    "accounts confirmation -": 1,
    "audit line": 1,
    "outbox message": 1,
}


def has(archive: Lab, expected: dict[str, int]) -> None:
    found = archive.census()
    assert {kind: found[kind] for kind in expected} == expected


def confirm_one_draft_twice() -> Pair:
    archive = lab()
    registration_id = drafted(archive, WANG)
    archive.deliver()

    def check(answers: list[Answer]) -> None:
        assert statuses(answers) == [201, 201]
        assert answers[0].json == answers[1].json
        has(archive, ONE_ACCOUNT)

    return Pair(archive, [confirm(archive, registration_id)] * 2, check)


def confirm_with_one_key() -> Pair:
    archive = lab()
    registration_id = drafted(archive, WANG)
    archive.deliver()

    def check(answers: list[Answer]) -> None:
        done = [answer for answer in answers if answer.status == 201]
        assert done
        assert all(answer.json == done[0].json for answer in done)
        assert all(a.status == 201 or a.code == "request_in_progress" for a in answers)
        has(archive, ONE_ACCOUNT)

    return Pair(archive, [confirm(archive, registration_id, "k")] * 2, check)


def confirm_two_drafts_of_one_number() -> Pair:
    archive = lab()
    drafts = [drafted(archive, student) for student in (LONG_AGO, OTHER_HANDS)]
    archive.deliver()

    def check(answers: list[Answer]) -> None:
        assert statuses(answers) == [201, 409]
        refused = next(answer for answer in answers if answer.status == 409)
        assert refused.code == "identity_taken"
        has(archive, ONE_ACCOUNT)

    return Pair(archive, [confirm(archive, one) for one in drafts], check)


def confirm_and_cancel() -> Pair:
    archive = lab()
    registration_id = drafted(archive, WANG)
    archive.deliver()

    def cancel() -> Answer:
        return archive.client.call("DELETE", f"/registrations/{registration_id}")

    def check(answers: list[Answer]) -> None:
        confirmed, cancelled = answers
        if confirmed.status == 201:
            assert cancelled.status == 404
            has(archive, ONE_ACCOUNT)
        else:
            assert (confirmed.status, cancelled.status) == (404, 204)
            has(archive, dict.fromkeys([*ONE_ACCOUNT, "accounts draft -"], 0))

    return Pair(archive, [confirm(archive, registration_id), cancel], check)


def spend_one_token_twice() -> Pair:
    archive = lab()
    token = archive.prove_phone(WANG.phone)
    archive.checker.learn(WANG.name, WANG.document_number, WANG.phone)
    body = {
        "verification_token": token,
        "email": WANG.email,
        "password": PASSWORD,
        "name": WANG.name,
        "document_type": WANG.document_type,
        "document_number": WANG.document_number,
        "consent": {"version": CURRENT_VERSION, "accepted": True},
    }

    def check(answers: list[Answer]) -> None:
        assert statuses(answers) == [201, 422]
        refused = next(answer for answer in answers if answer.status == 422)
        assert [one["code"] for one in refused.json["errors"]] == ["verification_token_invalid"]
        has(archive, {"accounts draft -": 1})

    return Pair(archive, [post(archive.client, "/registrations", body)] * 2, check)


def asked(archive: Lab) -> tuple[str, str]:
    """A challenge and its code."""
    answer = archive.client.call(
        "POST",
        "/verification-codes",
        {"purpose": "register", "channel": "sms", "destination": WANG.phone},
    )
    return f"/verification-codes/{answer.json['challenge_id']}/verify", archive.last_code(
        WANG.phone
    )


def verify_the_right_code_twice() -> Pair:
    archive = lab()
    path, code = asked(archive)

    def check(answers: list[Answer]) -> None:
        assert statuses(answers) == [200, 422]
        assert next(one for one in answers if one.status == 422).code == "code_invalid"
        has(archive, {"codes token -": 1})

    return Pair(archive, [post(archive.client, path, {"code": code})] * 2, check)


def verify_with_one_try_left() -> Pair:
    archive = lab()
    path, code = asked(archive)
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(MOST_TRIES - 1):
        archive.client.call("POST", path, {"code": wrong})

    def check(answers: list[Answer]) -> None:
        assert answers[1].status == 422
        assert answers[0].status in {200, 422}
        has(archive, {"codes token -": int(answers[0].status == 200)})

    operations = [post(archive.client, path, {"code": one}) for one in (code, wrong)]
    return Pair(archive, operations, check, most_compared=1)


def ask_for_a_code_twice() -> Pair:
    archive = lab()
    body = {"purpose": "register", "channel": "sms", "destination": WANG.phone}

    def check(answers: list[Answer]) -> None:
        assert statuses(answers) == [202, 202]
        code = archive.last_code(WANG.phone)
        assert len(archive.sms.sent) == 1
        verified = [
            archive.client.call(
                "POST", f"/verification-codes/{one.json['challenge_id']}/verify", {"code": code}
            ).status
            for one in answers
        ]
        assert sorted(verified) == [200, 422]

    return Pair(archive, [post(archive.client, "/verification-codes", body)] * 2, check)


def member(archive: Lab, student: Student) -> Client:
    archive.checker.learn(student.name, student.document_number, student.phone)
    return archive.registered(student)


BINDING = {
    "family": "credentials",
    "certificate_number": CERTIFICATE_NUMBER,
    "graduation_year": 2015,
    "institution": "10001",
}


def bind_one_record_by_two_accounts() -> Pair:
    archive = lab()
    file_record(archive, "credentials", WANG, document_number="")
    clients = [member(archive, WANG), member(archive, NAMESAKE)]

    def check(answers: list[Answer]) -> None:
        assert statuses(answers) == [201, 422]
        assert next(one for one in answers if one.status == 422).code == "not_matched"
        found = [client.call("GET", "/archive/credentials").json["items"] for client in clients]
        assert sorted(map(len, found)) == [0, 1]
        claims = [key for key in archive.memory.all_rows() if key.sk.startswith("claim#")]
        assert len(claims) == 1

    return Pair(archive, [post(client, "/bindings", BINDING) for client in clients], check)


def bind_one_record_in_two_tabs() -> Pair:
    archive = lab()
    file_record(archive, "credentials", WANG, document_number="")
    client = member(archive, WANG)

    def check(answers: list[Answer]) -> None:
        assert statuses(answers) == [201, 201]
        assert answers[0].json == answers[1].json
        assert len(client.call("GET", "/bindings").json["items"]) == 1

    return Pair(archive, [post(client, "/bindings", BINDING)] * 2, check)


def refresh_with_one_token() -> Pair:
    archive = lab()
    member(archive, WANG)
    session = second_step(archive)

    def check(answers: list[Answer]) -> None:
        assert statuses(answers) == [200, 200]
        for answer in answers:
            client = archive.client
            client.token = answer.json["access_token"]
            assert client.call("GET", "/account").status == 200
            again = {"refresh_token": answer.json["refresh_token"]}
            assert client.call("POST", "/sessions/refresh", again).status == 200

    body = {"refresh_token": session.json["refresh_token"]}
    return Pair(archive, [post(archive.client, "/sessions/refresh", body)] * 2, check)


def second_step(archive: Lab) -> Answer:
    archive.clock.advance(60)
    first = archive.client.call("POST", "/sessions", {"username": WANG.email, "password": PASSWORD})
    return archive.client.call(
        "POST",
        "/sessions/second-step",
        {"challenge_id": first.json["challenge_id"], "code": archive.last_code(WANG.phone)},
    )


def sign_in_twice() -> Pair:
    archive = lab()
    member(archive, WANG)
    archive.clock.advance(60)
    sent = len(archive.sms.sent)
    body = {"username": WANG.email, "password": PASSWORD}

    def check(answers: list[Answer]) -> None:
        assert statuses(answers) == [202, 202]
        code = archive.last_code(WANG.phone)
        assert len(archive.sms.sent) == sent + 1
        challenges = {answer.json["challenge_id"] for answer in answers}
        assert len(challenges) == 1
        second = archive.client.call(
            "POST", "/sessions/second-step", {"challenge_id": challenges.pop(), "code": code}
        )
        assert second.status == 201

    return Pair(archive, [post(archive.client, "/sessions", body)] * 2, check)


def take_the_second_step_twice() -> Pair:
    archive = lab()
    member(archive, WANG)
    archive.clock.advance(60)
    first = archive.client.call("POST", "/sessions", {"username": WANG.email, "password": PASSWORD})
    body = {"challenge_id": first.json["challenge_id"], "code": archive.last_code(WANG.phone)}
    before = archive.census()["sessions account session"]

    def check(answers: list[Answer]) -> None:
        assert statuses(answers) == [201, 422]
        has(archive, {"sessions account session": before + 1})

    return Pair(archive, [post(archive.client, "/sessions/second-step", body)] * 2, check)


PAIRS = [
    pytest.param(confirm_one_draft_twice, marks=pytest.mark.req("R-02")),
    pytest.param(confirm_with_one_key, marks=pytest.mark.req("R-85")),
    pytest.param(confirm_two_drafts_of_one_number, marks=pytest.mark.req("R-01")),
    pytest.param(confirm_and_cancel, marks=pytest.mark.req("R-02")),
    pytest.param(spend_one_token_twice, marks=pytest.mark.req("R-22")),
    pytest.param(verify_the_right_code_twice, marks=pytest.mark.req("R-22")),
    pytest.param(verify_with_one_try_left, marks=pytest.mark.req("R-21")),
    pytest.param(ask_for_a_code_twice, marks=pytest.mark.req("R-26")),
    pytest.param(bind_one_record_by_two_accounts, marks=pytest.mark.req("R-55")),
    pytest.param(bind_one_record_in_two_tabs, marks=pytest.mark.req("R-55")),
    pytest.param(refresh_with_one_token, marks=pytest.mark.req("R-03")),
    pytest.param(sign_in_twice, marks=pytest.mark.req("R-26")),
    pytest.param(take_the_second_step_twice, marks=pytest.mark.req("R-22")),
]


@pytest.mark.parametrize("make", PAIRS)
def test_whatever_the_order_of_table_calls(
    make: Callable[[], Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = make()
    rewind = pair.archive.mark()
    compared: list[str] = []
    matches = Codes.matches

    def counted(codes: Codes, challenge: Any, code: str) -> bool:
        compared.append(code)
        return matches(codes, challenge, code)

    monkeypatch.setattr(Codes, "matches", counted)

    def begin() -> Sequence[Operation]:
        rewind()
        compared.clear()
        return pair.operations

    def check(answers: list[Any]) -> None:
        pair.archive.tables.around = straight
        assert len(compared) <= pair.most_compared
        pair.check(answers)

    count = explore(pair.archive.tables, begin, check, most=MOST_SCHEDULES)
    assert count > 1
