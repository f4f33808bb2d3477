"""Tables for tests: every call can be watched, delayed or broken, and memory can be rewound."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from chalicelib.adapters.memory_tables import MemoryTables
from chalicelib.stores.tables import (
    Check,
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


class ShapedTables(InterceptedTables):
    """`Tables` that note the shape of every call: its kind, tables, and sizes in KiB."""

    def __init__(self, tables: Tables) -> None:
        super().__init__(tables)
        self.shapes: list[str] = []

    def get(self, key: Key) -> Row | None:
        self.shapes.append(f"get {key.table}")
        return super().get(key)

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Row]:
        if keys:
            self.shapes.append(f"get_many {sorted(key.table for key in keys)}")
        return super().get_many(keys)

    def query(self, table: TableName, pk: str, **how: Any) -> Page:
        self.shapes.append(f"query {table}")
        return super().query(table, pk, **how)

    def write(self, write: Put | Update | Delete) -> Row | None:
        self.shapes.append(f"write {_size(write)}")
        return super().write(write)

    def commit(self, writes: Sequence[Write]) -> None:
        self.shapes.append(f"commit {sorted(map(_size, writes))}")
        super().commit(writes)


def _size(write: Write) -> str:
    """What a write is billed and replicated as: putting and updating are one kind."""
    if isinstance(write, Delete | Check):
        return type(write).__name__
    columns = write.row if isinstance(write, Put) else {**write.set, **write.add}
    size = sum(len(name) + len(_encoded(value)) for name, value in columns.items())
    return f"{1 + size // 1024} KiB"


def _encoded(value: Value) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


class RewindableTables(MemoryTables):
    """Memory whose rows can be seen, kept and put back."""

    def all_rows(self) -> Mapping[Key, Row]:
        """A copy of every row."""
        return {key: dict(row) for key, row in self._rows.items()}

    def put_back(self, rows: Mapping[Key, Row]) -> None:
        """Replace all rows."""
        fresh: dict[Key, dict[str, Value]] = {key: dict(row) for key, row in rows.items()}
        self._rows = fresh
