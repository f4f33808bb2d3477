"""Changes of key fields that wait for a second person.

change#<id>             -                        a proposed change, kept sealed
changes#<province>      <state>#<instant>#<id>   ref, for the province's reviewers
open-change#<record>    -                        ref = the one change of a record that waits

Two rows find a change that waits; a decided one stays in its province's list.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from chalicelib.domain.records import Family
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.tables import ABSENT, Delete, Key, Put, Row, Tables, When, Write

ChangeState = Literal["waiting", "accepted", "refused"]
Value = str | int | float | None


class FieldChange(msgspec.Struct, frozen=True):
    """One field: what the record says, and what it is to say."""

    field: str
    present: Value
    proposed: Value


class RecordChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A change of a record's version that one of the staff proposed. Instants in epoch seconds.

    `correction_id` is set where a student asked for it.
    """

    change_id: str
    proposer: str
    institution_code: str
    province: str
    family: Family
    record_id: str
    record_version: int
    changes: tuple[FieldChange, ...]
    reason: str
    proposed_at: int
    state: ChangeState = "waiting"
    correction_id: str | None = None
    decided_by: str | None = None
    decided_at: int | None = None
    note: str | None = None
    version: int = 1


class Changes:
    """Proposed changes in the `archive` table."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring

    def get(self, change_id: str) -> RecordChange | None:
        """A change."""
        key = _key(change_id)
        row = self._tables.get(key)
        return self._keyring.open_document(row["sealed"], key, RecordChange) if row else None

    def waiting(self, record_id: str) -> RecordChange | None:
        """The change of a record that waits."""
        row = self._tables.get(open_key(record_id))
        return self.get(str(row["ref"]).partition("#")[2]) if row else None

    def of_province(
        self, province: str, state: ChangeState, *, limit: int, after: str | None
    ) -> tuple[Sequence[RecordChange], str | None]:
        """A province's changes of one state, the oldest first, and where to go on."""
        page = self._tables.query(
            "archive", f"changes#{province}", prefix=f"{state}#", after=after, limit=limit
        )
        keys = [Key("archive", str(row["ref"]), "-") for row in page.rows]
        rows = self._tables.get_many(keys)
        found = [
            self._keyring.open_document(rows[key]["sealed"], key, RecordChange)
            for key in keys
            if key in rows
        ]
        return found, page.next

    def proposing(self, change: RecordChange) -> list[Write]:
        """The writes that propose a change: they fail while another of the record waits."""
        waiting: Row = {
            "pk": open_key(change.record_id).pk,
            "sk": "-",
            "ref": _key(change.change_id).pk,
        }
        return [
            Put("archive", self._row(change), ABSENT),
            Put("archive", _listed(change)),
            Put("archive", waiting, ABSENT),
        ]

    def deciding(self, before: RecordChange, after: RecordChange) -> list[Write]:
        """The writes that decide a change (given as read): they fail when somebody was quicker."""
        following = msgspec.structs.replace(after, version=before.version + 1)
        listed = _listed(before)
        as_read = When(equal={"version": before.version, "state": "waiting"})
        return [
            Put("archive", self._row(following), as_read),
            Delete(Key("archive", str(listed["pk"]), str(listed["sk"]))),
            Put("archive", _listed(following)),
            Delete(open_key(before.record_id)),
        ]

    def _row(self, change: RecordChange) -> Row:
        key = _key(change.change_id)
        return {
            "pk": key.pk,
            "sk": key.sk,
            "state": change.state,
            "version": change.version,
            "sealed": self._keyring.seal_document(change, key),
        }


def open_key(record_id: str) -> Key:
    """Where the one change of a record that waits stands."""
    return Key("archive", f"open-change#{record_id}", "-")


def _key(change_id: str) -> Key:
    return Key("archive", f"change#{change_id}", "-")


def _listed(change: RecordChange) -> Row:
    return {
        "pk": f"changes#{change.province}",
        "sk": f"{change.state}#{change.proposed_at:011d}#{change.change_id}",
        "ref": _key(change.change_id).pk,
    }
