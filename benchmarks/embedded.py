"""What several benchmarks need: an embedded AWS, and a demo registry in it."""

import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.domain.instants import china_date
from chalicelib.domain.records import FAMILIES
from chalicelib.operations.import_institutions import import_institutions
from chalicelib.operations.import_records import import_records
from chalicelib.operations.ports import Ports
from infra.demo.people import Person, people
from infra.demo.writing import write_registry
from infra.demo_photos import keep_listed_photos
from infra.local import aws
from infra.provision import provision
from tests.world import Student

SEED = 1


@contextmanager
def embedded_aws(*stages: str) -> Iterator[Mapping[str, DynamoTables]]:
    """The tables of some stages on an embedded AWS that keeps nothing."""
    with tempfile.TemporaryDirectory() as folder:
        running = aws.start(Path(folder), persist=False)
        try:
            os.environ.update(aws.client_environment(running.endpoint))
            for stage in stages:
                provision(stage, region=aws.REGION, mail_sender="archive@example.com")
            yield {stage: _tables(stage, running.endpoint) for stage in stages}
        finally:
            running.stop()


def fill(ports: Ports, count: int, *, portraits: bool) -> tuple[int, float]:
    """Import the demo registry of `count` people: how many records, and in how many seconds."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        records = write_registry(folder, count, seed=SEED, portraits=portraits)
        now = ports.now()
        with (folder / "institutions.csv").open("rb") as listing:
            import_institutions(listing, directory=ports.institutions)
        started = time.perf_counter()
        for family in FAMILIES:
            with (folder / f"{family}.csv").open("rb") as source:
                import_records(
                    source,
                    family=family,
                    registry=ports.registry,
                    today=china_date(now),
                    now=now,
                    photos=keep_listed_photos(ports, folder / "photos.json", family),
                )
        return records, time.perf_counter() - started


def demo_people(count: int) -> Sequence[Person]:
    """The first people of every such registry."""
    return list(people(count, seed=SEED))


def as_student(person: Person) -> Student:
    """A demo person as somebody who registers."""
    identity = person.identity
    return Student(
        name=identity.name,
        document_type=identity.document_type,
        document_number=identity.document_number,
        phone=f"+86{identity.phone}",
        email=f"student-{identity.index}@example.com",
    )


def _tables(stage: str, endpoint: str) -> DynamoTables:
    return DynamoTables(region=aws.REGION, prefix=f"archive-{stage}", endpoint=endpoint)
