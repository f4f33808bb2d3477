"""The list of the staff.

staff   account#<id>   an account of the staff, whether it serves or not
"""

from collections.abc import Sequence

from chalicelib.stores.accounts import Account, Accounts, account_key
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.tables import ABSENT, Key, Put, Tables

_LIST = "staff"


class Staff:
    """Staff accounts in the `accounts` table."""

    def __init__(self, tables: Tables, keyring: Keyring, accounts: Accounts) -> None:
        self._tables = tables
        self._keyring = keyring
        self._accounts = accounts

    def listing(self, account: Account) -> Put:
        """The write that lists a new account of the staff."""
        return Put("accounts", {"pk": _LIST, "sk": account_key(account.account_id).pk}, ABSENT)

    def page(self, *, limit: int, after: str | None) -> tuple[Sequence[Account], str | None]:
        """Accounts of the staff, and where to go on."""
        page = self._tables.query("accounts", _LIST, after=after, limit=limit)
        keys = [Key("accounts", str(row["sk"]), "-") for row in page.rows]
        rows = self._tables.get_many(keys)
        found = [
            self._keyring.open_document(rows[key]["sealed"], key, Account)
            for key in keys
            if key in rows
        ]
        return found, page.next

    def get(self, account_id: str) -> Account | None:
        """An account, if it is one of the staff."""
        account = self._accounts.get(account_id)
        return account if account is not None and account.post is not None else None
