"""Which audit lines were added in which hour, and the seals over them.

Rows of the `audit` table beside the lines themselves; none is ever changed:

journal#<hour>#<shard>   <partition>#<place>   digest = of the line there, state = its action
chain#<partition>        <hour>                the partition's head after that hour: count, digest
seals                    <hour>                sealed = the signed `Seal` (public, not encrypted)

`Journalled` adds the journal's row to every commit that adds a line: no line can do without.
"""

import re
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

from chalicelib.domain.audit_chain import Head, Statement, hour_of, line_digest
from chalicelib.stores.tables import (
    ABSENT,
    ConditionFailed,
    Delete,
    Key,
    Page,
    Put,
    Row,
    TableName,
    Tables,
    Update,
    Write,
)

SHARDS = 8
"""Spreads an hour's writes: DynamoDB takes a thousand a second in one partition."""

RowKind = Literal["line", "journal", "head", "seal"]

_JOURNAL, _CHAIN, _SEALS = "journal#", "chain#", "seals"
_LINE = r"[a-z]+#[A-Za-z0-9_-]+", r"[0-9]{11}#[A-Za-z0-9_-]+"
_SHAPES: Mapping[RowKind, re.Pattern[str]] = {
    "journal": re.compile(rf"journal#[0-9]{{10}}#[0-9]\n{_LINE[0]}#{_LINE[1]}", re.ASCII),
    "head": re.compile(rf"chain#{_LINE[0]}\n[0-9]{{10}}", re.ASCII),
    "seal": re.compile(r"seals\n[0-9]{10}", re.ASCII),
    "line": re.compile(rf"{_LINE[0]}\n{_LINE[1]}", re.ASCII),
}


@dataclass(frozen=True, slots=True)
class Journalled:
    """`Tables` on which an audit line is added only together with its row in the journal.

    A row of its own for each line, so that two commits of one account do not touch the same row.
    Raises `ValueError` for any other way to write a line.
    """

    tables: Tables

    def get(self, key: Key) -> Row | None:
        """See `Tables.get`."""
        return self.tables.get(key)

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Row]:
        """See `Tables.get_many`."""
        return self.tables.get_many(keys)

    def query(
        self,
        table: TableName,
        pk: str,
        *,
        prefix: str = "",
        after: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Page:
        """See `Tables.query`."""
        return self.tables.query(
            table, pk, prefix=prefix, after=after, limit=limit, newest_first=newest_first
        )

    def due(self, table: TableName, bucket: str, *, until: int, limit: int) -> Sequence[Key]:
        """See `Tables.due`."""
        return self.tables.due(table, bucket, until=until, limit=limit)

    def write(self, write: Put | Update | Delete) -> Row | None:
        """See `Tables.write`."""
        if _is_line(write.key):
            raise ValueError("an audit line is added by a commit")
        return self.tables.write(write)

    def commit(self, writes: Sequence[Write]) -> None:
        """See `Tables.commit`."""
        journal = [_journal_row(write) for write in writes if _is_line(write.key)]
        self.tables.commit([*writes, *journal])

    def load(self, table: TableName, rows: Sequence[Row]) -> None:
        """See `Tables.load`."""
        if table == "audit":
            raise ValueError("an audit line is added by a commit")
        self.tables.load(table, rows)


class Entry(msgspec.Struct, frozen=True):
    """One line as the journal has it."""

    partition: str
    place: str
    digest: bytes
    action: str = ""

    @property
    def key(self) -> Key:
        """Where the line itself stands."""
        return Key("audit", self.partition, self.place)


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """An hour's seal: what was signed, when (epoch seconds), by which key, and the signature."""

    statement: Statement
    at: int
    key_id: str
    signature: bytes


class Journal:
    """The journal, the chains and the seals."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def entries(self, hour: int) -> Mapping[str, Sequence[Entry]]:
        """The lines of an hour by partition, each partition's in order of their places."""
        found: dict[str, list[Entry]] = defaultdict(list)
        for shard in range(SHARDS):
            for row in _whole("journal", self._tables.query("audit", _journal_pk(hour, shard))):
                entry = _entry(row)
                found[entry.partition].append(entry)
        return {partition: sorted(found[partition], key=_place) for partition in sorted(found)}

    def lines(self, entries: Sequence[Entry]) -> Mapping[Key, Row]:
        """Those of the lines that are there."""
        return self._tables.get_many([entry.key for entry in entries])

    def head(self, partition: str, before: int) -> Head:
        """The partition's head as it was before an hour."""
        # The hour itself may be there: a sealing that was cut short.
        rows = self._tables.query("audit", f"{_CHAIN}{partition}", limit=2, newest_first=True).rows
        earlier = [row for row in rows if int(str(row["sk"])) < before]
        return _head(earlier[0]) if earlier else Head()

    def heads(self, partition: str) -> Mapping[int, Head]:
        """The partition's head after each hour in which it got lines."""
        page = self._tables.query("audit", f"{_CHAIN}{partition}")
        return {int(str(row["sk"])): _head(row) for row in _whole("head", page)}

    def keep_head(self, partition: str, hour: int, head: Head) -> bool:
        """Keep the head after an hour; False where another one stands."""
        row: Row = {
            "pk": f"{_CHAIN}{partition}",
            "sk": _hour(hour),
            "count": head.count,
            "digest": head.link,
        }
        try:
            self._tables.write(Put("audit", row, ABSENT))
        except ConditionFailed as failure:
            return any(_head(present) == head for present in failure.rows.values())
        return True

    def seals(self) -> Iterator[tuple[int, Seal | None]]:
        """Every seal by its hour, in order; None where what stands there is none."""
        for row in _whole("seal", self._tables.query("audit", _SEALS)):
            yield int(str(row["sk"])), _seal(row)

    def seals_since(self, hour: int) -> Iterator[Seal]:
        """The seals of this hour and of those after it."""
        page = self._tables.query("audit", _SEALS, after=_hour(hour - 1))
        yield from (seal for row in _whole("seal", page) if (seal := _seal(row)))

    def last_seal(self) -> Seal | None:
        """The latest seal. Raises `ValueError` where what stands there is none."""
        rows = self._tables.query("audit", _SEALS, limit=1, newest_first=True).rows
        seal = _seal(rows[0]) if rows else None
        if rows and seal is None:
            raise ValueError("the last seal is altered")
        return seal

    def keep_seal(self, seal: Seal) -> bool:
        """Keep an hour's seal; False where somebody was quicker."""
        row: Row = {
            "pk": _SEALS,
            "sk": _hour(seal.statement.hour),
            "sealed": msgspec.json.encode(seal),
        }
        try:
            self._tables.write(Put("audit", row, ABSENT))
        except ConditionFailed:
            return False
        return True


def kind_of(key: Key) -> RowKind | None:
    """What a row of the table is; None for what nobody here has written."""
    address = f"{key.pk}\n{key.sk}"
    return next((kind for kind, shape in _SHAPES.items() if shape.fullmatch(address)), None)


def journal_hour(key: Key) -> int:
    """The hour of a row of the journal."""
    return int(key.pk.split("#")[1])


def _is_line(key: Key) -> bool:
    return key.table == "audit" and key.pk != _SEALS and not key.pk.startswith((_JOURNAL, _CHAIN))


def _journal_row(write: Write) -> Put:
    sealed = write.row["sealed"] if isinstance(write, Put) and write.when == ABSENT else None
    if not isinstance(sealed, bytes):
        raise ValueError("an audit line is sealed, and only ever added")  # noqa: TRY004
    key = write.key
    shard = zlib.crc32(key.pk.encode()) % SHARDS
    row: Row = {
        "pk": _journal_pk(hour_of(key.sk), shard),
        "sk": f"{key.pk}#{key.sk}",
        "digest": line_digest(key.pk, key.sk, sealed),
    }
    action = write.row.get("state") if isinstance(write, Put) else None
    return Put("audit", {**row, "state": action} if action else row, ABSENT)


def _journal_pk(hour: int, shard: int) -> str:
    return f"{_JOURNAL}{_hour(hour)}#{shard}"


def _hour(hour: int) -> str:
    return f"{hour:010d}"


def _whole(kind: RowKind, page: Page) -> Iterator[Row]:
    """The rows of a page that are what they should be."""
    for row in page.rows:
        if kind_of(Key("audit", str(row["pk"]), str(row["sk"]))) == kind:
            yield row


def _entry(row: Row) -> Entry:
    partition, at, line_id = str(row["sk"]).rsplit("#", 2)
    digest = row.get("digest")
    stored = digest if isinstance(digest, bytes) else b""
    return Entry(partition, f"{at}#{line_id}", stored, str(row.get("state", "")))


def _place(entry: Entry) -> str:
    return entry.place


def _head(row: Row) -> Head:
    count, link = row.get("count"), row.get("digest")
    if isinstance(count, int) and isinstance(link, bytes):
        return Head(count, link)
    return Head(-1)


def _seal(row: Row) -> Seal | None:
    try:
        return msgspec.json.decode(bytes(row["sealed"]), type=Seal)  # type: ignore[arg-type]
    except (KeyError, TypeError, msgspec.DecodeError):
        return None
