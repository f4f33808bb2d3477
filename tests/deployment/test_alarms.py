"""What is watched, and that whoever is woken finds what to do."""

import json
import re
from pathlib import Path

import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.adapters.failures import unavailable
from chalicelib.domain.limits import limit_table
from chalicelib.jobs import OUTBOX_AGE
from infra.packaging.alarms import RUNBOOK, SMS_BUDGET_RULE, alarm_resources
from infra.packaging.checkout import ROOT
from infra.packaging.functions import read_functions
from infra.packaging.plan import HTTP_HANDLER, Planned, routes
from infra.packaging.stages import load_stage
from infra.provision import TEMPLATE

FUNCTIONS = read_functions()
ANSWERING = {route.function for route in routes()}
PLANNED = [
    Planned(
        name,
        HTTP_HANDLER if name in ANSWERING else f"app.{name}",
        routes=tuple(route for route in routes() if route.function == name),
    )
    for name in FUNCTIONS
]
STAGE = load_stage("dev", FUNCTIONS)
QUEUES = json.loads(TEMPLATE.read_text())["Resources"]
RESOURCES = alarm_resources(PLANNED, FUNCTIONS, "dev", STAGE, QUEUES)
ALARMS = {
    one["Properties"]["AlarmName"]["Fn::Sub"].removeprefix("archive-${Stage}-"): one["Properties"]
    for one in RESOURCES.values()
    if one["Type"] == "AWS::CloudWatch::Alarm"
}


@pytest.mark.req("R-99")
def test_everything_that_must_be_watched_is():
    assert {
        "outbox-age", "deliver-dead", "bounces-dead", "code-failures", "server-errors", "kms",
        "audit-broken", "sms-spend", "sms-budget", "mail-bounced", "mail-complained", "firewall",
    } <= set(ALARMS)  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS)
def test_every_functions_errors_throttles_and_duration_are_watched(function):
    name = function.replace("_", "-")
    for watched in ("errors", "throttles", "duration"):
        assert f"{name}-{watched}" in ALARMS
    limit = FUNCTIONS[function].timeout * 1000
    assert ALARMS[f"{name}-duration"]["Threshold"] < limit


@pytest.mark.parametrize("name", ALARMS)
def test_an_alarm_names_a_section_of_the_runbook_and_wakes_somebody(name):
    text = Path(ROOT / RUNBOOK).read_text()
    headings = set(re.findall(r"^#+ (.+)$", text, re.MULTILINE))
    meaning, _, section = ALARMS[name]["AlarmDescription"].partition(f". {RUNBOOK}: ")
    assert section in headings
    assert meaning
    assert ALARMS[name]["AlarmActions"] == [{"Ref": "AlarmTopic"}]


@pytest.mark.req("R-99")
def test_the_outboxs_age_is_the_figure_that_the_relay_writes():
    alarm = ALARMS["outbox-age"]
    assert alarm["MetricName"] == OUTBOX_AGE
    assert (alarm["Threshold"], alarm["Period"]) == (120, 120)
    assert alarm["TreatMissingData"] == "breaching", "a relay that does not run is an alarm, too"
    names = {one["Name"] for one in alarm["Dimensions"]}
    assert names == {"service", "stage"}


@pytest.mark.req("R-27")
def test_the_budget_of_text_messages_is_the_limit_that_opens_the_breaker():
    assert SMS_BUDGET_RULE in limit_table("standard")
    dimensions = {one["Name"]: one["Value"] for one in ALARMS["sms-budget"]["Dimensions"]}
    assert dimensions["rule"] == SMS_BUDGET_RULE


@pytest.mark.req("R-99")
def test_what_kms_refuses_is_counted_from_the_lines_of_every_answering_function():
    filters = {
        name: one["Properties"]["FilterPattern"]
        for name, one in RESOURCES.items()
        if name.endswith("KmsRefusesCount")
    }
    assert len(filters) == len(ANSWERING)
    (pattern,) = set(filters.values())
    outcome = pattern.split('"')[1]
    refusal = unavailable("kms", EndpointConnectionError(endpoint_url="https://x"))
    assert f"{refusal.code}:{refusal.cause}".startswith(outcome.removesuffix("*"))
    refusal = unavailable("s3", EndpointConnectionError(endpoint_url="https://x"))
    assert not f"{refusal.code}:{refusal.cause}".startswith(outcome.removesuffix("*"))


def test_the_dashboard_shows_every_queue_and_function():
    shown = json.dumps(json.loads(RESOURCES["Dashboard"]["Properties"]["DashboardBody"]))
    for queue in ("deliver", "deliver-dead", "bounces", "bounces-dead"):
        assert f'"archive-dev-{queue}"' in shown
    for function in FUNCTIONS:
        assert f"archive-dev-{function.replace('_', '-')}" in shown
