"""Columns of rows that expire, and the time buckets by which the tidying job finds them.

Expiry is decided by the clock at use. The sparse index `expiry` (bucket, expires_at) only serves
`expire_codes`, and the table's TTL is its backstop.
"""

import zlib
from collections.abc import Iterator
from datetime import UTC, datetime

from chalicelib.stores.tables import Value

SHARDS = 4
"""Partitions of the index per hour, so that no hour is one hot partition."""


def expiring(pk: str, expires_at: int) -> dict[str, Value]:
    """The columns `expires_at` (epoch seconds) and `bucket` for a row of partition `pk`."""
    shard = zlib.crc32(pk.encode()) % SHARDS
    return {"expires_at": expires_at, "bucket": f"{_hour(expires_at)}#{shard}"}


def buckets_between(start: int, end: int) -> Iterator[str]:
    """All buckets that hold rows expiring from `start` to `end` (epoch seconds)."""
    for instant in range(start - start % 3600, end + 1, 3600):
        for shard in range(SHARDS):
            yield f"{_hour(instant)}#{shard}"


def _hour(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y%m%d%H")
