"""The tables in memory: the same promises as DynamoDB's, for tests in milliseconds."""

import threading
from collections.abc import Mapping, Sequence

from chalicelib.stores.tables import (
    MOST_WRITES,
    Check,
    ConditionFailed,
    Delete,
    Key,
    Page,
    Put,
    Row,
    TableName,
    Update,
    Value,
    When,
    Write,
)


class MemoryTables:
    """An in-process `Tables`: one lock, one dictionary."""

    def __init__(self) -> None:
        self._rows: dict[Key, dict[str, Value]] = {}
        self._lock = threading.RLock()

    def get(self, key: Key) -> Row | None:
        """See `Tables.get`."""
        with self._lock:
            row = self._rows.get(key)
            return dict(row) if row is not None else None

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Row]:
        """See `Tables.get_many`."""
        found = {key: self.get(key) for key in keys}
        return {key: row for key, row in found.items() if row is not None}

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
        with self._lock:
            keys = [
                key
                for key in self._rows
                if key.table == table and key.pk == pk and key.sk.startswith(prefix)
            ]
            keys.sort(key=lambda key: key.sk, reverse=newest_first)
            if after is not None:
                keys = [key for key in keys if (key.sk < after if newest_first else key.sk > after)]
            taken = keys if limit is None else keys[:limit]
            more = len(keys) > len(taken)
            return Page([dict(self._rows[key]) for key in taken], taken[-1].sk if more else None)

    def due(self, table: TableName, bucket: str, *, until: int, limit: int) -> Sequence[Key]:
        """See `Tables.due`."""
        with self._lock:
            found = [
                key
                for key, row in self._rows.items()
                if key.table == table
                and row.get("bucket") == bucket
                and _number(row.get("expires_at")) <= until
            ]
            return found[:limit]

    def write(self, write: Put | Update | Delete) -> Row | None:
        """See `Tables.write`."""
        with self._lock:
            self._require([write])
            return self._apply(write)

    def commit(self, writes: Sequence[Write]) -> None:
        """See `Tables.commit`."""
        if len(writes) > MOST_WRITES or len({write.key for write in writes}) != len(writes):
            raise ValueError("a commit takes at most 100 writes, each on its own row")
        with self._lock:
            self._require(writes)
            for write in writes:
                if not isinstance(write, Check):
                    self._apply(write)

    def load(self, table: TableName, rows: Sequence[Row]) -> None:
        """See `Tables.load`."""
        for row in rows:
            self.write(Put(table, row))

    def _require(self, writes: Sequence[Write]) -> None:
        failed = [
            write.key
            for write in writes
            if write.when is not None and not _holds(write.when, self._rows.get(write.key))
        ]
        if failed:
            rows = {key: dict(self._rows[key]) for key in failed if key in self._rows}
            raise ConditionFailed(failed, rows)

    def _apply(self, write: Put | Update | Delete) -> Row | None:
        if isinstance(write, Delete):
            self._rows.pop(write.key, None)
            return None
        if isinstance(write, Put):
            self._rows[write.key] = dict(write.row)
            return None
        row = self._rows.setdefault(write.key, {"pk": write.key.pk, "sk": write.key.sk})
        row.update(write.set)
        for column, amount in write.add.items():
            row[column] = _number(row.get(column, 0)) + amount
        for column in write.remove:
            row.pop(column, None)
        return dict(row)


def _number(value: Value | None) -> int:
    return value if isinstance(value, int) else 1 << 62


def _holds(when: When, row: Row | None) -> bool:
    if when.lapsed_at is not None and not (
        row is None or _number(row.get("expires_at")) <= when.lapsed_at
    ):
        return False
    if when.exists is not None and when.exists != (row is not None):
        return False
    found = row or {}
    return (
        all(found.get(column) == value for column, value in when.equal.items())
        and all(column in found and _number(found[column]) < v for column, v in when.below.items())
        and all(column in found and _number(found[column]) > v for column, v in when.above.items())
        and all(column not in found for column in when.absent)
    )
