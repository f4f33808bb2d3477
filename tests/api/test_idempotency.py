"""`Idempotency-Key`: a repeated request gets the first answer, and nothing happens twice."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from tests.api.steps import ask, known, wrong
from tests.records import LI, WANG, file_record, member, record_ids
from tests.tables import RewindableTables
from tests.world import PASSWORD, Answer, Client, World, world

KEY = "1f0c-the-same-request"
DAY = 86_400


@dataclass(frozen=True)
class Request:
    """A request that can be sent again."""

    client: Client
    path: str
    body: Mapping[str, Any] | None

    def send(self, key: str | None = KEY, **changes: Any) -> Answer:
        headers = {"Idempotency-Key": key} if key else {}
        body = self.body if not changes else {**(self.body or {}), **changes}
        return self.client.call("POST", self.path, body, headers=headers)


def code_request(archive: World) -> Request:
    body = {"purpose": "register", "channel": "sms", "destination": WANG.phone}
    return Request(archive.client, "/verification-codes", body)


def code_request_over_the_limit(archive: World) -> Request:
    ask(archive)
    return code_request(archive)


def right_code(archive: World) -> Request:
    path = f"/verification-codes/{ask(archive).json['challenge_id']}/verify"
    return Request(archive.client, path, {"code": archive.last_code(WANG.phone)})


def wrong_code(archive: World) -> Request:
    request = right_code(archive)
    return Request(request.client, request.path, {"code": wrong((request.body or {})["code"])})


def draft(archive: World) -> Request:
    body = {
        "verification_token": archive.prove_phone(WANG.phone),
        "email": WANG.email,
        "password": PASSWORD,
        "name": WANG.name,
        "document_type": WANG.document_type,
        "document_number": WANG.document_number,
        "consent": {"version": "2026-11", "accepted": True},
    }
    return Request(archive.client, "/registrations", body)


def draft_of_a_taken_number(archive: World) -> Request:
    holder = msgspec.structs.replace(WANG, phone=LI.phone, email=LI.email)
    archive.register(known(archive, holder))
    known(archive, WANG)
    return draft(archive)


def yes(archive: World) -> Request:
    drafted = archive.draft(WANG)
    path = f"/registrations/{drafted.json['registration_id']}/confirm"
    return Request(archive.client, path, None)


def yes_with_a_taken_address(archive: World) -> Request:
    archive.register(LI)
    drafted = archive.draft(WANG, email=LI.email)
    path = f"/registrations/{drafted.json['registration_id']}/confirm"
    return Request(archive.client, path, None)


def password(archive: World, *, right: bool = True) -> Request:
    archive.register(WANG)
    body = {"username": WANG.email, "password": PASSWORD if right else "wrong-horse-8"}
    return Request(archive.client, "/sessions", body)


def wrong_password(archive: World) -> Request:
    return password(archive, right=False)


def password_on_a_known_device(archive: World) -> Request:
    request = password(archive)
    step = {
        "challenge_id": request.send(None).json["challenge_id"],
        "code": archive.last_code(WANG.phone),
        "remember_device": True,
    }
    session = archive.client.call("POST", "/sessions/second-step", step)
    body = {**(request.body or {}), "device_token": session.json["device_token"]}
    return Request(request.client, request.path, body)


def second_step(archive: World) -> Request:
    first = password(archive).send(None)
    body = {"challenge_id": first.json["challenge_id"], "code": archive.last_code(WANG.phone)}
    return Request(archive.client, "/sessions/second-step", body)


def binding_that_does_not_match(archive: World) -> Request:
    body = {
        "family": "credentials",
        "certificate_number": "100011201505000999",
        "graduation_year": 2015,
        "institution": "10001",
    }
    return Request(member(archive, WANG), "/bindings", body)


def report(archive: World) -> Request:
    file_record(archive, "credentials", WANG)
    client = member(archive, WANG)
    body = {
        "kind": "credential",
        "record_id": record_ids(client, "credentials")[0],
        "language": "zh",
        "valid_months": 1,
        "disclosure": "full",
    }
    return Request(client, "/reports", body)


OUTCOMES: Mapping[Callable[[World], Request], int] = {
    code_request: 202,
    code_request_over_the_limit: 202,
    right_code: 200,
    wrong_code: 422,
    draft: 201,
    draft_of_a_taken_number: 409,
    yes: 201,
    yes_with_a_taken_address: 409,
    password: 202,
    password_on_a_known_device: 201,
    wrong_password: 401,
    second_step: 201,
    binding_that_does_not_match: 422,
    report: 201,
}
OTHER_VALUES = {"purpose": "appeal", "family": "degrees", "kind": "degree"}
each_outcome = pytest.mark.parametrize(
    ("request_of", "status"), OUTCOMES.items(), ids=[one.__name__ for one in OUTCOMES]
)


def everything(tables: RewindableTables) -> Mapping[Any, Any]:
    return {key: row for key, row in tables.all_rows().items() if key.table != "outbox"}


@pytest.mark.req("R-85")
@each_outcome
def test_a_repeated_request_gets_the_first_answer(request_of, status):
    tables = RewindableTables()
    archive = world(tables=tables)
    request = request_of(archive)
    first = request.send()
    assert first.status == status, first.content
    left = everything(tables)
    archive.deliver()
    messages = len(archive.sms.sent) + len(archive.mail.sent)
    archive.clock.advance(120)
    again = request.send()
    assert (again.status, again.content) == (status, first.content)
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert again.headers.get("WWW-Authenticate") == first.headers.get("WWW-Authenticate")
    assert everything(tables) == left
    archive.deliver()
    assert len(archive.sms.sent) + len(archive.mail.sent) == messages


@pytest.mark.req("R-85")
@pytest.mark.parametrize("request_of", [one for one in OUTCOMES if "yes" not in one.__name__])
def test_another_body_with_the_key_is_refused(archive, request_of):
    request = request_of(archive)
    first = request.send()
    member = next(name for name, value in request.body.items() if isinstance(value, str))
    other = request.send(**{member: OTHER_VALUES.get(member, "different")})
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    assert request.send().content == first.content


@pytest.mark.req("R-85")
def test_a_key_is_the_callers_own(archive):
    binding = binding_that_does_not_match(archive)
    hers = Request(member(archive, LI), binding.path, binding.body)
    assert binding.send().headers.get("Idempotency-Replayed") is None
    assert hers.send().headers.get("Idempotency-Replayed") is None
    assert binding.send().headers["Idempotency-Replayed"] == "true"


def test_a_key_is_of_one_route_and_resource(archive):
    assert right_code(archive).send().status == 200
    archive.clock.advance(60)
    answer = right_code(archive).send()
    assert (answer.status, answer.headers.get("Idempotency-Replayed")) == (200, None)


@pytest.mark.req("R-85")
@pytest.mark.parametrize(("seconds", "replayed"), [(DAY - 1, "true"), (DAY, None)])
def test_an_answer_is_kept_for_a_day(archive, seconds, replayed):
    request = code_request(archive)
    request.send()
    archive.clock.advance(seconds)
    assert request.send().headers.get("Idempotency-Replayed") == replayed


@pytest.mark.req("R-85")
def test_without_a_key_the_request_is_a_new_one(archive):
    request = code_request(archive)
    ids = {request.send(None).json["challenge_id"] for _ in range(2)}
    assert len(ids) == 2


def test_a_wrong_code_that_is_repeated_takes_one_try(archive):
    guess = wrong_code(archive)
    right = {"code": archive.last_code(WANG.phone)}
    for _ in range(6):
        assert guess.send().code == "code_invalid"
    assert Request(guess.client, guess.path, right).send(None).status == 200


# What leaves the key free


@pytest.mark.req("R-85")
def test_a_request_that_was_wrong_may_be_corrected_under_its_key(archive):
    request = draft(archive)
    assert request.send(name="?").code == "invalid_request"
    assert request.send().status == 201


@pytest.mark.req("R-85")
@pytest.mark.req("R-90")
def test_a_request_that_could_not_be_answered_may_be_repeated(archive):
    request = draft(archive)
    archive.checker.down = True
    assert request.send().status == 503
    archive.checker.down = False
    assert request.send().status == 201


def test_a_request_that_crashed_may_be_repeated(archive, monkeypatch):
    request = draft(archive)

    def crash(*_: object) -> bool:
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(archive.checker, "agrees", crash)
        assert request.send().status == 500
    assert request.send().status == 201


# While the first is at work, and when it died


@pytest.mark.req("R-85")
def test_while_the_first_is_at_work_the_second_is_told_to_wait(archive, monkeypatch):
    request = draft(archive)
    meanwhile = []

    def agrees(*_: object) -> bool:
        meanwhile.append(request.send())
        return True

    monkeypatch.setattr(archive.checker, "agrees", agrees)
    assert request.send().status == 201
    [answer] = meanwhile
    assert (answer.status, answer.code) == (409, "request_in_progress")
    assert int(answer.headers["Retry-After"]) >= 1


class Killed(BaseException):
    """The worker is gone: nothing in it runs any more."""


@pytest.mark.req("R-85")
@pytest.mark.parametrize(("seconds", "status"), [(29, 409), (30, 201)])
def test_the_claim_of_a_dead_worker_is_taken_over(archive, monkeypatch, seconds, status):
    request = draft(archive)

    def die(*_: object) -> bool:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(archive.checker, "agrees", die)
        with pytest.raises(Killed):
            request.send()
    archive.clock.advance(seconds)
    assert request.send().status == status


@pytest.mark.req("R-85")
@pytest.mark.req("R-02")
def test_a_worker_that_was_overtaken_changes_nothing(archive, monkeypatch):
    request = draft(archive)
    overtaking: list[Any] = []

    def agrees(*_: object) -> bool:
        if not overtaking:
            overtaking.append(None)
            archive.clock.advance(30)
            overtaking.append(request.send())
        return True

    monkeypatch.setattr(archive.checker, "agrees", agrees)
    slow = request.send()
    assert overtaking[1].status == 201
    assert (slow.status, slow.code) == (409, "request_in_progress")
    assert request.send().content == overtaking[1].content


# What is kept


@pytest.mark.req("R-60")
@pytest.mark.req("R-85")
def test_key_body_and_answer_are_kept_sealed():
    tables = RewindableTables()
    archive = world(tables=tables)
    request = right_code(archive)
    token = request.send().json["verification_token"]
    kept = repr([row for key, row in tables.all_rows().items() if key.table == "codes"])
    for secret in (KEY, token, (request.body or {})["code"].encode().hex(), WANG.phone):
        assert secret not in kept


def test_a_request_that_needs_no_key_ignores_it(archive):
    client = archive.registered(WANG)
    headers = {"Idempotency-Key": KEY}
    answers = [client.call("GET", "/account", headers=headers) for _ in range(2)]
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, None]
