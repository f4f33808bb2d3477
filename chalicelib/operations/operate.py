"""Keeping the archive running: messages that are not sent, limits lifted, figures of each day."""

from collections import Counter
from datetime import date, timedelta

import msgspec

from chalicelib.domain.audit_chain import HOUR
from chalicelib.domain.emails import comparable, parse_email
from chalicelib.domain.instants import china_date, rfc3339
from chalicelib.domain.messages import PURPOSES
from chalicelib.domain.phones import parse_phone
from chalicelib.operations.ports import Ports
from chalicelib.operations.relay import waiting_seconds
from chalicelib.stores.limits import Hit
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import Delete, Write

MOST_REDRIVEN = 100
"""In one request, which has to answer within seconds."""

_COUNTED = {
    "registrations": "registered",
    "bindings": "bound",
    "reports": "report_issued",
    "verifications": "report_viewed",
}
"""Figure → the action in the audit trail that it counts."""

_OF_CONTACT = (
    "code.destination.day",
    "identity.destination.month",
    "recovery.destination.day",
    "appeal.destination.month",
)
_OF_PURPOSE = ("code.purpose.minute", "code.purpose.hour")
_OF_ACCOUNT = (
    "guess.account.day",
    "reset.account.hour",
    "binding.account.day",
    "correction.account.month",
)


class DeadLetterView(msgspec.Struct, frozen=True, kw_only=True):
    """What is not sent: messages that failed five times, and how long the oldest waits."""

    queue: str
    waiting: int
    oldest_message_seconds: int


class Redriven(msgspec.Struct, frozen=True):
    """How many messages were queued again."""

    redriven: int


class Lifted(msgspec.Struct, frozen=True):
    """The limits that had counted something and begin anew."""

    lifted: tuple[str, ...]


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """A day in China: nobody's data, only how often."""

    day: str
    registrations: int = 0
    bindings: int = 0
    reports: int = 0
    verifications: int = 0
    actions: dict[str, int] = {}


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """Figures of the days, the oldest first; `until` is when they end (null: no hour is sealed)."""

    days: tuple[Day, ...]
    until: str | None


def dead_letters(ports: Ports) -> DeadLetterView:
    """What is not sent. Raises `unavailable`."""
    return DeadLetterView(
        queue="deliver",
        waiting=ports.dead_letters.waiting(),
        oldest_message_seconds=waiting_seconds(ports),
    )


def redrive(ports: Ports, principal: Principal) -> Redriven:
    """Queue dead letters again, a hundred at most; the operator's trail notes it first."""
    ports.tables.commit([ports.audited(principal.account_id, "dead_letters_redriven", "owner")])
    return Redriven(ports.dead_letters.redrive(MOST_REDRIVEN))


def lift_limits(ports: Ports, principal: Principal, *, contact: str, reason: str) -> Lifted:
    """Let somebody's limits begin anew: of a phone or e-mail, and of the account that has it.

    The reason stands in the operator's trail and in the account's. Raises `InvalidInput`.
    """
    value, account_id = _account_of(ports, contact)
    hits = [Hit(rule, value) for rule in _OF_CONTACT]
    for purpose in PURPOSES:
        hits += [Hit(rule, f"{value}/{purpose}") for rule in _OF_PURPOSE]
    if account_id is not None:
        hits += [Hit(rule, account_id) for rule in _OF_ACCOUNT]
    keys = dict(zip(ports.limits.keys(hits), hits, strict=True))
    found = ports.tables.get_many(list(keys))
    lifted = tuple(sorted({keys[key].rule for key in found}))
    by = principal.account_id
    writes: list[Write] = [
        *(Delete(key) for key in found),
        ports.audited(by, "limits_lifted", "owner", reason=reason, subject=account_id or "-"),
    ]
    if account_id is not None:
        writes.append(ports.audited(account_id, "limits_lifted", f"staff:{by}", reason=reason))
    answer = Lifted(lifted)
    ports.commit(writes, reply=answer)
    return answer


def statistics(ports: Ports, days: int) -> Statistics:
    """Figures of the last days up to the last sealed hour, counted from the audit trail's seals."""
    today = china_date(ports.now())
    first = today - timedelta(days=days - 1)
    counted: dict[date, Counter[str]] = {}
    until: int | None = None
    for seal in ports.journal.seals_since(ports.now() // HOUR - 24 * (days + 1)):
        until = (seal.statement.hour + 1) * HOUR
        day = china_date(seal.statement.hour * HOUR)
        counted.setdefault(day, Counter()).update(seal.statement.actions)
    each = (first + timedelta(days=place) for place in range(days))
    return Statistics(
        days=tuple(_day(day, counted.get(day, Counter())) for day in each),
        until=rfc3339(until) if until is not None else None,
    )


def _day(day: date, actions: Counter[str]) -> Day:
    figures = {figure: actions[action] for figure, action in _COUNTED.items()}
    return Day(day=day.isoformat(), actions=dict(sorted(actions.items())), **figures)


def _account_of(ports: Ports, contact: str) -> tuple[str, str | None]:
    """A phone or e-mail as the limits know it, and the account that has it."""
    if "@" in contact:
        email = parse_email(contact, field="contact")
        return email, ports.accounts.holder("email", comparable(email))
    phone = parse_phone(contact, field="contact")
    return phone, ports.accounts.holder("phone", phone)
