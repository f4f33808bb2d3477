"""The embedded AWS as an account to deploy to, and what of AWS it does not do.

Everything that is adapted for it, and everything that it cannot show, is told here and nowhere
else. What it does enforce: who may do which action on which resource (identity and resource
policies), encrypted connections, who may invoke a function.
"""

import dataclasses
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.local import aws
from infra.packaging.package import Package
from tests.deployment.certificate import write_certificate

API = "/restapis/{ApiId}/api/_user_request_"
"""Where the API of a deployed stage answers, after the emulator's address."""

NOT_EMULATED: Mapping[str, str] = {
    "FirewallAssociation": "the firewall is made, but guards nothing: the type is not known",
    "CodeFailuresAlarm": "metric math is not supported: the alarm is refused",
}
"""Resources that are left out, with the reason."""

NOT_ENFORCED: Mapping[str, str] = {
    "kms:…": "its IAM knows no condition of KMS and would deny every call: left out. Its KMS "
    "itself does compare the encryption context. It takes an alias for another resource than its "
    "key: granted in addition.",
    "sqs:SendMessageBatch": "it takes this for an action of its own, which AWS counts as "
    "sqs:SendMessage: granted in addition.",
    "ses:SendEmail": "it knows no identity as the resource: granted on all.",
    "rate(15 minutes)": "a test cannot wait so long: that schedule fires each minute. The slower "
    "ones are not waited for; their targets are invoked with the rule's event.",
}
"""Where the deployed policies differ from the packaged ones or something is not waited for."""

_KEY = re.compile(r"\$\{(\w+)Key\.Arn\}")
_ALIAS = "arn:${AWS::Partition}:kms:${AWS::Region}:${AWS::AccountId}:alias/archive-${Stage}-%s"
_ROOM = 8 * 1024**3


@contextmanager
def embedded_aws() -> Iterator[aws.EmbeddedAws]:
    """An embedded AWS that checks every call against IAM; this process is its operator."""
    with tempfile.TemporaryDirectory(dir=_roomy_memory()) as name:
        folder = Path(name)
        certificate, key = write_certificate(folder)
        switches = {
            "AUTH": "true",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
            "TMPDIR": name,
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(certificate),
            "MINISTACK_SSL_KEY": str(key),
            "AWS_CA_BUNDLE": str(certificate),  # for the functions' processes
        }
        with _operator(certificate):
            running = aws.start(folder, persist=False, variables=switches)
            try:
                yield running
            finally:
                running.kill()


def _roomy_memory() -> Path | None:
    """Where 100,000 files of unzipped functions come and go fast, where there is room for them."""
    memory = Path("/dev/shm")  # noqa: S108 -- a random folder in it is used
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM
    return memory if roomy else None


def emulated(packaged: Package) -> Package:
    """The same package without what the emulator does not know."""
    resources = {
        name: resource
        for name, resource in packaged.template["Resources"].items()
        if name not in NOT_EMULATED
    }
    text = json.dumps({**packaged.template, "Resources": resources}, ensure_ascii=False)
    template = json.loads(text, object_hook=_as_emulated)
    file = packaged.folder / "emulated.json"
    file.write_text(json.dumps(template, ensure_ascii=False))
    return dataclasses.replace(packaged, template=template, template_file=file)


def _as_emulated(part: dict[str, Any]) -> dict[str, Any]:
    if part.get("ScheduleExpression") == "rate(15 minutes)":
        return {**part, "ScheduleExpression": "rate(1 minute)"}
    if isinstance(part.get("Action"), list) and "Effect" in part:
        return _emulated_statement(part)
    return part


def _emulated_statement(statement: dict[str, Any]) -> dict[str, Any]:
    actions, resources = statement["Action"], statement.get("Resource", [])
    if "sqs:SendMessage" in actions:
        return {**statement, "Action": [*actions, "sqs:SendMessageBatch"]}
    if "ses:SendEmail" in actions:
        return {**statement, "Resource": ["*"]}
    if any(action.startswith("kms:") for action in actions):
        aliases = [
            {"Fn::Sub": _ALIAS % key[1].lower()}
            for resource in resources
            if (key := _KEY.fullmatch(resource.get("Fn::Sub", "")))
        ]
        unconditional = {name: value for name, value in statement.items() if name != "Condition"}
        return {**unconditional, "Resource": [*resources, *aliases]}
    return statement


@contextmanager
def _operator(certificate: Path) -> Iterator[None]:
    """The credentials of whoever deploys, for this session only."""
    before = dict(os.environ)
    variables = {**aws.client_environment(""), "AWS_CA_BUNDLE": str(certificate)}
    del variables["AWS_ENDPOINT_URL"]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
