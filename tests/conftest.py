"""What every test may use: an archive in memory, and the embedded AWS once per session."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local import aws
from infra.provision import provision
from tests.world import World, world

os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
os.environ.pop("AWS_ENDPOINT_URL", None)  # it would lead out of moto


@pytest.fixture
def archive() -> World:
    """An archive in memory."""
    return world()


@pytest.fixture(scope="session")
def embedded_endpoint() -> Iterator[str]:
    """The address of an embedded AWS with the archive's resources in it (stage `test`)."""
    with tempfile.TemporaryDirectory() as folder:
        running = aws.start(Path(folder), persist=False)
        try:
            variables = dict(aws.client_environment(running.endpoint))
            del variables["AWS_ENDPOINT_URL"]  # each test says where it goes
            os.environ.update(variables)
            provision(
                "test",
                region=aws.REGION,
                mail_sender="archive@example.com",
                endpoint=running.endpoint,
            )
            yield running.endpoint
        finally:
            running.stop()
