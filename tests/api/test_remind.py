"""Reminders: once, on their day, in the person's language, and only while they have a point."""

import pytest

from chalicelib import jobs
from chalicelib.operations.remind import Reminded, remind
from tests.api.steps import sent_to
from tests.api.test_report import issue
from tests.leaving import DAY, PAUSE, ask_to_close
from tests.records import WANG, file_record, member, record_ids
from tests.world import Client, World


@pytest.fixture
def student(archive: World) -> Client:
    file_record(archive, "credentials", WANG)
    return member(archive, WANG)


def texts(archive: World, word: str) -> int:
    return sum(word in text for to in (WANG.phone, WANG.email) for text in sent_to(archive, to))


def confirmed(archive: World) -> None:
    """Take the reminder of the e-mail out of the way."""
    archive.clock.advance(3 * DAY)
    assert remind(archive.ports) == Reminded(1, 0)


def issued(archive: World, client: Client) -> int:
    """A report of a month; answers when it ends."""
    answer = issue(client, record_ids(client, "credentials")[0], valid_months=1)
    assert answer.status == 201, answer.content
    report = archive.ports.reports.of_owner(
        client.call("GET", "/account").json["account_id"], answer.json["report_id"]
    )
    assert report is not None
    return report.valid_until


def go_to(archive: World, instant: int) -> Reminded:
    archive.clock.instant = instant
    reminded = remind(archive.ports)
    archive.deliver()
    return reminded


@pytest.mark.req("R-94")
def test_a_report_is_announced_seven_days_and_one_day_before(archive, student):
    until = issued(archive, student)
    confirmed(archive)
    for days, expected in ((8, 0), (7, 1), (6, 0), (2, 0), (1, 1), (0, 0)):
        assert go_to(archive, until - days * DAY) == Reminded(expected, 0)
        assert remind(archive.ports) == Reminded(0, 0)
    assert texts(archive, "到期") == 4


def test_a_reminder_that_is_late_comes_once(archive, student):
    until = issued(archive, student)
    confirmed(archive)
    assert go_to(archive, until - 3 * DAY) == Reminded(1, 0)
    assert go_to(archive, until - DAY) == Reminded(1, 0)


def test_after_an_outage_one_reminder_says_it_all(archive, student):
    until = issued(archive, student)
    confirmed(archive)
    assert go_to(archive, until - DAY + 3600) == Reminded(1, 0)
    assert texts(archive, "到期") == 2  # one by each channel


def test_nobody_is_reminded_of_what_is_over(archive, student):
    until = issued(archive, student)
    confirmed(archive)
    assert go_to(archive, until) == Reminded(0, 0)
    assert not list(archive.ports.agenda.due("remind", archive.clock()))


@pytest.mark.parametrize("how", ["extended", "closed"])
def test_a_report_extended_or_closed_is_not_announced(archive, student, how):
    until = issued(archive, student)
    confirmed(archive)
    archive.clock.instant = until - 10 * DAY
    client = archive.sign_in(WANG)
    path = f"/reports/{client.call('GET', '/reports').json['items'][0]['report_id']}"
    if how == "extended":
        assert client.call("PATCH", path, {"extend_months": 1}).status == 200
    else:
        assert client.call("DELETE", path).status == 204
    assert go_to(archive, until - 7 * DAY) == Reminded(0, 0)
    assert go_to(archive, until + 24 * DAY) == Reminded(how == "extended", 0)


def test_an_unconfirmed_mail_gets_a_fresh_link_after_three_days(archive, student):
    archive.clock.advance(2 * DAY)
    assert remind(archive.ports) == Reminded(0, 0)
    archive.clock.advance(DAY)
    assert remind(archive.ports) == Reminded(1, 0)
    assert remind(archive.ports) == Reminded(0, 0)
    assert texts(archive, "尚未确认") == 2
    (mail,) = [text for text in sent_to(archive, WANG.email) if "尚未确认" in text]
    token = mail.split("confirm-email=")[1].split()[0]
    assert archive.client.call("POST", "/email-confirmations", {"token": token}).status == 204


def test_a_confirmed_mail_is_left_alone(archive, student):
    (mail,) = [text for text in sent_to(archive, WANG.email) if "confirm-email=" in text]
    token = mail.split("confirm-email=")[1].split()[0]
    assert archive.client.call("POST", "/email-confirmations", {"token": token}).status == 204
    archive.clock.advance(3 * DAY)
    assert remind(archive.ports) == Reminded(0, 0)


@pytest.mark.parametrize("cancelled", [False, True])
def test_a_closing_account_is_told_three_days_before(archive, student, cancelled):
    ask_to_close(archive, student)
    if cancelled:
        student.call("POST", "/account/closing/cancel")
    started = archive.clock()
    archive.clock.advance(3 * DAY)
    remind(archive.ports)
    told = texts(archive, "注销")
    assert go_to(archive, started + PAUSE - 4 * DAY) == Reminded(0, 0)
    assert go_to(archive, started + PAUSE - 3 * DAY) == Reminded(not cancelled, 0)
    assert texts(archive, "注销") == told + 2 * (not cancelled)


def test_the_schedule_does_the_same(archive, student):
    until = issued(archive, student)
    confirmed(archive)
    archive.clock.instant = until - 3 * DAY
    assert jobs.remind(archive.ports) == 1
    assert jobs.remind(archive.ports) == 0
