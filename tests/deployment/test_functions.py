"""What the template says of one function: warmth, variables, versions."""

import msgspec
import pytest

from infra.packaging.functions import read_functions
from infra.packaging.lambdas import Code, function_resources
from infra.packaging.plan import HTTP_HANDLER, Planned, Schedule, routes
from infra.packaging.policies import Policy
from infra.packaging.stages import Warmth, load_stage

FUNCTIONS = read_functions()
STAGE = load_stage("dev", FUNCTIONS)
CODE = Code({"lean": "lean.zip", "report": "report.zip"}, "layer.zip")
NOTHING = Policy(version="2012-10-17", statement=[])


def planned(name):
    own = tuple(route for route in routes() if route.function == name)
    if own:
        return Planned(name, HTTP_HANDLER, routes=own)
    return Planned(name, f"app.{name}", schedule=Schedule("rate(1 minute)"))


def made(name, *, snap_start=False, code=CODE, **provisioned):
    warmth = Warmth(snap_start=snap_start, provisioned=provisioned)
    stage = msgspec.structs.replace(STAGE, warmth=warmth)
    return function_resources(planned(name), FUNCTIONS[name], NOTHING, stage, code, {})


def one(resources, kind):
    (found,) = [r["Properties"] for r in resources.values() if r["Type"] == f"AWS::Lambda::{kind}"]
    return found


def version_id(resources):
    (found,) = [n for n, r in resources.items() if r["Type"] == "AWS::Lambda::Version"]
    return found


@pytest.mark.parametrize(("name", "snapped"), [("query", True), ("sessions", True)])
def test_a_function_that_a_person_waits_for_starts_from_a_snapshot(name, snapped):
    assert one(made(name, snap_start=True), "Function")["SnapStart"] == {
        "ApplyOn": "PublishedVersions"
    }
    assert "SnapStart" not in one(made(name), "Function")


def test_a_schedule_needs_no_snapshot():
    assert "SnapStart" not in one(made("expire_codes", snap_start=True), "Function")


def test_some_functions_can_be_kept_running():
    kept = one(made("query", query=3), "Alias")
    assert kept["ProvisionedConcurrencyConfig"] == {"ProvisionedConcurrentExecutions": 3}
    assert "ProvisionedConcurrencyConfig" not in one(made("bind", query=3), "Alias")


def test_warmth_belongs_to_the_version_that_is_served():
    """Snapshots and kept instances are of published versions: the alias points to one."""
    for resources in (made("query", snap_start=True), made("query", query=1)):
        version = version_id(resources)
        assert one(resources, "Alias")["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}


def test_another_version_is_published_when_what_it_holds_changes():
    base = version_id(made("query"))
    assert version_id(made("query")) == base
    assert version_id(made("query", snap_start=True)) != base
    assert version_id(made("query", code=Code({"lean": "new.zip"}, "layer.zip"))) != base


def test_what_answers_http_knows_who_proves_that_cloudfront_asks():
    """Its version names them: a renewed secret publishes a version that knows it."""
    resources = made("query")
    variables = one(resources, "Function")["Environment"]["Variables"]
    assert variables["ORIGIN_DIGESTS"] == {"Ref": "OriginDigests"}
    assert one(resources, "Version")["Description"] == {"Ref": "OriginDigests"}
    job = made("expire_codes")
    assert "ORIGIN_DIGESTS" not in one(job, "Function")["Environment"]["Variables"]
