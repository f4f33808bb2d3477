"""Invitations: a token by which somebody sets the first password of an account made for them.

The token is the account's id and 256 random bits: one read finds the account, which holds the
token's digest while the invitation is open. It works once, since accepting it changes the account.
"""

from chalicelib.stores.accounts import Account, Accounts, Invitation
from chalicelib.stores.keyring import same, token_digest

_ID, _SECRET = 22, 43


def invitation_token(account_id: str, secret: str) -> str:
    """The token of an invitation; `secret` is a random text of 43 characters."""
    return account_id + secret


def invitation_of(token: str, until: int) -> Invitation:
    """What the account keeps of an invitation that is open until an instant."""
    return Invitation(token_digest(token), until)


def invited_account(accounts: Accounts, token: str, now: int) -> Account | None:
    """The account that an open invitation is for."""
    if len(token) != _ID + _SECRET or not token.isascii():
        return None
    account = accounts.get(token[:_ID])
    if account is None or account.invitation is None:
        return None
    is_it = same(account.invitation.digest, token_digest(token))
    return account if is_it and now < account.invitation.until else None
