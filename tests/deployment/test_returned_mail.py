"""Mail that came back, on the deployed stage: the rule that takes it and what consumes it."""

import json

import pytest

from infra.deployment import dead_letters

pytestmark = pytest.mark.deployment

RETURNED = {
    "version": "0", "id": "e1", "account": "000000000000", "region": "ap-southeast-1",
    "time": "2026-11-23T00:00:00Z", "resources": [],
    "source": "aws.ses", "detail-type": "Email Bounced",
    "detail": {
        "eventType": "Bounce",
        "bounce": {"bounceType": "Permanent"},
        "mail": {
            "destination": ["nobody@example.com"],
            "tags": {"ses:configuration-set": ["archive-dev"], "recipient": ["1_" + "a" * 43]},
        },
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "matches"),
    [
        ({}, True),
        ({"bounce": {"bounceType": "Transient"}}, False),
        ({"mail": {"tags": {"ses:configuration-set": ["archive-staging"]}}}, False),
    ],
)
def test_the_deployed_rule_takes_this_stages_lasting_failures(site, changes, matches):
    events = site.cloud.client("events")
    pattern = events.describe_rule(Name="archive-dev-mail-bounced")["EventPattern"]
    event = {**RETURNED, "detail": {**RETURNED["detail"], **changes}}
    answer = events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))
    assert answer["Result"] is matches


def test_what_the_rule_queues_is_consumed(site):
    """The rule itself cannot be fed: like AWS, the emulator takes no events of AWS's services."""
    queues = dead_letters.queues_of(site.cloud, "bounces")
    body = json.dumps({"reason": "bounced", "recipient": ["1_" + "a" * 43]})
    site.cloud.client("sqs").send_message(QueueUrl=queues.queue, MessageBody=body)
    site.eventually(lambda: site.has_run("bounces"), "the consumer")
    assert site.errors_of("bounces") == []
    assert dead_letters.waiting(site.cloud, queues) == 0
