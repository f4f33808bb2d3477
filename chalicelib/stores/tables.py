"""The port to the tables: rows, conditions, writes, and what a table store promises.

A row is a flat mapping of the few plain columns below. Everything personal is inside `sealed`;
the other columns are keys, digests, states, counters and instants in epoch seconds:

    pk, sk      keys                       request     id of the request that wrote the row
    sealed      sealed document            digest      keyed digest or MAC
    state       state word                 ref         reference to another row (no personal data)
    version     optimistic version         count, day_count   counters
    at, due     instants                   expires_at  instant of expiry (also the table's TTL)
    bucket      time bucket of the sparse index `expiry`
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

TableName = Literal[
    "accounts",
    "codes",
    "sessions",
    "registry",
    "archive",
    "reports",
    "cases",
    "outbox",
    "audit",
    "keyring",
]
RESTORED: tuple[TableName, ...] = ("accounts", "archive", "cases", "registry", "reports")
"""The tables that go back to an earlier instant together (docs/decisions). Not `audit` and
`keyring`, which only grow; not `codes`, `sessions` and `outbox`, whose past must not come back."""
Value: TypeAlias = str | int | bytes
Row: TypeAlias = Mapping[str, Value]


class Key(msgspec.Struct, frozen=True):
    """The address of a row."""

    table: TableName
    pk: str
    sk: str


class When(msgspec.Struct, frozen=True):
    """A condition on the stored row; all parts must hold.

    `exists`: True or False for "there is (no) such row"; None for no opinion. `equal`, `below`
    (<) and `above` (>) compare columns; a missing column fails them. `lapsed_at`: the row is
    missing or its `expires_at` is at or before this instant.
    """

    exists: bool | None = None
    equal: Mapping[str, Value] = {}
    below: Mapping[str, int] = {}
    above: Mapping[str, int] = {}
    absent: tuple[str, ...] = ()
    lapsed_at: int | None = None


ABSENT = When(exists=False)
PRESENT = When(exists=True)


class Put(msgspec.Struct, frozen=True):
    """Write a whole row."""

    table: TableName
    row: Row
    when: When | None = None

    @property
    def key(self) -> Key:
        """The row's address."""
        return Key(self.table, str(self.row["pk"]), str(self.row["sk"]))


class Update(msgspec.Struct, frozen=True):
    """Set, add to, or remove columns of a row."""

    key: Key
    set: Mapping[str, Value] = {}
    add: Mapping[str, int] = {}
    remove: tuple[str, ...] = ()
    when: When | None = None


class Delete(msgspec.Struct, frozen=True):
    """Remove a row."""

    key: Key
    when: When | None = None


class Check(msgspec.Struct, frozen=True):
    """Only check a condition, inside a commit."""

    key: Key
    when: When


Write: TypeAlias = Put | Update | Delete | Check

MOST_WRITES = 100
"""DynamoDB's limit of items in one transaction."""


class ConditionFailed(Exception):  # noqa: N818 -- an expected outcome the caller decides on
    """A condition did not hold; nothing was written.

    `failed` holds the keys whose condition failed; `rows` the rows found there (where there are
    any).
    """

    def __init__(self, failed: Sequence[Key], rows: Mapping[Key, Row]) -> None:
        super().__init__(", ".join(key.table for key in failed))
        self.failed = tuple(failed)
        self.rows = rows

    def touches(self, key: Key) -> bool:
        """Whether the condition on `key` is among those that failed."""
        return key in self.failed


class Page(msgspec.Struct, frozen=True):
    """Rows of a query and, where there are more, the sort key to go on after."""

    rows: Sequence[Row]
    next: str | None


class Tables(Protocol):
    """What the stores ask of DynamoDB. Reads are strongly consistent, `due` excepted.

    Every method raises `Refusal("unavailable")` when the tables are throttled or out of reach.
    """

    def get(self, key: Key) -> Row | None:
        """The row, or None."""

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Row]:
        """Those of the rows that there are; any number of keys, of any tables."""

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
        """The partition's rows in the order of their sort keys; all of them without a `limit`."""

    def due(self, table: TableName, bucket: str, *, until: int, limit: int) -> Sequence[Key]:
        """Keys of rows in the time bucket whose `expires_at` is at or before `until` (may lag)."""

    def write(self, write: Put | Update | Delete) -> Row | None:
        """One write on its own: an `Update` answers the row after it. Raises `ConditionFailed`.

        A `Put` or `Update` whose answer was lost and that is found applied counts as done.
        """

    def commit(self, writes: Sequence[Write]) -> None:
        """All of the writes (at most 100, each on its own row) or none. Raises `ConditionFailed`.

        A commit whose answer was lost and that is found applied counts as done.
        """

    def load(self, table: TableName, rows: Sequence[Row]) -> None:
        """Put many rows, in batches, without conditions and without atomicity (imports)."""
