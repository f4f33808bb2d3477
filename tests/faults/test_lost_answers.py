"""Every flow on DynamoDB (moto), with the wire cut at every attempt of the SDK.

`make test` loses answers; `make faults` (FAULTS=all) cuts in every way, once and for good.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import get_args

import boto3
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.stores.tables import Key, Row, TableName
from infra.local import aws
from infra.provision import provision
from tests.faults.flows import FLOWS, Flow
from tests.faults.injection import persist
from tests.lab import Lab, census, lab
from tests.wire import FAULTS, Cut, Fault, around_wire

THOROUGH = os.environ.get("FAULTS") == "all"


class MotoTables(DynamoTables):
    """DynamoDB on moto that can be filled from, and looked at as, rows in memory."""

    def fill(self, rows: Mapping[Key, Row]) -> None:
        """Make these the only rows."""
        backend = dynamodb_backends[DEFAULT_ACCOUNT_ID][aws.REGION]
        for table in get_args(TableName):
            backend.tables[self._table(table)].items.clear()
            self.load(table, [row for key, row in rows.items() if key.table == table])

    def keys(self) -> Mapping[Key, Row]:
        """Where there are rows."""
        client = boto3.client("dynamodb", region_name=aws.REGION)
        return {
            Key(table, item["pk"]["S"], item["sk"]["S"]): {}
            for table in get_args(TableName)
            for item in client.scan(TableName=self._table(table))["Items"]
        }


@pytest.fixture(scope="module")
def tables() -> Iterator[MotoTables]:
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.delenv("AWS_ENDPOINT_URL", raising=False)
        provision("test", region=aws.REGION, mail_sender="archive@example.com")
        yield MotoTables(region=aws.REGION, prefix="archive-test", pause=lambda _: None)


class Experiment:
    """A flow, prepared in memory once and put into DynamoDB for every run."""

    def __init__(self, prepare: Callable[[Lab], Flow], tables: MotoTables) -> None:
        self._tables = tables
        self._archive = lab()
        self._flow = prepare(self._archive)
        self._rows = self._archive.memory.all_rows()
        self._rewind = self._archive.mark()
        self._archive.tables.tables = tables
        undisturbed = Cut("throttled", place=0, times=0)
        self._run(undisturbed, patient=False)
        self.attempts = undisturbed.seen
        self._census = census(tables.keys())

    def with_cut(self, fault: Fault, *, place: int, times: int, patient: bool) -> None:
        """The outcome is that of a run without; where not `patient`, at the first attempt."""
        try:
            self._run(Cut(fault, place, times), patient=patient)
            assert self._flow.reads or census(self._tables.keys()) == self._census
            self._flow.check(self._last)
        except BaseException as error:
            error.add_note(f"{fault}, from attempt {place}, {times} times")
            raise

    def _run(self, cut: Cut, *, patient: bool) -> None:
        self._rewind()
        self._tables.fill(self._rows)
        with around_wire(cut):
            attempt = self._flow.attempt
            self._last = persist(self._archive, attempt) if patient else attempt()
        assert self._last.status == self._flow.status, self._last.content


@pytest.mark.req("R-03")
@pytest.mark.parametrize("name", FLOWS)
def test_a_lost_answer_is_not_noticed(name: str, tables: MotoTables) -> None:
    experiment = Experiment(FLOWS[name], tables)
    for place in range(experiment.attempts):
        experiment.with_cut("timed out after", place=place, times=1, patient=False)


@pytest.mark.req("R-03")
@pytest.mark.req("R-90")
@pytest.mark.parametrize("name", FLOWS if THOROUGH else ["confirm"])
def test_one_effect_wherever_the_wire_is_cut(name: str, tables: MotoTables) -> None:
    experiment = Experiment(FLOWS[name], tables)
    times_cut = (1, 3) if THOROUGH else (3,)
    for place, fault, times in product(range(experiment.attempts), FAULTS, times_cut):
        experiment.with_cut(fault, place=place, times=times, patient=True)
