"""What waits for somebody's decision: here, bindings that need a person to look.

review#<account>   binding#<record id>      the case
queue#reviews      <opened at>#<case id>    ref = the case's partition, for the operator's list
"""

import msgspec

from chalicelib.domain.records import Family
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.tables import ABSENT, Key, Put, Row, Tables, Write


class BindingReview(msgspec.Struct, frozen=True, kw_only=True):
    """A binding by hand that only a person can judge; `opened_at` in epoch seconds."""

    case_id: str
    account_id: str
    family: Family
    record_id: str
    home: str
    matched_number: str
    opened_at: int


class Cases:
    """The `cases` table."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring

    def open_review(self, account_id: str, record_id: str) -> BindingReview | None:
        """The open review of this binding."""
        key = _review(account_id, record_id)
        row = self._tables.get(key)
        if row is None:
            return None
        return self._keyring.open_document(row["sealed"], key, BindingReview)

    def opening_review(self, review: BindingReview) -> list[Write]:
        """The writes that ask for a review; they fail where one is open."""
        key = _review(review.account_id, review.record_id)
        case: Row = {
            "pk": key.pk,
            "sk": key.sk,
            "state": "open",
            "sealed": self._keyring.seal_document(review, key),
        }
        queued: Row = {
            "pk": "queue#reviews",
            "sk": f"{review.opened_at:011d}#{review.case_id}",
            "ref": f"{key.pk}/{key.sk}",
        }
        return [Put("cases", case, ABSENT), Put("cases", queued, ABSENT)]


def _review(account_id: str, record_id: str) -> Key:
    return Key("cases", f"review#{account_id}", f"binding#{record_id}")
