"""Leaving (注销): closing an account after a pause, and erasing everything personal of it.

At its time an account is closed in one commit: nobody can sign in any more, and its number, phone
and e-mail are free for a new registration. Then the rest is erased, step by step, and once more
after whatever was running has come to rest. Audit lines stay, under the account's id alone.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from chalicelib.domain.emails import comparable
from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.working_days import CLOSING_DAYS, due_at
from chalicelib.operations.change_account import require_password
from chalicelib.operations.correct import forget_evidence
from chalicelib.operations.document_scans import SETTLE_SECONDS, scan_prefix
from chalicelib.operations.notices import tell
from chalicelib.operations.ports import Caller, Ports
from chalicelib.operations.recover import require_proof_of
from chalicelib.operations.remind import notice_of_closing, reminder_of_closing
from chalicelib.operations.sign_report import files_prefix
from chalicelib.stores.accounts import Account
from chalicelib.stores.agenda import Task
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed, Delete, Put, Update, Write

Erasure = Put | Update | Delete
"""A write that erases something, or has that noticed: it stands alone and can be done again."""


class Closing(msgspec.Struct, frozen=True):
    """Until when an account will be closed."""

    closes_at: str


class Closed(msgspec.Struct, frozen=True):
    """How many accounts were closed to the end, and how many could not be just now."""

    closed: int
    failed: int


def close_account(
    ports: Ports,
    caller: Caller,
    principal: Principal,
    *,
    verification_token: str,
    current_password: str,
) -> Closing:
    """Close the account in fifteen working days; every channel is told.

    Repeated, it answers the same. Raises `reauthentication_required`, `InvalidInput` for a token
    that does not prove a channel of this account, `conflict`.
    """
    account = require_password(ports, caller, principal, current_password)
    if account.closes_at is not None:
        return Closing(rfc3339(account.closes_at))
    proof = require_proof_of(ports, verification_token, "close_account")
    if comparable(proof.destination) not in {account.phone, comparable(account.email)}:
        raise invalid("verification_token", "verification_token_invalid")
    closes_at = due_at(ports.now(), CLOSING_DAYS)
    answer = Closing(rfc3339(closes_at))
    writes: list[Write] = [
        ports.codes.spending(verification_token, ports.now()),
        ports.sessions.standing(principal),
        ports.accounts.changing(msgspec.structs.replace(account, closes_at=closes_at)),
        ports.agenda.planning(_task(account.account_id, closes_at)),
        reminder_of_closing(ports, account.account_id, closes_at),
        *notice_of_closing(ports, account, closes_at),
        ports.audited(account.account_id, "account_closing", "owner"),
    ]
    try:
        ports.commit(writes, reply=answer)
    except ConditionFailed as failure:
        if any(key.table == "codes" for key in failure.failed):
            raise invalid("verification_token", "verification_token_invalid") from None
        if any(key.table == "sessions" for key in failure.failed):
            raise Refusal("unauthenticated") from None
        raise Refusal("conflict") from None
    ports.metrics.count("account_closing")
    return answer


def cancel_closing(ports: Ports, principal: Principal) -> None:
    """Keep the account after all; every channel is told. Repeated, nothing happens.

    Raises `conflict` once its time has come; `unauthenticated` when the account is gone.
    """
    account = ports.accounts.get(principal.account_id)
    if account is None:
        raise Refusal("unauthenticated")
    if account.closes_at is None:
        return
    if account.closes_at <= ports.now():
        raise Refusal("conflict")
    writes = [
        ports.accounts.changing(msgspec.structs.replace(account, closes_at=None)),
        *tell(ports, account, "account_closing_cancelled"),
        ports.audited(account.account_id, "account_closing_cancelled", "owner"),
    ]
    try:
        ports.commit(writes)
    except ConditionFailed:
        raise Refusal("conflict") from None
    ports.metrics.count("account_closing_cancelled")


def close_accounts(ports: Ports) -> Closed:
    """Close every account whose time has come. Safe to run twice, at once, or killed midway."""
    closed = failed = 0
    for task in list(ports.agenda.due("close", ports.now())):
        if task.deadline > ports.now():
            continue
        try:
            closed += _close(ports, task)
        except ConditionFailed:
            continue  # it changed meanwhile: the next run looks again
        except Refusal:
            failed += 1
            ports.metrics.count("closing_failed")
    return Closed(closed, failed)


def _close(ports: Ports, task: Task) -> bool:
    """Go on with one account; whether nothing is left of it."""
    account = ports.accounts.get(task.account_id)
    if account is not None:
        if account.closes_at != task.deadline:  # cancelled
            ports.tables.commit([ports.agenda.doing(task)])
            return False
        ports.tables.commit(ports.accounts.closing(account, ports.now()))
    leaving = ports.accounts.leaving(task.account_id)
    if leaving is None:
        return False
    _erase(ports, leaving.account)
    if ports.now() < leaving.since + SETTLE_SECONDS:
        return False
    ports.tables.commit(
        [
            ports.accounts.gone(task.account_id),
            ports.agenda.doing(task),
            *tell(ports, leaving.account, "account_closed"),
            ports.audited(task.account_id, "account_closed", "system"),
        ]
    )
    ports.metrics.count("account_closed")
    return True


def _erase(ports: Ports, account: Account) -> None:
    """Erase what the account has anywhere."""
    for step in _STEPS:
        for write in step(ports, account):
            try:
                ports.tables.write(write)
            except ConditionFailed:
                continue  # somebody else's by now, or gone


def _sessions(ports: Ports, account: Account) -> Iterable[Erasure]:
    while ending := ports.sessions.ending_all(account.account_id):
        yield from ending


def _bindings(ports: Ports, account: Account) -> Iterable[Erasure]:
    for number in {person.document_number for person in account.identities}:
        yield from ports.registry.unlinking(number, account.account_id)


def _proofreading(ports: Ports, account: Account) -> Iterable[Erasure]:
    for correction in ports.proofreading.corrections(account.account_id):
        forget_evidence(ports, correction.correction_id, correction.upload)
        yield from ports.proofreading.forgetting(correction)
    yield from ports.proofreading.forgetting_rest(account.account_id)


def _reports(ports: Ports, account: Account) -> Iterable[Erasure]:
    ports.report_files.forget(files_prefix(account.account_id))
    return ports.reports.emptying(account.account_id, ports.now())


def _cases(ports: Ports, account: Account) -> Iterable[Erasure]:
    for review in ports.cases.reviews_of(account.account_id):
        yield from ports.cases.forgetting_review(review)
    for change in ports.cases.identity_changes_of(account.account_id):
        ports.quarantine.delete(change.upload)
        ports.photos.forget(scan_prefix(change.case_id))
        yield from ports.cases.forgetting_change(change)
    yield from ports.cases.forgetting_rest(account.account_id)


def _rest(ports: Ports, account: Account) -> Iterable[Erasure]:
    return ports.accounts.forgetting_rest(account.account_id)


_STEPS: Sequence[Callable[[Ports, Account], Iterable[Erasure]]] = (
    _sessions,
    _bindings,
    _proofreading,
    _reports,
    _cases,
    _rest,
)
"""What is erased, in this order: sessions first, so that nothing new begins."""


def _task(account_id: str, closes_at: int) -> Task:
    return Task(
        job="close",
        name="close_account",
        account_id=account_id,
        deadline=closes_at,
        at=closes_at,
    )
