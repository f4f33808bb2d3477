"""What waits for an operator, in the order in which it came: the order of its due times as well."""

from collections.abc import Sequence
from typing import Literal

from chalicelib.stores.cases import Appeal, BindingReview, IdentityChange
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.tables import Key, Row, Tables

Queue = Literal["appeals", "reviews"]
Waiting = Appeal | IdentityChange | BindingReview


class CaseQueues:
    """The queues of the `cases` table."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring

    def page(
        self, queue: Queue, *, limit: int, after: str | None
    ) -> tuple[Sequence[Waiting], str | None]:
        """Cases that wait, the longest waiting first, and where to go on."""
        page = self._tables.query("cases", f"queue#{queue}", after=after, limit=limit)
        keys = [_case(str(row["ref"])) for row in page.rows]
        rows = self._tables.get_many(keys)
        return [self._opened(key, rows[key]) for key in keys if key in rows], page.next

    def review(self, review_id: str) -> BindingReview | IdentityChange | None:
        """The binding or change of identity of that id that waits."""
        after: str | None = None
        while True:
            waiting, after = self.page("reviews", limit=100, after=after)
            for one in waiting:
                if one.case_id == review_id and not isinstance(one, Appeal):
                    return one
            if after is None:
                return None

    def _opened(self, key: Key, row: Row) -> Waiting:
        kinds: dict[str, type[Waiting]] = {
            "appeal": Appeal,
            "identity": IdentityChange,
            "review": BindingReview,
        }
        kind = kinds[key.pk.partition("#")[0]]
        return self._keyring.open_document(row["sealed"], key, kind)


def _case(ref: str) -> Key:
    pk, _, sk = ref.partition("/")
    return Key("cases", pk, sk or "-")
