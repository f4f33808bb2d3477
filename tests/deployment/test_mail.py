"""What comes back of mail reaches the function `bounces`, and with it no address."""

import json

import pytest

from chalicelib.adapters.queues import returned_mail_of
from chalicelib.adapters.senders import RECIPIENT_TAG
from infra.packaging.mail import RULES, mail_resources

RESOURCES = mail_resources()


def rule(name):
    return RESOURCES[name]["Properties"]


def destination(name):
    return RESOURCES[name]["Properties"]["EventDestination"]


def test_mail_that_came_back_and_complaints_are_reported():
    assert set(destination("MailReports")["MatchingEventTypes"]) == {"bounce", "complaint"}
    bus = destination("MailReports")["EventBridgeDestination"]["EventBusArn"]["Fn::Sub"]
    assert bus.endswith(":event-bus/default")


def test_what_becomes_of_mail_is_counted():
    counted = destination("MailFigures")
    assert {"send", "delivery", "bounce", "complaint"} <= set(counted["MatchingEventTypes"])
    assert "CloudWatchDestination" in counted


def test_mail_goes_encrypted_and_not_to_who_sent_it_back():
    properties = RESOURCES["MailConfiguration"]["Properties"]
    assert properties["DeliveryOptions"]["TlsPolicy"] == "REQUIRE"
    assert set(properties["SuppressionOptions"]["SuppressedReasons"]) == {"BOUNCE", "COMPLAINT"}


def test_only_lasting_failures_count_and_only_this_stages_mail():
    assert rule("BouncedMail")["EventPattern"]["detail"]["bounce"] == {"bounceType": ["Permanent"]}
    for name in RULES:
        pattern = rule(name)["EventPattern"]
        assert pattern["source"] == ["aws.ses"]
        tags = pattern["detail"]["mail"]["tags"]
        assert tags == {"ses:configuration-set": [{"Fn::Sub": "archive-${Stage}"}]}


@pytest.mark.req("R-60")
@pytest.mark.parametrize("name", RULES)
def test_the_queue_gets_the_reason_and_the_mails_tag_only(name):
    (target,) = rule(name)["Targets"]
    transformer = target["InputTransformer"]
    assert transformer["InputPathsMap"] == {"recipient": f"$.detail.mail.tags.{RECIPIENT_TAG}"}
    assert "DeadLetterConfig" not in target, "it would keep the whole report"
    reference = "1_" + "a" * 43
    body = transformer["InputTemplate"].replace("<recipient>", json.dumps([reference]))
    assert returned_mail_of(body)[0] == reference
