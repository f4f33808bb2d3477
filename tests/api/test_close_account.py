"""Leaving: closing an account after a pause, and what is left of it (journey 12; R-65)."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from chalicelib.adapters.memory_tables import MemoryTables
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instants import rfc3339
from chalicelib.operations.close_account import (
    Closing,
    cancel_closing,
    close_account,
    close_accounts,
)
from chalicelib.operations.ports import Caller
from chalicelib.stores.sessions import Principal
from tests.api.steps import field_codes, known, sent_to
from tests.api.test_report import issue
from tests.appeals import change_identity, picture, upload
from tests.corrections import ask as ask_for_correction
from tests.corrections import with_directory, with_evidence
from tests.leaving import PAUSE, ask_to_close, rows_of, run_to_the_end
from tests.records import (
    LI,
    UNIVERSITY,
    WANG,
    file_record,
    member,
    record_ids,
)
from tests.world import PASSWORD, Client, World, world


@pytest.fixture
def student(archive: World) -> Client:
    return member(archive, WANG)


def test_closing_is_announced_on_every_channel_and_shown(archive, student):
    answer = ask_to_close(archive, student)
    assert (answer.status, answer.json) == (202, {"closes_at": "2026-12-14T10:00:00Z"})
    assert student.call("GET", "/account").json["closes_at"] == answer.json["closes_at"]
    for destination in (WANG.phone, WANG.email):
        assert any("2026年12月14日18:00" in text for text in sent_to(archive, destination))
    lines = student.call("GET", "/account/activity").json["items"]
    assert "account_closing" in {line["action"] for line in lines}


@pytest.mark.req("R-03")
def test_asked_again_it_answers_the_same(archive, student):
    token = archive.prove_phone(WANG.phone, "close_account")
    first = ask_to_close(archive, student, verification_token=token)
    assert ask_to_close(archive, student, verification_token=token).json == first.json


def test_it_takes_the_password_and_a_channel_of_ones_own(archive, student):
    wrong = ask_to_close(archive, student, current_password="wrong-password-1")
    assert (wrong.status, wrong.code) == (403, "reauthentication_required")
    other = archive.prove_phone("+8619900000777", "close_account")
    problem = {"verification_token": "verification_token_invalid"}
    assert field_codes(ask_to_close(archive, student, verification_token=other)) == problem
    archive.clock.advance(61)
    elsewhere = archive.prove_phone(WANG.phone, "change_phone")
    assert field_codes(ask_to_close(archive, student, verification_token=elsewhere)) == problem
    assert "closes_at" not in student.call("GET", "/account").json


def test_closing_can_be_cancelled(archive, student):
    ask_to_close(archive, student)
    for _ in range(2):
        assert student.call("POST", "/account/closing/cancel").status == 204
    assert "closes_at" not in student.call("GET", "/account").json
    assert any("取消" in text for text in sent_to(archive, WANG.email))
    archive.clock.advance(PAUSE)
    run_to_the_end(archive)
    assert archive.sign_in(WANG).call("GET", "/account").status == 200
    assert not list(archive.ports.agenda.due("close", archive.clock()))


@pytest.mark.req("R-23")
@pytest.mark.parametrize(("seconds", "status"), [(PAUSE - 1, 204), (PAUSE, 409)])
def test_it_can_be_cancelled_until_its_time(archive, student, seconds, status):
    ask_to_close(archive, student)
    archive.clock.advance(seconds)
    client = archive.sign_in(WANG)
    answer = client.call("POST", "/account/closing/cancel")
    assert answer.status == status


@pytest.mark.parametrize(("seconds", "closed"), [(PAUSE - 1, False), (PAUSE, True)])
def test_nothing_is_closed_before_its_time(archive, student, seconds, closed):
    ask_to_close(archive, student)
    archive.clock.advance(seconds)
    signed_in = archive.sign_in(WANG)
    close_accounts(archive.ports)
    assert signed_in.call("GET", "/account").status == (401 if closed else 200)
    body = {"username": WANG.email, "password": PASSWORD}
    assert archive.client.call("POST", "/sessions", body).status == (401 if closed else 202)


def test_contacts_stay_as_they_are_while_closing(archive, student):
    ask_to_close(archive, student)
    token = archive.prove_phone("+8619900000888", "change_phone")
    answer = student.call(
        "PUT", "/account/phone", {"verification_token": token, "current_password": PASSWORD}
    )
    assert (answer.status, answer.code) == (409, "conflict")


# What is left


def settled_in(archive: World) -> tuple[Client, dict[str, str]]:
    """Wang with something of everything, and codes of the reports."""
    with_directory(archive)
    file_record(archive, "credentials", WANG)
    file_record(archive, "enrollments", WANG, photos={"admission": b"face"})
    file_record(archive, "degrees", WANG, document_number="", certificate_number="1000142015000999")
    client = member(archive, WANG)
    record_id = record_ids(client, "credentials")[0]
    bound = client.call(
        "POST",
        "/bindings",
        {
            "family": "degrees",
            "certificate_number": "1000142015000999",
            "graduation_year": 2015,
            "institution": UNIVERSITY,
        },
    )
    assert bound.status == 201, bound.content
    client.call("PUT", f"/archive/credentials/{record_id}/confirmation")
    enrollment = record_ids(client, "enrollments")[0]
    body = {"verdict": "not_mine", "reason": "不是我本人王小明"}
    client.call("PUT", f"/archive/enrollments/{enrollment}/photo-confirmation", body)
    ask_for_correction(client, record_id)
    opened = with_evidence(client, record_id)
    upload(archive, opened["upload"], picture())
    client.call("POST", f"/corrections/{opened['correction_id']}/submit")
    change = change_identity(client, WANG, name="王大明").json
    upload(archive, change["upload"], picture())
    assert client.call("POST", f"/account/identity/{change['review_id']}/submit").status == 202
    report = issue(client, record_id, valid_months=6).json
    return client, report


@pytest.mark.req("R-65")
def test_nothing_personal_is_left_but_pseudonymous_audit_lines(archive):
    client, report = settled_in(archive)
    account_id = client.call("GET", "/account").json["account_id"]
    ask_to_close(archive, client)
    archive.deliver()
    archive.clock.advance(PAUSE)
    run_to_the_end(archive)
    institutions_own = {"record", "where", "number", "versions", "person", "institutions"}
    traces = [
        text.encode()
        for text in (WANG.name, "王大明", WANG.document_number, WANG.phone[3:], WANG.email)
    ]
    for key, row, opened in rows_of(archive):
        named = f"{key.pk} {key.sk} {row.get('ref')}"
        if key.table == "audit":
            assert not [one for one in traces if one in bytes(opened or b"")]
            continue
        reminder = key.pk.startswith("agenda#remind#")  # taken off on its day, ids only
        assert reminder or account_id not in named, (key.table, named)
        kept = key.table == "registry" and key.pk.partition("#")[0] in institutions_own
        if opened is not None and not kept:
            assert not [one for one in (*traces, account_id.encode()) if one in bytes(opened)], key
    assert not [key for key in archive.ports.photos._files if key.startswith("scans/")]
    assert archive.ports.quarantine.files == {}
    verified = archive.client.call("GET", f"/verifications/{report['verification_code']}")
    assert (verified.status, verified.json["result"]) == (200, "closed")
    assert "report" not in verified.json
    assert any("已注销" in text for text in sent_to(archive, WANG.email))


@pytest.mark.req("R-65")
def test_one_can_register_again_and_bind_again(archive):
    client, _ = settled_in(archive)
    first = client.call("GET", "/account").json["account_id"]
    ask_to_close(archive, client)
    archive.clock.advance(PAUSE)
    close_accounts(archive.ports)
    again = archive.registered(known(archive, WANG))
    assert again.call("GET", "/account").json["account_id"] != first
    body = {
        "family": "degrees",
        "certificate_number": "1000142015000999",
        "graduation_year": 2015,
        "institution": UNIVERSITY,
    }
    assert again.call("POST", "/bindings", body).status == 201
    archive.clock.advance(899)
    run_to_the_end(archive)
    archive.clock.advance(-86_400 - 900)
    fresh = archive.sign_in(WANG)
    assert {item["family"] for item in fresh.call("GET", "/bindings").json["items"]} >= {
        "degrees",
        "credentials",
    }
    assert fresh.call("GET", "/reports").json["items"] == []
    assert fresh.call("GET", "/corrections").json["items"] == []
    actions = [line["action"] for line in fresh.call("GET", "/account/activity").json["items"]]
    assert "account_closing" not in actions


def test_other_accounts_stay_whole(archive):
    client, _ = settled_in(archive)
    file_record(archive, "credentials", LI, certificate_number="100011201505000777")
    other = member(archive, LI)
    kept = issue(other, record_ids(other, "credentials")[0], valid_months=6).json
    ask_to_close(archive, client)
    archive.clock.advance(PAUSE)
    run_to_the_end(archive)
    archive.clock.advance(61)
    fresh = archive.sign_in(LI)
    assert len(fresh.call("GET", "/archive/credentials").json["items"]) == 1
    assert fresh.call("GET", f"/reports/{kept['report_id']}").json["status"] == "valid"


@pytest.mark.req("R-94")
def test_more_than_a_transaction_holds_is_erased(archive, student):
    file_record(archive, "credentials", WANG)
    record_id = record_ids(student, "credentials")[0]
    for _ in range(60):
        assert issue(student, record_id, valid_months=1).status == 201
    ask_to_close(archive, student)
    archive.clock.advance(PAUSE)
    run_to_the_end(archive)
    owners = [key for key, _, _ in rows_of(archive) if key.pk.startswith(("owner#", "account#"))]
    assert {key.table for key in owners} <= {"audit"}


class Interrupted(Exception):  # noqa: N818 -- stands for a killed function
    """The function was killed."""


@pytest.mark.req("R-94")
def test_killed_at_any_write_it_goes_on_the_next_time(archive, monkeypatch):
    client, _ = settled_in(archive)
    account_id = client.call("GET", "/account").json["account_id"]
    ask_to_close(archive, client)
    archive.clock.advance(PAUSE)
    left, writes = [0], {"write": MemoryTables.write, "commit": MemoryTables.commit}

    def killing(name):
        def wrapped(self, argument):
            left[0] -= 1
            if left[0] < 0:
                raise Interrupted
            return writes[name](self, argument)

        return wrapped

    for name in writes:
        monkeypatch.setattr(MemoryTables, name, killing(name))
    runs = 0
    while list(archive.ports.agenda.due("close", archive.clock())):
        left[0] = 1 + runs // 2
        runs += 1
        try:
            close_accounts(archive.ports)
        except Interrupted:
            continue
        archive.clock.advance(900)
    assert runs > 5
    left[0] = 10**6
    closed = [text for text in sent_to(archive, WANG.email) if "已注销" in text]
    assert len(closed) == 1
    tables = {key.table for key, _, _ in rows_of(archive) if f"account#{account_id}" in key.pk}
    assert tables <= {"audit"}


# Any order of steps


class ClosingLife(RuleBasedStateMachine):
    """Asking, cancelling, waiting and the schedule in any order."""

    @initialize()
    def register(self) -> None:
        self.archive = world()
        client = member(self.archive, WANG)
        self.account_id = client.call("GET", "/account").json["account_id"]
        [session] = client.call("GET", "/sessions").json["items"]
        self.me = Principal(
            account_id=self.account_id,
            session_id=session["session_id"],
            proof_level="identity",
        )
        self.closes_at: int | None = None
        self.closed = False

    def tried(self, do: Callable[..., Any], *arguments: Any, **named: Any) -> Any:
        """What an operation answers, or the code of its refusal."""
        try:
            return do(self.archive.ports, *arguments, **named)
        except Refusal as refusal:
            return refusal.code

    @rule()
    def ask(self) -> None:
        self.archive.clock.advance(4 * 3600)
        self.archive.deliver()
        token = self.archive.prove_phone(WANG.phone, "close_account")
        caller = Caller(ip="203.0.113.7", language="zh", request_id="-")
        answer = self.tried(
            close_account, caller, self.me, verification_token=token, current_password=PASSWORD
        )
        if self.closed:
            assert answer == "unauthenticated"
            return
        account = self.archive.ports.accounts.get(self.account_id)
        assert account is not None
        assert self.closes_at in {None, account.closes_at}
        self.closes_at = account.closes_at
        assert answer == Closing(rfc3339(self.closes_at or 0))

    @rule()
    def cancel(self) -> None:
        answer = self.tried(cancel_closing, self.me)
        due = self.closes_at is not None and self.closes_at <= self.archive.clock()
        if self.closed or due:
            assert answer == ("unauthenticated" if self.closed else "conflict")
            return
        assert answer is None
        self.closes_at = None

    @rule()
    def wait_a_week(self) -> None:
        self.archive.clock.advance(7 * 86_400)

    @rule()
    def run(self) -> None:
        close_accounts(self.archive.ports)
        if self.closes_at is not None and self.closes_at <= self.archive.clock():
            self.closed = True
        holder = self.archive.ports.accounts.holder("phone", WANG.phone)
        assert (holder is None) == self.closed
        account = self.archive.ports.accounts.get(self.account_id)
        assert (account is None) == self.closed


TestClosingLife = ClosingLife.TestCase
TestClosingLife.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
