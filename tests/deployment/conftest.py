"""One packaged stage and one deployment of it, for all tests that look at them."""

import dataclasses
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.deployment.cloud import Cloud
from infra.deployment.deploy import deploy
from infra.local import aws
from infra.packaging.checkout import CannotPackage, require_python
from infra.packaging.package import Package, package
from tests.deployment.site import DeployedSite, load_registry

NOT_EMULATED = {"CodeFailuresAlarm": "metric math is not supported"}
EQUAL = "StringEquals"
API = "/restapis/{ApiId}/api/_user_request_"


@pytest.fixture(scope="session")
def packaged() -> Package:
    """The stage `dev` as it is packaged from this checkout."""
    try:
        require_python()
    except CannotPackage as refused:
        pytest.skip(str(refused))
    return package("dev", allow_dirty=True)


@pytest.fixture(scope="session")
def emulator() -> Iterator[aws.EmbeddedAws]:
    """An embedded AWS that checks every call against IAM and notes who made it."""
    switches = {
        "AUTH": "true",
        "CLOUDTRAIL_RECORDING": "1",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "LOG_LEVEL": "INFO",
    }
    with tempfile.TemporaryDirectory() as folder, operator():
        running = aws.start(Path(folder), persist=False, variables=switches)
        try:
            yield running
        finally:
            running.stop()


@pytest.fixture(scope="session")
def emulated(packaged: Package) -> Package:
    return without_what_is_not_emulated(packaged)


def without_what_is_not_emulated(packaged: Package) -> Package:
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
    """Where the emulator's IAM differs from AWS's.

    It knows no `kms:EncryptionContext:…` (its KMS itself compares them), and sending a batch is an
    action of its own, which AWS counts as `sqs:SendMessage`.
    """
    if "sqs:SendMessage" in part.get("Action", ()):
        return {**part, "Action": [*part["Action"], "sqs:SendMessageBatch"]}
    if any("kms:EncryptionContext" in name for name in part.get("Condition", {}).get(EQUAL, {})):
        return {name: value for name, value in part.items() if name != "Condition"}
    return part


@pytest.fixture(scope="session")
def site(emulated: Package, emulator: aws.EmbeddedAws) -> DeployedSite:
    """The deployed stage, with the demo people's records in its registry."""
    cloud = Cloud(emulated.settings.region, "dev", emulator.endpoint)
    cloud.client("ses").verify_email_identity(EmailAddress=emulated.settings.mail_sender)
    told: list[str] = []
    done = deploy(
        emulated,
        cloud,
        confirm=lambda _: True,
        tell=told.append,
        api_url=emulator.endpoint + API,
    )
    assert done is not None
    made = DeployedSite(emulated, cloud, done, emulator.endpoint, told)
    load_registry(made)
    return made


@contextmanager
def operator() -> Iterator[None]:
    """The credentials of whoever deploys, for this session only."""
    before = dict(os.environ)
    variables = {**aws.client_environment(""), "AWS_REGION": aws.REGION}
    del variables["AWS_ENDPOINT_URL"]
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
