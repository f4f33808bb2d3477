"""The second step of signing in: a code by SMS, or of an authenticator app."""

import msgspec

from chalicelib.domain import lifetimes
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.masks import mask_phone
from chalicelib.operations.authenticator import after_use
from chalicelib.operations.notices import tell_by
from chalicelib.operations.ports import Caller, Ports
from chalicelib.operations.start_session import SessionView, start_session
from chalicelib.operations.verify_code import (
    count_wrong_guess,
    require_guess_allowed,
    require_right_code,
    send_code,
)
from chalicelib.stores.accounts import Account
from chalicelib.stores.codes import Challenge, Proof
from chalicelib.stores.limits import Hit, OverLimit
from chalicelib.stores.tables import Write

APP = "authenticator"
"""The channel of a code that an authenticator app shows; nothing is sent."""


class SecondStep(msgspec.Struct, frozen=True, kw_only=True):
    """The password was right; the device is not known."""

    challenge_id: str
    channel: str
    destination_hint: str
    expires_at: str
    status: str = "second_step_required"


def ask_second_step(ports: Ports, caller: Caller, account: Account) -> SecondStep:
    """Ask for the app's code where one serves, else send one by SMS."""
    if account.authenticator and account.authenticator.confirmed:
        return _ask_for_app_code(ports, account)
    return _send_sms(ports, caller, account)


def second_step(
    ports: Ports, caller: Caller, *, challenge_id: str, code: str, remember_device: bool
) -> SessionView:
    """Start the session the code was asked for. Raises `code_invalid`, `rate_limited`."""
    require_guess_allowed(ports, caller)
    challenge = ports.codes.challenge(challenge_id, ports.now())
    if challenge is None or challenge.proof.purpose != "sign_in":
        raise Refusal("code_invalid")
    account_id = str(challenge.proof.account_id)
    _require_account_guess_allowed(ports, account_id)
    account_write = _used_code(ports, caller, challenge, code)
    account = ports.accounts.get(account_id)
    if account is None or not account.may_sign_in:
        raise Refusal("code_invalid")
    if challenge.proof.destination not in {account.phone, account.account_id}:
        raise Refusal("code_invalid")
    device_token = ports.random.token() if remember_device and account.post is None else None
    writes = [
        ports.codes.consuming(challenge),
        tell_by(ports, account, "email", "new_device"),
    ]
    if device_token:
        writes.append(ports.sessions.remembering(account.account_id, device_token, ports.now()))
    return start_session(
        ports,
        caller,
        account,
        writes=writes,
        account_write=account_write,
        device_token=device_token,
    )


def _used_code(ports: Ports, caller: Caller, challenge: Challenge, code: str) -> Write | None:
    """Check the code; the account's change where the app's code is used up by it."""
    if challenge.proof.channel != APP:
        require_right_code(ports, caller, challenge, code)
        return None
    if not ports.codes.take_try(challenge, ports.now()):
        raise Refusal("code_invalid")
    account = ports.accounts.get(challenge.proof.destination)
    authenticator = account.authenticator if account else None
    used = after_use(authenticator, code, ports.now()) if authenticator else None
    if account is None or used is None:
        count_wrong_guess(ports, caller, challenge)
        raise Refusal("code_invalid")
    return ports.accounts.changing(msgspec.structs.replace(account, authenticator=used))


def _ask_for_app_code(ports: Ports, account: Account) -> SecondStep:
    proof = Proof(
        purpose="sign_in",
        channel=APP,
        destination=account.account_id,
        account_id=account.account_id,
    )
    challenge_id, expires_at = ports.random.identifier(), ports.now() + lifetimes.CODE
    answer = SecondStep(
        challenge_id=challenge_id,
        channel=APP,
        destination_hint="",
        expires_at=rfc3339(expires_at),
    )
    unsent = ports.random.token()
    ports.commit(
        ports.codes.sending(challenge_id, proof, unsent, expires_at), reply=answer, status=202
    )
    return answer


def _send_sms(ports: Ports, caller: Caller, account: Account) -> SecondStep:
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


def _require_account_guess_allowed(ports: Ports, account_id: str) -> None:
    try:
        ports.limits.require_room([Hit("guess.account.day", account_id)], ports.now())
    except OverLimit as limit:
        raise Refusal("rate_limited", retry_after=limit.retry_after) from None
