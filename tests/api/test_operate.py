"""Keeping the archive running: dead letters, limits lifted, figures of each day."""

import pytest

from chalicelib import jobs
from chalicelib.domain.audit_chain import HOUR
from chalicelib.operations.operate import MOST_REDRIVEN, Day, Statistics
from chalicelib.stores.outbox import Message
from infra.statistics import lines, page
from tests.api.steps import field_codes
from tests.records import WANG, file_record, member
from tests.staff import Member, first_operator, signed_in
from tests.world import PASSWORD, World


@pytest.fixture
def operator(archive: World) -> Member:
    return first_operator(archive)


@pytest.mark.req("R-88")
def test_dead_letters_are_counted_and_queued_again(archive, operator):
    archive.deliver()
    message = Message(
        kind="password_changed",
        channel="email",
        to=WANG.email,
        language="zh",
        values={"time": "-"},
    )
    archive.ports.tables.commit([archive.ports.message(message)])
    jobs.relay(archive.ports)
    archive.queue.dead, archive.queue.keys = archive.queue.keys, []
    archive.clock.advance(60)
    seen = operator.client.call("GET", "/operator/dead-letters")
    assert seen.json == {"queue": "deliver", "waiting": 1, "oldest_message_seconds": 60}
    assert WANG.email not in seen.content.decode()
    again = operator.client.call("POST", "/operator/dead-letters/redrive")
    assert (again.status, again.json) == (200, {"redriven": 1})
    assert len(archive.queue.keys) == 1
    archive.clock.advance(90)
    archive.deliver()
    assert [to for to, _, _ in archive.mail.sent if to == WANG.email] == [WANG.email]
    seen = operator.client.call("GET", "/operator/dead-letters").json
    assert (seen["waiting"], seen["oldest_message_seconds"]) == (0, 0)


def test_one_request_redrives_a_hundred(archive, operator):
    key = archive.ports.audited("x", "x", "owner").key
    archive.queue.dead = [key] * (MOST_REDRIVEN + 1)
    for expected in (MOST_REDRIVEN, 1, 0):
        answer = operator.client.call("POST", "/operator/dead-letters/redrive")
        assert answer.json == {"redriven": expected}
    archive.queue.keys.clear()


@pytest.mark.req("R-26")
def test_a_persons_limits_begin_anew_for_a_reason(archive, operator):
    client = member(archive, WANG)
    body = {"purpose": "reset_password", "channel": "sms", "destination": WANG.phone}
    for _ in range(3):
        archive.client.call("POST", "/verification-codes", body)
        archive.clock.advance(61)
    archive.deliver()
    sent = len(archive.sms.sent)
    archive.client.call("POST", "/verification-codes", body)
    archive.deliver()
    assert len(archive.sms.sent) == sent  # over the hour's limit
    lifted = operator.client.call(
        "POST", "/operator/limits/lift", {"contact": "199 0000 0001", "reason": "电话核实"}
    )
    assert "code.purpose.hour" in lifted.json["lifted"]
    archive.client.call("POST", "/verification-codes", body)
    archive.deliver()
    assert len(archive.sms.sent) == sent + 1
    actions = [one["action"] for one in client.call("GET", "/account/activity").json["items"]]
    assert "limits_lifted" in actions
    (line,) = [
        one
        for one in archive.ports.audit.lines(operator.staff_id, limit=9)[0]
        if one.action == "limits_lifted"
    ]
    assert line.facts["reason"] == "电话核实"
    assert WANG.phone not in str(line)


def test_a_guessed_out_account_may_try_again(archive, operator):
    archive.checker.learn(WANG.name, WANG.document_number, WANG.phone)
    archive.register(WANG)
    for _ in range(2):
        first = archive.client.call(
            "POST", "/sessions", {"username": WANG.email, "password": PASSWORD}
        )
        for _ in range(5):
            guess = {"challenge_id": first.json["challenge_id"], "code": "000000"}
            archive.client.call("POST", "/sessions/second-step", guess)
        archive.clock.advance(61)
    lifted = operator.client.call(
        "POST", "/operator/limits/lift", {"contact": WANG.email, "reason": "本人来电"}
    )
    assert "guess.account.day" in lifted.json["lifted"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"contact": "12345", "reason": "x"}, {"contact": "phone_invalid"}),
        ({"contact": "a@", "reason": "x"}, {"contact": "email_invalid"}),
        ({"contact": WANG.email}, {"reason": "required"}),
    ],
)
def test_whose_limits_and_why_is_stated(operator, body, code):
    assert field_codes(operator.client.call("POST", "/operator/limits/lift", body)) == code


def test_the_figures_of_a_day_are_nobodys_data(archive, operator):
    file_record(archive, "credentials", WANG)
    client = member(archive, WANG)
    record = client.call("GET", "/archive/credentials").json["items"][0]["record_id"]
    body = {
        "kind": "credential",
        "record_id": record,
        "language": "zh",
        "valid_months": 1,
        "disclosure": "full",
    }
    code = client.call("POST", "/reports", body).json["verification_code"]
    for _ in range(2):
        archive.client.call("GET", f"/verifications/{code}")
    archive.clock.advance(2 * HOUR)
    jobs.seal_audit(archive.ports)
    staff = signed_in(archive, operator.email, operator.secret)
    answer = staff.call("GET", "/operator/statistics", query={"days": "2"})
    today = answer.json["days"][-1]
    figures = {name: today[name] for name in ("registrations", "reports", "verifications")}
    assert figures == {"registrations": 1, "reports": 1, "verifications": 2}
    assert len(answer.json["days"]) == 2
    for text in (WANG.name, WANG.phone, client.call("GET", "/openapi.json").status and record):
        assert text not in answer.content.decode()


@pytest.mark.parametrize("days", ["0", "93", "x"])
def test_how_many_days_is_bounded(operator, days):
    answer = operator.client.call("GET", "/operator/statistics", query={"days": days})
    assert answer.status == 422


def test_the_report_of_the_figures():
    found = Statistics(
        days=(Day(day="2026-11-22"), Day(day="2026-11-23", registrations=3, reports=1)),
        until="2026-11-23T02:00:00Z",
    )
    printed = "\n".join(lines(found))
    assert "2026-11-23 ████████████████████████████████████████ 3" in printed
    shown = page(found)
    assert '<td style="--part:100%">3</td>' in shown
    assert "http" not in shown
