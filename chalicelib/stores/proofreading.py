"""What students say about their records: found right, found wrong, and what should be changed.

account#<id>            record#<record id>#confirmation   found right, in this version
account#<id>            record#<record id>#photo          the verdict on the photo, in this version
account#<id>            correction#<id>                   ref = the correction's partition
correction#<id>         -                                 a correction, kept sealed
correction#<id>         consent#document_scan             the consent, kept before a scan is read
corrections#<code>      <state>#<instant>#<id>            ref, for the institution's registrar

Everything of one account is one query and one batch read; an institution's corrections of one
state, the longest waiting first, are one query.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from chalicelib.domain.correction_states import CorrectionState
from chalicelib.domain.records import Family
from chalicelib.stores.accounts import Consent
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.tables import ABSENT, Delete, Key, Put, Row, Tables, When, Write

Verdict = Literal["mine", "not_mine", "unclear"]


class Confirmation(msgspec.Struct, frozen=True, kw_only=True):
    """A record was found right, as of a version and an instant (epoch seconds)."""

    record_id: str
    version: int
    at: int


class PhotoVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the photo of a record's version shows its owner."""

    record_id: str
    version: int
    verdict: Verdict
    reason: str | None
    at: int


class Proofreading(msgspec.Struct, frozen=True):
    """What was said about one record."""

    confirmation: Confirmation | None = None
    photo: PhotoVerdict | None = None


class Change(msgspec.Struct, frozen=True):
    """One field, and the value it should have."""

    field: str
    proposed: str | int | float


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a correction: what, by whom (`owner`, `institution`, `reviewer`), when."""

    action: str
    actor: str
    at: int
    note: str | None = None


class Correction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an institution is asked to put right. Instants in epoch seconds.

    Without `record_id` the record is missing and `changes` are its facts. `upload` is the key of
    the evidence in quarantine, `evidence` the address of what was accepted. Past `expires_at` a
    draft is not there any more.
    """

    correction_id: str
    account_id: str
    institution_code: str
    family: Family
    changes: tuple[Change, ...]
    reason: str
    opened_at: int
    state: CorrectionState
    history: tuple[Step, ...]
    record_id: str | None = None
    record_version: int | None = None
    submitted_at: int | None = None
    expires_at: int | None = None
    upload: str | None = None
    evidence: str | None = None
    version: int = 1


class Proofreadings:
    """Confirmations, verdicts and corrections in the `archive` table."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring

    # Confirmations and verdicts

    def of_record(self, account_id: str, record_id: str) -> Proofreading:
        """What the owner has said about a record: one query."""
        rows = self._tables.query("archive", _account(account_id), prefix=f"record#{record_id}#")
        found = {str(row["sk"]).rpartition("#")[2]: row for row in rows.rows}
        return Proofreading(
            self._confirmation(found["confirmation"]) if "confirmation" in found else None,
            self._photo(found["photo"]) if "photo" in found else None,
        )

    def confirmations(self, account_id: str) -> list[Confirmation]:
        """Every record that the owner has found right."""
        rows = self._tables.query("archive", _account(account_id), prefix="record#").rows
        return [self._confirmation(row) for row in rows if _says(row, "confirmation")]

    def photo_verdicts(self, account_id: str) -> list[PhotoVerdict]:
        """Every verdict of the owner on a photo."""
        rows = self._tables.query("archive", _account(account_id), prefix="record#").rows
        return [self._photo(row) for row in rows if _says(row, "photo")]

    def confirming(self, account_id: str, confirmation: Confirmation) -> Put:
        """The write that keeps a confirmation; the latest counts."""
        key = Key("archive", _account(account_id), f"record#{confirmation.record_id}#confirmation")
        return Put("archive", self._sealed(key, confirmation))

    def judging(self, account_id: str, verdict: PhotoVerdict) -> Put:
        """The write that keeps a verdict on a photo; the latest counts."""
        key = Key("archive", _account(account_id), f"record#{verdict.record_id}#photo")
        return Put("archive", {**self._sealed(key, verdict), "state": verdict.verdict})

    # Corrections

    def correction(self, correction_id: str) -> Correction | None:
        """A correction, lapsed or not."""
        key = _correction(correction_id)
        row = self._tables.get(key)
        return self._keyring.open_document(row["sealed"], key, Correction) if row else None

    def corrections(self, account_id: str) -> list[Correction]:
        """The account's corrections, lapsed or not, the newest first."""
        rows = self._tables.query("archive", _account(account_id), prefix="correction#").rows
        return sorted(self._read(rows), key=lambda one: one.opened_at, reverse=True)

    def for_institution(
        self, institution_code: str, state: CorrectionState, *, limit: int, after: str | None
    ) -> tuple[Sequence[Correction], str | None]:
        """An institution's corrections of one state, the oldest first, and where to go on."""
        page = self._tables.query(
            "archive",
            f"corrections#{institution_code}",
            prefix=f"{state}#",
            after=after,
            limit=limit,
        )
        return self._read(page.rows), page.next

    def opening(self, correction: Correction) -> list[Write]:
        """The writes that keep a new correction."""
        listed: Row = {
            "pk": _account(correction.account_id),
            "sk": f"correction#{correction.correction_id}",
            "ref": _correction(correction.correction_id).pk,
        }
        queued = _queue_row(correction)
        return [
            Put("archive", self._row(correction), ABSENT),
            Put("archive", listed, ABSENT),
            *([Put("archive", queued)] if queued else []),
        ]

    def moving(self, before: Correction, after: Correction) -> list[Write]:
        """The writes that replace a correction (given as read) by its next version."""
        following = msgspec.structs.replace(after, version=before.version + 1)
        old, new = _queue_row(before), _queue_row(following)
        return [
            Put("archive", self._row(following), When(equal={"version": before.version})),
            *([Delete(_key(old))] if old else []),
            *([Put("archive", new)] if new else []),
        ]

    def consent(self, correction: Correction, consent: Consent) -> None:
        """Keep the consent to a scan, before anything of the scan is read."""
        key = _consent(correction.correction_id)
        self._tables.write(Put("archive", self._sealed(key, consent)))

    def consent_of(self, correction: Correction) -> Consent | None:
        """The consent that was kept."""
        key = _consent(correction.correction_id)
        row = self._tables.get(key)
        return self._keyring.open_document(row["sealed"], key, Consent) if row else None

    def forgetting(self, correction: Correction) -> list[Delete]:
        """The writes that forget a correction, what finds it last."""
        queued = _queue_row(correction)
        listed = Key(
            "archive", _account(correction.account_id), f"correction#{correction.correction_id}"
        )
        return [
            *([Delete(_key(queued))] if queued else []),
            Delete(_consent(correction.correction_id)),
            Delete(_correction(correction.correction_id)),
            Delete(listed),
        ]

    def forgetting_record(self, account_id: str, record_id: str) -> list[Delete]:
        """The writes that forget what the owner has said about a record, but for corrections."""
        prefix = f"record#{record_id}#"
        rows = self._tables.query("archive", _account(account_id), prefix=prefix).rows
        return [Delete(_key(row)) for row in rows]

    def forgetting_rest(self, account_id: str) -> list[Delete]:
        """The writes that forget what the owner has said about records, once no correction is left.

        They take what found a correction that was forgotten halfway.
        """
        rows = self._tables.query("archive", _account(account_id)).rows
        return [Delete(_key(row)) for row in rows]

    def _read(self, rows: Sequence[Row]) -> list[Correction]:
        keys = [Key("archive", str(row["ref"]), "-") for row in rows]
        found = self._tables.get_many(keys)
        return [
            self._keyring.open_document(found[key]["sealed"], key, Correction)
            for key in keys
            if key in found
        ]

    def _row(self, correction: Correction) -> Row:
        key = _correction(correction.correction_id)
        return {
            **self._sealed(key, correction),
            "state": correction.state,
            "version": correction.version,
        }

    def _sealed(self, key: Key, document: object) -> dict[str, str | int | bytes]:
        return {
            "pk": key.pk,
            "sk": key.sk,
            "sealed": self._keyring.seal_document(document, key),
        }

    def _confirmation(self, row: Row) -> Confirmation:
        return self._keyring.open_document(row["sealed"], _key(row), Confirmation)

    def _photo(self, row: Row) -> PhotoVerdict:
        return self._keyring.open_document(row["sealed"], _key(row), PhotoVerdict)


def _queue_row(correction: Correction) -> Row | None:
    """How the institution finds a correction once it is submitted."""
    if correction.submitted_at is None:
        return None
    instant = f"{correction.submitted_at:011d}"
    return {
        "pk": f"corrections#{correction.institution_code}",
        "sk": f"{correction.state}#{instant}#{correction.correction_id}",
        "ref": _correction(correction.correction_id).pk,
    }


def _says(row: Row, what: str) -> bool:
    return str(row["sk"]).endswith(f"#{what}")


def _account(account_id: str) -> str:
    return f"account#{account_id}"


def _correction(correction_id: str) -> Key:
    return Key("archive", f"correction#{correction_id}", "-")


def _consent(correction_id: str) -> Key:
    return Key("archive", f"correction#{correction_id}", "consent#document_scan")


def _key(row: Row) -> Key:
    return Key("archive", str(row["pk"]), str(row["sk"]))
