"""The account itself."""

from chalicelib.api.calls import Call
from chalicelib.api.routes import Function
from chalicelib.operations import account
from chalicelib.operations.views import AccountView

function = Function("account")


@function.route("GET", "/account", policy="signed_in", answers={200: AccountView})
def read_account(call: Call) -> AccountView:
    """The own account."""
    return account.read_account(call.ports, call.principal)
