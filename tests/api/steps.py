"""Single steps of the journeys, for the tests that look at one of them."""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.domain.consents import CURRENT_VERSION
from chalicelib.domain.errors import Refusal
from chalicelib.domain.limits import limit_table
from chalicelib.stores.limits import Hit
from tests.records import WANG
from tests.world import PASSWORD, Answer, Client, Student, World


def ask(
    archive: World,
    *,
    purpose: str = "register",
    channel: str = "sms",
    destination: str = WANG.phone,
    **how: Any,
) -> Answer:
    """Ask for a code."""
    body = {"purpose": purpose, "channel": channel, "destination": destination}
    return archive.client.call("POST", "/verification-codes", body, **how)


def verify(archive: World, challenge_id: str, code: str, **how: Any) -> Answer:
    """Exchange a code for a token."""
    path = f"/verification-codes/{challenge_id}/verify"
    return archive.client.call("POST", path, {"code": code}, **how)


def wrong(code: str) -> str:
    """Another code."""
    return f"{(int(code) + 1) % 1_000_000:06d}"


def sent_to(archive: World, destination: str) -> list[str]:
    """Subject and text of everything that was sent there, the oldest first."""
    archive.deliver()
    return [
        f"{subject or ''}\n{body}"
        for to, subject, body in (*archive.sms.sent, *archive.mail.sent)
        if to == destination
    ]


def apply(archive: World, token: str, student: Student = WANG, **changes: Any) -> Answer:
    """A draft with a token that was got before; `headers` may be among the changes."""
    headers = changes.pop("headers", None)
    body = {
        "verification_token": token,
        "email": student.email,
        "password": PASSWORD,
        "name": student.name,
        "document_type": student.document_type,
        "document_number": student.document_number,
        "consent": {"version": CURRENT_VERSION, "accepted": True},
    }
    return archive.client.call("POST", "/registrations", body | changes, headers=headers)


def confirm(archive: World, drafted: Answer, **how: Any) -> Answer:
    """Say yes to a draft."""
    path = f"/registrations/{drafted.json['registration_id']}/confirm"
    return archive.client.call("POST", path, **how)


def known(archive: World, student: Student) -> Student:
    """The student, whom the identity checker knows from now on."""
    archive.checker.learn(student.name, student.document_number, student.phone)
    return student


def sign_in(
    archive: World,
    student: Student = WANG,
    *,
    password: str = PASSWORD,
    username: str | None = None,
    device_token: str | None = None,
    **how: Any,
) -> Answer:
    """The first step of signing in."""
    body = {"username": student.email if username is None else username, "password": password}
    if device_token:
        body["device_token"] = device_token
    return archive.client.call("POST", "/sessions", body, **how)


def second_step(archive: World, first: Answer, code: str, **body: Any) -> Answer:
    """The second step of signing in."""
    challenge = {"challenge_id": first.json["challenge_id"], "code": code}
    return archive.client.call("POST", "/sessions/second-step", challenge | body)


def with_token(archive: World, token: str) -> Client:
    """A client that uses an access token."""
    client = archive.client
    client.token = token
    return client


def field_codes(answer: Answer) -> Mapping[str, str]:
    """Field → code of a 422 `invalid_request`."""
    assert (answer.status, answer.code) == (422, "invalid_request"), answer.content
    return {error["field"]: error["code"] for error in answer.json["errors"]}


def but_request_id(answer: Answer) -> tuple[int, dict[str, Any], dict[str, str]]:
    """All of an error answer but the id of its request: what two refusals have in common."""
    headers = {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}
    headers.pop("Content-Length", None)
    return answer.status, {**answer.json, "request_id": None}, headers


def use_up(archive: World, rule: str, subject: str, *, leaving: int = 0) -> None:
    """Let so much of a limit happen that only `leaving` more events pass."""
    for _ in range(limit_table("standard")[rule].most - leaving):
        archive.ports.limits.take([Hit(rule, subject)], archive.clock())


def outcome_of(do: Callable[..., object], *arguments: Any, **named: Any) -> str:
    """`done`, or the code of the refusal."""
    try:
        do(*arguments, **named)
    except Refusal as refusal:
        return refusal.code
    return "done"
