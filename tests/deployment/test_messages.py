"""Schedules, queues and dead letters of the deployed stage."""

import pytest

from infra.deployment import dead_letters
from tests.deployment.site import LAPSED
from tests.journey.steps import proof

pytestmark = pytest.mark.deployment

REFUSED_MAIL = "dead-letter@example.com"
ANOTHER_PHONE = "19900990003"


@pytest.mark.req("R-94")
def test_the_schedule_fires_and_what_has_lapsed_is_removed(site):
    """EventBridge fires by itself here, each minute; the row lay there when the stage was new."""
    site.eventually(lambda: site.row(LAPSED) is None, "the end of what had lapsed")
    site.eventually(lambda: site.has_run("expire_codes"), "its end")
    assert site.errors_of("expire_codes") == []


@pytest.fixture
def impatient(site):
    """The queue hides a failed message for a second and not for a minute."""
    queues = dead_letters.queues_of(site.cloud, "deliver")
    sqs = site.cloud.client("sqs")
    name = "VisibilityTimeout"
    before = sqs.get_queue_attributes(QueueUrl=queues.queue, AttributeNames=[name])["Attributes"]
    sqs.set_queue_attributes(QueueUrl=queues.queue, Attributes={name: "1"})
    yield queues
    sqs.set_queue_attributes(QueueUrl=queues.queue, Attributes=before)


def waiting(site, queues):
    return dead_letters.waiting(site.cloud, queues)


def ask_for_mail(site):
    body = {"purpose": "reset_password", "channel": "email", "destination": REFUSED_MAIL}
    assert site.call("POST", "/api/verification-codes", body).status == 202


def test_a_message_that_fails_goes_to_the_dead_letters_and_is_redriven(site, impatient):
    """The provider refuses mails until the operator has repaired it; text messages go on."""
    sender, ses = site.package.settings.mail_sender, site.cloud.client("ses")
    ses.delete_identity(Identity=sender)
    site.cloud.client("sesv2").delete_email_identity(EmailIdentity=sender)
    ask_for_mail(site)
    proof(site, ANOTHER_PHONE, "register")
    site.eventually(lambda: waiting(site, impatient), "the dead letter")
    failures = [line for line in site.log_of("deliver") if '"failed":"unavailable:' in line]
    assert len(failures) == impatient.tries
    assert site.messages(REFUSED_MAIL) == []

    ses.verify_email_identity(EmailAddress=sender)
    assert dead_letters.redrive(site.cloud, impatient) == 1
    site.eventually(lambda: site.messages(REFUSED_MAIL), "the mail")
    assert waiting(site, impatient) == 0


@pytest.mark.req("R-88")
def test_what_no_consumer_understands_waits_apart_and_others_flow(site, impatient):
    site.cloud.client("sqs").send_message(QueueUrl=impatient.queue, MessageBody="poison")
    site.eventually(lambda: waiting(site, impatient), "the dead letter")
    proof(site, "19900990004", "register")
    assert dead_letters.redrive(site.cloud, impatient) == 1
    site.eventually(lambda: waiting(site, impatient), "the same dead letter")
    site.cloud.client("sqs").purge_queue(QueueUrl=impatient.dead_letters)


@pytest.mark.req("R-88")
def test_every_queue_of_the_stage_can_be_redriven(site):
    names = dead_letters.queue_names(site.cloud)
    assert "deliver" in names
    for name in names:
        assert dead_letters.waiting(site.cloud, dead_letters.queues_of(site.cloud, name)) == 0
