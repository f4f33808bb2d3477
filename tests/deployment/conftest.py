"""One packaged stage and one deployment of it, for all tests that look at them."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infra.deployment.cloud import Cloud
from infra.deployment.deploy import deploy
from infra.local import aws
from infra.packaging.checkout import CannotPackage, require_python
from infra.packaging.package import Package, package
from tests.deployment.site import DeployedSite, load_registry

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
def site(packaged: Package, emulator: aws.EmbeddedAws) -> DeployedSite:
    """The deployed stage, with the demo people's records in its registry."""
    cloud = Cloud(packaged.settings.region, "dev", emulator.endpoint)
    cloud.client("ses").verify_email_identity(EmailAddress=packaged.settings.mail_sender)
    told: list[str] = []
    done = deploy(
        packaged,
        cloud,
        confirm=lambda _: True,
        tell=told.append,
        api_url=emulator.endpoint + API,
    )
    assert done is not None
    made = DeployedSite(packaged, cloud, done, emulator.endpoint, told)
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
