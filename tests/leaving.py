"""The steps of leaving, and what is left of somebody."""

from collections.abc import Iterator
from typing import Any

import msgspec

from chalicelib import jobs
from chalicelib.adapters.memory_tables import MemoryTables
from chalicelib.operations.expire_codes import expire_codes
from chalicelib.stores.audit_journal import Journalled
from chalicelib.stores.keyring import SealBroken
from chalicelib.stores.tables import Key, Row
from tests.records import WANG
from tests.world import PASSWORD, Answer, Client, Student, World

DAY = 86_400
PAUSE = 21 * DAY + 8 * 3600
"""From 2026-11-23 10:00 to 2026-12-14 18:00 in China: fifteen working days."""


def ask_to_close(archive: World, client: Client, student: Student = WANG, **changes: Any) -> Answer:
    """Prove the phone, and ask."""
    body = {"current_password": PASSWORD}
    if "verification_token" not in changes:
        body["verification_token"] = archive.prove_phone(student.phone, "close_account")
    return client.call("DELETE", "/account", body | changes)


def run_to_the_end(archive: World) -> None:
    """Let everything that closes close, and what lapses lapse."""
    jobs.close_accounts(archive.ports)
    archive.clock.advance(900)
    jobs.close_accounts(archive.ports)
    archive.deliver()
    archive.clock.advance(DAY)
    expire_codes(archive.ports, look_back=60 * DAY)
    jobs.check_appeals(archive.ports)
    jobs.remind(archive.ports)
    archive.deliver()


def rows_of(archive: World) -> Iterator[tuple[Key, Row, Any]]:
    """Every row of every table, with what its seal holds."""
    tables = archive.ports.tables
    assert isinstance(tables, Journalled)
    assert isinstance(tables.tables, MemoryTables)
    for key, row in list(tables.tables._rows.items()):
        yield key, row, _opened(archive, key, row)


def _opened(archive: World, key: Key, row: Row) -> Any:
    if "sealed" not in row:
        return None
    try:
        return archive.ports.keyring.open_document(row["sealed"], key, msgspec.Raw)
    except SealBroken:
        return None
