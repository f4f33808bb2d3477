"""Signing in, staying in, seeing and ending sessions."""

from collections.abc import Sequence

import msgspec

from chalicelib.domain import lifetimes
from chalicelib.domain.emails import comparable, parse_email
from chalicelib.domain.errors import Language, Refusal
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.limits import coarse_origin, network_of
from chalicelib.domain.masks import mask_phone
from chalicelib.domain.messages import local_time
from chalicelib.domain.phones import parse_phone
from chalicelib.operations.ports import Caller, Ports
from chalicelib.operations.verify_code import (
    require_guess_allowed,
    require_right_code,
    send_code,
)
from chalicelib.operations.views import AccountView, account_view
from chalicelib.stores.accounts import Account
from chalicelib.stores.codes import Proof
from chalicelib.stores.limits import Hit, OverLimit
from chalicelib.stores.outbox import Message
from chalicelib.stores.sessions import (
    MOST_SESSIONS,
    Principal,
    Session,
    TokenPair,
    with_fresh_pair,
)
from chalicelib.stores.tables import ConditionFailed, Write

_CONTENTION_TRIES = 5


class SessionView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A session just started or refreshed."""

    access_token: str
    refresh_token: str
    expires_in: int
    account: AccountView
    device_token: str | None = None


class SecondStep(msgspec.Struct, frozen=True, kw_only=True):
    """The password was right; the device is not known."""

    challenge_id: str
    channel: str
    destination_hint: str
    expires_at: str
    status: str = "second_step_required"


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
    if not allowed or not _password_matches(ports, account, password) or account is None:
        _count_attacked_account(ports, subject, network)
        ports.metrics.count("sign_in_failed")
        raise Refusal("credentials_invalid")
    account = _rehashed(ports, account, password)
    if device_token and ports.sessions.knows_device(account.account_id, device_token, ports.now()):
        cleared = ports.throttle.clear(subject, network)
        return _start(ports, caller, account, writes=cleared)
    ports.tables.commit(ports.throttle.clear(subject, network))
    return _second_step(ports, caller, account)


def second_step(
    ports: Ports, caller: Caller, *, challenge_id: str, code: str, remember_device: bool
) -> SessionView:
    """Start the session the code was sent for. Raises `code_invalid`, `rate_limited`."""
    require_guess_allowed(ports, caller)
    challenge = ports.codes.challenge(challenge_id, ports.now())
    if challenge is None or challenge.proof.account_id is None:
        raise Refusal("code_invalid")
    _require_account_guess_allowed(ports, challenge.proof.account_id)
    require_right_code(ports, caller, challenge, code)
    account = ports.accounts.get(challenge.proof.account_id)
    if account is None or account.phone != challenge.proof.destination:
        raise Refusal("code_invalid")
    device_token = ports.random.token() if remember_device else None
    writes = [ports.codes.consuming(challenge), _new_device_notice(ports, account)]
    if device_token:
        writes.append(ports.sessions.remembering(account.account_id, device_token, ports.now()))
    return _start(ports, caller, account, writes=writes, device_token=device_token)


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
        if account is None:
            raise Refusal("unauthenticated")
        fresh, pair = with_fresh_pair(session, secrets=_secrets(ports), now=now, used=refresh_token)
        if ports.sessions.change(fresh):
            return _view(pair, account, None)
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


def principal_of(account: Account, session_id: str) -> Principal:
    """Who an account's session acts as."""
    return Principal(
        account_id=account.account_id,
        session_id=session_id,
        proof_level=account.proof_level,
        identities=account.identities,
        proved_at=account.proved_at,
        language=account.language,
    )


def _start(
    ports: Ports,
    caller: Caller,
    account: Account,
    *,
    writes: Sequence[Write],
    device_token: str | None = None,
) -> SessionView:
    now = ports.now()
    bare = Session(
        principal=principal_of(account, ports.random.identifier()),
        device=caller.device,
        place=coarse_origin(caller.ip),
        started_at=now,
        last_used_at=now,
    )
    session, pair = with_fresh_pair(bare, secrets=_secrets(ports), now=now, used=None)
    answer = _view(pair, account, device_token)
    trail = ports.audited(account.account_id, "signed_in", "owner", place=session.place)
    ended = _surplus(ports, account.account_id, now)
    try:
        ports.commit(
            [*writes, ports.sessions.starting(session), trail, *ended], reply=answer, status=201
        )
    except ConditionFailed:
        raise Refusal("code_invalid") from None
    ports.metrics.count("signed_in")
    return answer


def _surplus(ports: Ports, account_id: str, now: int) -> list[Write]:
    """The writes that end the oldest sessions beyond the most an account may have."""
    surplus = ports.sessions.live(account_id, now)[MOST_SESSIONS - 1 :]
    return [ports.sessions.ending(account_id, one.principal.session_id) for one in surplus]


def _second_step(ports: Ports, caller: Caller, account: Account) -> SecondStep:
    """Send a code; over the limit, point to the code that was sent before while it serves."""
    proof = Proof(
        purpose="sign_in",
        channel="sms",
        destination=account.phone,
        account_id=account.account_id,
    )
    challenge_id = ports.random.identifier()
    answer = _step(account, challenge_id, ports.now() + lifetimes.CODE)
    try:
        send_code(ports, caller, proof, challenge_id, reply=answer, status=202)
    except OverLimit as limit:
        ports.metrics.count("code_limited", rule=limit.rule)
        live = ports.codes.live_challenge(proof, ports.now())
        if live is not None:
            return _step(account, live.challenge_id, live.expires_at)
    return answer


def _step(account: Account, challenge_id: str, expires_at: int) -> SecondStep:
    return SecondStep(
        challenge_id=challenge_id,
        channel="sms",
        destination_hint=mask_phone(account.phone),
        expires_at=rfc3339(expires_at),
    )


def _normal_username(username: str) -> str:
    """An e-mail address or phone in its comparable form; what is neither stays as it is."""
    try:
        if "@" in username:
            return comparable(parse_email(username))
        return parse_phone(username)
    except Refusal:
        return username.strip().casefold()


def _account_of(ports: Ports, username: str) -> Account | None:
    holder = ports.accounts.holder("email" if "@" in username else "phone", username)
    return ports.accounts.get(holder) if holder else None


def _password_matches(ports: Ports, account: Account | None, password: str) -> bool:
    if account is None:
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


def _require_account_guess_allowed(ports: Ports, account_id: str) -> None:
    try:
        ports.limits.require_room([Hit("guess.account.day", account_id)], ports.now())
    except OverLimit as limit:
        raise Refusal("rate_limited", retry_after=limit.retry_after) from None


def _end_reused(ports: Ports, session: Session) -> None:
    """Two hold this session: end it and tell its owner."""
    principal = session.principal
    account = ports.accounts.get(principal.account_id)
    writes = [
        ports.sessions.ending(principal.account_id, principal.session_id),
        ports.audited(principal.account_id, "session_reuse_ended", "owner"),
    ]
    if account is not None:
        writes.append(
            ports.message(
                Message(
                    kind="session_reuse",
                    channel="email",
                    to=account.email,
                    language=account.language,
                )
            )
        )
    ports.tables.commit(writes)
    ports.metrics.count("session_reuse")


def _new_device_notice(ports: Ports, account: Account) -> Write:
    language: Language = "en" if account.language == "en" else "zh"
    return ports.message(
        Message(
            kind="new_device",
            channel="email",
            to=account.email,
            language=account.language,
            values={"time": local_time(ports.now(), language)},
        )
    )


def _view(pair: TokenPair, account: Account, device_token: str | None) -> SessionView:
    return SessionView(
        access_token=pair.access_token,
        refresh_token=pair.refresh_token,
        expires_in=pair.expires_in,
        account=account_view(account),
        device_token=device_token,
    )


def _secrets(ports: Ports) -> tuple[str, str]:
    return ports.random.token(), ports.random.token()
