"""The figures of a stage in CloudWatch: what alarms watch and the dashboard shows.

Besides AWS's own there are those that the functions write themselves (`telemetry.EmbeddedMetrics`)
and those that are counted here from their lines in the log, one a request with its outcome.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.telemetry import NAMESPACE, SERVICE
from infra.packaging.lambdas import Resources, sub
from infra.packaging.plan import Planned

REQUESTS = f"{NAMESPACE}/Requests"
"""Where counted lines are found, with the stage's name after a slash."""

UNAVAILABLE, KMS_REFUSES = "Unavailable", "KmsRefuses"
WRONG_CODES, RIGHT_CODES = "WrongCodes", "RightCodes"
OVER_CAP = "StaffOverDailyCap"
_READING_STAFF = ("registrar", "reviewer", "operator")
_CODE_CHECKED = "POST /verification-codes/{challenge_id}/verify"


def figure(namespace: str, name: str, **dimensions: Any) -> dict[str, Any]:
    """A figure as an alarm names it."""
    return {
        "Namespace": namespace,
        "MetricName": name,
        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions.items()],
    }


def counted(name: str) -> dict[str, Any]:
    """A figure that is counted from lines of the log."""
    return {"Namespace": sub(f"{REQUESTS}/${{Stage}}"), "MetricName": name}


def own(name: str, **dimensions: str) -> dict[str, Any]:
    """A figure that the functions write themselves."""
    return figure(NAMESPACE, name, service=SERVICE, stage={"Ref": "Stage"}, **dimensions)


def of_function(name: str, function: str) -> dict[str, Any]:
    """One of Lambda's figures of a function."""
    return figure(
        "AWS/Lambda", name, FunctionName=sub(f"archive-${{Stage}}-{function.replace('_', '-')}")
    )


def counting_resources(functions: Sequence[Planned]) -> Resources:
    """The filters that count lines of the log."""
    answering = [planned for planned in functions if planned.routes]
    checked = f'$.route = "{_CODE_CHECKED}"'
    return {
        **{
            f"{one.id}{metric}Count": _counting(one.id, metric, f'{{ $.outcome = "{outcome}" }}')
            for one in answering
            for metric, outcome in _OUTCOMES.items()
        },
        **{
            f"{one.id}OverCapCount": _counting(
                one.id, OVER_CAP, '{ $.outcome = "forbidden:daily_cap" }'
            )
            for one in answering
            if one.name in _READING_STAFF
        },
        "WrongCodesCount": _counting(
            "VerifyCode", WRONG_CODES, f'{{ {checked} && $.outcome = "code_invalid" }}'
        ),
        "RightCodesCount": _counting(
            "VerifyCode", RIGHT_CODES, f'{{ {checked} && $.outcome = "ok" }}'
        ),
    }


_OUTCOMES: Mapping[str, str] = {UNAVAILABLE: "unavailable*", KMS_REFUSES: "unavailable:kms.*"}


def _counting(function: str, metric: str, pattern: str) -> dict[str, Any]:
    return {
        "Type": "AWS::Logs::MetricFilter",
        "Properties": {
            "LogGroupName": {"Ref": f"{function}LogGroup"},
            "FilterPattern": pattern,
            "MetricTransformations": [
                {
                    "MetricNamespace": sub(f"{REQUESTS}/${{Stage}}"),
                    "MetricName": metric,
                    "MetricValue": "1",
                }
            ],
        },
    }
