"""An authenticator app as a stronger second step, with recovery codes."""

import base64

import msgspec

from chalicelib.domain.authenticator import matching_step, setup_address
from chalicelib.domain.errors import Refusal
from chalicelib.operations.change_account import require_password
from chalicelib.operations.notices import language_of, tell
from chalicelib.operations.ports import Caller, Ports
from chalicelib.stores.accounts import Account, Authenticator
from chalicelib.stores.keyring import token_digest
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed

RECOVERY_CODES = 10
_SECRET_BYTES = 20
_RECOVERY_BYTES = 10


class AuthenticatorSetup(msgspec.Struct, frozen=True, kw_only=True):
    """What the app is set up with; `address` is for a QR code."""

    secret: str
    address: str


class RecoveryCodes(msgspec.Struct, frozen=True):
    """Codes that each replace the app once, shown this once."""

    recovery_codes: tuple[str, ...]


def begin_authenticator(
    ports: Ports, caller: Caller, principal: Principal, *, current_password: str
) -> AuthenticatorSetup:
    """A secret for the app; it serves only once a code of it was given back.

    Raises `reauthentication_required`; `conflict` where an app serves already.
    """
    account = require_password(ports, caller, principal, current_password)
    if account.authenticator and account.authenticator.confirmed:
        raise Refusal("conflict")
    secret = base64.b32encode(ports.random.bytes(_SECRET_BYTES)).decode()
    _change(ports, principal, account, Authenticator(secret=secret), "authenticator_begun")
    return AuthenticatorSetup(
        secret=secret,
        address=setup_address(
            secret, account=account.email, service=ports.service_names[language_of(account)]
        ),
    )


def confirm_authenticator(ports: Ports, principal: Principal, *, code: str) -> RecoveryCodes:
    """Let the app serve from now on. Raises `code_invalid`, `conflict`."""
    account = _account(ports, principal)
    begun = account.authenticator
    if begun is None or begun.confirmed:
        raise Refusal("conflict")
    serving = confirmed_by(ports, begun, code)
    if serving is None:
        raise Refusal("code_invalid")
    _change(ports, principal, account, serving[0], "authenticator_added")
    return RecoveryCodes(serving[1])


def remove_authenticator(
    ports: Ports, caller: Caller, principal: Principal, *, current_password: str
) -> None:
    """Go back to codes by SMS. Raises `reauthentication_required`; `not_found` without an app."""
    account = require_password(ports, caller, principal, current_password)
    if account.authenticator is None:
        raise Refusal("not_found")
    _change(ports, principal, account, None, "authenticator_removed")


def confirmed_by(
    ports: Ports, begun: Authenticator, code: str
) -> tuple[Authenticator, tuple[str, ...]] | None:
    """The authenticator that serves from now on, with its recovery codes; None for a wrong code."""
    step = matching_step(begun.secret, code, now=ports.now(), after=begun.last_step)
    if step is None:
        return None
    codes = tuple(_recovery_code(ports) for _ in range(RECOVERY_CODES))
    serving = msgspec.structs.replace(
        begun,
        confirmed=True,
        last_step=step,
        recovery=tuple(token_digest(normal_recovery_code(one)) for one in codes),
    )
    return serving, codes


def after_use(authenticator: Authenticator, code: str, now: int) -> Authenticator | None:
    """The authenticator once `code` (of the app, or a recovery code) is used up; None if wrong."""
    step = matching_step(authenticator.secret, code, now=now, after=authenticator.last_step)
    if step is not None:
        return msgspec.structs.replace(authenticator, last_step=step)
    digest = token_digest(normal_recovery_code(code))
    if digest in authenticator.recovery:
        left = tuple(one for one in authenticator.recovery if one != digest)
        return msgspec.structs.replace(authenticator, recovery=left)
    return None


def normal_recovery_code(code: str) -> str:
    """Without hyphens and spaces, in capitals."""
    return code.replace("-", "").replace(" ", "").upper()


def _recovery_code(ports: Ports) -> str:
    text = base64.b32encode(ports.random.bytes(_RECOVERY_BYTES)).decode()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _account(ports: Ports, principal: Principal) -> Account:
    account = ports.accounts.get(principal.account_id)
    if account is None:
        raise Refusal("unauthenticated")
    return account


def _change(
    ports: Ports,
    principal: Principal,
    account: Account,
    authenticator: Authenticator | None,
    action: str,
) -> None:
    changed = msgspec.structs.replace(account, authenticator=authenticator)
    notices = tell(ports, account, action) if action != "authenticator_begun" else []
    trail = ports.audited(account.account_id, action, "owner")
    try:
        standing = ports.sessions.standing(principal)
        ports.commit([standing, ports.accounts.changing(changed), trail, *notices])
    except ConditionFailed as failure:
        if any(key.table == "sessions" for key in failure.failed):
            raise Refusal("unauthenticated") from None
        raise Refusal("conflict") from None
