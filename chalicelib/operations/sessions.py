"""Signing in, staying in, seeing and ending sessions."""

from collections.abc import Sequence

import msgspec

from chalicelib.domain.emails import comparable, parse_email
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.limits import network_of
from chalicelib.domain.phones import parse_phone
from chalicelib.operations.notices import tell_by
from chalicelib.operations.ports import Caller, Ports
from chalicelib.operations.second_step import SecondStep, ask_second_step
from chalicelib.operations.start_session import (
    SessionView,
    new_secrets,
    principal_of,
    session_view,
    start_session,
)
from chalicelib.stores.accounts import Account
from chalicelib.stores.limits import Hit, OverLimit
from chalicelib.stores.sessions import (
    Principal,
    Session,
    with_fresh_pair,
)
from chalicelib.stores.tables import ConditionFailed

_CONTENTION_TRIES = 5


class SessionItem(msgspec.Struct, frozen=True, kw_only=True):
    """One of the account's own sessions."""

    session_id: str
    device: str
    place: str
    created_at: str
    last_used_at: str
    current: bool


def sign_in(
    ports: Ports, caller: Caller, *, username: str, password: str, device_token: str | None
) -> SessionView | SecondStep:
    """A session on a known device, else a code to the bound phone.

    Raises `credentials_invalid`, whatever is wrong and however often.
    """
    network = network_of(caller.ip)
    normal = _normal_username(username)
    account = _account_of(ports, normal)
    subject = account.account_id if account else normal
    allowed = _address_may_try(ports, network) and ports.throttle.take_try(
        subject, network, ports.now()
    )
    # A try that is not allowed takes as long: time tells nothing about what was wrong.
    right = _password_matches(ports, account if allowed else None, password)
    if account is None or not right:
        _count_attacked_account(ports, normal, network)
        ports.metrics.count("sign_in_failed")
        raise Refusal("credentials_invalid")
    account = _rehashed(ports, account, password)
    if device_token and _knows_device(ports, account, device_token):
        cleared = ports.throttle.clear(subject, network)
        return start_session(ports, caller, account, writes=cleared)
    ports.tables.commit(ports.throttle.clear(subject, network))
    return ask_second_step(ports, caller, account)


def refresh(ports: Ports, *, refresh_token: str) -> SessionView:
    """A fresh pair for a refresh token.

    Raises `unauthenticated`: for an unknown or lapsed token, and for one that was spent more than
    a minute ago, which ends its session.
    """
    for _ in range(_CONTENTION_TRIES):
        now = ports.now()
        session, verdict = ports.sessions.of_refresh_token(refresh_token, now)
        if session is None:
            raise Refusal("unauthenticated")
        if verdict == "reused":
            _end_reused(ports, session)
            raise Refusal("unauthenticated")
        account = ports.accounts.get(session.principal.account_id)
        if account is None or account.ended(session.principal.session_id, session.started_at):
            raise Refusal("unauthenticated")
        present = principal_of(account, session.principal.session_id)
        followed = msgspec.structs.replace(session, principal=present)
        fresh, pair = with_fresh_pair(
            followed, secrets=new_secrets(ports), now=now, used=refresh_token
        )
        if ports.sessions.change(fresh):
            return session_view(pair, account, None)
    raise Refusal("unavailable", retry_after=1)


def list_sessions(ports: Ports, principal: Principal) -> Sequence[SessionItem]:
    """The account's own sessions, the newest first."""
    return [
        SessionItem(
            session_id=session.principal.session_id,
            device=session.device,
            place=session.place,
            created_at=rfc3339(session.started_at),
            last_used_at=rfc3339(session.last_used_at),
            current=session.principal.session_id == principal.session_id,
        )
        for session in ports.sessions.live(principal.account_id, ports.now())
    ]


def end_session(ports: Ports, principal: Principal, session_id: str) -> None:
    """End one of the own sessions, at once. Raises `not_found`."""
    wanted = principal.session_id if session_id == "current" else session_id
    if not ports.sessions.end(principal.account_id, wanted):
        raise Refusal("not_found")


def _normal_username(username: str) -> str:
    """An e-mail address or phone in its comparable form; what is neither stays as it is."""
    try:
        if "@" in username:
            return comparable(parse_email(username))
        return parse_phone(username)
    except Refusal:
        return username.strip().casefold()


def _account_of(ports: Ports, username: str) -> Account | None:
    """The account of that name; where there is none, one is looked up all the same (A-05)."""
    holder = ports.accounts.holder("email" if "@" in username else "phone", username)
    return ports.accounts.get_or_nobody(holder)


def _knows_device(ports: Ports, account: Account, device_token: str) -> bool:
    """Whether the second step may be left out: never for staff."""
    return account.post is None and ports.sessions.knows_device(
        account.account_id, device_token, ports.now()
    )


def _password_matches(ports: Ports, account: Account | None, password: str) -> bool:
    if account is None or not account.may_sign_in:
        ports.hasher.verify_nothing(password)
        return False
    return ports.hasher.verify(account.password, password)


def _rehashed(ports: Ports, account: Account, password: str) -> Account:
    """Keep the password under today's settings; another sign-in may do it as well."""
    if not ports.hasher.needs_rehash(account.password):
        return account
    renewed = msgspec.structs.replace(account, password=ports.hasher.hash(password))
    try:
        ports.tables.commit([ports.accounts.changing(renewed)])
    except ConditionFailed:
        return account
    return msgspec.structs.replace(renewed, version=renewed.version + 1)


def _address_may_try(ports: Ports, network: str) -> bool:
    """A-04: an address that failed on many accounts has to wait."""
    now = ports.now()
    try:
        ports.limits.require_room([Hit("password.accounts.ip", network)], now)
    except OverLimit:
        return False
    return True


def _count_attacked_account(ports: Ports, username: str, network: str) -> None:
    """A-04: an address that tries many accounts; the answer stays the same 401."""
    now = ports.now()
    try:
        ports.limits.take([Hit("password.pair", f"{network}/{username}")], now)
        ports.limits.take([Hit("password.accounts.ip", network)], now)
    except OverLimit:
        return


def _end_reused(ports: Ports, session: Session) -> None:
    """Two hold this session: end it and tell its owner."""
    principal = session.principal
    account = ports.accounts.get(principal.account_id)
    writes = [
        ports.sessions.ending(principal.account_id, principal.session_id),
        ports.audited(principal.account_id, "session_reuse_ended", "owner"),
    ]
    if account is not None:
        writes.append(tell_by(ports, account, "email", "session_reuse"))
    ports.tables.commit(writes)
    ports.metrics.count("session_reuse")
