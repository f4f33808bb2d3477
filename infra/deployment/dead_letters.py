"""Messages that a queue's consumer could not handle: how many wait, and handing them over again.

Nothing of a message is shown. Handing over is safe to break off and to repeat: a message is in its
queue before it leaves the dead letters, and consumers may get one twice.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.adapters.queues import hand_over, letters_waiting
from infra.deployment.cloud import Cloud, DeploymentFailed


@dataclass(frozen=True, slots=True)
class Queues:
    """The addresses of a queue and of its dead letters, and the tries before one becomes such."""

    queue: str
    dead_letters: str
    tries: int


def queue_names(cloud: Cloud) -> Sequence[str]:
    """The stage's queues that keep dead letters, by the names they have in the stage."""
    prefix = f"{cloud.stack}-"
    pages = cloud.client("sqs").get_paginator("list_queues").paginate(QueueNamePrefix=prefix)
    urls = [url for page in pages for url in page.get("QueueUrls", [])]
    return sorted(
        url.rpartition("/")[2].removeprefix(prefix) for url in urls if _policy(cloud, url)
    )


def queues_of(cloud: Cloud, name: str) -> Queues:
    """The queue `name` (`deliver`) of the stage and its dead letters.

    Raises `DeploymentFailed` when the stage has no such queue, or it keeps no dead letters.
    """
    sqs = cloud.client("sqs")
    try:
        queue = sqs.get_queue_url(QueueName=f"{cloud.stack}-{name}")["QueueUrl"]
    except sqs.exceptions.QueueDoesNotExist:
        raise DeploymentFailed(f"{cloud.stage} has no queue {name}") from None
    policy = _policy(cloud, queue)
    if not policy:
        raise DeploymentFailed(f"the queue {name} of {cloud.stage} keeps no dead letters")
    dead = sqs.get_queue_url(QueueName=policy["deadLetterTargetArn"].rpartition(":")[2])
    return Queues(queue, dead["QueueUrl"], int(policy["maxReceiveCount"]))


def waiting(cloud: Cloud, queues: Queues) -> int:
    """About how many dead letters there are."""
    return letters_waiting(cloud.client("sqs"), queues.dead_letters)


def redrive(cloud: Cloud, queues: Queues) -> int:
    """Hand the dead letters that wait now over to their queue once more; how many.

    One that fails again and comes back meanwhile stays for the next time.
    """
    most = waiting(cloud, queues)
    return hand_over(cloud.client("sqs"), queues.dead_letters, queues.queue, most)


def _policy(cloud: Cloud, queue: str) -> dict[str, Any]:
    answer = cloud.client("sqs").get_queue_attributes(
        QueueUrl=queue, AttributeNames=["RedrivePolicy"]
    )
    policy: dict[str, Any] = json.loads(answer.get("Attributes", {}).get("RedrivePolicy", "{}"))
    return policy
