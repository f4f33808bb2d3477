"""Many requests at once, in real threads, on emulated DynamoDB."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.domain.consents import CURRENT_VERSION
from chalicelib.stores.codes import MOST_TRIES, Codes
from tests.records import CERTIFICATE_NUMBER, file_record
from tests.world import PASSWORD, Answer, Student, World

WANG = Student()
NAMESAKE = Student(
    document_number="440308199901101512", phone="+8619900000005", email="other@example.com"
)
LONG_AGO = Student(
    name="赵六",
    document_number="610104196209276908",
    phone="+8619900000003",
    email="zhao@example.com",
)
OTHER_HANDS = Student(
    name="赵六",
    document_number="610104620927690",
    phone="+8619900000004",
    email="six@example.com",
)


def at_once(count: int, request: Callable[[int], Answer]) -> list[Answer]:
    """The answers to that many requests that begin together."""
    barrier = threading.Barrier(count)

    def begin(place: int) -> Answer:
        barrier.wait(60)
        return request(place)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def messages(archive: World) -> Counter[str]:
    """How many messages went to each address."""
    archive.deliver()
    return Counter(
        [f"sms {to}" for to, _, _ in archive.sms.sent]
        + [f"mail {to}" for to, _, _ in archive.mail.sent]
    )


def drafted(archive: World, student: Student) -> str:
    archive.checker.learn(student.name, "610104196209276908", student.phone)
    archive.checker.learn(student.name, student.document_number, student.phone)
    answer = archive.draft(student)
    assert answer.status == 201, answer.content
    return str(answer.json["registration_id"])


def application(student: Student, token: str) -> dict[str, Any]:
    return {
        "verification_token": token,
        "email": student.email,
        "password": PASSWORD,
        "name": student.name,
        "document_type": student.document_type,
        "document_number": student.document_number,
        "consent": {"version": CURRENT_VERSION, "accepted": True},
    }


@pytest.mark.req("R-01")
@pytest.mark.req("R-02")
def test_fifty_confirmations_of_one_draft_open_one_account(crowded: World) -> None:
    path = f"/registrations/{drafted(crowded, WANG)}/confirm"
    answers = at_once(50, lambda _: crowded.client.call("POST", path))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    account_id = answers[0].json["account"]["account_id"]
    lines, _ = crowded.ports.audit.lines(account_id, limit=100)
    assert [line.action for line in lines] == ["registered"]
    assert messages(crowded)[f"mail {WANG.email}"] == 1


@pytest.mark.req("R-01")
def test_two_drafts_of_one_number_open_one_account(crowded: World) -> None:
    paths = [
        f"/registrations/{drafted(crowded, student)}/confirm" for student in (LONG_AGO, OTHER_HANDS)
    ]
    answers = at_once(20, lambda place: crowded.client.call("POST", paths[place % 2]))
    won = {place % 2 for place, answer in enumerate(answers) if answer.status == 201}
    assert len(won) == 1
    lost = [answer for place, answer in enumerate(answers) if place % 2 not in won]
    assert {(answer.status, answer.code) for answer in lost} == {(409, "identity_taken")}
    assert len({a.content for place, a in enumerate(answers) if place % 2 in won}) == 1


@pytest.mark.req("R-21")
@pytest.mark.req("R-22")
def test_fifty_tries_of_one_code_are_compared_five_times(
    crowded: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = crowded.client.call(
        "POST",
        "/verification-codes",
        {"purpose": "register", "channel": "sms", "destination": WANG.phone},
    )
    right = crowded.last_code(WANG.phone)
    compared: list[bool] = []
    matches = Codes.matches

    def counted(codes: Codes, challenge: Any, code: str) -> bool:
        found = matches(codes, challenge, code)
        compared.append(found)
        return found

    monkeypatch.setattr(Codes, "matches", counted)
    tries = [f"{(int(right) + place) % 10**6:06d}" for place in range(50)]
    path = f"/verification-codes/{asked.json['challenge_id']}/verify"
    answers = at_once(50, lambda place: crowded.client.call("POST", path, {"code": tries[place]}))
    assert len(compared) == MOST_TRIES
    succeeded = [answer for answer in answers if answer.status == 200]
    assert len(succeeded) == compared.count(True) <= 1
    refused = [answer for answer in answers if answer.status != 200]
    assert {(answer.status, answer.code) for answer in refused} == {(422, "code_invalid")}


@pytest.mark.req("R-22")
def test_the_right_code_twenty_times_gives_one_token(crowded: World) -> None:
    asked = crowded.client.call(
        "POST",
        "/verification-codes",
        {"purpose": "register", "channel": "sms", "destination": WANG.phone},
    )
    body = {"code": crowded.last_code(WANG.phone)}
    path = f"/verification-codes/{asked.json['challenge_id']}/verify"
    answers = at_once(20, lambda _: crowded.client.call("POST", path, body))
    assert sum(answer.status == 200 for answer in answers) == 1


@pytest.mark.req("R-22")
def test_one_token_makes_one_draft(crowded: World) -> None:
    token = crowded.prove_phone(WANG.phone)
    for student in (WANG, NAMESAKE):
        crowded.checker.learn(student.name, student.document_number, WANG.phone)
    answers = at_once(
        10,
        lambda place: crowded.client.call(
            "POST", "/registrations", application((WANG, NAMESAKE)[place % 2], token)
        ),
    )
    assert sum(answer.status == 201 for answer in answers) == 1
    refused = [answer.json["errors"][0]["code"] for answer in answers if answer.status != 201]
    assert set(refused) == {"verification_token_invalid"}


@pytest.mark.req("R-55")
def test_one_record_is_bound_by_one_account(crowded: World) -> None:
    file_record(crowded, "credentials", WANG, document_number="")
    clients = []
    for student in (WANG, NAMESAKE):
        crowded.checker.learn(student.name, student.document_number, student.phone)
        clients.append(crowded.registered(student))
    body = {
        "family": "credentials",
        "certificate_number": CERTIFICATE_NUMBER,
        "graduation_year": 2015,
        "institution": "10001",
    }
    answers = at_once(8, lambda place: clients[place % 2].call("POST", "/bindings", body))
    won = {place % 2 for place, answer in enumerate(answers) if answer.status == 201}
    assert len(won) == 1
    refused = {answer.code for answer in answers if answer.status != 201}
    assert refused == {"not_matched"}
    found = [client.call("GET", "/archive/credentials").json["items"] for client in clients]
    assert sorted(map(len, found)) == [0, 1]


@pytest.mark.req("R-03")
def test_both_who_refresh_with_one_token_stay_signed_in(crowded: World) -> None:
    crowded.checker.learn(WANG.name, WANG.document_number, WANG.phone)
    crowded.register(WANG)
    first = crowded.client.call("POST", "/sessions", {"username": WANG.email, "password": PASSWORD})
    session = crowded.client.call(
        "POST",
        "/sessions/second-step",
        {"challenge_id": first.json["challenge_id"], "code": crowded.last_code(WANG.phone)},
    )
    body = {"refresh_token": session.json["refresh_token"]}
    answers = at_once(2, lambda _: crowded.client.call("POST", "/sessions/refresh", body))
    for answer in answers:
        assert answer.status == 200, answer.content
        client = crowded.client
        client.token = answer.json["access_token"]
        assert client.call("GET", "/account").status == 200
        again = {"refresh_token": answer.json["refresh_token"]}
        assert client.call("POST", "/sessions/refresh", again).status == 200


@pytest.mark.req("R-26")
def test_of_twenty_requests_for_a_code_one_is_sent(crowded: World) -> None:
    body = {"purpose": "register", "channel": "sms", "destination": WANG.phone}
    answers = at_once(20, lambda _: crowded.client.call("POST", "/verification-codes", body))
    assert {answer.status for answer in answers} == {202}
    assert messages(crowded) == {f"sms {WANG.phone}": 1}


@pytest.mark.req("R-85")
def test_one_key_at_once_has_one_effect(crowded: World) -> None:
    token = crowded.prove_phone(WANG.phone)
    crowded.checker.learn(WANG.name, WANG.document_number, WANG.phone)
    body = application(WANG, token)
    headers = {"Idempotency-Key": "once"}
    answers = at_once(
        12, lambda _: crowded.client.call("POST", "/registrations", body, headers=headers)
    )
    done = [answer for answer in answers if answer.status == 201]
    assert len({answer.content for answer in done}) == 1
    refused = [answer for answer in answers if answer.status != 201]
    assert {(answer.status, answer.code) for answer in refused} <= {(409, "request_in_progress")}
    later = crowded.client.call("POST", "/registrations", body, headers=headers)
    assert (later.status, later.content) == (201, done[0].content)
