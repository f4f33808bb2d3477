"""What wakes the operator. Every alarm names the section of the runbook that says what to do."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chalicelib.jobs import OUTBOX_AGE
from infra.packaging.dashboard import dashboard
from infra.packaging.figures import (
    KMS_REFUSES,
    OVER_CAP,
    RIGHT_CODES,
    UNAVAILABLE,
    WRONG_CODES,
    counted,
    counting_resources,
    figure,
    of_function,
    own,
)
from infra.packaging.functions import FunctionSettings
from infra.packaging.lambdas import Resources, attribute, sub
from infra.packaging.plan import Planned
from infra.packaging.stages import StageSettings

RUNBOOK = "docs/operations.md"
SMS_BUDGET_RULE = "code.stage.day"
"""The limit that is the budget of text messages (`chalicelib/domain/limits.py`)."""

_FEW_CODES = 20
_WRONG_PERCENT = 50
_MOST_BOUNCED, _MOST_COMPLAINED = 0.05, 0.001
"""Where SES begins to look at an account: at 10 and 0.5 per cent it may stop its mail."""

Alarms = Iterator[tuple[str, dict[str, Any]]]


def alarm_resources(
    functions: Sequence[Planned],
    settings: Mapping[str, FunctionSettings],
    stage_name: str,
    stage: StageSettings,
    resources: Mapping[str, Any],
) -> Resources:
    """All alarms, whom they tell, and the dashboard that shows the same figures.

    `resources` are those of the template; each of its queues for dead letters is watched.
    """
    queues = [
        one["Properties"]["QueueName"]["Fn::Sub"].removeprefix("archive-${Stage}-")
        for one in resources.values()
        if one["Type"] == "AWS::SQS::Queue"
    ]
    alarms = dict(
        [
            *_of_messages(stage),
            *_of_dead_letters(resources),
            *_of_requests(),
            *_of_audit(),
            *_of_abuse(stage),
            *(one for planned in functions for one in _of(planned, settings[planned.name])),
        ]
    )
    return {
        **alarms,
        **counting_resources(functions),
        "AlarmMail": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "AlarmTopic"},
                "Protocol": "email",
                "Endpoint": stage.alarm_email,
            },
        },
        "Dashboard": dashboard(functions, queues, stage_name, stage),
    }


def _of_messages(stage: StageSettings) -> Alarms:
    yield "OutboxAgeAlarm", _alarm(
        "outbox-age", "A message has waited for two minutes, or nobody looks any more",
        "Messages do not go out",
        own(OUTBOX_AGE), "Maximum", above=120, minutes=2, missing="breaching",
    )  # fmt: skip
    yield "RelayLagAlarm", _alarm(
        "relay-lag", "The outbox's stream is not read: codes wait for the schedule",
        "Messages do not go out",
        of_function("IteratorAge", "relay_committed"), "Maximum", above=60_000, minutes=3,
    )  # fmt: skip
    yield "MailBouncedAlarm", _alarm(
        "mail-bounced", "Much of the account's mail comes back", "Mail comes back",
        figure("AWS/SES", "Reputation.BounceRate"), "Maximum", above=_MOST_BOUNCED, minutes=60,
    )  # fmt: skip
    yield "MailComplainedAlarm", _alarm(
        "mail-complained", "Recipients call the account's mail spam", "Mail comes back",
        figure("AWS/SES", "Reputation.ComplaintRate"), "Maximum",
        above=_MOST_COMPLAINED, minutes=60,
    )  # fmt: skip
    yield "SmsSpendAlarm", _alarm(
        "sms-spend", "Text messages of this month cost more than planned",
        "Text messages cost too much",
        figure("AWS/SNS", "SMSMonthToDateSpentUSD"), "Maximum",
        above=stage.sms.monthly_dollars, minutes=60,
    )  # fmt: skip
    yield "SmsBudgetAlarm", _alarm(
        "sms-budget", "The day's budget of text messages is spent: no more codes by SMS",
        "Text messages cost too much",
        own("code_limited", rule=SMS_BUDGET_RULE), "Sum", above=0, minutes=5,
    )  # fmt: skip


def _of_dead_letters(resources: Mapping[str, Any]) -> Alarms:
    for name, one in resources.items():
        if "RedriveAllowPolicy" in one["Properties"]:
            queue = one["Properties"]["QueueName"]["Fn::Sub"].removeprefix("archive-${Stage}-")
            yield f"{name}Alarm", _alarm(
                queue, "Messages of a queue failed five times", "Dead letters",
                figure("AWS/SQS", "ApproximateNumberOfMessagesVisible",
                       QueueName=attribute(name, "QueueName")),
                "Maximum", above=0, minutes=1,
            )  # fmt: skip


def _of_requests() -> Alarms:
    yield "ServerErrorsAlarm", _alarm(
        "server-errors", "The API answers 5xx", "The API answers 5xx",
        figure("AWS/ApiGateway", "5XXError", ApiName=sub("archive-${Stage}"), Stage="api"),
        "Sum", above=5, minutes=5,
    )  # fmt: skip
    yield "DependenciesAlarm", _alarm(
        "dependencies", "A service refuses or is down: people are asked to come back",
        "Something that we need refuses", counted(UNAVAILABLE), "Sum", above=5, minutes=5,
    )  # fmt: skip
    yield "KmsAlarm", _alarm(
        "kms", "KMS refuses or throttles: keys cannot be unwrapped", "KMS refuses",
        counted(KMS_REFUSES), "Sum", above=0, minutes=1,
    )  # fmt: skip


def _of_audit() -> Alarms:
    yield "AuditBrokenAlarm", _alarm(
        "audit-broken", "Lines of the audit trail are missing or altered",
        "The audit trail is broken", own("audit_broken"), "Sum", above=0, minutes=60,
    )  # fmt: skip


def _of_abuse(stage: StageSettings) -> Alarms:
    yield "StaffCapAlarm", _alarm(
        "staff-cap", "Somebody of the staff wanted to read more records than a day's work takes",
        "Staff read too much", counted(OVER_CAP), "Sum", above=0, minutes=5,
    )  # fmt: skip
    yield "CodeFailuresAlarm", _code_failures()
    yield "FirewallAlarm", _alarm(
        "firewall", "The firewall refuses one request after another", "The firewall refuses much",
        figure("AWS/WAFV2", "BlockedRequests", WebACL=sub("archive-${Stage}"),
               Region=stage.region, Rule="ALL"),
        "Sum", above=stage.throttling.address_requests_per_five_minutes, minutes=5,
    )  # fmt: skip


def _of(planned: Planned, settings: FunctionSettings) -> Alarms:
    name, section = planned.name.replace("_", "-"), "A function fails or is slow"
    yield f"{planned.id}ErrorsAlarm", _alarm(
        f"{name}-errors", f"{planned.name} fails; its log tells where", section,
        of_function("Errors", planned.name), "Sum", above=0, minutes=5,
    )  # fmt: skip
    yield f"{planned.id}ThrottlesAlarm", _alarm(
        f"{name}-throttles", f"{planned.name} is asked more often than it may run", section,
        of_function("Throttles", planned.name), "Sum", above=0, minutes=5,
    )  # fmt: skip
    yield f"{planned.id}DurationAlarm", _alarm(
        f"{name}-duration", f"{planned.name} comes close to its timeout", section,
        of_function("Duration", planned.name),
        "Maximum", above=settings.timeout * 900, minutes=5,
    )  # fmt: skip


def _alarm(
    name: str, meaning: str, section: str, metric: Mapping[str, Any], statistic: str, *,
    above: float, minutes: int, missing: str = "notBreaching",
) -> dict[str, Any]:  # fmt: skip
    watched = {**metric, "Statistic": statistic, "Period": minutes * 60}
    return _watching(name, meaning, section, watched, above, missing)


def _code_failures() -> dict[str, Any]:
    """More than half of at least twenty codes wrong: somebody guesses, or codes do not arrive."""
    wrong, right = _queried("wrong", WRONG_CODES), _queried("right", RIGHT_CODES)
    share = {
        "Id": "share",
        "Label": "wrong codes, per cent",
        "Expression": f"IF(wrong + right >= {_FEW_CODES}, 100 * wrong / (wrong + right), 0)",
        "ReturnData": True,
    }
    meaning = "Most codes are wrong: somebody guesses, or codes do not arrive"
    watched = {"Metrics": [share, wrong, right]}
    return _watching(
        "code-failures", meaning, "Most codes are wrong", watched, _WRONG_PERCENT, "notBreaching"
    )


def _queried(name: str, metric: str) -> dict[str, Any]:
    return {
        "Id": name,
        "MetricStat": {"Metric": counted(metric), "Period": 300, "Stat": "Sum"},
        "ReturnData": False,
    }


def _watching(
    name: str, meaning: str, section: str, watched: Mapping[str, Any], above: float, missing: str
) -> dict[str, Any]:
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": sub(f"archive-${{Stage}}-{name}"),
            "AlarmDescription": f"{meaning}. {RUNBOOK}: {section}",
            **watched,
            "EvaluationPeriods": 1,
            "Threshold": above,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": missing,
            "AlarmActions": [{"Ref": "AlarmTopic"}],
            "OKActions": [{"Ref": "AlarmTopic"}],
        },
    }
