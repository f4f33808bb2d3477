"""Confirming that an account's e-mail address is its person's."""

import msgspec

from chalicelib.domain import lifetimes
from chalicelib.domain.errors import Refusal
from chalicelib.operations.ports import Ports
from chalicelib.stores.accounts import Account
from chalicelib.stores.limits import Hit, OverLimit
from chalicelib.stores.outbox import Message
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed, Write

_CONTENTION_TRIES = 5


def confirmation_writes(
    ports: Ports, account: Account, *, kind: str = "email_confirmation"
) -> list[Write]:
    """The writes that send a mail with a link, whose token confirms the address.

    `kind` is the message's.
    """
    token = ports.random.token()
    expires_at = ports.now() + lifetimes.EMAIL_CONFIRMATION
    return [
        ports.accounts.awaiting_confirmation(token, account.account_id, account.email, expires_at),
        ports.message(
            Message(
                kind=kind,
                channel="email",
                to=account.email,
                language=account.language,
                values={"link": f"{ports.public_origin}/link/#confirm-email={token}"},
                expires_at=expires_at,
            )
        ),
    ]


def confirm_email(ports: Ports, token: str) -> None:
    """Confirm the address a mailed token belongs to, once. Raises `code_invalid`."""
    for _ in range(_CONTENTION_TRIES):
        found = ports.accounts.confirmation(token, ports.now())
        account = ports.accounts.get(found[0]) if found else None
        if found is None or account is None or account.email != found[1]:
            raise Refusal("code_invalid")
        confirmed = msgspec.structs.replace(account, email_confirmed=True, mail_trouble=None)
        writes: list[Write] = [
            ports.accounts.using_confirmation(token, ports.now()),
            ports.accounts.changing(confirmed),
            ports.audited(account.account_id, "email_confirmed", "owner"),
        ]
        try:
            ports.commit(writes)
        except ConditionFailed:
            continue  # used meanwhile, or the account changed: look again
        return
    raise Refusal("unavailable", retry_after=1)


def resend_confirmation(ports: Ports, principal: Principal) -> None:
    """Send the mail again; nothing happens when the address is confirmed already.

    Raises `rate_limited` with the seconds to wait.
    """
    account = ports.accounts.get(principal.account_id)
    if account is None:
        raise Refusal("unauthenticated")
    subject = f"{account.account_id}/confirm_email"
    hits = [Hit("code.purpose.minute", subject), Hit("code.purpose.hour", subject)]
    try:
        ports.limits.take(hits, ports.now())
    except OverLimit as limit:
        raise Refusal("rate_limited", retry_after=limit.retry_after) from None
    if not account.email_confirmed:
        ports.commit(confirmation_writes(ports, account))
