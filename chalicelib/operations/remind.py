"""Reminders: a report's validity ending, an e-mail unconfirmed, an account closing.

A reminder is a task of the day on which it is due, planned in the commit that makes it necessary.
The commit that sends it takes the task off, so that nobody is reminded twice; one that has become
pointless is taken off alone.
"""

from collections.abc import Callable, Mapping

import msgspec

from chalicelib.domain.errors import Refusal
from chalicelib.domain.limits import DAY
from chalicelib.domain.messages import local_time
from chalicelib.operations.confirm_email import confirmation_writes
from chalicelib.operations.notices import language_of, tell, tell_by
from chalicelib.operations.ports import Ports
from chalicelib.stores.accounts import Account
from chalicelib.stores.agenda import Task
from chalicelib.stores.reports import Report
from chalicelib.stores.tables import ConditionFailed, Write

EXPIRY_DAYS = (7, 1)
"""Days before the end of a report's validity."""
UNCONFIRMED_DAYS = 3
"""Days after the registration."""
CLOSING_DAYS = 3
"""Days before an account closes."""


class Reminded(msgspec.Struct, frozen=True):
    """How many people were reminded, and how many could not be just now."""

    sent: int
    failed: int


def reminders_of_expiry(ports: Ports, report: Report, valid_until: int) -> list[Write]:
    """The writes that plan the reminders of a report's end of validity."""
    return [
        ports.agenda.planning(
            Task(
                job="remind",
                name="report_expiring",
                account_id=report.account_id,
                subject=report.report_id,
                deadline=valid_until,
                at=valid_until - days * DAY,
            )
        )
        for days in EXPIRY_DAYS
    ]


def reminder_to_confirm(ports: Ports, account: Account) -> Write:
    """The write that plans the reminder of an unconfirmed e-mail."""
    at = account.created_at + UNCONFIRMED_DAYS * DAY
    return ports.agenda.planning(
        Task(
            job="remind",
            name="email_unconfirmed",
            account_id=account.account_id,
            deadline=at,
            at=at,
        )
    )


def reminder_of_closing(ports: Ports, account_id: str, closes_at: int) -> Write:
    """The write that plans the reminder of an account's closing."""
    return ports.agenda.planning(
        Task(
            job="remind",
            name="account_closing",
            account_id=account_id,
            deadline=closes_at,
            at=closes_at - CLOSING_DAYS * DAY,
        )
    )


def notice_of_closing(ports: Ports, account: Account, closes_at: int) -> list[Write]:
    """The writes that tell the owner when the account closes, and how to keep it."""
    values = {
        "closes_at": local_time(closes_at, language_of(account)),
        "link": f"{ports.public_origin}/link/#cancel-closing",
    }
    return tell(ports, account, "account_closing", values)


def remind(ports: Ports) -> Reminded:
    """Send every reminder that is due today. Safe to run twice, at once, or killed midway."""
    sent = failed = 0
    for task in list(ports.agenda.due("remind", ports.now())):
        try:
            sent += _remind(ports, task)
        except ConditionFailed:
            continue  # another run was quicker
        except Refusal:
            failed += 1
            ports.metrics.count("reminder_failed")
    return Reminded(sent, failed)


def _remind(ports: Ports, task: Task) -> bool:
    account = ports.accounts.get(task.account_id)
    messages = _MESSAGES[task.name](ports, account, task) if account else []
    ports.tables.commit([ports.agenda.doing(task), *messages])
    return bool(messages)


def _of_report(ports: Ports, account: Account, task: Task) -> list[Write]:
    """Nothing for a report that was extended, closed or superseded meanwhile, or is over.

    Nor where a later reminder is due by now: after an outage one says it all.
    """
    report = ports.reports.of_owner(account.account_id, task.subject)
    if report is None or report.state != "open" or report.valid_until != task.deadline:
        return []
    following = [task.deadline, *(task.deadline - days * DAY for days in EXPIRY_DAYS)]
    if any(task.at < at <= ports.now() for at in following):
        return []
    values = {
        "report_number": report.statement.report_number,
        "valid_until": local_time(report.valid_until, language_of(account)),
    }
    return tell(ports, account, "report_expiring", values)


def _of_email(ports: Ports, account: Account, _task: Task) -> list[Write]:
    """A fresh link: the first one has lapsed. The phone is told in case the address is wrong."""
    if account.email_confirmed or account.closes_at is not None or account.mail_trouble:
        return []
    return [
        *confirmation_writes(ports, account, kind="email_unconfirmed"),
        tell_by(ports, account, "sms", "email_unconfirmed"),
    ]


def _of_closing(ports: Ports, account: Account, task: Task) -> list[Write]:
    if account.closes_at != task.deadline or task.deadline <= ports.now():
        return []
    return notice_of_closing(ports, account, task.deadline)


_MESSAGES: Mapping[str, Callable[[Ports, Account, Task], list[Write]]] = {
    "report_expiring": _of_report,
    "email_unconfirmed": _of_email,
    "account_closing": _of_closing,
}
