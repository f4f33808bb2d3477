"""The dashboard of a stage: the figures that its alarms watch, as graphs."""

import json
from collections.abc import Sequence
from typing import Any

from chalicelib.jobs import OUTBOX_AGE
from chalicelib.telemetry import NAMESPACE, SERVICE
from infra.packaging.figures import (
    KMS_REFUSES,
    REQUESTS,
    RIGHT_CODES,
    UNAVAILABLE,
    WRONG_CODES,
)
from infra.packaging.firewall import DIRECT, TOO_OFTEN
from infra.packaging.lambdas import sub
from infra.packaging.plan import Planned
from infra.packaging.stages import StageSettings

Graph = tuple[str, list[list[str]]]
_MAIL = ("Send", "Delivery", "Bounce", "Complaint", "Reject")


def dashboard(
    functions: Sequence[Planned], queues: Sequence[str], stage_name: str, stage: StageSettings
) -> dict[str, Any]:
    """The dashboard; `queues` are the kinds of the stage's queues."""
    graphs = [
        *_of_requests(functions, stage_name),
        *_of_messages(queues, stage_name),
        *_of_abuse(stage_name, stage),
    ]
    widgets = [
        {
            "type": "metric", "width": 12, "height": 6,
            "x": 12 * (place % 2), "y": 6 * (place // 2),
            "properties": {"title": title, "metrics": metrics, "region": stage.region},
        }
        for place, (title, metrics) in enumerate(graphs)
    ]  # fmt: skip
    return {
        "Type": "AWS::CloudWatch::Dashboard",
        "Properties": {
            "DashboardName": sub("archive-${Stage}"),
            "DashboardBody": json.dumps({"widgets": widgets}),
        },
    }


def _of_requests(functions: Sequence[Planned], stage_name: str) -> list[Graph]:
    names = [f"archive-{stage_name}-{one.name.replace('_', '-')}" for one in functions]
    api = ["AWS/ApiGateway", "Count", "ApiName", f"archive-{stage_name}", "Stage", "api"]
    counted = f"{REQUESTS}/{stage_name}"
    return [
        ("Requests and 5xx", [api, [api[0], "5XXError", *api[2:]]]),
        ("Refused for want of something", [[counted, UNAVAILABLE], [counted, KMS_REFUSES]]),
        *(
            (title, [["AWS/Lambda", figure, "FunctionName", name] for name in names])
            for title, figure in (
                ("Milliseconds", "Duration"), ("Errors", "Errors"), ("Throttles", "Throttles"),
            )
        ),
    ]  # fmt: skip


def _of_messages(queues: Sequence[str], stage_name: str) -> list[Graph]:
    own = ["service", SERVICE, "stage", stage_name]
    waiting = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"]
    by_set = ["ses:configuration-set", f"archive-{stage_name}"]
    return [
        ("Seconds that the oldest message waits", [[NAMESPACE, OUTBOX_AGE, *own]]),
        ("In queues", [[*waiting, f"archive-{stage_name}-{queue}"] for queue in queues]),
        ("Mail", [["AWS/SES", figure, *by_set] for figure in _MAIL]),
        ("Dollars for text messages this month", [["AWS/SNS", "SMSMonthToDateSpentUSD"]]),
    ]


def _of_abuse(stage_name: str, stage: StageSettings) -> list[Graph]:
    counted = f"{REQUESTS}/{stage_name}"
    refused = ["AWS/WAFV2", "BlockedRequests", "WebACL", f"archive-{stage_name}", "Region"]
    rules = [f"archive-{stage_name}-{rule}" for rule in (DIRECT, TOO_OFTEN)]
    return [
        ("Codes", [[counted, RIGHT_CODES], [counted, WRONG_CODES]]),
        ("Refused by the firewall", [[*refused, stage.region, "Rule", rule] for rule in rules]),
    ]
