"""Confirming the e-mail address by the mailed token."""

import re

import pytest

from chalicelib.domain.lifetimes import EMAIL_CONFIRMATION
from tests.api.steps import but_request_id, sent_to
from tests.records import LI, WANG
from tests.world import Answer, Client, World

HOUR = 3600


def mailed_tokens(archive: World, address: str = WANG.email) -> list[str]:
    mails = sent_to(archive, address)
    return [token for mail in mails for token in re.findall(r"#confirm-email=([\w-]+)", mail)]


def confirm(archive: World, token: str) -> Answer:
    return archive.client.call("POST", "/email-confirmations", {"token": token})


def is_confirmed(client: Client) -> bool:
    return bool(client.call("GET", "/account").json["email_confirmed"])


def test_the_mailed_token_confirms_the_address(archive):
    client = archive.registered(WANG)
    assert not is_confirmed(client)
    [token] = mailed_tokens(archive)
    answer = confirm(archive, token)
    assert (answer.status, answer.content) == (204, b"")
    assert is_confirmed(client)


@pytest.mark.req("R-22")
def test_the_token_works_once(archive):
    client = archive.registered(WANG)
    [token] = mailed_tokens(archive)
    confirm(archive, token)
    again = confirm(archive, token)
    assert (again.status, again.code) == (422, "code_invalid")
    assert is_confirmed(client)


@pytest.mark.req("R-23")
@pytest.mark.parametrize(
    ("seconds", "status"), [(EMAIL_CONFIRMATION - 1, 204), (EMAIL_CONFIRMATION, 422)]
)
def test_the_token_lives_a_day_although_nothing_tidies(archive, seconds, status):
    archive.register(WANG)
    [token] = mailed_tokens(archive)
    archive.clock.advance(seconds)
    assert confirm(archive, token).status == status


def test_unknown_used_and_lapsed_tokens_answer_the_same(archive):
    for student in (WANG, LI):
        archive.register(student)
    [used], [lapsed] = mailed_tokens(archive), mailed_tokens(archive, LI.email)
    confirm(archive, used)
    archive.clock.advance(EMAIL_CONFIRMATION)
    refused = [confirm(archive, token) for token in (used, lapsed, "unknown")]
    for answer in refused:
        assert but_request_id(answer) == but_request_id(refused[0])


def test_the_token_confirms_its_own_account_only(archive):
    client, other = archive.registered(WANG), archive.registered(LI)
    confirm(archive, mailed_tokens(archive)[0])
    assert (is_confirmed(client), is_confirmed(other)) == (True, False)


# Sending it again


def test_the_mail_can_be_sent_again(archive):
    client = archive.registered(WANG)
    answer = client.call("POST", "/email-confirmations/resend")
    assert (answer.status, answer.content) == (202, b"")
    _, second = mailed_tokens(archive)
    assert confirm(archive, second).status == 204


def test_a_confirmed_address_gets_no_more_mail(archive):
    client = archive.registered(WANG)
    confirm(archive, mailed_tokens(archive)[0])
    assert client.call("POST", "/email-confirmations/resend").status == 202
    assert len(mailed_tokens(archive)) == 1


def test_nobody_else_sends_it(archive):
    archive.register(WANG)
    answer = archive.client.call("POST", "/email-confirmations/resend")
    assert answer.code == "unauthenticated"


@pytest.mark.parametrize(("seconds", "status"), [(59, 429), (60, 202)])
def test_it_is_sent_once_a_minute(archive, seconds, status):
    client = archive.registered(WANG)
    client.call("POST", "/email-confirmations/resend")
    archive.clock.advance(seconds)
    answer = client.call("POST", "/email-confirmations/resend")
    assert answer.status == status
    if status == 429:
        assert (answer.code, answer.headers["Retry-After"]) == ("rate_limited", "1")


def test_it_is_sent_three_times_an_hour(archive):
    client = archive.registered(WANG)
    for _ in range(3):
        assert client.call("POST", "/email-confirmations/resend").status == 202
        archive.clock.advance(60)
    limited = client.call("POST", "/email-confirmations/resend")
    assert (limited.status, limited.headers["Retry-After"]) == (429, str(HOUR - 180))
