"""Changing one record of the registry in one commit; see `chalicelib.stores.registry`.

The record's mark holds its version: a change that somebody else was quicker than fails there.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from chalicelib.domain.documents import comparable_number
from chalicelib.domain.natural_keys import natural_key
from chalicelib.domain.record_numbers import record_numbers
from chalicelib.domain.records import Facts, Family, PhotoKind, Record
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.record_rows import (
    ALIAS,
    Held,
    RecordRows,
    claim_key,
    mark_key,
    record_key,
)
from chalicelib.stores.tables import (
    ABSENT,
    PRESENT,
    Check,
    ConditionFailed,
    Delete,
    Key,
    Put,
    Row,
    Tables,
    When,
    Write,
)


@dataclass(frozen=True, slots=True)
class Filed:
    """A record as it is filed: with its mark, and who has bound it by hand."""

    held: Held
    mark: Row
    claim: Row | None

    @property
    def record(self) -> Record:
        """The record itself."""
        return self.held.record

    @property
    def claimed_by(self) -> str | None:
        """The account that bound it by hand."""
        return str(self.claim["ref"]) if self.claim else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """By whom a record is changed (as its owner reads it), why, and when (epoch seconds)."""

    by: str
    text: str
    at: int


class RecordChanges:
    """Changes of single records in the `registry` table."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._rows = RecordRows(keyring)

    def find(self, family: Family, record_id: str) -> Filed | None:
        """A record by its id: its mark, then the record and its claim."""
        mark = self._tables.get(mark_key(record_id))
        if mark is None or mark.get("state") == ALIAS:
            return None
        home = str(mark["ref"])
        record, claim = Key("registry", home, f"{family}#{record_id}"), f"claim#{record_id}"
        claimed = Key("registry", home, claim)
        found = self._tables.get_many([record, claimed])
        if record not in found:
            return None
        return Filed(self._rows.held(found[record]), mark, found.get(claimed))

    def version(self, record_id: str) -> int:
        """A record's present version; 0 where there is none."""
        mark = self._tables.get(mark_key(record_id))
        return int(mark.get("version", 0)) if mark else 0

    def changing(
        self,
        filed: Filed,
        *,
        facts: Facts,
        hold_reason: str | None,
        reason: Reason,
    ) -> tuple[Record, list[Write]]:
        """A record's (given as read) next version, and the writes that file it.

        With another document number it moves: in this commit it leaves its old home, the binding
        by hand ends, and its numbers lead to the new one. The commit fails where the record was
        changed meanwhile; raises `ConditionFailed` where another record has its new number.
        """
        before = filed.record
        record = msgspec.structs.replace(
            before,
            version=max(before.version, int(filed.mark["version"])) + 1,
            updated_at=reason.at,
            facts=facts,
            hold_reason=hold_reason,
        )
        held = msgspec.structs.replace(filed.held, record=record, home=self._home(filed, facts))
        old = self._rows.old_version(before, now=reason.at, by=reason.by, reason=reason.text)
        return record, [
            self._marking(filed, held),
            Put("registry", old, ABSENT),
            *self._placing(filed, held),
            *self._pointing(filed.held, held),
            *self._aliasing(before, facts),
        ]

    def filing(
        self,
        family: Family,
        facts: Facts,
        *,
        now: int,
        photos: Mapping[PhotoKind, str] | None = None,
    ) -> tuple[Record, list[Write]]:
        """A new record, and the writes that file it: they fail where there is one already."""
        record = Record(
            record_id=self._rows.record_id(family, natural_key(family, facts)),
            family=family,
            version=1,
            updated_at=now,
            facts=facts,
            photos=dict(photos or {}),
        )
        home = self._rows.home(record.record_id, _person_number(facts))
        held = Held(record=record, home=home, imported_at=now)
        mark = {**_mark(record.record_id, held.home, 1), "digest": b""}
        pointers = self._rows.pointers(held, record_numbers(facts))
        return record, [
            Put("registry", mark, ABSENT),
            Put("registry", self._rows.record(held)),
            *(Put("registry", row) for row in pointers),
        ]

    def _home(self, filed: Filed, facts: Facts) -> str:
        before = filed.record.facts
        document = (facts.document_type, facts.document_number)
        if document == (before.document_type, before.document_number):
            return filed.held.home
        return self._rows.home(filed.record.record_id, _person_number(facts))

    def _marking(self, filed: Filed, held: Held) -> Put:
        """The mark keeps the digest of what was delivered last: delivered again, it says nothing
        new.
        """
        row = {
            **_mark(held.record.record_id, held.home, held.record.version),
            "digest": filed.mark["digest"],
        }
        as_read = {"version": filed.mark["version"], "ref": filed.mark["ref"]}
        return Put("registry", row, When(equal=as_read))

    def _placing(self, filed: Filed, held: Held) -> list[Write]:
        """The record at its home; from another one it takes nothing along."""
        row = self._rows.record(held)
        if held.home == filed.held.home:
            return [Put("registry", row, PRESENT)]
        claim = claim_key(filed.held)
        writes: list[Write] = [
            Put("registry", row, ABSENT),
            Delete(record_key(filed.held), PRESENT),
        ]
        if filed.claim is None:
            return [*writes, Check(claim, ABSENT)]
        link = Key("registry", str(filed.claim["link"]), f"link#{record_key(held).sk}")
        return [*writes, Delete(claim, When(equal={"ref": filed.claim["ref"]})), Delete(link)]

    def _pointing(self, before: Held, after: Held) -> list[Write]:
        """The rows by which numbers lead to the record, where they change."""
        old, new = (
            {row["pk"]: row for row in self._rows.pointers(one, record_numbers(one.record.facts))}
            for one in (before, after)
        )
        gone = [row for pk, row in old.items() if pk not in new]
        made = [row for pk, row in new.items() if old.get(pk) != row]
        return [
            *(Delete(Key("registry", row["pk"], row["sk"])) for row in gone),
            *(Put("registry", row) for row in made),
        ]

    def _aliasing(self, before: Record, facts: Facts) -> list[Write]:
        """Where the number that names the record in its source changes: the record keeps its id,
        and the new number leads to it, unless another record has it.
        """
        old, new = natural_key(before.family, before.facts), natural_key(before.family, facts)
        if old == new:
            return []
        key = mark_key(self._rows.record_id(before.family, new))
        row = {"pk": key.pk, "sk": key.sk, "state": ALIAS, "ref": before.record_id}
        present = self._tables.get(key)
        if present is None:
            return [Put("registry", row, ABSENT)]
        if key == mark_key(before.record_id) or present == row:
            return []  # it had that number before
        raise ConditionFailed([key], {key: present})


def _person_number(facts: Facts) -> str | None:
    """The number that a record is filed under, if it has one that can be one."""
    if not facts.document_number:
        return None
    return comparable_number(facts.document_type, facts.document_number)


def _mark(record_id: str, home: str, version: int) -> dict[str, str | int | bytes]:
    key = mark_key(record_id)
    return {"pk": key.pk, "sk": key.sk, "ref": home, "version": version}
