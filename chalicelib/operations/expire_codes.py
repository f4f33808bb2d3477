"""Removing codes, tokens, drafts, limits and sessions past their time.

Expiry itself is decided at use; this only tidies. It reads the sparse index `expiry` by hour.
"""

from chalicelib.operations.ports import Ports
from chalicelib.stores.expiry import buckets_between
from chalicelib.stores.tables import ConditionFailed, Delete, TableName, When

TIDIED: tuple[TableName, ...] = ("accounts", "codes", "sessions")
LOOK_BACK_SECONDS = 6 * 3600
"""What is older was missed by many runs in a row, and is left to the tables' TTL."""

_PAGE = 200


def expire_codes(ports: Ports, *, look_back: int = LOOK_BACK_SECONDS) -> int:
    """Remove what has expired; how many rows. Safe to run twice, at once, or killed midway."""
    now = ports.now()
    removed = sum(
        _expire_bucket(ports, table, bucket, now)
        for table in TIDIED
        for bucket in buckets_between(now - look_back, now)
    )
    ports.metrics.count("expired_rows_tidied")
    return removed


def _expire_bucket(ports: Ports, table: TableName, bucket: str, now: int) -> int:
    """Remove page after page until a page brings nothing new (the index may lag)."""
    seen: set[object] = set()
    removed = 0
    while True:
        keys = [
            key
            for key in ports.tables.due(table, bucket, until=now, limit=_PAGE + len(seen))
            if key not in seen
        ]
        if not keys:
            return removed
        for key in keys:
            seen.add(key)
            try:
                ports.tables.write(Delete(key, When(lapsed_at=now)))
                removed += 1
            except ConditionFailed:
                continue  # renewed meanwhile
