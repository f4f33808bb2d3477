"""The three tables the same promises are checked on: memory, moto, and the embedded AWS."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from moto import mock_aws

from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.adapters.memory_tables import MemoryTables
from chalicelib.stores.tables import Tables
from infra.local import aws
from infra.provision import provision


@pytest.fixture(params=["memory", "moto", "embedded"])
def tables(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tables]:
    """Tables of each kind."""
    if request.param == "memory":
        yield MemoryTables()
    elif request.param == "moto":
        monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)  # the embedded one may be up already
        with mock_aws():
            provision("test", region=aws.REGION, mail_sender="archive@example.com")
            yield DynamoTables(region=aws.REGION, prefix="archive-test")
    else:
        endpoint = request.getfixturevalue("embedded_endpoint")
        yield DynamoTables(region=aws.REGION, prefix="archive-test", endpoint=endpoint)


@pytest.fixture
def pk() -> str:
    """A partition of the test's own."""
    return f"test#{uuid4().hex}"
