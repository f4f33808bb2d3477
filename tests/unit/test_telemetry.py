"""Figures as CloudWatch reads them from a log line: the alarms name the same ones."""

import json

from chalicelib.jobs import OUTBOX_AGE
from chalicelib.telemetry import NAMESPACE, SERVICE, EmbeddedMetrics


def written(capsys):
    line = json.loads(capsys.readouterr().out)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    (metric,) = directive["Metrics"]
    (dimensions,) = directive["Dimensions"]
    assert directive["Namespace"] == NAMESPACE
    return metric, line[metric["Name"]], {name: line[name] for name in dimensions}


def test_a_count_carries_its_dimensions(capsys):
    EmbeddedMetrics("dev").count("code_limited", rule="code.stage.day")
    metric, value, dimensions = written(capsys)
    assert (metric["Name"], metric["Unit"], value) == ("code_limited", "Count", [1.0])
    assert dimensions == {"service": SERVICE, "stage": "dev", "rule": "code.stage.day"}


def test_a_duration_is_a_value_of_now(capsys):
    metrics = EmbeddedMetrics("dev")
    metrics.seconds(OUTBOX_AGE, 90)
    metric, value, dimensions = written(capsys)
    assert (metric["Name"], metric["Unit"], value) == (OUTBOX_AGE, "Seconds", [90.0])
    assert dimensions == {"service": SERVICE, "stage": "dev"}
    metrics.seconds(OUTBOX_AGE, 0)
    assert written(capsys)[1] == [0.0]
