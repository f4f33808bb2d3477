"""What wakes the operator: alarms and the dashboard of a stage."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.packaging.functions import FunctionSettings
from infra.packaging.lambdas import Resources, attribute, sub
from infra.packaging.plan import Planned
from infra.packaging.stages import StageSettings

_OWN = "StudentArchive/Requests"
_UNAVAILABLE, _WRONG_CODES, _RIGHT_CODES = "Unavailable", "WrongCodes", "RightCodes"
_OVER_CAP = "StaffOverDailyCap"
_READING_STAFF = ("registrar", "reviewer", "operator")
_CODE_CHECKED = "POST /verification-codes/{challenge_id}/verify"
_FEW_CODES = 20
_WRONG_PERCENT = 50


def alarm_resources(
    functions: Sequence[Planned],
    settings: Mapping[str, FunctionSettings],
    stage_name: str,
    stage: StageSettings,
) -> Resources:
    """All alarms, whom they tell, and the dashboard that shows the same figures."""
    alarms = dict(_alarms(functions, settings, stage))
    return {
        **alarms,
        **_counted(functions),
        "AlarmMail": {
            "Type": "AWS::SNS::Subscription",
            "Properties": {
                "TopicArn": {"Ref": "AlarmTopic"},
                "Protocol": "email",
                "Endpoint": stage.alarm_email,
            },
        },
        "Dashboard": _dashboard(functions, stage_name, stage),
    }


def _alarms(
    functions: Sequence[Planned],
    settings: Mapping[str, FunctionSettings],
    stage: StageSettings,
) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "DeadLettersAlarm", _alarm(
        "dead-letters", "Messages could not be sent; see the runbook on redriving dead letters",
        _metric("AWS/SQS", "ApproximateNumberOfMessagesVisible",
                QueueName=attribute("DeliverDeadLetters", "QueueName")),
        "Maximum", above=0, minutes=1,
    )  # fmt: skip
    yield "OutboxAgeAlarm", _alarm(
        "outbox-age", "Messages wait for two minutes: the relay or the consumer is behind",
        _metric("AWS/SQS", "ApproximateAgeOfOldestMessage",
                QueueName=attribute("DeliverQueue", "QueueName")),
        "Maximum", above=120, minutes=2,
    )  # fmt: skip
    yield "RelayLagAlarm", _alarm(
        "relay-lag", "The outbox's stream is not read: codes wait for the schedule",
        _metric("AWS/Lambda", "IteratorAge", **_of("relay_committed")),
        "Maximum", above=60_000, minutes=3,
    )  # fmt: skip
    yield "ServerErrorsAlarm", _alarm(
        "server-errors", "The API answers 5xx",
        _metric("AWS/ApiGateway", "5XXError", ApiName=sub("archive-${Stage}"), Stage="api"),
        "Sum", above=5, minutes=5,
    )  # fmt: skip
    yield "DependenciesAlarm", _alarm(
        "dependencies", "KMS, DynamoDB or S3 refuse or throttle: people are asked to come back",
        {**_metric("", _UNAVAILABLE), "Namespace": sub(f"{_OWN}/${{Stage}}")},
        "Sum", above=5, minutes=5,
    )  # fmt: skip
    yield "AuditBrokenAlarm", _alarm(
        "audit-broken", "Lines of the audit trail are missing or altered: run make verify-audit",
        _metric("StudentArchive", "audit_broken",
                service="student-archive", stage={"Ref": "Stage"}),
        "Sum", above=0, minutes=60,
    )  # fmt: skip
    yield "StaffCapAlarm", _alarm(
        "staff-cap", "Somebody of the staff wanted to read more records than a day's work takes",
        {**_metric("", _OVER_CAP), "Namespace": sub(f"{_OWN}/${{Stage}}")},
        "Sum", above=0, minutes=5,
    )  # fmt: skip
    yield "CodeFailuresAlarm", _code_failures()
    yield "SmsSpendAlarm", _alarm(
        "sms-spend", "Text messages of this month cost more than planned",
        _metric("AWS/SNS", "SMSMonthToDateSpentUSD"),
        "Maximum", above=stage.sms.monthly_dollars, minutes=60,
    )  # fmt: skip
    for planned in functions:
        yield from _of_function(planned, settings[planned.name])


def _of_function(
    planned: Planned, settings: FunctionSettings
) -> Iterator[tuple[str, dict[str, Any]]]:
    name = planned.name.replace("_", "-")
    yield f"{planned.id}ErrorsAlarm", _alarm(
        f"{name}-errors", f"{planned.name} fails; its log tells where",
        _metric("AWS/Lambda", "Errors", **_of(planned.name)), "Sum", above=0, minutes=5,
    )  # fmt: skip
    yield f"{planned.id}ThrottlesAlarm", _alarm(
        f"{name}-throttles", f"{planned.name} is asked more often than it may run",
        _metric("AWS/Lambda", "Throttles", **_of(planned.name)), "Sum", above=0, minutes=5,
    )  # fmt: skip
    yield f"{planned.id}DurationAlarm", _alarm(
        f"{name}-duration", f"{planned.name} comes close to its timeout",
        _metric("AWS/Lambda", "Duration", **_of(planned.name)),
        "Maximum", above=settings.timeout * 900, minutes=5,
    )  # fmt: skip


def _alarm(
    name: str, description: str, metric: Mapping[str, Any], statistic: str, *, above: int,
    minutes: int,
) -> dict[str, Any]:  # fmt: skip
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": sub(f"archive-${{Stage}}-{name}"),
            "AlarmDescription": description,
            **metric,
            "Statistic": statistic,
            "Period": minutes * 60,
            "EvaluationPeriods": 1,
            "Threshold": above,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "AlarmTopic"}],
            "OKActions": [{"Ref": "AlarmTopic"}],
        },
    }


def _metric(namespace: str, name: str, **dimensions: Any) -> Mapping[str, Any]:
    return {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }


def _of(function: str) -> Mapping[str, Any]:
    return {"FunctionName": sub(f"archive-${{Stage}}-{function.replace('_', '-')}")}


def _counted(functions: Sequence[Planned]) -> Resources:
    """Figures that are read from the functions' own lines: one a request, with its outcome."""
    counted = {
        f"{planned.id}UnavailableCount": _counting(
            planned.id, _UNAVAILABLE, '{ $.outcome = "unavailable*" }'
        )
        for planned in functions
        if planned.routes
    }
    counted |= {
        f"{planned.id}OverCapCount": _counting(
            planned.id, _OVER_CAP, '{ $.outcome = "forbidden:daily_cap" }'
        )
        for planned in functions
        if planned.name in _READING_STAFF
    }
    checked = f'$.route = "{_CODE_CHECKED}"'
    counted["WrongCodesCount"] = _counting(
        "VerifyCode", _WRONG_CODES, f'{{ {checked} && $.outcome = "code_invalid" }}'
    )
    counted["RightCodesCount"] = _counting(
        "VerifyCode", _RIGHT_CODES, f'{{ {checked} && $.outcome = "ok" }}'
    )
    return counted


def _counting(function: str, metric: str, pattern: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": f"{function}LogGroup"},
            "FilterPattern": pattern,
            "MetricTransformations": [
                {
                    "MetricNamespace": sub(f"{_OWN}/${{Stage}}"),
                    "MetricName": metric,
                    "MetricValue": "1",
                }
            ],
        },
    }


def _code_failures() -> dict[str, Any]:
    """More than half of at least twenty codes wrong: somebody guesses, or codes do not arrive."""
    wrong, right = (_queried(name, metric) for name, metric in (
        ("wrong", _WRONG_CODES), ("right", _RIGHT_CODES),
    ))  # fmt: skip
    share = {
        "Id": "share",
        "Label": "wrong codes, per cent",
        "Expression": f"IF(wrong + right >= {_FEW_CODES}, 100 * wrong / (wrong + right), 0)",
        "ReturnData": True,
    }
    return {
        "Type": "AWS::CloudWatch::Alarm",
        "Properties": {
            "AlarmName": sub("archive-${Stage}-code-failures"),
            "AlarmDescription": "Most codes are wrong: somebody guesses, or codes do not arrive",
            "Metrics": [share, wrong, right],
            "EvaluationPeriods": 1,
            "Threshold": _WRONG_PERCENT,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
            "AlarmActions": [{"Ref": "AlarmTopic"}],
            "OKActions": [{"Ref": "AlarmTopic"}],
        },
    }


def _queried(name: str, metric: str) -> dict[str, Any]:
    counted = {"Namespace": sub(f"{_OWN}/${{Stage}}"), "MetricName": metric}
    return {
        "Id": name,
        "MetricStat": {"Metric": counted, "Period": 300, "Stat": "Sum"},
        "ReturnData": False,
    }


def _dashboard(
    functions: Sequence[Planned], stage_name: str, stage: StageSettings
) -> dict[str, Any]:
    names = [f"archive-{stage_name}-{one.name.replace('_', '-')}" for one in functions]
    own = f"{_OWN}/{stage_name}"
    queues = [f"archive-{stage_name}-deliver", f"archive-{stage_name}-deliver-dead"]
    api = ["AWS/ApiGateway", "Count", "ApiName", f"archive-{stage_name}", "Stage", "api"]
    waiting = ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName"]
    graphs: list[tuple[str, list[list[str]]]] = [
        ("Requests and 5xx", [api, [api[0], "5XXError", *api[2:]]]),
        ("Milliseconds", [["AWS/Lambda", "Duration", "FunctionName", name] for name in names]),
        ("Errors", [["AWS/Lambda", "Errors", "FunctionName", name] for name in names]),
        ("Throttles", [["AWS/Lambda", "Throttles", "FunctionName", name] for name in names]),
        ("Waiting messages, dead letters", [[*waiting, queue] for queue in queues]),
        ("Codes", [[own, _RIGHT_CODES], [own, _WRONG_CODES], [own, _UNAVAILABLE]]),
        ("Dollars for text messages", [["AWS/SNS", "SMSMonthToDateSpentUSD"]]),
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
