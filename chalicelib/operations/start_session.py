"""Starting a session: the one commit in which somebody is signed in."""

from collections.abc import Sequence

import msgspec

from chalicelib.domain.errors import Refusal
from chalicelib.domain.limits import coarse_origin
from chalicelib.operations.ports import Caller, Ports
from chalicelib.operations.views import AccountView, account_view
from chalicelib.stores.accounts import Account
from chalicelib.stores.sessions import (
    MOST_SESSIONS,
    Principal,
    Session,
    TokenPair,
    with_fresh_pair,
)
from chalicelib.stores.tables import ConditionFailed, Write


class SessionView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A session just started or refreshed."""

    access_token: str
    refresh_token: str
    expires_in: int
    account: AccountView
    device_token: str | None = None


def start_session(
    ports: Ports,
    caller: Caller,
    account: Account,
    *,
    writes: Sequence[Write],
    account_write: Write | None = None,
    device_token: str | None = None,
) -> SessionView:
    """Start a session, if the account is still as it was read.

    `account_write` is the account's own change, where signing in makes one. Raises `code_invalid`
    when one of `writes` was outrun, `unavailable` when the account changed meanwhile.
    """
    now = ports.now()
    bare = Session(
        principal=principal_of(account, ports.random.identifier()),
        device=caller.device,
        place=coarse_origin(caller.ip),
        started_at=now,
        last_used_at=now,
    )
    session, pair = with_fresh_pair(bare, secrets=new_secrets(ports), now=now, used=None)
    answer = session_view(pair, account, device_token)
    trail = ports.audited(account.account_id, "signed_in", "owner", place=session.place)
    ended = _surplus(ports, account.account_id, now)
    guard = account_write or ports.accounts.unchanged(account)
    try:
        ports.commit(
            [*writes, guard, ports.sessions.starting(session), trail, *ended],
            reply=answer,
            status=201,
        )
    except ConditionFailed as failure:
        if failure.touches(guard.key):  # a new password must not meet an old sign-in
            raise Refusal("unavailable", retry_after=1) from None
        raise Refusal("code_invalid") from None
    ports.metrics.count("signed_in")
    return answer


def principal_of(account: Account, session_id: str) -> Principal:
    """Who an account's session acts as."""
    return Principal(
        account_id=account.account_id,
        session_id=session_id,
        proof_level=account.proof_level,
        identities=account.identities,
        proved_at=account.proved_at,
        language=account.language,
        post=account.post,
        consent_withdrawn=account.consent_withdrawn_at is not None,
    )


def session_view(pair: TokenPair, account: Account, device_token: str | None) -> SessionView:
    """What the person gets: tokens and account."""
    return SessionView(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        expires_in=pair.expires_in,
        account=account_view(account),
        device_token=device_token,
    )


def new_secrets(ports: Ports) -> tuple[str, str]:
    """The random parts of an access and a refresh token."""
    return ports.random.token(), ports.random.token()


def _surplus(ports: Ports, account_id: str, now: int) -> list[Write]:
    """The writes that end the oldest sessions beyond the most an account may have."""
    surplus = ports.sessions.live(account_id, now)[MOST_SESSIONS - 1 :]
    return [ports.sessions.ending(account_id, one.principal.session_id) for one in surplus]
