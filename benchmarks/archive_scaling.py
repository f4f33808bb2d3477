"""Whether reading one's archive costs the same however many people the registry holds.

    python -m benchmarks.archive_scaling [SMALL LARGE]

Two registries (1,000 and 20,000 people unless said) on one embedded AWS; the same people read
their archive from both in turn. Keys are in memory; times are wall clock, medians.
"""

import logging
import statistics
import sys
import time

from benchmarks.embedded import as_student, demo_people, embedded_aws, fill
from tests.world import Client, World, world

READERS = 10
ROUNDS = 30


def readers(archive: World) -> list[Client]:
    """Some people of the registry, signed in."""
    clients = []
    for person in demo_people(READERS):
        student = as_student(person)
        archive.checker.learn(student.name, student.document_number, student.phone)
        clients.append(archive.registered(student))
    return clients


def read(client: Client) -> float:
    """Milliseconds of one reading."""
    started = time.perf_counter()
    answer = client.call("GET", "/archive")
    taken = time.perf_counter() - started
    assert answer.status == 200
    return taken * 1000


def main() -> None:
    logging.disable(logging.INFO)
    sizes = [int(one) for one in sys.argv[1:]] or [1_000, 20_000]
    with embedded_aws("local", "test") as tables:
        archives = [world(tables=one, limits="local") for one in tables.values()]
        for archive, people in zip(archives, sizes, strict=True):
            records, seconds = fill(archive.ports, people, portraits=False)
            print(
                f"{people:,} people: {records:,} records imported in {seconds:.0f} s, "
                f"{records / seconds:,.0f} records/s",
                flush=True,
            )
        signed_in = [readers(archive) for archive in archives]
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(ROUNDS):
            for few, many in zip(*signed_in, strict=True):
                times[0].append(read(few))
                times[1].append(read(many))
    medians = [statistics.median(one) for one in times]
    for people, median in zip(sizes, medians, strict=True):
        print(f"GET /archive with {people:,} people: {median:.2f} ms")
    print(f"ratio {medians[1] / medians[0]:.2f}")


if __name__ == "__main__":
    main()
