"""The status lists: who stands where, what has changed, and the lists as they were signed.

list#<list>        <index>          ref = the report's partition: the place is taken
change#<minute>    <list>#<index>   ref = the report's partition: look at it in that minute
lists              <list>           at = when it was signed last
statuses#<list>    -                sealed = bits and signed token (public), version
lists#looked       -                at = the last minute that was looked at

Changes are rows of their own, written in the commit that changes a report, and for the end of its
validity in the minute that ends: nothing has to be searched for.
"""

import zlib

import msgspec

from chalicelib.domain.status_lists import StatusEntry, empty_list
from chalicelib.stores.tables import (
    ABSENT,
    ConditionFailed,
    Delete,
    Key,
    Put,
    Row,
    Tables,
    When,
)

MINUTE = 60
_PLACES = 6


class SignedList(msgspec.Struct, frozen=True, kw_only=True):
    """A list as it was signed; `version` guards against two at once (0: never signed)."""

    bits: bytes
    token: str = ""
    version: int = 0


class Change(msgspec.Struct, frozen=True):
    """A place to look at, and the report that has it."""

    list_id: str
    index: int
    report: Key


def taking(entry: StatusEntry, report: Key) -> Put:
    """The write that takes a place; it fails where that is taken."""
    key = place_of(entry)
    return Put("reports", {"pk": key.pk, "sk": key.sk, "ref": report.pk}, ABSENT)


def place_of(entry: StatusEntry) -> Key:
    """Where it is written that a place is taken."""
    return Key("reports", f"list#{entry.list_id}", f"{entry.index:0{_PLACES}d}")


def changing(entry: StatusEntry, report: Key, at: int) -> Put:
    """The write that has a report looked at in the minute of `at` (epoch seconds)."""
    place = f"{entry.list_id}#{entry.index:0{_PLACES}d}"
    return Put("reports", {"pk": f"change#{at // MINUTE}", "sk": place, "ref": report.pk})


class StatusLists:
    """The lists, for whoever publishes them."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def changes(self, minute: int) -> list[Change]:
        """What is to be looked at in a minute (since the epoch)."""
        rows = self._tables.query("reports", f"change#{minute}").rows
        return [_change(row) for row in rows]

    def forget(self, minute: int) -> None:
        """Remove the changes of a minute."""
        for row in self._tables.query("reports", f"change#{minute}").rows:
            self._tables.write(Delete(Key("reports", str(row["pk"]), str(row["sk"]))))

    def reports(self, changes: list[Change]) -> dict[Key, Row]:
        """The rows of the reports: their state and their end of validity stand in the open."""
        return dict(self._tables.get_many(list({change.report for change in changes})))

    def open(self, list_id: str) -> None:
        """Have a list published from now on."""
        try:
            self._tables.write(Put("reports", {"pk": "lists", "sk": list_id, "at": 0}, ABSENT))
        except ConditionFailed:
            return

    def signed_at(self) -> dict[str, int]:
        """Every list, and when it was signed last (epoch seconds)."""
        rows = self._tables.query("reports", "lists").rows
        return {str(row["sk"]): int(row["at"]) for row in rows}

    def get(self, list_id: str) -> SignedList | None:
        """A list as it was signed last; None when there is none."""
        row = self._tables.get(_content(list_id))
        if row is None or not isinstance(row["sealed"], bytes):
            return None
        bits, token = msgspec.msgpack.decode(row["sealed"], type=tuple[bytes, str])
        return SignedList(bits=zlib.decompress(bits), token=token, version=int(row["version"]))

    def read(self, list_id: str) -> SignedList:
        """The same; an empty one when there is none."""
        return self.get(list_id) or SignedList(bits=empty_list())

    def keep(self, list_id: str, made: SignedList, now: int) -> None:
        """Keep what was signed now. Raises `ConditionFailed` when somebody else was quicker."""
        key = _content(list_id)
        row: Row = {
            "pk": key.pk,
            "sk": key.sk,
            "version": made.version + 1,
            "sealed": msgspec.msgpack.encode((zlib.compress(made.bits), made.token)),
        }
        when = When(equal={"version": made.version}) if made.version else ABSENT
        signed = Put("reports", {"pk": "lists", "sk": list_id, "at": now})
        self._tables.commit([Put("reports", row, when), signed])

    def looked_at(self) -> int | None:
        """The last minute that was looked at."""
        row = self._tables.get(_LOOKED)
        return int(row["at"]) if row else None

    def look_on_from(self, minute: int) -> None:
        """Keep the last minute that was looked at."""
        self._tables.write(Put("reports", {"pk": _LOOKED.pk, "sk": _LOOKED.sk, "at": minute}))


_LOOKED = Key("reports", "lists#looked", "-")


def _content(list_id: str) -> Key:
    return Key("reports", f"statuses#{list_id}", "-")


def _change(row: Row) -> Change:
    list_id, _, index = str(row["sk"]).partition("#")
    return Change(list_id, int(index), Key("reports", str(row["ref"]), "-"))
