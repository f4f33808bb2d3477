"""Mail that came back: the address is marked, its owner told by phone, and mail goes no more."""

import json
from typing import Any

import pytest

from chalicelib import jobs
from chalicelib.adapters.queues import returned_mail_of
from chalicelib.adapters.senders import RECIPIENT_TAG, SesMail
from chalicelib.domain.errors import Refusal
from chalicelib.operations.notices import tell
from tests.world import Client, Student, World, world

STUDENT = Student()


@pytest.fixture
def archive() -> World:
    return world()


@pytest.fixture
def client(archive: World) -> Client:
    return archive.registered(STUDENT)


def returned(archive: World, email: str, reason: str = "bounced", times: int = 1) -> list[Any]:
    """What the consumer says failed of a report, given so many times."""
    reference = archive.ports.accounts.mail_reference(email)
    body = json.dumps({"reason": reason, "recipient": [reference]})
    records = [{"messageId": str(number), "body": body} for number in range(times)]
    failed: list[Any] = jobs.bounces(archive.ports, {"Records": records})["batchItemFailures"]
    return failed


def texts(archive: World) -> list[str]:
    """What the phone was told of mail that came back."""
    archive.deliver()
    return [body for to, _, body in archive.sms.sent if to == STUDENT.phone and "停发" in body]


def mails(archive: World) -> int:
    archive.deliver()
    return len([to for to, _, _ in archive.mail.sent if to == STUDENT.email])


@pytest.mark.req("R-87")
@pytest.mark.parametrize("reason", ["bounced", "complained"])
def test_the_address_is_marked_and_the_phone_told_once(
    archive: World, client: Client, reason: str
) -> None:
    assert returned(archive, STUDENT.email, reason, times=3) == []
    assert returned(archive, STUDENT.email, "bounced") == []
    account = client.call("GET", "/account").json
    assert (account["email_confirmed"], account["mail_trouble"]) == (False, reason)
    assert len(texts(archive)) == 1
    activity = client.call("GET", "/account/activity").json["items"]
    (line,) = [item for item in activity if item["action"] == "mail_returned"]
    assert (line["actor"], line["facts"]) == ("system", {"reason": reason})


def test_notices_then_go_by_phone_only(archive: World, client: Client) -> None:
    returned(archive, STUDENT.email)
    before = mails(archive), len(archive.sms.sent)
    accounts = archive.ports.accounts
    owner = accounts.of_mail_reference(accounts.mail_reference(STUDENT.email))
    assert owner is not None
    archive.ports.tables.commit(tell(archive.ports, owner, "password_changed"))
    assert mails(archive) == before[0]
    assert len(archive.sms.sent) == before[1] + 1


def test_a_confirmed_address_takes_mail_again(archive: World, client: Client) -> None:
    returned(archive, STUDENT.email)
    assert client.call("POST", "/email-confirmations/resend").status == 202
    archive.deliver()
    asked = [body for _, _, body in archive.mail.sent if "confirm-email=" in body]
    token = asked[-1].partition("confirm-email=")[2].split()[0]
    assert client.call("POST", "/email-confirmations", {"token": token}).status == 204
    account = client.call("GET", "/account").json
    assert account["email_confirmed"] is True
    assert "mail_trouble" not in account or account["mail_trouble"] is None


def test_an_address_that_nobody_has_is_forgotten(archive: World, client: Client) -> None:
    assert returned(archive, "nobody@example.com") == []
    assert client.call("GET", "/account").json.get("mail_trouble") is None


def test_letters_do_not_matter(archive: World, client: Client) -> None:
    assert returned(archive, STUDENT.email.upper()) == []
    assert client.call("GET", "/account").json["mail_trouble"] == "bounced"


@pytest.mark.req("R-88")
@pytest.mark.parametrize(
    "body",
    [
        "{}",
        "not json",
        '{"reason": "bounced", "recipient": []}',
        '{"reason": "bounced", "recipient": ["wang@example.com"]}',
        '{"reason": "delivered", "recipient": ["1_' + "a" * 43 + '"]}',
        '{"reason": "bounced", "recipient": ["1_' + "a" * 43 + '", "x"]}',
    ],
)
def test_what_is_no_report_goes_to_the_dead_letters_and_others_flow(
    archive: World, client: Client, body: str
) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 -- JSON's own error is one
        returned_mail_of(body)
    good = {
        "reason": "bounced",
        "recipient": [archive.ports.accounts.mail_reference(STUDENT.email)],
    }
    records = [
        {"messageId": "poison", "body": body},
        {"messageId": "good", "body": json.dumps(good)},
    ]
    answer = jobs.bounces(archive.ports, {"Records": records})
    assert answer == {"batchItemFailures": [{"itemIdentifier": "poison"}]}
    assert client.call("GET", "/account").json["mail_trouble"] == "bounced"


# What the mail carries


class Ses:
    """SES as the sender calls it."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send_email(self, **mail: Any) -> None:
        self.sent.append(mail)


@pytest.mark.req("R-60")
def test_a_mail_is_tagged_with_what_only_the_archive_can_read(archive: World) -> None:
    ses = Ses()
    reference = archive.ports.accounts.mail_reference
    sender = SesMail(
        lambda: ses, "a@example.com", configuration_set="archive-dev", reference=reference
    )
    sender.send(STUDENT.email, "主题", "正文")
    (mail,) = ses.sent
    assert mail["ConfigurationSetName"] == "archive-dev"
    (tag,) = mail["Tags"]
    assert tag["Name"] == RECIPIENT_TAG
    assert returned_mail_of(json.dumps({"reason": "bounced", "recipient": [tag["Value"]]}))
    assert STUDENT.email not in tag["Value"]


def test_without_a_configuration_set_nothing_is_tagged() -> None:
    ses = Ses()

    def never(_: str) -> str:
        raise Refusal("unavailable")

    SesMail(lambda: ses, "a@example.com", configuration_set=None, reference=never).send(
        STUDENT.email, None, ""
    )
    assert "Tags" not in ses.sent[0]
