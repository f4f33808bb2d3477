"""Archives on emulated AWS, for real threads: moto one call at a time, and the embedded AWS."""

from collections.abc import Iterator
from uuid import uuid4

import pytest
from moto import mock_aws

from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.adapters.memory_keys import MemoryDataKeys
from chalicelib.stores.outbox import SHARDS
from chalicelib.stores.tables import Delete, Key, Tables
from infra.local import aws
from infra.provision import provision
from tests.wire import around_wire, one_at_a_time
from tests.world import World, world


@pytest.fixture(params=["moto", "embedded"])
def crowded(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """An archive of the test's own keys on tables that are safe under threads."""
    if request.param == "embedded":
        endpoint = request.getfixturevalue("embedded_endpoint")
        tables = DynamoTables(region=aws.REGION, prefix="archive-test", endpoint=endpoint)
        forget_messages(tables)
        yield of_own_keys(tables)
        forget_messages(tables)
        return
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws(), around_wire(one_at_a_time()):
        provision("test", region=aws.REGION, mail_sender="archive@example.com")
        yield of_own_keys(DynamoTables(region=aws.REGION, prefix="archive-test"))


def of_own_keys(tables: Tables) -> World:
    """An archive that shares the tables with other tests and can read none of their rows."""
    return world(tables=tables, data_keys=MemoryDataKeys(uuid4().hex), limits="local")


def forget_messages(tables: Tables) -> None:
    """Drop what other tests left to be sent."""
    for shard in range(SHARDS):
        for row in tables.query("outbox", f"pending#{shard}").rows:
            tables.write(Delete(Key("outbox", str(row["pk"]), str(row["sk"]))))
