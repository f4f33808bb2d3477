"""Tables for tests: every call can be watched, delayed or broken, and memory can be rewound."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, TypeVar

from chalicelib.adapters.memory_tables import MemoryTables
from chalicelib.stores.tables import (
    Delete,
    Key,
    Page,
    Put,
    Row,
    TableName,
    Tables,
    Update,
    Value,
    Write,
)

T = TypeVar("T")


class Around(Protocol):
    """What stands around a call: it decides whether and when the call is made."""

    def __call__(self, name: str, call: Callable[[], T]) -> T:
        """Make the call named `name` (a method of `Tables`), or raise instead."""


def straight(name: str, call: Callable[[], T]) -> T:
    """Nothing stands around the call."""
    return call()


class InterceptedTables:
    """`Tables` whose calls all go through `around`, which may be exchanged at any time."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.around: Around = straight

    def get(self, key: Key) -> Row | None:
        return self.around("get", lambda: self.tables.get(key))

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Row]:
        if not keys:
            return {}  # no call is made for nothing
        return self.around("get_many", lambda: self.tables.get_many(keys))

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
        return self.around(
            "query",
            lambda: self.tables.query(
                table, pk, prefix=prefix, after=after, limit=limit, newest_first=newest_first
            ),
        )

    def due(self, table: TableName, bucket: str, *, until: int, limit: int) -> Sequence[Key]:
        return self.around("due", lambda: self.tables.due(table, bucket, until=until, limit=limit))

    def write(self, write: Put | Update | Delete) -> Row | None:
        return self.around("write", lambda: self.tables.write(write))

    def commit(self, writes: Sequence[Write]) -> None:
        self.around("commit", lambda: self.tables.commit(writes))

    def load(self, table: TableName, rows: Sequence[Row]) -> None:
        self.around("load", lambda: self.tables.load(table, rows))


class RewindableTables(MemoryTables):
    """Memory whose rows can be seen, kept and put back."""

    def all_rows(self) -> Mapping[Key, Row]:
        """A copy of every row."""
        return {key: dict(row) for key, row in self._rows.items()}

    def put_back(self, rows: Mapping[Key, Row]) -> None:
        """Replace all rows."""
        fresh: dict[Key, dict[str, Value]] = {key: dict(row) for key, row in rows.items()}
        self._rows = fresh
