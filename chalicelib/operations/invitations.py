"""Invitations: the first password of an account that was made for somebody, and staff's app."""

import base64

import msgspec

from chalicelib.domain.authenticator import setup_address
from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.instants import rfc3339
from chalicelib.operations.agreed_terms import agreed_terms
from chalicelib.operations.authenticator import AuthenticatorSetup, confirmed_by
from chalicelib.operations.notices import language_of
from chalicelib.operations.ports import Ports
from chalicelib.operations.recover import checked_password
from chalicelib.stores.accounts import Account, Authenticator
from chalicelib.stores.invitations import invitation_of, invitation_token, invited_account
from chalicelib.stores.tables import ConditionFailed, Write

INVITATION_SECONDS = 7 * 86_400
_SECRET_BYTES = 20


class InvitationView(msgspec.Struct, frozen=True, kw_only=True):
    """Whose account it is; `authenticator` where an app has to be set up as well."""

    username: str
    name: str
    expires_at: str
    authenticator: AuthenticatorSetup | None


class Accepted(msgspec.Struct, frozen=True):
    """The password is set; codes that each replace the app once, shown this once."""

    username: str
    recovery_codes: tuple[str, ...]


def invited(ports: Ports, account: Account) -> tuple[Account, str]:
    """The account with an open invitation and no way in but that; and the link to be mailed.

    One of the staff gets the secret of a new authenticator app with it.
    """
    token = invitation_token(account.account_id, ports.random.token())
    secret = base64.b32encode(ports.random.bytes(_SECRET_BYTES)).decode()
    changed = msgspec.structs.replace(
        account,
        password="",
        authenticator=Authenticator(secret=secret) if account.post else None,
        invitation=invitation_of(token, ports.now() + INVITATION_SECONDS),
    )
    return changed, f"{ports.public_origin}/invitation/#{token}"


def read_invitation(ports: Ports, token: str) -> InvitationView:
    """What an open invitation is for. Raises `code_invalid`."""
    account = _invited_account(ports, token)
    invitation, app = account.invitation, account.authenticator
    return InvitationView(
        username=account.email,
        name=account.person.name,
        expires_at=rfc3339(invitation.until if invitation else ports.now()),
        authenticator=_setup(ports, account, app) if app and account.post else None,
    )


def accept_invitation(
    ports: Ports, token: str, *, password: str, code: str | None, terms: str | None
) -> Accepted:
    """Set the password, and for staff the app by a code of it: both or none, once.

    `terms` is the version that somebody who is not of the staff has agreed to: their account was
    opened for them. Raises `code_invalid` for the token, `InvalidInput` for the others.
    """
    account = _invited_account(ports, token)
    checked = checked_password(ports, account, password, field="password")
    app, recovery = account.authenticator, tuple[str, ...]()
    if account.post is not None and app is not None:
        app, recovery = _serving_app(ports, app, code)
    accepted = msgspec.structs.replace(
        account,
        password=ports.hasher.hash(checked),
        authenticator=app,
        invitation=None,
        email_confirmed=True,
    )
    writes: list[Write] = [ports.accounts.changing(accepted)]
    if account.post is None:
        if terms is None:
            raise invalid("consent", "consent_required")
        consent = agreed_terms(terms, ports.now())
        writes.append(ports.accounts.agreeing(account.account_id, consent))
    answer = Accepted(account.email, recovery)
    writes.append(ports.audited(account.account_id, "invitation_accepted", "owner"))
    try:
        ports.commit(writes, reply=answer)
    except ConditionFailed:
        raise Refusal("code_invalid") from None
    ports.metrics.count("invitation_accepted")
    return answer


def _invited_account(ports: Ports, token: str) -> Account:
    account = invited_account(ports.accounts, token, ports.now())
    if account is None or account.deactivated_at is not None:
        raise Refusal("code_invalid")
    return account


def _serving_app(
    ports: Ports, app: Authenticator, code: str | None
) -> tuple[Authenticator, tuple[str, ...]]:
    if code is None:
        raise invalid("code", "required")
    serving = confirmed_by(ports, app, code)
    if serving is None:
        raise invalid("code", "authenticator_code_invalid")
    return serving


def _setup(ports: Ports, account: Account, app: Authenticator) -> AuthenticatorSetup:
    service = ports.service_names[language_of(account)]
    return AuthenticatorSetup(
        secret=app.secret,
        address=setup_address(app.secret, account=account.email, service=service),
    )
