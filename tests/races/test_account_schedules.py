"""Pairs of concurrent steps of one account's life, in every order of table calls."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from chalicelib import jobs
from chalicelib.operations.document_scans import SETTLE_SECONDS
from tests.appeals import open_appeal, picture, read_appeal, resubmit, upload
from tests.lab import Lab, lab
from tests.leaving import PAUSE, ask_to_close
from tests.races.pairs import Pair, hold
from tests.races.scheduler import Operation
from tests.records import WANG, file_record, member
from tests.world import PASSWORD, Answer, Client

NEW_PHONE, NEW_MAIL, NEW_PASSWORD = "+8619900000888", "new@example.com", "another-horse-8"


def proof(archive: Lab, purpose: str, channel: str, destination: str) -> str:
    """A verification token."""
    body = {"purpose": purpose, "channel": channel, "destination": destination}
    asked = archive.client.call("POST", "/verification-codes", body)
    path = f"/verification-codes/{asked.json['challenge_id']}/verify"
    verified = archive.client.call("POST", path, {"code": archive.last_code(destination)})
    assert verified.status == 200, verified.content
    return str(verified.json["verification_token"])


def changing(archive: Lab, client: Client, kind: str, to: str) -> Operation:
    """A change of phone or e-mail that was proved."""
    token = proof(archive, f"change_{kind}", "sms" if kind == "phone" else "email", to)
    body = {"verification_token": token, "current_password": PASSWORD}
    return lambda: client.call("PUT", f"/account/{kind}", body)


def contacts(archive: Lab) -> tuple[str, str]:
    """Phone and e-mail of the one account."""
    [key] = [one for one in archive.memory.all_rows() if is_account(one.pk, one.sk)]
    account = archive.ports.accounts.get(key.pk.partition("#")[2])
    assert account is not None
    return account.phone, account.email


def is_account(pk: str, sk: str) -> bool:
    return pk.startswith("account#") and sk == "-"


def owner(archive: Lab) -> Client:
    client = member(archive, WANG)
    archive.deliver()
    archive.clock.advance(61)
    return client


def change_the_phone_and_reset_the_password() -> Pair:
    """Only one is done: whoever has the password or whoever has the phone."""
    archive = lab()
    client = owner(archive)
    change = changing(archive, client, "phone", NEW_PHONE)
    body = {
        "verification_token": proof(archive, "reset_password", "sms", WANG.phone),
        "document_type": WANG.document_type,
        "document_number": WANG.document_number,
        "new_password": NEW_PASSWORD,
    }

    def check(answers: list[Answer]) -> None:
        changed, reset = (answer.status for answer in answers)
        assert (changed == 200) != (reset == 204), (changed, reset)
        assert contacts(archive)[0] == (NEW_PHONE if changed == 200 else WANG.phone)
        if reset == 204:
            assert client.call("GET", "/account").status == 401
            assert archive.census()["sessions account session"] == 0

    operations = [change, lambda: archive.client.call("POST", "/password-resets", body)]
    return Pair(archive, operations, check)


def change_the_mail_and_undo_a_change() -> Pair:
    """An intruder goes on while the owner undoes: the owner's link puts everything back."""
    archive = lab()
    client = owner(archive)
    assert changing(archive, client, "phone", NEW_PHONE)().status == 200
    archive.deliver()
    mails = "".join(body for _, _, body in archive.mail.sent)
    token = re.findall(r"undo-change=([\w-]+)", mails)[0]
    change = changing(archive, client, "email", NEW_MAIL)

    def check(answers: list[Answer]) -> None:
        changed, undone = (answer.status for answer in answers)
        assert undone == 204
        assert changed in {200, 401, 403, 409}
        assert contacts(archive) == (WANG.phone, WANG.email)
        assert client.call("GET", "/account").status == 401

    body = {"token": token}
    operations = [change, lambda: archive.client.call("POST", "/account/contact-undo", body)]
    return Pair(archive, operations, check)


def undo_two_changes_at_once() -> Pair:
    """Owner and intruder use their links at once: the earlier link wins."""
    archive = lab()
    client = owner(archive)
    for kind, to in (("email", NEW_MAIL), ("phone", NEW_PHONE)):
        assert changing(archive, client, kind, to)().status == 200
        archive.deliver()
    mails = "".join(body for _, _, body in archive.mail.sent)
    tokens = re.findall(r"undo-change=([\w-]+)", mails)

    def undoing(token: str) -> Operation:
        return lambda: archive.client.call("POST", "/account/contact-undo", {"token": token})

    def check(answers: list[Answer]) -> None:
        assert answers[0].status == 204
        assert answers[1].status in {204, 422}
        assert contacts(archive) == (WANG.phone, WANG.email)

    return Pair(archive, [undoing(token) for token in tokens], check)


def leaving(archive: Lab) -> Client:
    """Somebody with a credential whose account closes now, signed in a moment ago."""
    file_record(archive, "credentials", WANG)
    client = owner(archive)
    assert ask_to_close(archive, client).status == 202
    archive.clock.advance(PAUSE - 61)
    client = archive.sign_in(WANG)
    archive.deliver()
    archive.clock.advance(61)
    return client


def nothing_is_left(archive: Lab) -> None:
    """Once the schedule has run again, no row says anything of the account but its trail."""
    jobs.close_accounts(archive.ports)
    archive.clock.advance(SETTLE_SECONDS)
    jobs.close_accounts(archive.ports)
    census = archive.census()
    left = [kind for kind in census if " account " in f" {kind} " and "audit" not in kind]
    assert left == []
    assert census["reports owner report"] == 0


def closing_while(make: Callable[[Lab, Client], Operation], statuses: set[int]) -> Pair:
    archive = lab()
    client = leaving(archive)
    operation = make(archive, client)

    def check(answers: list[Any]) -> None:
        assert answers[0].status in statuses, answers[0].content
        nothing_is_left(archive)

    return Pair(archive, [operation, lambda: jobs.close_accounts(archive.ports)], check)


def close_and_sign_in() -> Pair:
    def signing_in(archive: Lab, _: Client) -> Operation:
        body = {"username": WANG.email, "password": PASSWORD}
        first = archive.client.call("POST", "/sessions", body)
        code = archive.last_code(WANG.phone)
        step = {
            "challenge_id": first.json["challenge_id"],
            "code": code,
            "remember_device": True,
        }
        return lambda: archive.client.call("POST", "/sessions/second-step", step)

    return closing_while(signing_in, {201, 422, 503})


def close_and_refresh() -> Pair:
    def refreshing(archive: Lab, client: Client) -> Operation:
        body = {"refresh_token": client.refresh_token}
        return lambda: archive.client.call("POST", "/sessions/refresh", body)

    return closing_while(refreshing, {200, 401, 503})


def close_and_issue_a_report() -> Pair:
    def issuing(_: Lab, client: Client) -> Operation:
        item = client.call("GET", "/archive/credentials").json["items"][0]
        body = {
            "kind": "credential",
            "record_id": item["record_id"],
            "language": "zh",
            "valid_months": 1,
            "disclosure": "full",
        }
        return lambda: client.call("POST", "/reports", body)

    return closing_while(issuing, {201, 401, 404, 409})


def handed_in(archive: Lab) -> tuple[Any, Operation]:
    """An appeal for Wang's number whose picture is uploaded, and its submission."""
    opened = open_appeal(archive, WANG).json
    upload(archive, opened["upload"], picture())

    def submit() -> Answer:
        upload(archive, opened["upload"], picture())
        return resubmit(archive, opened)

    return opened, submit


def close_and_appeal() -> Pair:
    """The number may be free by the time somebody looks for whom to warn."""
    archive = lab()
    leaving(archive)
    opened, submit = handed_in(archive)

    def check(answers: list[Any]) -> None:
        assert answers[0].status == 202
        archive.deliver()
        nothing_is_left(archive)
        assert read_appeal(archive, opened).json["status"] == "submitted"

    return Pair(archive, [submit, lambda: jobs.close_accounts(archive.ports)], check)


def close_and_warn_of_an_appeal() -> Pair:
    archive = lab()
    leaving(archive)
    opened, submit = handed_in(archive)
    assert submit().status == 202

    def check(_: list[Any]) -> None:
        archive.deliver()
        nothing_is_left(archive)
        assert read_appeal(archive, opened).json["status"] == "submitted"
        assert archive.census()["outbox errand"] == 0

    return Pair(archive, [archive.deliver, lambda: jobs.close_accounts(archive.ports)], check)


def register_and_appeal() -> Pair:
    """Whoever registers the number just then is warned, or was there too late to be."""
    archive = lab()
    archive.checker.learn(WANG.name, WANG.document_number, WANG.phone)
    drafted = archive.draft(WANG)
    path = f"/registrations/{drafted.json['registration_id']}/confirm"
    opened, submit = handed_in(archive)
    archive.deliver()

    def check(answers: list[Answer]) -> None:
        assert [answer.status for answer in answers] == [201, 202]
        archive.deliver()
        warned = [body for to, _, body in archive.mail.sent if to == WANG.email and "申诉" in body]
        assert len(warned) == 1, "the errand runs after both"
        assert read_appeal(archive, opened).json["status"] == "submitted"

    return Pair(archive, [lambda: archive.client.call("POST", path), submit], check)


PAIRS = [
    pytest.param(change_the_phone_and_reset_the_password, marks=pytest.mark.req("R-30")),
    change_the_mail_and_undo_a_change,
    undo_two_changes_at_once,
    pytest.param(close_and_sign_in, marks=pytest.mark.req("R-65")),
    pytest.param(close_and_refresh, marks=pytest.mark.req("R-65")),
    pytest.param(close_and_issue_a_report, marks=pytest.mark.req("R-65")),
    pytest.param(close_and_appeal, marks=pytest.mark.req("R-94")),
    pytest.param(close_and_warn_of_an_appeal, marks=pytest.mark.req("R-87")),
    register_and_appeal,
]


@pytest.mark.parametrize("make", PAIRS)
def test_whatever_the_order_of_table_calls(make: Callable[[], Pair]) -> None:
    hold(make())
