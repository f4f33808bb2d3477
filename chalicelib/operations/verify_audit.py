"""Verifying the audit trail: every line, every chain, every seal, and that nothing else is there.

The trail is walked hour by hour as it was journalled; each partition's chain is followed, compared
with its heads, and these with the signed root of the hour. Then the rows of the table are counted:
each must have been met on the way.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from chalicelib.domain.audit_chain import FIRST, HOUR, Head, hour_of, line_digest, root_of
from chalicelib.operations.ports import Ports
from chalicelib.operations.seal_audit import fold
from chalicelib.stores.audit import AuditLine
from chalicelib.stores.audit_journal import Entry, Seal, journal_hour, kind_of
from chalicelib.stores.audit_signatures import is_signed
from chalicelib.stores.keyring import SealBroken
from chalicelib.stores.tables import Key, Row

Problem = Literal[
    "line_missing",
    "line_altered",
    "line_inserted",
    "journal_altered",
    "head_altered",
    "head_missing",
    "head_inserted",
    "root_differs",
    "seal_missing",
    "seal_altered",
    "seal_moved",
    "seal_key_unknown",
    "seal_unsigned",
    "seal_unlinked",
    "seal_outdated",
    "anchor_differs",
    "row_unknown",
]

STALE_SECONDS = 3 * HOUR
"""A trail whose last sealed hour ended longer ago is no longer sealed, or was cut off."""

_NOT_MET: Mapping[str, Problem] = {"journal": "journal_altered", "head": "head_inserted"}
_LINE_COLUMNS = frozenset({"pk", "sk", "sealed", "state", "request"})


class Finding(msgspec.Struct, frozen=True):
    """Something that is not as it was written: what, and where (ids and hours, nothing else)."""

    problem: Problem
    place: str


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What was verified; `last` is the last seal that holds."""

    lines: int
    partitions: int
    seals: int
    last: Seal | None
    findings: tuple[Finding, ...]


def verify_audit(
    ports: Ports, keys: Iterable[Key], *, anchors: Mapping[int, str] | None = None
) -> Verified:
    """Verify the whole trail. `keys` are the keys of every row of the table.

    `anchors` are digests (hexadecimal) of seals by hour, as the log of `seal_audit` keeps them:
    whoever puts all rows back to older ones cannot change these.
    """
    walk = _Walk(ports)
    for key in keys:
        walk.count(key)
    walk.seals(anchors or {})
    for hour in sorted(walk.hours):
        walk.hour(hour)
    walk.rest()
    return Verified(
        lines=walk.met["line"],
        partitions=len(walk.heads),
        seals=len(walk.sealed),
        last=walk.sealed[max(walk.sealed)] if walk.sealed else None,
        findings=tuple(walk.findings),
    )


@dataclass
class _Walk:
    """What was met so far. The rows are counted first: lines added meanwhile are met beyond that.

    `heads` follows each partition's chain, `claimed` are the hours that have a seal, `sealed` the
    seals that hold.
    """

    ports: Ports
    findings: list[Finding] = field(default_factory=list)
    hours: set[int] = field(default_factory=set)
    stored: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    unmet: Counter[str] = field(default_factory=Counter)
    heads: dict[str, Head] = field(default_factory=dict)
    kept: dict[str, Mapping[int, Head]] = field(default_factory=dict)
    claimed: set[int] = field(default_factory=set)
    sealed: dict[int, Seal] = field(default_factory=dict)

    def find(self, problem: Problem, place: object) -> None:
        self.findings.append(Finding(problem, str(place)))

    def count(self, key: Key) -> None:
        """Note a row of the table."""
        kind = kind_of(key)
        if kind is None:
            self.find("row_unknown", f"{key.pk} {key.sk}")
            return
        self.stored[kind] += 1
        if kind == "journal":
            self.hours.add(journal_hour(key))
        elif kind == "line":
            self.hours.add(hour_of(key.sk))
            self.unmet[key.pk] += 1

    def seals(self, anchors: Mapping[int, str]) -> None:
        """Signatures, and that each seal follows the one before, up to now."""
        before, expected = FIRST, None
        for hour, seal in self.ports.journal.seals():
            self.claimed.add(hour)
            for missing in range(expected or hour, hour):
                self.find("seal_missing", missing)
            expected = hour + 1
            if seal is None:
                self.find("seal_altered", hour)
            elif self._holds(hour, seal, before):
                self.sealed[hour] = seal
            before = seal.statement.digest if seal else FIRST
        self.hours |= self.claimed
        self._from_the_first_hour()
        self._up_to_now()
        for hour, digest in anchors.items():
            anchored = self.sealed.get(hour)
            if anchored is None or anchored.statement.digest.hex() != digest:
                self.find("anchor_differs", hour)

    def hour(self, hour: int) -> None:
        """An hour's lines, the chains through them, and the root over these."""
        entries = self.ports.journal.entries(hour)
        for partition, lines in entries.items():
            self._lines(hour, partition, lines)
            self.heads[partition] = fold(self.heads.get(partition, Head()), lines)
            self._head(partition, hour)
        seal = self.sealed.get(hour)
        if seal is not None:
            lines_met = sum(len(lines) for lines in entries.values())
            root = root_of((partition, self.heads[partition]) for partition in entries)
            if (seal.statement.lines, seal.statement.root) != (lines_met, root):
                self.find("root_differs", hour)

    def rest(self) -> None:
        """Whatever is in the table and was not met."""
        for partition, count in sorted(self.unmet.items()):
            if count > 0:
                self.find("line_inserted", partition)
        for kind, problem in _NOT_MET.items():
            if self.stored[kind] > self.met[kind]:
                self.find(problem, f"{self.stored[kind] - self.met[kind]} rows")

    def _holds(self, hour: int, seal: Seal, before: bytes) -> bool:
        statement = seal.statement
        key = self.ports.audit_signer.public_keys().get(seal.key_id)
        problems: list[tuple[Problem, bool]] = [
            ("seal_moved", (statement.hour, statement.stage) != (hour, self.ports.keyring.stage)),
            ("seal_unlinked", statement.before != before),
            ("seal_key_unknown", key is None),
            ("seal_unsigned", not is_signed(key, statement.message, seal.signature)),
        ]
        found = [problem for problem, holds in problems if holds]
        for problem in found:
            self.find(problem, hour)
        return not found

    def _from_the_first_hour(self) -> None:
        """No hour with lines is before the first seal."""
        first = min(self.claimed, default=None)
        for hour in sorted(self.hours):
            if first is not None and hour < first:
                self.find("seal_missing", hour)

    def _up_to_now(self) -> None:
        """The last seal is of late; only a stage that has just begun has none."""
        last = max(self.claimed, default=min(self.hours, default=0) - 1)
        if (last + 1) * HOUR < self.ports.now() - STALE_SECONDS:
            self.find("seal_outdated", last)

    def _lines(self, hour: int, partition: str, entries: Sequence[Entry]) -> None:
        rows = self.ports.journal.lines(entries)
        for entry in entries:
            self.met["journal"] += 1
            place = f"{partition} {entry.place}"
            if hour_of(entry.place) != hour:
                self.find("journal_altered", place)
            row = rows.get(entry.key)
            if row is None:
                self.find("line_missing", place)
                continue
            self.met["line"] += 1
            self.unmet[partition] -= 1
            if not self._as_written(entry, row):
                self.find("line_altered", place)

    def _as_written(self, entry: Entry, row: Row) -> bool:
        sealed = row.get("sealed")
        if not isinstance(sealed, bytes) or not row.keys() <= _LINE_COLUMNS:
            return False
        try:
            line = self.ports.keyring.open_document(sealed, entry.key, AuditLine)
        except (SealBroken, msgspec.DecodeError):
            return False
        if {row.get("state", line.action), entry.action or line.action} != {line.action}:
            return False
        return line_digest(entry.partition, entry.place, sealed) == entry.digest

    def _head(self, partition: str, hour: int) -> None:
        """Compare with the head that was kept; an hour that is being sealed may have none yet."""
        if partition not in self.kept:
            self.kept[partition] = self.ports.journal.heads(partition)
        kept = self.kept[partition].get(hour)
        if kept is None:
            if hour in self.claimed:
                self.find("head_missing", f"{partition} {hour}")
            return
        self.met["head"] += 1
        if kept != self.heads[partition]:
            self.find("head_altered", f"{partition} {hour}")


def report(verified: Verified) -> Iterator[str]:
    """What an operator reads."""
    yield (
        f"{verified.lines} lines in {verified.partitions} partitions, "
        f"{verified.seals} seals verified"
    )
    if verified.last is not None:
        statement = verified.last.statement
        yield f"last seal: hour {statement.hour}, digest {statement.digest.hex()}"
    for finding in verified.findings:
        yield f"{finding.problem}: {finding.place}"
    yield "the trail is whole" if not verified.findings else "THE TRAIL WAS TAMPERED WITH"
