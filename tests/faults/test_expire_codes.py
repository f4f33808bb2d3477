"""Tidying what has lapsed: twice, at once, killed anywhere; never anything that lives."""

from collections.abc import Mapping
from itertools import count

import pytest

from chalicelib import jobs
from chalicelib.domain.errors import Refusal
from chalicelib.operations.expire_codes import TIDIED
from chalicelib.stores.tables import Key, Row
from tests.faults.injection import TABLE_FAULTS, Faults, TableFault
from tests.lab import Lab, lab
from tests.races.scheduler import Choose, Run
from tests.tables import straight
from tests.wire import Killed
from tests.world import Student

WANG = Student()
LI = Student(
    name="李娜",
    document_number="440308199901101512",
    phone="+8619900000002",
    email="li@example.com",
)


@pytest.fixture
def archive() -> Lab:
    """Rows of every kind that lapse, at several times; three hours later others are fresh."""
    made = lab()
    made.checker.learn(WANG.name, WANG.document_number, WANG.phone)
    made.registered(WANG)
    made.clock.advance(3 * 3600)
    made.draft(LI)
    made.clock.advance(60)
    made.sign_in(WANG)
    return made


def lapsed(archive: Lab) -> Mapping[Key, Row]:
    return {
        key: row
        for key, row in archive.memory.all_rows().items()
        if key.table in TIDIED and int(row.get("expires_at", 1 << 62)) <= archive.clock()
    }


def test_it_removes_exactly_what_has_lapsed(archive: Lab) -> None:
    before, gone = archive.memory.all_rows(), lapsed(archive)
    assert {key.table for key in gone} == set(TIDIED)
    assert len(gone) > 8
    assert jobs.expire_codes(archive.ports) == len(gone)
    assert archive.memory.all_rows() == {key: row for key, row in before.items() if key not in gone}


@pytest.mark.req("R-94")
def test_a_second_run_finds_nothing(archive: Lab) -> None:
    jobs.expire_codes(archive.ports)
    left = archive.memory.all_rows()
    assert jobs.expire_codes(archive.ports) == 0
    assert archive.memory.all_rows() == left


def alternating(stride: int) -> Choose:
    """Each worker in turn, for so many calls."""
    turns = count()
    return lambda waiting: waiting[next(turns) // stride % len(waiting)]


@pytest.mark.req("R-94")
def test_two_runs_at_once_do_what_one_does(archive: Lab) -> None:
    rewind = archive.mark()
    jobs.expire_codes(archive.ports)
    left = archive.memory.all_rows()
    for stride in (1, 2, 3, 5):
        rewind()
        run = Run([lambda: jobs.expire_codes(archive.ports)] * 2)
        archive.tables.around = run.around
        run.go(alternating(stride))
        archive.tables.around = straight
        assert archive.memory.all_rows() == left


@pytest.mark.req("R-94")
@pytest.mark.parametrize("fault", TABLE_FAULTS)
def test_killed_at_any_call_it_removes_nothing_alive_and_the_next_run_finishes(
    archive: Lab, fault: TableFault
) -> None:
    rewind = archive.mark()
    before, gone = archive.memory.all_rows(), lapsed(archive)
    undisturbed = Faults({})
    archive.tables.around = undisturbed
    jobs.expire_codes(archive.ports)
    left = archive.memory.all_rows()
    for place in range(undisturbed.seen):
        rewind()
        archive.tables.around = Faults({place: fault})
        with pytest.raises((Killed, Refusal)):
            jobs.expire_codes(archive.ports)
        archive.tables.around = straight
        assert before.keys() - archive.memory.all_rows().keys() <= gone.keys()
        jobs.expire_codes(archive.ports)
        assert archive.memory.all_rows() == left


@pytest.mark.req("R-94")
def test_what_is_renewed_between_finding_and_removing_stays(archive: Lab) -> None:
    """The index lags: a row that it calls lapsed was renewed meanwhile."""
    key, row = next(
        (key, row) for key, row in lapsed(archive).items() if key.pk.startswith("slot#")
    )
    stale = archive.ports.tables.due("codes", str(row["bucket"]), until=archive.clock(), limit=99)
    assert key in stale
    code_again = {
        "purpose": "register",
        "channel": "sms",
        "destination": WANG.phone,
    }
    renewing = True

    def around(name, call):
        nonlocal renewing
        found = call()
        if name == "due" and renewing and key in found:
            renewing = False
            archive.client.call("POST", "/verification-codes", code_again)
        return found

    archive.tables.around = around
    jobs.expire_codes(archive.ports)
    archive.tables.around = straight
    assert not renewing
    renewed = archive.memory.get(key)
    assert renewed is not None
    assert int(renewed["expires_at"]) > archive.clock()
