"""Answers that must not tell: whatever is true of others, the same answer and the same work.

Per route, each outcome is asked for in an archive of its own. The answers are alike, and so are
the calls to the tables (number, kind, order, sizes) and the hashing of passwords: what could be
timed does not differ. `benchmarks/neutral_answers.py` measures the time itself.
"""

import dataclasses
from collections.abc import Callable, Mapping

import msgspec
import pytest

from chalicelib.api.application import build
from infra.local.gateway import Gateway
from tests.api.steps import ask, sign_in, use_up, verify, wrong
from tests.appeals import open_appeal, picture, resubmit, submit_appeal, upload, withdraw
from tests.lab import Lab, PlainHasher, lab
from tests.records import CERTIFICATE_NUMBER, LI, UNIVERSITY_CODE, WANG, file_record, member
from tests.tables import RewindableTables, ShapedTables
from tests.world import ORIGIN, PASSWORD, Answer, Client, Student

Request = Callable[[], Answer]
Outcome = Callable[[Lab], Request]

STRANGER = "+8619900000444"
"""A phone that nobody has bound."""


class NotedHasher(PlainHasher):
    """Notes how often it would have taken its time."""

    def __init__(self, shapes: list[str]) -> None:
        self._shapes = shapes

    def hash(self, password: str) -> str:
        self._shapes.append("hash")
        return super().hash(password)

    def verify(self, stored: str, password: str) -> bool:
        self._shapes.append("verify")
        return stored == super().hash(password)

    def verify_nothing(self, password: str) -> None:
        self._shapes.append("verify")


def archive_and_shapes() -> tuple[Lab, list[str]]:
    shaped = ShapedTables(RewindableTables())
    archive = lab(tables=shaped)
    ports = dataclasses.replace(archive.ports, hasher=NotedHasher(shaped.shapes))
    archive.ports = ports
    archive.gateway = Gateway(build(None, lambda: ports, cors_origins=lambda: (ORIGIN,)))
    return archive, shaped.shapes


def holder(archive: Lab) -> Client:
    """The one account that there is."""
    client = member(archive, WANG)
    archive.ports.accounts.get_or_nobody(None)  # somebody asked for nobody before
    archive.deliver()
    archive.clock.advance(61)
    return client


def account_id(archive: Lab) -> str:
    return str(archive.ports.accounts.holder("email", WANG.email))


# Recovery


def recovering(*, over: bool = False, **changes: str) -> Outcome:
    def prepare(archive: Lab) -> Request:
        holder(archive)
        if over:
            use_up(archive, "recovery.destination.day", STRANGER)
        body = {
            "verification_token": archive.prove_phone(STRANGER, "recover_username"),
            "name": WANG.name,
            "document_type": WANG.document_type,
            "document_number": WANG.document_number,
        }
        return lambda: archive.client.call("POST", "/username-recoveries", body | changes)

    return prepare


def resetting(
    phone: str = WANG.phone,
    number: str = WANG.document_number,
    *,
    over: bool = False,
    paused: bool = False,
) -> Outcome:
    def prepare(archive: Lab) -> Request:
        holder(archive)
        if over:
            use_up(archive, "reset.account.hour", account_id(archive))
        if paused:
            pause(archive)
        body = {
            "verification_token": archive.prove_phone(phone, "reset_password"),
            "document_type": WANG.document_type,
            "document_number": number,
            "new_password": "another-horse-8",
        }
        return lambda: archive.client.call("POST", "/password-resets", body)

    return prepare


def pause(archive: Lab) -> None:
    """The phone was changed a moment ago."""
    account = archive.ports.accounts.get(account_id(archive))
    assert account is not None
    changed = msgspec.structs.replace(account, phone_changed_at=archive.clock())
    archive.ports.tables.commit([archive.ports.accounts.changing(changed)])


# Signing in


def guessing(username: str, *, after: tuple[str, int] = ("", 0)) -> Outcome:
    """A wrong password for `username`, after some for another name."""

    def prepare(archive: Lab) -> Request:
        holder(archive)
        name, times = after
        for _ in range(times):
            assert sign_in(archive, username=name, password="wrong-horse-8").status == 401
        return lambda: sign_in(archive, username=username, password="wrong-horse-8")

    return prepare


def right_but_too_often(archive: Lab) -> Request:
    """Even the right password is not looked at."""
    guessing(WANG.email, after=(WANG.email, 6))(archive)
    return lambda: sign_in(archive, username=WANG.email, password=PASSWORD)


# Codes


def asking(destination: str, *, before: str = STRANGER, channel: str = "sms") -> Outcome:
    """A code for `destination`, after one for `before`."""

    def prepare(archive: Lab) -> Request:
        holder(archive)
        ask(archive, purpose="reset_password", destination=before)
        archive.clock.advance(5)
        archive.deliver()
        return lambda: ask(
            archive, purpose="reset_password", channel=channel, destination=destination
        )

    return prepare


def guessing_a_code(destination: str, *, voided: bool = False, limited: bool = False) -> Outcome:
    def prepare(archive: Lab) -> Request:
        holder(archive)
        first = ask(archive, purpose="reset_password", destination=destination)
        code = archive.last_code(destination)
        asked = (
            ask(archive, purpose="reset_password", destination=destination) if limited else first
        )
        if voided:
            archive.clock.advance(61)
            ask(archive, purpose="reset_password", destination=destination)
        guess = code if limited or voided else wrong(code)
        return lambda: verify(archive, asked.json["challenge_id"], guess)

    return prepare


# Registering, appealing, binding


def drafting(student: Student) -> Outcome:
    def prepare(archive: Lab) -> Request:
        holder(archive)
        token = archive.prove_phone(student.phone)
        body = archive.application(student, token)
        return lambda: archive.client.call("POST", "/registrations", body)

    return prepare


def appealing(student: Student) -> Outcome:
    def prepare(archive: Lab) -> Request:
        holder(archive)
        token = archive.prove_phone(STRANGER, "appeal")
        return lambda: open_appeal(archive, student, STRANGER, verification_token=token)

    return prepare


def submitting(student: Student) -> Outcome:
    def prepare(archive: Lab) -> Request:
        holder(archive)
        opened = open_appeal(archive, student, STRANGER).json
        upload(archive, opened["upload"], picture())
        return lambda: resubmit(archive, opened)

    return prepare


def withdrawing(student: Student) -> Outcome:
    def prepare(archive: Lab) -> Request:
        holder(archive)
        opened = open_appeal(archive, student, STRANGER).json
        submit_appeal(archive, opened)
        archive.deliver()
        return lambda: withdraw(archive, opened)

    return prepare


def binding(**changes: str | int) -> Outcome:
    """A guess that misses; the record carries another number than the student's unless it says."""

    def prepare(archive: Lab) -> Request:
        client = holder(archive)
        record: dict[str, str | int] = {"name": WANG.name, "document_number": LI.document_number}
        guess: dict[str, str | int] = {
            "family": "credentials",
            "certificate_number": CERTIFICATE_NUMBER,
            "graduation_year": 2015,
            "institution": UNIVERSITY_CODE,
        }
        for name, value in changes.items():
            (record if name in record else guess)[name] = value
        other = Student(name=str(record["name"]), document_number=str(record["document_number"]))
        file_record(archive, "credentials", other)
        return lambda: client.call("POST", "/bindings", guess)

    return prepare


NEUTRAL: Mapping[str, Mapping[str, Outcome]] = {
    "POST /username-recoveries": {
        "an account": recovering(),
        "no such number": recovering(document_number=LI.document_number),
        "another name": recovering(name=LI.name),
        "over the limit": recovering(over=True),
    },
    "POST /password-resets": {
        "no such phone": resetting(phone=STRANGER),
        "another number": resetting(number=LI.document_number),
        "no number at all": resetting(number="1"),
        "changed of late": resetting(paused=True),
        "over the limit": resetting(over=True),
    },
    "POST /sessions": {
        "wrong password": guessing(WANG.email),
        "wrong password, by phone": guessing(WANG.phone),
        "no such e-mail": guessing("nobody@example.org"),
        "no such phone": guessing(STRANGER),
        "no name at all": guessing("nobody"),
    },
    "POST /sessions too often": {
        "wrong password": guessing(WANG.email, after=(WANG.email, 6)),
        "no such account": guessing("nobody@example.org", after=("nobody@example.org", 6)),
        "right password": right_but_too_often,
    },
    "POST /sessions by another name of the same account": {
        "it is": guessing(WANG.phone, after=(WANG.email, 6)),
        "it is not": guessing(STRANGER, after=(WANG.email, 6)),
    },
    "POST /verification-codes": {
        "known": asking(WANG.phone),
        "unknown": asking(LI.phone),
        "over the limit": asking(WANG.phone, before=WANG.phone),
    },
    "POST /verification-codes by mail": {
        "known": asking(WANG.email, channel="email"),
        "unknown": asking("nobody@example.org", channel="email"),
    },
    "POST /verification-codes/{challenge_id}/verify": {
        "known": guessing_a_code(WANG.phone),
        "unknown": guessing_a_code(STRANGER),
        "voided": guessing_a_code(WANG.phone, voided=True),
        "never sent": guessing_a_code(WANG.phone, limited=True),
    },
    "POST /registrations": {
        "both free": drafting(LI),
        "e-mail in use": drafting(msgspec.structs.replace(LI, email=WANG.email)),
        "phone in use": drafting(msgspec.structs.replace(LI, phone=WANG.phone)),
        "both in use": drafting(msgspec.structs.replace(LI, email=WANG.email, phone=WANG.phone)),
        "number in use, not one's own": drafting(
            msgspec.structs.replace(LI, document_number=WANG.document_number)
        ),
    },
    "POST /appeals": {"registered": appealing(WANG), "not registered": appealing(LI)},
    "POST /appeals/{appeal_id}/submit": {
        "registered": submitting(WANG),
        "not registered": submitting(LI),
    },
    "DELETE /appeals/{appeal_id}": {
        "registered": withdrawing(WANG),
        "not registered": withdrawing(LI),
    },
    "POST /bindings": {
        "another document number": binding(),
        "another name": binding(name="李四"),
        "another year": binding(graduation_year=2014),
        "another certificate number": binding(certificate_number="100011201505009999"),
        "another institution": binding(institution="10002"),
    },
}


@pytest.mark.req("A-05")
@pytest.mark.req("R-28")
@pytest.mark.req("R-05")
@pytest.mark.parametrize("route", NEUTRAL)
def test_whatever_is_true_of_others_the_answer_and_the_work_are_the_same(route):
    seen = {name: observed(outcome) for name, outcome in NEUTRAL[route].items()}
    first, *others = seen
    for other in others:
        assert seen[other] == seen[first], f"{first} / {other}"


def observed(outcome: Outcome) -> tuple[object, ...]:
    """Status, body but for what is random or one's own, header names, and the work done."""
    archive, shapes = archive_and_shapes()
    request = outcome(archive)
    shapes.clear()
    answer = request()
    return answer.status, shown(answer), sorted(answer.headers), list(shapes)


_RANDOM = {"challenge_id", "registration_id", "appeal_id", "appeal_token", "request_id"}
_SAID = {"destination_hint", "review", "upload"}


def shown(answer: Answer) -> object:
    """The body, but for what is random and what the asker said."""
    if not answer.content:
        return None
    return {name: value for name, value in answer.json.items() if name not in _RANDOM | _SAID}
