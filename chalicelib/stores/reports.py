"""Reports: found by the keyed digest of their code, listed by their owner.

code#<index>      -                    the report: sealed statement and code, state, views
owner#<account>   <issued>#<id>        ref = the report's partition
record#<id>       report#<report id>   ref = the report's partition (to supersede it)
"""

from collections.abc import Collection, Sequence
from typing import Literal

import msgspec

from chalicelib.domain.limits import DAY
from chalicelib.domain.statements import Statement
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.statuses import MINUTE, changing, taking
from chalicelib.stores.tables import (
    ABSENT,
    Delete,
    Key,
    Put,
    Row,
    Tables,
    Update,
    When,
    Write,
)

MOST_VIEWS_A_DAY = 200
"""A-10: more views of one code in a day are scraping."""

_STANDING = ("open", "superseded")
"""States of a report that can still be revoked."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report. `statement` is fixed at issue; instants in epoch seconds.

    `token` signs the statement with its present validity (`domain/report_tokens.py`).
    `state` is what was done to it (`open`, `closed`, `revoked`, `superseded`); whether it is
    expired is decided by the clock at use.
    """

    report_id: str
    account_id: str
    verification_code: str
    statement: Statement
    issued_at: int
    valid_until: int
    language: str
    token: str = ""
    state: str = "open"
    views: int = 0
    version: int = 1


class _Sealed(msgspec.Struct, frozen=True, kw_only=True):
    report_id: str
    account_id: str
    verification_code: str
    statement: Statement
    issued_at: int
    language: str
    token: str = ""


class Reports:
    """The `reports` table."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring

    def issuing(self, report: Report) -> list[Write]:
        """The writes that issue a report."""
        key = self.key(report.verification_code)
        row: Row = {
            "pk": key.pk,
            "sk": key.sk,
            "state": report.state,
            "due": report.valid_until,
            "count": 0,
            "version": 1,
            "sealed": self._keyring.seal_document(_sealed(report), key),
        }
        listed: Row = {
            "pk": f"owner#{report.account_id}",
            "sk": f"report#{report.issued_at:011d}#{report.report_id}",
            "ref": key.pk,
        }
        pointer: Row = {
            "pk": f"owner#{report.account_id}",
            "sk": f"id#{report.report_id}",
            "ref": key.pk,
        }
        of_record: Row = {
            "pk": f"record#{report.statement.record_id}",
            "sk": f"report#{report.report_id}",
            "ref": key.pk,
        }
        entry = report.statement.status_entry
        return [
            Put("reports", row, ABSENT),
            Put("reports", listed, ABSENT),
            Put("reports", pointer, ABSENT),
            Put("reports", of_record, ABSENT),
            *([taking(entry, key)] if entry else ()),
            *self._changes(report, report.valid_until),
        ]

    def of_owner(self, account_id: str, report_id: str) -> Report | None:
        """One of the account's own reports."""
        pointer = self._tables.get(Key("reports", f"owner#{account_id}", f"id#{report_id}"))
        row = self._tables.get(Key("reports", str(pointer["ref"]), "-")) if pointer else None
        return self._report(row) if row else None

    def list_of_owner(
        self, account_id: str, *, limit: int, after: str | None
    ) -> tuple[Sequence[Report], str | None]:
        """The account's reports, newest first, and where to go on."""
        page = self._tables.query(
            "reports",
            f"owner#{account_id}",
            prefix="report#",
            after=after,
            limit=limit,
            newest_first=True,
        )
        keys = [Key("reports", str(row["ref"]), "-") for row in page.rows]
        rows = self._tables.get_many(keys)
        return [self._report(rows[key]) for key in keys if key in rows], page.next

    def viewing(self, report: Report, views: tuple[int, int], now: int) -> Update | None:
        """The write that counts a view; None when the day's views are used up (A-10).

        `views` are the day window's count and beginning as read with the report.
        """
        count, since = views
        same_day = now - since < DAY
        if same_day and count >= MOST_VIEWS_A_DAY:
            return None
        key = self.key(report.verification_code)
        if same_day:
            when = When(equal={"at": since}, below={"day_count": MOST_VIEWS_A_DAY})
            return Update(key, add={"count": 1, "day_count": 1}, when=when)
        when = When(equal={"at": since}) if since else When(exists=True, absent=("at",))
        return Update(key, set={"at": now, "day_count": 1}, add={"count": 1}, when=when)

    def opened(self, row: Row) -> tuple[Report, tuple[int, int]]:
        """The report of a row at `key`, and its day window of views (count, beginning)."""
        return self._report(row), (int(row.get("day_count", 0)), int(row.get("at", 0)))

    def extending(self, report: Report, now: int) -> list[Write]:
        """The writes that keep a new end of validity, and what was signed with it."""
        when = When(equal={"state": "open", "version": report.version})
        key = self.key(report.verification_code)
        sealed = self._keyring.seal_document(_sealed(report), key)
        extended = Update(
            key,
            set={"due": report.valid_until, "sealed": sealed},
            add={"version": 1},
            when=when,
        )
        return [extended, *self._changes(report, now, report.valid_until)]

    def closing(self, report: Report, now: int) -> list[Write]:
        """The writes that close a report for good."""
        closed = Update(
            self.key(report.verification_code),
            set={"state": "closed"},
            add={"version": 1},
            when=When(equal={"version": report.version}),
        )
        return [closed, *self._changes(report, now)]

    def withdrawing(
        self, record_id: str, state: Literal["superseded", "revoked"], now: int
    ) -> list[tuple[Report, list[Write]]]:
        """The reports on a record whose content no longer stands, with the writes that say so.

        A closed or revoked report stays so; a superseded one may become revoked. A write fails
        where its report was closed meanwhile.
        """
        rows = self._tables.query("reports", f"record#{record_id}", prefix="report#").rows
        found = self._tables.get_many([Key("reports", str(row["ref"]), "-") for row in rows])
        weaker = ("open",) if state == "superseded" else _STANDING
        reports = [self._report(row) for row in found.values() if row["state"] in weaker]
        return [(report, self._withdrawn(report, state, now)) for report in reports]

    def _withdrawn(self, report: Report, state: str, now: int) -> list[Write]:
        marked = Update(
            self.key(report.verification_code),
            set={"state": state},
            add={"version": 1},
            when=When(equal={"state": report.state}),
        )
        return [marked, *self._changes(report, now)]

    def _changes(self, report: Report, *instants: int) -> list[Put]:
        """The writes that have the report's published status looked at, then."""
        entry, key = report.statement.status_entry, self.key(report.verification_code)
        minutes = {at // MINUTE: at for at in instants}
        return [changing(entry, key, at) for at in minutes.values()] if entry else []

    def disowning(
        self, account_id: str, record_ids: Collection[str], now: int
    ) -> tuple[list[tuple[Report, list[Write]]], list[Delete]]:
        """An account's reports on these records, each with the writes that revoke it.

        And the writes that unlist them, to be done last. A closed report stays so. Safe to repeat.
        """
        listed = self._tables.query("reports", f"owner#{account_id}").rows
        refs = {str(row["ref"]) for row in listed}
        rows = self._tables.get_many([Key("reports", ref, "-") for ref in sorted(refs)])
        reports = [self._report(row) for row in rows.values()]
        mine = [one for one in reports if one.statement.record_id in record_ids]
        revoking = [
            (one, self._withdrawn(one, "revoked", now) if one.state in _STANDING else [])
            for one in mine
        ]
        gone = {self.key(one.verification_code).pk for one in mine}
        pointers = [
            Delete(Key("reports", str(row["pk"]), str(row["sk"])))
            for row in listed
            if row["ref"] in gone
        ]
        return revoking, pointers

    def emptying(self, account_id: str, now: int) -> list[Put | Update | Delete]:
        """The writes that leave only the fact that the account's reports are closed.

        Each stands on its own; what finds a report comes after what it finds.
        """
        listed = self._tables.query("reports", f"owner#{account_id}").rows
        keys = list(dict.fromkeys(Key("reports", str(row["ref"]), "-") for row in listed))
        rows = self._tables.get_many(keys)
        writes: list[Put | Update | Delete] = []
        for key in (one for one in keys if one in rows):
            report = self._report(rows[key])
            if report.account_id:
                of_record = f"record#{report.statement.record_id}"
                writes.append(Delete(Key("reports", of_record, f"report#{report.report_id}")))
                writes.extend(self._changes(report, now))
            writes.append(self._emptied(key, report))
        pointers = [Key("reports", str(row["pk"]), str(row["sk"])) for row in listed]
        return [*writes, *(Delete(key) for key in pointers)]

    def _emptied(self, key: Key, report: Report) -> Update:
        empty = _Sealed(
            report_id=report.report_id,
            account_id="",
            verification_code="",
            statement=msgspec.structs.replace(
                report.statement,
                report_number="",
                record_id="",
                lines=(),
                photo=None,
                status_entry=None,
            ),
            issued_at=report.issued_at,
            language=report.language,
        )
        state = "revoked" if report.state == "revoked" else "closed"
        sealed = self._keyring.seal_document(empty, key)
        return Update(
            key, set={"state": state, "sealed": sealed}, add={"version": 1}, when=When(exists=True)
        )

    def key(self, code: str) -> Key:
        """Where the report of a (normalised) verification code stands."""
        return Key("reports", f"code#{self._keyring.index('report.code', code)}", "-")

    def _report(self, row: Row) -> Report:
        key = Key("reports", str(row["pk"]), str(row["sk"]))
        sealed = self._keyring.open_document(row["sealed"], key, _Sealed)
        return Report(
            report_id=sealed.report_id,
            account_id=sealed.account_id,
            verification_code=sealed.verification_code,
            statement=sealed.statement,
            issued_at=sealed.issued_at,
            language=sealed.language,
            token=sealed.token,
            valid_until=int(row["due"]),
            state=str(row["state"]),
            views=int(row["count"]),
            version=int(row["version"]),
        )


def _sealed(report: Report) -> _Sealed:
    return _Sealed(
        report_id=report.report_id,
        account_id=report.account_id,
        verification_code=report.verification_code,
        statement=report.statement,
        issued_at=report.issued_at,
        language=report.language,
        token=report.token,
    )
