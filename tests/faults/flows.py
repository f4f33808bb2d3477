"""What people do, each as one request that can be repeated after a fault.

A flow brings an archive to where its request can be made. Its `attempt` makes the request as a
client does that keeps its `Idempotency-Key`; `check` holds once an attempt was answered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests import appeals
from tests.appeals import APPELLANT_MAIL, APPELLANT_PHONE, read_appeal
from tests.decisions import decide, decided_by_both, office
from tests.lab import Lab
from tests.records import CERTIFICATE_NUMBER, file_record
from tests.world import PASSWORD, Answer, Client, Student

WANG = Student()
KEY = {"Idempotency-Key": "the same for every attempt"}


@dataclass
class Flow:
    """One request, the status it must end with, and what must be true then.

    A flow that only reads may leave a trail for every time it was tried.
    """

    attempt: Callable[[], Answer]
    status: int
    check: Callable[[Answer], None] = field(default=lambda _: None)
    reads: bool = False


def request_code(archive: Lab) -> Flow:
    body = {"purpose": "register", "channel": "sms", "destination": WANG.phone}

    def check(answer: Answer) -> None:
        code = archive.last_code(WANG.phone)
        assert len(archive.sms.sent) == 1
        path = f"/verification-codes/{answer.json['challenge_id']}/verify"
        assert archive.client.call("POST", path, {"code": code}).status == 200

    return Flow(_post(archive.client, "/verification-codes", body), 202, check)


def verify_code(archive: Lab) -> Flow:
    asked = archive.client.call(
        "POST",
        "/verification-codes",
        {"purpose": "register", "channel": "sms", "destination": WANG.phone},
    )
    body = {"code": archive.last_code(WANG.phone)}
    path = f"/verification-codes/{asked.json['challenge_id']}/verify"

    def check(answer: Answer) -> None:
        archive.checker.learn(WANG.name, WANG.document_number, WANG.phone)
        body = archive.application(WANG, answer.json["verification_token"])
        drafted = archive.client.call("POST", "/registrations", body)
        assert drafted.status == 201, drafted.content

    return Flow(_post(archive.client, path, body), 200, check)


def draft(archive: Lab) -> Flow:
    archive.checker.learn(WANG.name, WANG.document_number, WANG.phone)
    body = archive.application(WANG, archive.prove_phone(WANG.phone))

    def check(answer: Answer) -> None:
        assert _confirmed(archive, answer).status == 201

    return Flow(_post(archive.client, "/registrations", body), 201, check)


def confirm(archive: Lab) -> Flow:
    return Flow(_confirmation(archive, KEY), 201, lambda _: _signs_in(archive))


def confirm_without_key(archive: Lab) -> Flow:
    return Flow(_confirmation(archive, {}), 201, lambda _: _signs_in(archive))


def sign_in(archive: Lab) -> Flow:
    _member(archive)

    def check(answer: Answer) -> None:
        code = archive.last_code(WANG.phone)
        body = {"challenge_id": answer.json["challenge_id"], "code": code}
        assert archive.client.call("POST", "/sessions/second-step", body).status == 201

    body = {"username": WANG.email, "password": PASSWORD}
    return Flow(_post(archive.client, "/sessions", body), 202, check)


def sign_in_on_a_known_device(archive: Lab) -> Flow:
    _member(archive)
    session = _second_step(archive, remember_device=True)
    body = {
        "username": WANG.email,
        "password": PASSWORD,
        "device_token": session.json["device_token"],
    }
    return Flow(_post(archive.client, "/sessions", body), 201, _serves(archive))


def second_step(archive: Lab) -> Flow:
    _member(archive)
    return Flow(
        _post(archive.client, "/sessions/second-step", _second_step_body(archive)),
        201,
        _serves(archive),
    )


def refresh(archive: Lab) -> Flow:
    _member(archive)
    body = {"refresh_token": _second_step(archive).json["refresh_token"]}
    return Flow(_post(archive.client, "/sessions/refresh", body, {}), 200, _serves(archive))


def bind(archive: Lab) -> Flow:
    file_record(archive, "credentials", WANG, document_number="")
    client = _member(archive)
    body = {
        "family": "credentials",
        "certificate_number": CERTIFICATE_NUMBER,
        "graduation_year": 2015,
        "institution": "10001",
    }

    def check(answer: Answer) -> None:
        items = client.call("GET", "/bindings").json["items"]
        assert [item["binding_id"] for item in items] == [answer.json["binding_id"]]

    return Flow(_post(client, "/bindings", body), 201, check)


def issue_report(archive: Lab) -> Flow:
    client = _member(archive, "credentials")

    def check(answer: Answer) -> None:
        items = client.call("GET", "/reports").json["items"]
        assert [item["report_id"] for item in items] == [answer.json["report_id"]]
        code = answer.json["verification_code"]
        assert archive.client.call("GET", f"/verifications/{code}").json["result"] == "valid"

    return Flow(_post(client, "/reports", _report_body(client)), 201, check)


def close_report(archive: Lab) -> Flow:
    client = _member(archive, "credentials")
    report = client.call("POST", "/reports", _report_body(client)).json
    path = f"/reports/{report['report_id']}"

    def check(_: Answer) -> None:
        assert client.call("GET", path).json["status"] == "closed"
        code = report["verification_code"]
        assert archive.client.call("GET", f"/verifications/{code}").json["result"] == "closed"

    return Flow(lambda: client.call("DELETE", path), 204, check)


def verify_report(archive: Lab) -> Flow:
    client = _member(archive, "credentials")
    report = client.call("POST", "/reports", _report_body(client)).json
    path = f"/verifications/{report['verification_code']}"

    def check(answer: Answer) -> None:
        assert answer.json["result"] == "valid"

    return Flow(lambda: archive.client.call("GET", path), 200, check, reads=True)


def confirm_email(archive: Lab) -> Flow:
    client = _member(archive)
    archive.deliver()
    link = next(body for to, _, body in archive.mail.sent if "confirm-email=" in body)
    token = link.partition("confirm-email=")[2].split()[0]

    def check(_: Answer) -> None:
        assert client.call("GET", "/account").json["email_confirmed"] is True

    return Flow(_post(archive.client, "/email-confirmations", {"token": token}), 204, check)


def open_appeal(archive: Lab) -> Flow:
    body = {
        "verification_token": archive.prove_phone(APPELLANT_PHONE, "appeal"),
        "name": WANG.name,
        "document_type": WANG.document_type,
        "document_number": WANG.document_number,
        "email": APPELLANT_MAIL,
    }

    def check(answer: Answer) -> None:
        assert read_appeal(archive, answer.json).json["status"] == "draft"

    return Flow(_post(archive.client, "/appeals", body), 201, check)


def submit_an_appeal(archive: Lab) -> Flow:
    _member(archive)
    opened = appeals.open_appeal(archive, WANG).json

    def check(_: Answer) -> None:
        assert read_appeal(archive, opened).json["status"] == "submitted"

    return Flow(lambda: appeals.submit_appeal(archive, opened), 202, check)


def withdraw_an_appeal(archive: Lab) -> Flow:
    _member(archive)
    opened = appeals.open_appeal(archive, WANG).json
    assert appeals.submit_appeal(archive, opened).status == 202

    def check(_: Answer) -> None:
        assert read_appeal(archive, opened).json["status"] == "withdrawn"

    return Flow(lambda: appeals.withdraw(archive, opened), 204, check)


def object_to_an_appeal(archive: Lab) -> Flow:
    client = _member(archive)
    path = f"/appeals/{appeals.appeal_against(archive, WANG)}/objection"
    return Flow(_post(client, path, {"reason": "号码是我的"}), 202)


def prove_identity(archive: Lab) -> Flow:
    client = archive.registered(WANG)
    archive.checker.learn(WANG.name, WANG.document_number, WANG.phone)

    def check(_: Answer) -> None:
        assert client.call("GET", "/archive").status == 200

    return Flow(lambda: appeals.change_identity(client, WANG), 202, check)


def ask_for_another_name(archive: Lab) -> Flow:
    client = _member(archive)

    def check(answer: Answer) -> None:
        path = f"/account/identity/{answer.json['review_id']}"
        assert client.call("GET", path).json["status"] == "draft"

    return Flow(lambda: appeals.change_identity(client, WANG, name="王大明"), 202, check)


def approve_an_appeal(archive: Lab) -> Flow:
    client = _member(archive, "credentials")
    opened = appeals.open_appeal(archive, WANG).json
    appeals.submit_appeal(archive, opened)
    operators = office(archive)
    archive.deliver()
    assert decide(operators.first.client, opened["appeal_id"], "approve").status == 200
    path = f"/operator/appeals/{opened['appeal_id']}/decision"

    def check(answer: Answer) -> None:
        assert answer.json["outcome"] == "decided"
        number = f"id:{WANG.document_number}"
        holder = archive.ports.accounts.holder("document", number)
        assert holder == archive.ports.accounts.holder("phone", APPELLANT_PHONE)
        assert client.call("GET", "/account").status == 401

    return Flow(_post(operators.second.client, path, {"decision": "approve"}), 200, check)


def undo_an_approval(archive: Lab) -> Flow:
    _member(archive, "credentials")
    opened = appeals.open_appeal(archive, WANG).json
    appeals.submit_appeal(archive, opened)
    operators = office(archive)
    decided_by_both(operators, opened["appeal_id"], "approve")
    archive.deliver()
    assert decide(operators.first.client, opened["appeal_id"], "undo").status == 200
    path = f"/operator/appeals/{opened['appeal_id']}/decision"

    def check(_: Answer) -> None:
        number = f"id:{WANG.document_number}"
        holder = archive.ports.accounts.holder("document", number)
        assert holder == archive.ports.accounts.holder("phone", WANG.phone)

    return Flow(_post(operators.second.client, path, {"decision": "undo"}), 200, check)


FLOWS: Mapping[str, Callable[[Lab], Flow]] = {
    flow.__name__: flow
    for flow in (
        request_code,
        verify_code,
        draft,
        confirm,
        confirm_without_key,
        sign_in,
        sign_in_on_a_known_device,
        second_step,
        refresh,
        bind,
        issue_report,
        close_report,
        verify_report,
        confirm_email,
        open_appeal,
        submit_an_appeal,
        withdraw_an_appeal,
        object_to_an_appeal,
        prove_identity,
        ask_for_another_name,
        approve_an_appeal,
        undo_an_approval,
    )
}


def _post(
    client: Client, path: str, body: Any, headers: Mapping[str, str] | None = None
) -> Callable[[], Answer]:
    sent = KEY if headers is None else headers
    return lambda: client.call("POST", path, body, headers=sent)


def _confirmation(archive: Lab, headers: Mapping[str, str]) -> Callable[[], Answer]:
    archive.checker.learn(WANG.name, WANG.document_number, WANG.phone)
    registration_id = archive.draft(WANG).json["registration_id"]
    return _post(archive.client, f"/registrations/{registration_id}/confirm", None, headers)


def _confirmed(archive: Lab, drafted: Answer) -> Answer:
    path = f"/registrations/{drafted.json['registration_id']}/confirm"
    return archive.client.call("POST", path)


def _signs_in(archive: Lab) -> None:
    assert archive.sign_in(WANG).call("GET", "/account").status == 200


def _member(archive: Lab, *families: Any) -> Client:
    for family in families:
        file_record(archive, family, WANG)
    archive.checker.learn(WANG.name, WANG.document_number, WANG.phone)
    client = archive.registered(WANG)
    archive.clock.advance(60)  # another code may be sent from here on
    return client


def _second_step_body(archive: Lab) -> dict[str, Any]:
    first = archive.client.call("POST", "/sessions", {"username": WANG.email, "password": PASSWORD})
    return {"challenge_id": first.json["challenge_id"], "code": archive.last_code(WANG.phone)}


def _second_step(archive: Lab, **more: Any) -> Answer:
    answer = archive.client.call("POST", "/sessions/second-step", _second_step_body(archive) | more)
    archive.clock.advance(60)
    return answer


def _serves(archive: Lab) -> Callable[[Answer], None]:
    def check(answer: Answer) -> None:
        client = archive.client
        client.token = answer.json["access_token"]
        assert client.call("GET", "/account").status == 200
        body = {"refresh_token": answer.json["refresh_token"]}
        assert client.call("POST", "/sessions/refresh", body).status == 200

    return check


def _report_body(client: Client) -> dict[str, Any]:
    item = client.call("GET", "/archive/credentials").json["items"][0]
    return {
        "kind": "credential",
        "record_id": item["record_id"],
        "language": "zh",
        "valid_months": 1,
        "disclosure": "full",
    }
