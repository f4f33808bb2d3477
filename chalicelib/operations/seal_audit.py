"""Sealing the audit trail: once an hour, over what every partition got in an hour that is over.

Safe to run twice, at once, or killed midway: what an hour's seal covers no longer changes when it
is made, so a second sealing comes to the same heads and leaves the first's seal as it is.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from chalicelib.domain.audit_chain import (
    FIRST,
    HOUR,
    Head,
    Statement,
    following,
    line_digest,
    root_of,
)
from chalicelib.operations.document_scans import SETTLE_SECONDS
from chalicelib.operations.ports import Ports
from chalicelib.stores.audit_journal import Entry, Seal

_LOOK_BACK_HOURS = 24
"""The schedule begins with a stage; what was written in the day before its first run is sealed."""


class Sealing(msgspec.Struct, frozen=True, kw_only=True):
    """How many hours were sealed, lines found altered or missing on the way, and the last seal."""

    hours: int
    broken: int
    last: Seal | None


def seal_audit(ports: Ports) -> Sealing:
    """Seal every hour that is over and settled, in order.

    Raises `Refusal("unavailable")`, and `ValueError` where the last seal is none or lies ahead:
    somebody wants the sealing to stop.
    """
    last = ports.journal.last_seal()
    until = (ports.now() - SETTLE_SECONDS) // HOUR
    if last is not None and last.statement.hour >= until:
        raise ValueError("the last seal lies ahead")
    since = last.statement.hour + 1 if last else _first_hour(ports, until)
    hours = broken = 0
    for hour in range(since, until):
        broken += _seal(ports, hour, last)
        last, hours = ports.journal.last_seal(), hours + 1
    return Sealing(hours=hours, broken=broken, last=last)


def fold(head: Head, entries: Sequence[Entry]) -> Head:
    """A partition's chain after these lines."""
    for entry in entries:
        head = following(head, entry.place, entry.digest)
    return head


def _first_hour(ports: Ports, until: int) -> int:
    hours = range(until - _LOOK_BACK_HOURS, until)
    return next((hour for hour in hours if ports.journal.entries(hour)), until - 1)


def _seal(ports: Ports, hour: int, last: Seal | None) -> int:
    """Seal one hour; how much of it is broken. A broken line is sealed as the journal has it."""
    entries = ports.journal.entries(hour)
    broken, heads = 0, {}
    for partition, lines in entries.items():
        head = fold(ports.journal.head(partition, hour), lines)
        broken += not ports.journal.keep_head(partition, hour, head)
        broken += len(lines) - _whole(ports, lines)
        heads[partition] = head
    statement = Statement(
        stage=ports.keyring.stage,
        hour=hour,
        partitions=len(heads),
        lines=sum(len(lines) for lines in entries.values()),
        root=root_of(heads.items()),
        before=last.statement.digest if last else FIRST,
        actions=_actions(entries),
    )
    key_id, signature = ports.audit_signer.sign(statement.message)
    seal = Seal(statement=statement, at=ports.now(), key_id=key_id, signature=signature)
    ports.journal.keep_seal(seal)
    for _ in range(broken):
        ports.metrics.count("audit_broken")
    return broken


def _actions(entries: Mapping[str, Sequence[Entry]]) -> dict[str, int]:
    counted = Counter(entry.action for lines in entries.values() for entry in lines)
    return {action: counted[action] for action in sorted(counted) if action}


def _whole(ports: Ports, entries: Sequence[Entry]) -> int:
    """How many of the lines are there as they were written."""
    rows = ports.journal.lines(entries)
    return sum(
        line_digest(entry.partition, entry.place, sealed) == entry.digest
        for entry in entries
        if isinstance(sealed := rows.get(entry.key, {}).get("sealed"), bytes)
    )
