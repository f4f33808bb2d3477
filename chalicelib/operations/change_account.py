"""Changing password, phone and e-mail."""

import msgspec

from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.limits import network_of
from chalicelib.operations.contact_changes import (
    UNDO_SECONDS,
    ContactKind,
    contact_of,
    given_up,
    remembered,
    value_of,
)
from chalicelib.operations.notices import CHANNELS, tell, tell_by
from chalicelib.operations.ports import Caller, Ports
from chalicelib.operations.recover import checked_password, end_late_sessions, require_proof_of
from chalicelib.operations.views import AccountView, account_view
from chalicelib.stores.accounts import Account, UniqueKind
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed, Write


def change_password(
    ports: Ports, caller: Caller, principal: Principal, *, current_password: str, new_password: str
) -> None:
    """Set a new password; every other session ends and every channel is told.

    Raises `reauthentication_required` for a wrong current password, `InvalidInput`, `conflict`.
    """
    account = require_password(ports, caller, principal, current_password)
    password = checked_password(ports, account, new_password, field="new_password")
    changed = msgspec.structs.replace(
        account,
        password=ports.hasher.hash(password),
        sessions_ended_at=ports.now(),
        session_kept=principal.session_id,
    )
    writes: list[Write] = [
        ports.sessions.standing(principal),
        ports.accounts.changing(changed),
        *ports.sessions.ending_all(account.account_id, but=principal.session_id),
        *tell(ports, account, "password_changed"),
        ports.audited(account.account_id, "password_changed", "owner"),
    ]
    _commit(ports, writes)
    end_late_sessions(ports, account.account_id, but=principal.session_id)


def change_contact(
    ports: Ports,
    caller: Caller,
    principal: Principal,
    kind: ContactKind,
    *,
    verification_token: str,
    current_password: str,
) -> AccountView:
    """Set a new phone or e-mail that was proved by a code.

    The old one is told, with a link that undoes for ten days this change and what followed it.
    Raises `reauthentication_required`, `contact_taken`, `InvalidInput`, `conflict`, and
    `rate_limited` while there are many changes that can be undone.
    """
    proof = require_proof_of(ports, verification_token, f"change_{kind}")
    account = require_password(ports, caller, principal, current_password)
    if account.closes_at is not None:  # no link that undoes a change outlives the account
        raise Refusal("conflict")
    old, new = contact_of(account, kind), proof.destination
    if value_of(kind, new) == value_of(kind, old):
        raise invalid("verification_token", "contact_unchanged")
    undo, until = ports.random.token(), ports.now() + UNDO_SECONDS
    changed = msgspec.structs.replace(
        _with_contact(account, kind, new, at=ports.now()),
        contact_changes=remembered(account, kind, undo, until=until, now=ports.now()),
    )
    account_id, back = account.account_id, given_up(account, kind, new, ports.now())
    writes: list[Write] = [
        ports.codes.spending(verification_token, ports.now()),
        ports.sessions.standing(principal),
        ports.accounts.changing(changed),
        ports.accounts.releasing(account_id, kind, value_of(kind, old), until=until),
        ports.accounts.taking(account_id, kind, value_of(kind, new), now=ports.now(), back=back),
        ports.accounts.allowing_undo(undo, account_id, until),
        *_notices(ports, account, kind, undo),
        ports.audited(account_id, f"{kind}_changed", "owner"),
    ]
    _commit(ports, writes, claimed=(kind, value_of(kind, new)))
    return account_view(changed)


def require_password(ports: Ports, caller: Caller, principal: Principal, password: str) -> Account:
    """The account, once its password was given again; guesses are throttled as at sign-in.

    Raises `reauthentication_required`, `unauthenticated` when the account is gone.
    """
    account = ports.accounts.get(principal.account_id)
    if account is None:
        raise Refusal("unauthenticated")
    network = network_of(caller.ip)
    allowed = ports.throttle.take_try(account.account_id, network, ports.now())
    if not allowed or not ports.hasher.verify(account.password, password):
        raise Refusal("reauthentication_required")
    ports.tables.commit(ports.throttle.clear(account.account_id, network))
    return account


def _with_contact(account: Account, kind: ContactKind, value: str, *, at: int | None) -> Account:
    if kind == "phone":
        return msgspec.structs.replace(account, phone=value, phone_changed_at=at)
    return msgspec.structs.replace(
        account, email=value, email_changed_at=at, email_confirmed=True, mail_trouble=None
    )


def _notices(ports: Ports, account: Account, kind: ContactKind, undo: str) -> list[Write]:
    """Both old channels are told; only the mail has the link."""
    values = {"undo_link": f"{ports.public_origin}/link/#undo-change={undo}"}
    return [tell_by(ports, account, channel, f"{kind}_changed", values) for channel in CHANNELS]


def _commit(
    ports: Ports, writes: list[Write], *, claimed: tuple[UniqueKind, str] | None = None
) -> None:
    try:
        ports.commit(writes)
    except ConditionFailed as failure:
        if claimed and failure.touches(ports.accounts.unique_key(*claimed)):
            raise Refusal("contact_taken") from None
        if any(key.table == "sessions" for key in failure.failed):
            raise Refusal("unauthenticated") from None
        if any(key.table == "codes" for key in failure.failed):
            raise invalid("verification_token", "verification_token_invalid") from None
        raise Refusal("conflict") from None
