"""The schedules that erase and tidy, broken at every table call in every way, then run again.

Whatever breaks, once the schedules have run in peace nothing is left that an undisturbed run would
not have left, everybody was told once, and no file remains.
"""

import os
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import product
from typing import Any

import pytest

from chalicelib import jobs
from chalicelib.adapters.files import MemoryFiles
from chalicelib.adapters.quarantine import MemoryQuarantine
from chalicelib.domain.errors import Refusal
from chalicelib.operations.document_scans import SETTLE_SECONDS
from chalicelib.stores.tables import Delete, Key
from tests.appeals import (
    appeal_against,
    open_appeal,
    picture,
    renamed,
    submit_appeal,
    upload,
    withdraw,
)
from tests.faults.injection import TABLE_FAULTS, Faults
from tests.lab import Lab, lab
from tests.leaving import DAY, PAUSE, ask_to_close
from tests.records import LI, WANG, file_record, member
from tests.tables import straight
from tests.wire import Killed

THOROUGH = os.environ.get("FAULTS") == "all"
SLICE = 60


def closing(archive: Lab) -> None:
    """Somebody with a report, a change of identity under review, and an appeal against them."""
    file_record(archive, "credentials", WANG)
    client = member(archive, WANG)
    item = client.call("GET", "/archive/credentials").json["items"][0]
    body = {
        "kind": "credential",
        "record_id": item["record_id"],
        "language": "zh",
        "valid_months": 1,
        "disclosure": "full",
    }
    assert client.call("POST", "/reports", body).status == 201
    path = f"/account/identity/{renamed(client, WANG)}"
    upload(archive, client.call("GET", path).json["upload"], picture())
    assert client.call("POST", f"{path}/submit").status == 202
    appeal_against(archive, WANG)
    archive.clock.advance(61)
    assert ask_to_close(archive, client).status == 202
    archive.clock.advance(PAUSE)


def lapsing(archive: Lab) -> None:
    """A draft that lapsed with its upload, and an appeal that was withdrawn after its scan."""
    member(archive, WANG)
    draft = open_appeal(archive, LI, phone="+8619900000778").json
    upload(archive, draft["upload"], picture())
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    archive.deliver()
    assert withdraw(archive, opened).status == 204
    archive.clock.advance(DAY + SETTLE_SECONDS)


JOBS: dict[str, tuple[Callable[[Lab], None], Callable[[Any], int]]] = {
    "close_accounts": (closing, jobs.close_accounts),
    "check_appeals": (lapsing, jobs.check_appeals),
}


@pytest.mark.req("R-94")
@pytest.mark.req("R-65")
@pytest.mark.req("R-66")
@pytest.mark.parametrize("name", JOBS)
def test_whatever_breaks_the_next_runs_finish(name: str) -> None:
    prepare, job = JOBS[name]
    archive = lab()
    prepare(archive)
    rewind, files = archive.mark(), stored_files(archive)
    undisturbed = Faults({})
    archive.tables.around = undisturbed
    job(archive.ports)
    first = undisturbed.seen
    outcome = run_in_peace(archive, job)
    assert first > 5
    plans = [{place: fault} for place, fault in product(range(first), TABLE_FAULTS)]
    for plan in plans if THOROUGH else random.Random(name).sample(plans, min(SLICE, len(plans))):
        rewind()
        put_back(archive, files)
        archive.tables.around = Faults(plan)
        with suppress(Killed, Refusal):  # a job that fails as a whole is started again
            job(archive.ports)
        assert run_in_peace(archive, job) == outcome, plan


def run_in_peace(archive: Lab, job: Callable[[Any], int]) -> tuple[Any, ...]:
    """Run until everything has settled; what is left, who was told what, and the files."""
    archive.tables.around = straight
    for _ in range(3):
        job(archive.ports)
        archive.clock.advance(SETTLE_SECONDS)
    told = Counter((one.kind, one.to) for one in archive.waiting())
    return archive.census(), told, stored_files(archive)


def stored_files(archive: Lab) -> tuple[dict[str, Any], dict[str, bytes]]:
    photos, quarantine = archive.ports.photos, archive.ports.quarantine
    assert isinstance(photos, MemoryFiles)
    assert isinstance(quarantine, MemoryQuarantine)
    return dict(photos._files), dict(quarantine.files)


def put_back(archive: Lab, files: tuple[dict[str, Any], dict[str, bytes]]) -> None:
    photos, quarantine = archive.ports.photos, archive.ports.quarantine
    assert isinstance(photos, MemoryFiles)
    assert isinstance(quarantine, MemoryQuarantine)
    photos._files, quarantine.files = dict(files[0]), dict(files[1])


def test_a_change_of_identity_without_its_listing_is_erased_as_well() -> None:
    """As changes were kept before accounts listed them."""
    archive = lab()
    client = member(archive, WANG)
    renamed(client, WANG)
    for key in archive.memory.all_rows():
        if key.table == "cases" and key.pk.startswith("account#"):
            archive.memory.write(Delete(Key(key.table, key.pk, key.sk)))
    archive.clock.advance(61)
    assert ask_to_close(archive, client).status == 202
    archive.clock.advance(PAUSE)
    run_in_peace(archive, jobs.close_accounts)
    left = [key.pk for key in archive.memory.all_rows() if key.table == "cases"]
    assert not any(pk.startswith(("identity#", "open#", "watch#")) for pk in left)
