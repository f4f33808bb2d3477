"""Changes of phone and e-mail as far as they can be undone, and undoing them.

Each change leaves a token at the old channel, and in the account what stood before it. A token
puts back *all* contacts as they stood before its change: whoever took an account over by changing
the e-mail and then the phone loses both. The changes since then, and their tokens, are void. A
contact given up stays the account's while it can be put back, so that nobody registers with it.
"""

from typing import Literal

import msgspec

from chalicelib.domain.emails import comparable
from chalicelib.domain.errors import Refusal
from chalicelib.operations.notices import tell, tell_by
from chalicelib.operations.ports import Ports
from chalicelib.operations.recover import end_late_sessions
from chalicelib.stores.accounts import Account, Authenticator, ContactChange
from chalicelib.stores.keyring import same, token_digest
from chalicelib.stores.outbox import Channel
from chalicelib.stores.tables import ConditionFailed, Write

UNDO_SECONDS = 10 * 86_400
"""How long a changed phone or e-mail can be put back by the link sent to the old one."""

MOST_CHANGES = 6
"""So many can be undone at once; none is forgotten early to make room for another."""

_CONTENTION_TRIES = 5

ContactKind = Literal["phone", "email"]
_CHANNEL: dict[ContactKind, Channel] = {"phone": "sms", "email": "email"}


def undo_contact_change(ports: Ports, token: str) -> None:
    """Put phone and e-mail back as they stood before the change that the token belongs to.

    All sessions end, a closing asked for since is cancelled, an authenticator app set up since is
    removed: whoever made the change may have done these, too. Old and new channels are told.
    Raises `code_invalid`, also where everything is back already.
    """
    for _ in range(_CONTENTION_TRIES):
        account = ports.accounts.of_undo(token)
        change = _change_of(account, token, ports.now()) if account else None
        if account is None or change is None:
            raise Refusal("code_invalid")
        try:
            ports.commit(_undoing(ports, account, change))
        except ConditionFailed:
            continue  # the account changed meanwhile: look again
        end_late_sessions(ports, account.account_id)
        ports.metrics.count("contact_change_undone")
        return
    raise Refusal("unavailable", retry_after=1)


def remembered(
    account: Account, kind: ContactKind, token: str, *, until: int, now: int
) -> tuple[ContactChange, ...]:
    """The changes that can be undone once `kind` is changed. Raises `rate_limited`."""
    kept = tuple(one for one in account.contact_changes if now < one.until)
    if len(kept) >= MOST_CHANGES:
        raise Refusal("rate_limited", retry_after=kept[0].until - now)
    change = ContactChange(
        digest=token_digest(token),
        kind=kind,
        until=until,
        phone=account.phone,
        email=account.email,
        email_confirmed=account.email_confirmed,
        phone_changed_at=account.phone_changed_at,
        email_changed_at=account.email_changed_at,
        authenticator=account.authenticator,
    )
    return (*kept, change)


def given_up(account: Account, kind: ContactKind, contact: str, now: int) -> bool:
    """Whether the account gave this contact up of late, and so keeps it still."""
    value = value_of(kind, contact)
    return any(
        value_of(kind, one.phone if kind == "phone" else one.email) == value
        for one in account.contact_changes
        if one.kind == kind and now < one.until
    )


def contact_of(account: Account, kind: ContactKind) -> str:
    """The account's phone or e-mail."""
    return account.phone if kind == "phone" else account.email


def value_of(kind: ContactKind, contact: str) -> str:
    """What is unique of a phone or e-mail."""
    return contact if kind == "phone" else comparable(contact)


def _change_of(account: Account, token: str, now: int) -> ContactChange | None:
    """The change that the token undoes, where it would still change anything."""
    digest = token_digest(token)
    for change in account.contact_changes:
        if same(change.digest, digest) and now < change.until:
            return change if _differing(account, _restored(account, change, now)) else None
    return None


def _restored(account: Account, change: ContactChange, now: int) -> Account:
    """The account as it stood; how long a contact has been its own counts from that time."""
    earlier = account.contact_changes[: account.contact_changes.index(change)]
    return msgspec.structs.replace(
        account,
        phone=change.phone,
        email=change.email,
        email_confirmed=change.email_confirmed,
        phone_changed_at=change.phone_changed_at,
        email_changed_at=change.email_changed_at,
        authenticator=_authenticator(account.authenticator, change.authenticator),
        contact_changes=earlier,
        closes_at=None,
        sessions_ended_at=now,
        session_kept=None,
    )


def _authenticator(
    present: Authenticator | None, earlier: Authenticator | None
) -> Authenticator | None:
    """The earlier app; as it is now where it is the same one (no code works twice)."""
    if present and earlier and present.secret == earlier.secret:
        return present
    return earlier


def _differing(one: Account, other: Account) -> list[ContactKind]:
    return [
        kind
        for kind in _CHANNEL
        if value_of(kind, contact_of(one, kind)) != value_of(kind, contact_of(other, kind))
    ]


def _undoing(ports: Ports, account: Account, change: ContactChange) -> list[Write]:
    restored = _restored(account, change, ports.now())
    writes: list[Write] = [
        ports.accounts.changing(restored),
        *ports.sessions.ending_all(account.account_id),
        *tell(ports, restored, "contacts_restored"),
        ports.audited(account.account_id, f"{change.kind}_change_undone", "owner"),
    ]
    for kind in _differing(account, restored):
        present, old = (value_of(kind, contact_of(one, kind)) for one in (account, restored))
        writes += [
            tell_by(ports, account, _CHANNEL[kind], "contacts_restored"),
            ports.accounts.releasing(account.account_id, kind, present),
            ports.accounts.taking(account.account_id, kind, old, now=ports.now(), back=True),
        ]
    if account.closes_at is not None:
        writes += tell(ports, restored, "account_closing_cancelled")
        writes.append(ports.audited(account.account_id, "account_closing_cancelled", "owner"))
    return writes
