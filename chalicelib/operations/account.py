"""The own account."""

from chalicelib.domain.errors import Refusal
from chalicelib.operations.ports import Ports
from chalicelib.operations.views import AccountView, account_view
from chalicelib.stores.sessions import Principal


def read_account(ports: Ports, principal: Principal) -> AccountView:
    """The account as its owner sees it. Raises `unauthenticated` when it is gone."""
    account = ports.accounts.get(principal.account_id)
    if account is None:
        raise Refusal("unauthenticated")
    return account_view(account)
