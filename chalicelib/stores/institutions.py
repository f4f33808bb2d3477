"""The directory of institutions: public data, read whole and searched in memory.

2,631 institutions are about 60 KB compressed: one row, one read, kept for some minutes.
"""

import time
import zlib
from collections.abc import Callable, Sequence

import msgspec

from chalicelib.domain.institutions import Institution
from chalicelib.stores.tables import ABSENT, Key, Put, Row, Tables, When

KEEP_SECONDS = 300

_KEY = Key("registry", "institutions", "-")


class Institutions:
    """The directory's row in the `registry` table, cached."""

    def __init__(self, tables: Tables, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._tables = tables
        self._monotonic = monotonic
        self._cached: tuple[Institution, ...] = ()
        self._until = 0.0

    def all(self) -> Sequence[Institution]:
        """Every institution, ordered by code."""
        if self._monotonic() >= self._until or not self._cached:
            self._cached = self._read()[0]
            self._until = self._monotonic() + KEEP_SECONDS
        return self._cached

    def merge(self, institutions: Sequence[Institution]) -> tuple[int, int]:
        """Add or replace institutions by code; how many were (created, changed)."""
        known, version = self._read()
        directory = {one.code: one for one in known}
        created = sum(one.code not in directory for one in institutions)
        changed = sum(one.code in directory and directory[one.code] != one for one in institutions)
        if created or changed:
            directory.update((one.code, one) for one in institutions)
            self._write(sorted(directory.values(), key=lambda one: one.code), version)
        return created, changed

    def _read(self) -> tuple[tuple[Institution, ...], int]:
        row = self._tables.get(_KEY)
        if row is None:
            return (), 0
        data = row["data"]
        plain = zlib.decompress(data if isinstance(data, bytes) else b"")
        return msgspec.msgpack.decode(plain, type=tuple[Institution, ...]), int(row["version"])

    def _write(self, directory: Sequence[Institution], version: int) -> None:
        row: Row = {
            "pk": _KEY.pk,
            "sk": _KEY.sk,
            "version": version + 1,
            "data": zlib.compress(msgspec.msgpack.encode(directory), 9),
        }
        self._tables.write(
            Put("registry", row, When(equal={"version": version}) if version else ABSENT)
        )
        self._until = 0.0
