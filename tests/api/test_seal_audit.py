"""Sealing the audit trail: every hour once, in order, whoever is quicker, and after a crash."""

import pytest

from chalicelib import jobs
from chalicelib.domain.audit_chain import HOUR
from chalicelib.domain.errors import Refusal
from chalicelib.operations.verify_audit import verify_audit
from chalicelib.stores.audit_journal import kind_of
from chalicelib.stores.tables import Put
from tests.faults.injection import TABLE_FAULTS, Faults, TableFault
from tests.lab import Lab, lab
from tests.leaving import PAUSE, ask_to_close, run_to_the_end
from tests.races.scheduler import Operation, explore
from tests.tables import straight
from tests.wire import Killed
from tests.world import Student

pytestmark = pytest.mark.req("R-68")

WANG = Student()
LI = Student(
    name="李娜",
    document_number="440308199901101512",
    phone="+8619900000002",
    email="li@example.com",
)
SETTLED = 900


@pytest.fixture
def archive() -> Lab:
    """Two accounts with lines in the hour that is over and settled."""
    made = lab()
    for student in (WANG, LI):
        made.checker.learn(student.name, student.document_number, student.phone)
        made.registered(student)
        made.clock.advance(60)
    made.clock.advance(HOUR + SETTLED)
    return made


def kinds(archive: Lab) -> list[str]:
    keys = [key for key in archive.memory.all_rows() if key.table == "audit"]
    return sorted(str(kind_of(key)) for key in keys)


def verified(archive: Lab) -> list[str]:
    keys = [key for key in archive.memory.all_rows() if key.table == "audit"]
    return [finding.problem for finding in verify_audit(archive.ports, keys).findings]


def test_a_commit_journals_its_line(archive: Lab) -> None:
    assert kinds(archive) == ["journal"] * 4 + ["line"] * 4


def test_an_hour_is_sealed_once(archive: Lab) -> None:
    assert jobs.seal_audit(archive.ports) == 1
    assert kinds(archive) == ["head"] * 2 + ["journal"] * 4 + ["line"] * 4 + ["seal"]
    assert verified(archive) == []
    assert jobs.seal_audit(archive.ports) == 0


def test_an_hour_is_sealed_when_it_has_settled() -> None:
    archive = lab()
    over = (archive.clock() // HOUR + 1) * HOUR + SETTLED
    archive.clock.instant = over - 1
    jobs.seal_audit(archive.ports)
    before = archive.ports.journal.last_seal()
    archive.clock.instant = over
    assert jobs.seal_audit(archive.ports) == 1
    after = archive.ports.journal.last_seal()
    assert before is not None
    assert after is not None
    assert after.statement.hour == before.statement.hour + 1 == over // HOUR - 1
    assert after.statement.before == before.statement.digest


def test_hours_without_lines_are_sealed_too_and_those_missed_are_caught_up(archive: Lab) -> None:
    jobs.seal_audit(archive.ports)
    archive.clock.advance(7 * HOUR)
    archive.sign_in(WANG)
    archive.clock.advance(2 * HOUR)
    assert jobs.seal_audit(archive.ports) == 9
    assert verified(archive) == []


def test_a_line_is_added_by_a_commit_only(archive: Lab) -> None:
    line = archive.ports.audited("someone", "signed_in", "owner")
    assert isinstance(line, Put)
    with pytest.raises(ValueError, match="commit"):
        archive.ports.tables.write(line)
    with pytest.raises(ValueError, match="commit"):
        archive.ports.tables.load("audit", [line.row])
    with pytest.raises(ValueError, match="added"):
        archive.ports.tables.commit([Put("audit", line.row)])


def test_what_the_owner_sees_is_the_trail_alone(archive: Lab) -> None:
    jobs.seal_audit(archive.ports)
    archive.clock.advance(60)
    items = archive.sign_in(WANG).call("GET", "/account/activity").json["items"]
    assert [item["action"] for item in items] == ["signed_in", "signed_in", "registered"]


@pytest.mark.req("R-65")
def test_the_trail_of_a_closed_account_stays_whole(archive: Lab) -> None:
    client = archive.sign_in(WANG)
    archive.clock.advance(60)
    assert ask_to_close(archive, client, WANG).status == 202
    jobs.seal_audit(archive.ports)
    archive.clock.advance(PAUSE)
    run_to_the_end(archive)
    jobs.seal_audit(archive.ports)
    archive.clock.advance(2 * HOUR)
    jobs.seal_audit(archive.ports)
    assert archive.ports.accounts.holder("phone", WANG.phone) is None
    assert verified(archive) == []


@pytest.mark.req("R-94")
@pytest.mark.parametrize("fault", TABLE_FAULTS)
def test_a_sealing_that_breaks_is_done_by_the_next(archive: Lab, fault: TableFault) -> None:
    rewind, calls = archive.mark(), Faults({})
    archive.tables.around = calls
    jobs.seal_audit(archive.ports)
    archive.tables.around = straight
    sealed = kinds(archive)
    for place in range(calls.seen):
        rewind()
        archive.tables.around = Faults({place: fault})
        with pytest.raises((Killed, Refusal)):
            jobs.seal_audit(archive.ports)
        archive.tables.around = straight
        jobs.seal_audit(archive.ports)
        assert kinds(archive) == sealed
        assert verified(archive) == []


@pytest.mark.req("R-94")
def test_two_at_once_seal_the_same(archive: Lab) -> None:
    rewind = archive.mark()

    def begin() -> list[Operation]:
        rewind()
        return [lambda: jobs.seal_audit(archive.ports)] * 2

    def check(_: object) -> None:
        archive.tables.around = straight
        assert verified(archive) == []
        assert kinds(archive).count("seal") == 1

    assert explore(archive.tables, begin, check, most=60) == 60


def test_lines_added_while_it_is_sealed_are_not_lost(archive: Lab) -> None:
    """Whatever is added now belongs to an hour that is not sealed yet."""
    rewind = archive.mark()

    def begin() -> list[Operation]:
        rewind()
        line = archive.ports.audited("someone", "signed_in", "owner")
        return [
            lambda: jobs.seal_audit(archive.ports),
            lambda: archive.ports.tables.commit([line]),
        ]

    def check(_: object) -> None:
        archive.tables.around = straight
        assert verified(archive) == []
        archive.clock.advance(2 * HOUR)
        jobs.seal_audit(archive.ports)
        assert verified(archive) == []

    assert explore(archive.tables, begin, check, most=100)


def test_a_last_seal_that_lies_ahead_stops_the_sealing_loudly(archive: Lab) -> None:
    jobs.seal_audit(archive.ports)
    archive.clock.advance(-5 * HOUR)
    with pytest.raises(ValueError, match="ahead"):
        jobs.seal_audit(archive.ports)
