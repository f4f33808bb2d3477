"""What a scanner for dangerous templates says of the packaged stage, and why it may be so."""

import json
import subprocess

import pytest

from infra.local.aws import ROOT

pytestmark = pytest.mark.deployment

SCANNER = ROOT / ".venv-scan" / "bin" / "cfripper"

REPAIRABLE = (
    "the account's own administrators, and nobody else, may manage the key: without this statement "
    "of AWS's default key policy it could not be repaired; functions are granted by their roles"
)
ACCEPTED = {
    **{
        ("GenericResourceWildcardPolicyRule", key): REPAIRABLE
        for key in ("AuditKey", "CodeKey", "IndexKey", "SealKey", "SignKey")
    },
    ("S3ObjectVersioningRule", "QuarantineBucket"): (
        "uploads are forgotten after a day, and a version would outlive that"
    ),
    ("WildcardResourceRule", "DeliverRole"): (
        "SNS has no ARN for a phone; the policy denies every topic and other regions"
    ),
}
"""Rule and resource → why what the rule finds is meant."""


@pytest.fixture(scope="module")
def found(packaged, tmp_path_factory):
    if not SCANNER.exists():
        pytest.skip(f"{SCANNER} is missing: `make test-deployment` installs it")
    file = tmp_path_factory.mktemp("scan") / "template.json"
    template = json.loads(packaged.template_file.read_text())
    for resource in template["Resources"].values():
        if isinstance(resource["Properties"].get("Threshold"), float):
            resource["Properties"]["Threshold"] = 1  # the scanner reads whole numbers only
    file.write_text(json.dumps(template))
    ran = subprocess.run(
        [SCANNER, "--resolve", "--format", "json", "--logging", "ERROR", file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in {0, 2}, ran.stderr[-2000:]
    answer = json.JSONDecoder().raw_decode(ran.stdout[ran.stdout.index("{") :])[0]
    assert answer.get("exceptions", []) == []
    return {
        (failure["rule"], resource): failure["reason"]
        for failure in answer["failures"]
        for resource in failure["resource_ids"]
    }


def test_nothing_dangerous_is_found_but_what_is_meant(found):
    assert {place: told for place, told in found.items() if place not in ACCEPTED} == {}


def test_nothing_is_accepted_that_is_not_found(found):
    assert set(ACCEPTED) - set(found) == set()
