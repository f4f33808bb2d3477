"""Looking after appeals and changes of identity: lapsed ones, ended ones, and late decisions.

Whether a case has lapsed is decided by the clock at use; this tidies. Every version of a scan goes
within the hour after its case ended (R-66 allows seven days).
"""

import msgspec

from chalicelib.domain.appeal_states import ENDED
from chalicelib.domain.errors import Refusal
from chalicelib.operations.appeals import ending
from chalicelib.operations.document_scans import moved, scan_prefix
from chalicelib.operations.ports import Ports
from chalicelib.operations.transfer_identity import settle
from chalicelib.stores.cases import Appeal, Case, Watch
from chalicelib.stores.tables import ConditionFailed, Delete, Write


class Checked(msgspec.Struct, frozen=True):
    """How many cases were past due, and how many could not be looked at just now."""

    looked_at: int
    past_due: int
    failed: int


def check_appeals(ports: Ports) -> Checked:
    """Look at every case whose time has come. Safe to run twice, at once, or killed midway."""
    past_due = failed = looked_at = 0
    for watch in list(ports.cases.due(ports.now())):
        looked_at += 1
        try:
            past_due += _look(ports, watch)
        except ConditionFailed:
            continue  # it moved on meanwhile
        except Refusal:
            failed += 1
            ports.metrics.count("case_check_failed")
    return Checked(looked_at, past_due, failed)


def _look(ports: Ports, watch: Watch) -> bool:
    """Do what a case's state asks for; whether its decision is late."""
    case = ports.cases.watched(watch)
    if case is None or case.state == "draft" or case.state in ENDED:
        if isinstance(case, Appeal):
            settle(ports, case)
        _forget_files(ports, watch.case_id, case)
        _unwatch(ports, watch, case)
    elif case.state == "submitted":
        ports.metrics.count("appeal_past_due", kind=case.KIND)
        return True
    else:
        ports.tables.commit(_unanswered(ports, case))
    return False


def _forget_files(ports: Ports, case_id: str, case: Case | None) -> None:
    if case is not None:
        ports.quarantine.delete(case.upload)
    ports.photos.forget(scan_prefix(case_id))


def _unwatch(ports: Ports, watch: Watch, case: Case | None) -> None:
    """Nothing of the files is left; of a draft nothing at all."""
    writes: list[Write] = [Delete(watch.key)]
    if case is not None and case.state == "draft":
        writes.append(ports.cases.forgetting(case))
    ports.tables.commit(writes)


def _unanswered(ports: Ports, case: Case) -> list[Write]:
    """The question stayed unanswered: the case is withdrawn, and both sides can see it."""
    if isinstance(case, Appeal):
        return ending(ports, case, "withdraw", reason_code="not_completed")
    return ports.cases.moving(
        case, moved(case, "withdraw", ports.now(), reason_code="not_completed")
    )
