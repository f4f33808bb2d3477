"""The trail of what was done to or read from an account. Lines are only ever added."""

from collections.abc import Mapping, Sequence

import msgspec

from chalicelib.stores.keyring import Keyring
from chalicelib.stores.tables import ABSENT, Key, Put, Row, Tables


class AuditLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What happened, by whom, when (epoch seconds). `facts` holds ids and coarse origins only."""

    action: str
    actor: str
    at: int
    facts: Mapping[str, str] = {}


class Audit:
    """The `audit` table: a partition per account, in order of time."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring

    def line(self, account_id: str, line_id: str, line: AuditLine) -> Put:
        """The write that adds a line; `line_id` orders the lines of one second."""
        key = Key("audit", f"account#{account_id}", f"{line.at:011d}#{line_id}")
        row: Row = {
            "pk": key.pk,
            "sk": key.sk,
            "state": line.action,
            "sealed": self._keyring.seal_document(line, key),
        }
        return Put("audit", row, ABSENT)

    def place_after(self, instant: int) -> str:
        """Where `lines` begins to leave out everything later than the instant."""
        return f"{instant + 1:011d}"

    def lines(
        self, account_id: str, *, limit: int, after: str | None = None
    ) -> tuple[Sequence[AuditLine], str | None]:
        """The account's lines, newest first, and where to go on."""
        page = self._tables.query(
            "audit", f"account#{account_id}", after=after, limit=limit, newest_first=True
        )
        lines = [
            self._keyring.open_document(
                row["sealed"], Key("audit", str(row["pk"]), str(row["sk"])), AuditLine
            )
            for row in page.rows
        ]
        return lines, page.next
