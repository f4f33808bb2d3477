"""Dead letters of a stage's queues, on moto: counted, and handed over once more."""

import boto3
import pytest
from moto import mock_aws

from infra.deployment import dead_letters
from infra.deployment.cloud import Cloud, DeploymentFailed
from infra.local import aws
from infra.provision import provision


@pytest.fixture
def cloud(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        provision("test", region=aws.REGION, mail_sender="archive@example.com")
        yield Cloud(aws.REGION, "test")


@pytest.fixture
def queues(cloud):
    return dead_letters.queues_of(cloud, "deliver")


def put(url, *bodies):
    sqs = boto3.client("sqs", region_name=aws.REGION)
    for body in bodies:
        sqs.send_message(QueueUrl=url, MessageBody=body)


def bodies_in(url):
    sqs = boto3.client("sqs", region_name=aws.REGION)
    found = []
    at_once = {"QueueUrl": url, "MaxNumberOfMessages": 10, "WaitTimeSeconds": 0}
    while messages := sqs.receive_message(**at_once).get("Messages"):
        found += [one["Body"] for one in messages]
    return sorted(found)


@pytest.mark.req("R-88")
@pytest.mark.parametrize("count", [0, 1, 10, 11, 25])
def test_all_dead_letters_are_handed_over_once(cloud, queues, count):
    bodies = [f"letter {number:02}" for number in range(count)]
    put(queues.dead_letters, *bodies)
    assert dead_letters.waiting(cloud, queues) == count
    assert dead_letters.redrive(cloud, queues) == count
    assert bodies_in(queues.queue) == bodies
    assert bodies_in(queues.dead_letters) == []


@pytest.mark.req("R-88")
def test_one_that_comes_back_meanwhile_is_left_for_the_next_time(cloud, queues, monkeypatch):
    put(queues.dead_letters, "poison", "other")
    sqs = cloud.client("sqs")
    send = sqs.send_message

    def send_and_fail_again(**message):
        send(**message)
        put(queues.dead_letters, message["MessageBody"])

    monkeypatch.setattr(sqs, "send_message", send_and_fail_again)
    assert dead_letters.redrive(cloud, queues) == 2
    assert bodies_in(queues.dead_letters) == ["other", "poison"]


def test_the_queues_of_the_stage_are_found(cloud):
    assert "deliver" in dead_letters.queue_names(cloud)
    assert not [name for name in dead_letters.queue_names(cloud) if name.endswith("-dead")]


@pytest.mark.parametrize(
    ("name", "words"), [("nowhere", "no queue nowhere"), ("deliver-dead", "keeps no dead letters")]
)
def test_what_cannot_be_redriven_is_said(cloud, name, words):
    with pytest.raises(DeploymentFailed, match=words):
        dead_letters.queues_of(cloud, name)
