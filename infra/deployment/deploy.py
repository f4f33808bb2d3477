"""Deploy a packaged stage: change set, diff, confirmation, progress, data keys, smoke test, pages.

A failed update is rolled back by CloudFormation; a failed smoke test by pointing every alias to
the version it had before. The pages come last: they ask the API for what it then has.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.adapters.keys import create_data_keys
from infra.deployment import changes
from infra.deployment.cloud import Cloud, DeploymentFailed, function_names
from infra.deployment.origin_secrets import keep, origin_secrets
from infra.deployment.pointing import Template, pointed, present_suffix
from infra.deployment.publish import publish
from infra.deployment.smoke import smoke_test
from infra.packaging.package import Package
from infra.signing_keys import ensure_development_chain

VERSIONS_KEPT = 5
"""So many published versions of each function can be gone back to."""

_GOOD = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
Confirm = Callable[[Sequence[str]], bool]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Deployed:
    """A deployed stage and where it answers."""

    api_url: str
    outputs: Mapping[str, str]


def deploy(
    made: Package,
    cloud: Cloud,
    *,
    confirm: Confirm,
    tell: Tell,
    api_url: str | None = None,
    renew_origin_secret: bool = False,
) -> Deployed | None:
    """Deploy; None when the operator did not confirm.

    `api_url` is where the API answers if not at the stack's own output (an emulator's address;
    `{ApiId}` stands for the API's id). Raises `DeploymentFailed`.
    """
    proof = origin_secrets(cloud, renew=renew_origin_secret)
    bucket = cloud.ensure_code_bucket()
    for file in made.zips.values():
        cloud.upload(file, file.name)
    suffix = present_suffix(cloud.outputs()) if cloud.status() else ""
    template = upload_template(cloud, pointed(made.template, suffix))
    functions = function_names(made.stage, made.functions)
    before = cloud.aliases(functions)
    planned = changes.prepare(cloud, template, {"CodeBucket": bucket, **proof.parameters})
    if planned is None:
        tell("nothing to change")
    elif not confirm(list(changes.shown(planned))):
        changes.discard(cloud)
        return None
    else:
        keep(cloud, proof)
        carry_out(cloud, tell)
    outputs = cloud.outputs()
    _make_keys(cloud)
    where = (api_url or outputs["ApiUrl"]).format(**outputs)
    for problem in smoke_test(where, proof.headers):
        cloud.point(functions, {n: v for n, v in before.items() if n in functions})
        raise DeploymentFailed(f"{problem}; the functions run their previous code again")
    _publish_pages(made, cloud, outputs, tell)
    cloud.forget_versions(functions, kept=VERSIONS_KEPT)
    return Deployed(where, outputs)


def roll_back(stage: str, cloud: Cloud, names: Mapping[str, object], tell: Tell) -> None:
    """Let every function run the version before its present one.

    The stack is left as it is: the next deployment points the aliases to what it publishes.
    Raises `DeploymentFailed` when there is no earlier version of any function.
    """
    functions = function_names(stage, names)
    earlier = {
        name: version
        for name, present in cloud.aliases(functions).items()
        if (version := _version_before(cloud, functions[name], int(present)))
    }
    if not earlier:
        raise DeploymentFailed(f"no function of {stage} has an earlier version")
    cloud.point(functions, earlier)
    for name, version in earlier.items():
        tell(f"{name} runs version {version}")


def upload_template(cloud: Cloud, template: Template) -> str:
    """Upload a template under the digest of its content; its address."""
    text = json.dumps(template, ensure_ascii=False, indent=1).encode()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "template.json"
        file.write_bytes(text)
        return cloud.upload(file, f"template-{hashlib.sha256(text).hexdigest()[:32]}.json")


def carry_out(cloud: Cloud, tell: Tell) -> None:
    """Carry the change set out. Raises `DeploymentFailed` when the stack does not come through."""
    changes.execute(cloud)
    failures = []
    for event in cloud.progress():
        reason = event.get("ResourceStatusReason", "")
        line = f"{event['ResourceStatus']:24} {event['LogicalResourceId']} {reason}".rstrip()
        tell(line)
        if event["ResourceStatus"].endswith("_FAILED"):
            failures.append(line)
    status = cloud.status()
    if status not in _GOOD:
        raise DeploymentFailed("\n".join([f"the stack {cloud.stack} is {status}", *failures]))


def _publish_pages(made: Package, cloud: Cloud, outputs: Mapping[str, str], tell: Tell) -> None:
    done = publish(
        cloud,
        made.pages,
        bucket=outputs["PagesBucket"],
        distribution=outputs["DistributionId"],
    )
    tell(f"pages: {done.sent} sent, {done.removed} removed")


def _make_keys(cloud: Cloud) -> None:
    """The first deployment makes version 1 of each data key; later ones find them.

    Production's signing key waits for the authority's certificate (`infra/signing_keys.py`).
    """
    kms = cloud.client("kms")
    tables = DynamoTables(
        region=cloud.region,
        prefix=cloud.stack,
        endpoint=str(cloud.client("dynamodb").meta.endpoint_url),
    )
    alias_prefix = f"alias/{cloud.stack}"
    create_data_keys(tables=tables, kms=kms, stage=cloud.stage, alias_prefix=alias_prefix)
    if cloud.stage != "prod":
        name = f"Student Archive {cloud.stage}"
        ensure_development_chain(tables, kms, alias=f"{alias_prefix}-sign", name=name)


def _version_before(cloud: Cloud, function: str, present: int) -> str | None:
    earlier = [version for version in cloud.versions(function) if version < present]
    return str(max(earlier)) if earlier else None
