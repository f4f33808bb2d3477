"""Staff reading personal data: counted and audited before anything is answered (A-15, R-67)."""

from collections.abc import Iterable, Sequence

import msgspec

from chalicelib.domain.documents import DOCUMENT_TYPES, comparable_number
from chalicelib.domain.errors import Refusal
from chalicelib.domain.matching import binds_automatically
from chalicelib.domain.records import Facts
from chalicelib.operations.archive import identities_of
from chalicelib.operations.ports import Ports
from chalicelib.stores.accounts import Account, Person, document_value
from chalicelib.stores.limits import Hit, OverLimit, is_counter
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed, Write

_CONTENTION_TRIES = 5
_AT_ONCE = 20
"""Of so many records one commit holds the counters and lines."""


class Read(msgspec.Struct, frozen=True, kw_only=True):
    """What is about to be read: a record (or what stands for one), and whose accounts see it."""

    subject: str
    family: str
    accounts: tuple[str, ...] = ()


def note_reads(
    ports: Ports, principal: Principal, *, action: str, purpose: str, reads: Sequence[Read]
) -> None:
    """Count and audit a reading; only then may the data be answered.

    A record counts once a day. Raises `forbidden` beyond the daily cap: an alarm counts these.
    """
    distinct = _distinct(reads)
    for start in range(0, len(distinct), _AT_ONCE):
        _note(ports, principal, action, purpose, distinct[start : start + _AT_ONCE])


def owners_of(ports: Ports, facts: Iterable[Facts], claimed_by: str | None) -> list[Account]:
    """The accounts that a record is bound to, saying any of `facts`, or claimed by hand."""
    found: dict[str, Account] = {}
    if claimed_by is not None and (account := ports.accounts.get(claimed_by)):
        found[account.account_id] = account
    for said in facts:
        for value in _document_values(said):
            holder = ports.accounts.holder("document", value)
            holding = ports.accounts.get(holder) if holder else None
            if holding and binds_automatically(said, identities_of(holding.identities)):
                found[holding.account_id] = holding
    return list(found.values())


def _distinct(reads: Sequence[Read]) -> list[Read]:
    """Each record once, for all accounts that see it."""
    found: dict[str, Read] = {}
    for read in reads:
        known = found.get(read.subject, read)
        accounts = tuple(dict.fromkeys((*known.accounts, *read.accounts)))
        found[read.subject] = msgspec.structs.replace(known, accounts=accounts)
    return list(found.values())


def _document_values(facts: Facts) -> list[str]:
    """How an account may hold the record's number; of an unknown type it may be each."""
    if not facts.document_number:
        return []
    number = comparable_number(facts.document_type, facts.document_number)
    if number is None:
        return []
    types = [one for one in DOCUMENT_TYPES if facts.document_type in {None, one}]
    persons = (Person(name=facts.name, document_type=one, document_number=number) for one in types)
    return list(dict.fromkeys(document_value(person) for person in persons))


def _note(
    ports: Ports, principal: Principal, action: str, purpose: str, reads: Sequence[Read]
) -> None:
    by = principal.account_id
    own = ports.audited(
        by, action, "owner", purpose=purpose, records=" ".join(read.subject for read in reads)
    )
    lines = [
        ports.audited(
            account,
            "record_read",
            f"staff:{by}",
            purpose=purpose,
            family=read.family,
            record_id=read.subject,
        )
        for read in reads
        for account in read.accounts
    ]
    pairs = [Hit("staff.record.day", f"{by}/{read.subject}") for read in reads]
    for _ in range(_CONTENTION_TRIES):
        try:
            ports.tables.commit([*_counting(ports, by, pairs), own, *lines])
        except ConditionFailed as failure:
            if not any(is_counter(key) for key in failure.failed):
                raise
            continue
        return
    raise Refusal("unavailable", retry_after=1)


def _counting(ports: Ports, by: str, pairs: Sequence[Hit]) -> list[Write]:
    fresh = ports.limits.fresh(pairs, ports.now())
    if not fresh:
        return []
    try:
        return ports.limits.counting([*fresh, Hit("staff.reads.day", by, len(fresh))], ports.now())
    except OverLimit:
        ports.metrics.count("staff_cap_reached")
        raise Refusal("forbidden", cause="daily_cap") from None
