"""What a changed record does to the reports issued on its earlier version (journey 7).

They become `superseded`: the latest record prevails. A record that was revoked or lost takes its
reports along: they become `revoked`.
"""

from collections.abc import Sequence
from typing import Literal

from chalicelib.domain.records import Facts
from chalicelib.operations.ports import Ports
from chalicelib.stores.agenda import Task
from chalicelib.stores.reports import Report
from chalicelib.stores.tables import ConditionFailed, Write

Withdrawn = Literal["superseded", "revoked"]

MOST_AT_ONCE = 15
"""So many reports are withdrawn in the commit that changes their record."""


def state_for(facts: Facts) -> Withdrawn:
    """What reports become by a record that says this now."""
    void = getattr(facts, "revoked", False) or getattr(facts, "lost_void", False)
    return "revoked" if void else "superseded"


def withdrawing(ports: Ports, record_id: str, state: Withdrawn, at: int) -> list[Write]:
    """The writes, for the commit of the record's change at `at`, that withdraw its reports.

    With more reports than that commit holds, and for one that is issued at the same time, there is
    a task that `withdraw_rest` takes off when all are withdrawn.
    """
    found = ports.reports.withdrawing(record_id, state, at)[:MOST_AT_ONCE]
    writes = [write for report, marks in found for write in _marking(ports, report, marks, state)]
    return [*writes, ports.agenda.planning(_task(record_id, state, at))]


def withdraw_all(ports: Ports, record_id: str, state: Withdrawn) -> None:
    """Withdraw the reports on a record's earlier versions, each in a commit of its own."""
    found = ports.reports.withdrawing(record_id, state, ports.now())
    version = ports.record_changes.version(record_id) if found else 0
    for report, marks in found:
        if report.statement.record_version >= version:
            continue  # issued since
        try:
            ports.tables.commit(_marking(ports, report, marks, state))
        except ConditionFailed:
            continue  # closed meanwhile


def withdraw_rest(ports: Ports, record_id: str, state: Withdrawn, since: int) -> None:
    """Withdraw what the change's commit at `since` did not, and take the task off."""
    withdraw_all(ports, record_id, state)
    try:
        ports.tables.commit([ports.agenda.doing(_task(record_id, state, since))])
    except ConditionFailed:
        return  # the schedule was quicker


def withdraw_left(ports: Ports) -> int:
    """Do what was left undone by changes that were cut off; how many. Safe to run twice."""
    left = list(ports.agenda.due("withdraw", ports.now()))
    for task in left:
        state: Withdrawn = "revoked" if task.name == "revoked" else "superseded"
        withdraw_rest(ports, task.subject, state, task.deadline)
    return len(left)


def _marking(ports: Ports, report: Report, marks: Sequence[Write], state: Withdrawn) -> list[Write]:
    line = ports.audited(report.account_id, f"report_{state}", "system", report_id=report.report_id)
    return [*marks, line]


def _task(record_id: str, state: Withdrawn, at: int) -> Task:
    return Task(job="withdraw", name=state, account_id="-", subject=record_id, deadline=at, at=at)
