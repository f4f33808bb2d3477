"""Recovery of user name and password; the first password, by invitation."""

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.members import ConsentBody, Token, TokenBody
from chalicelib.api.routes import Function
from chalicelib.domain.consents import require_stated_consent
from chalicelib.operations import invitations, recover

function = Function("recover")


class UsernameRecoveryBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Proof of a phone or e-mail, and who one is."""

    verification_token: Token
    name: str
    document_type: str
    document_number: str


class PasswordResetBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Proof of the bound phone or e-mail, the document, and the new password."""

    verification_token: Token
    document_type: str
    document_number: str
    new_password: str


class AcceptBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token, the password; for staff a code of the app, for others the consent to the terms."""

    token: Token
    password: str
    code: Token | None = None
    consent: ConsentBody | None = None


@function.route(
    "POST",
    "/username-recoveries",
    policy="public",
    body=UsernameRecoveryBody,
    answers={202: None},
    creating=True,
)
def recover_username(call: Call) -> None:
    """Have the user name sent to the bound channels, if there is such an account."""
    body: UsernameRecoveryBody = call.body
    recover.recover_username(
        call.ports,
        verification_token=body.verification_token,
        name=body.name,
        document_type=body.document_type,
        document_number=body.document_number,
    )


@function.route(
    "POST",
    "/password-resets",
    policy="public",
    body=PasswordResetBody,
    answers={204: None},
    creating=True,
    raises=("not_matched", "conflict"),
)
def reset_password(call: Call) -> None:
    """Set a new password; all sessions end."""
    body: PasswordResetBody = call.body
    recover.reset_password(
        call.ports,
        call.caller,
        verification_token=body.verification_token,
        document_type=body.document_type,
        document_number=body.document_number,
        new_password=body.new_password,
    )


@function.route(
    "POST",
    "/invitations",
    policy="public",
    body=TokenBody,
    answers={200: invitations.InvitationView},
    raises=("code_invalid",),
)
def read_invitation(call: Call) -> invitations.InvitationView:
    """What the link of an invitation is for."""
    return invitations.read_invitation(call.ports, call.body.token)


@function.route(
    "POST",
    "/invitations/accept",
    policy="public",
    body=AcceptBody,
    answers={200: invitations.Accepted},
    creating=True,
    raises=("code_invalid",),
)
def accept_invitation(call: Call) -> invitations.Accepted:
    """Set the first password, and for staff the authenticator app."""
    body: AcceptBody = call.body
    given = body.consent
    return invitations.accept_invitation(
        call.ports,
        body.token,
        password=body.password,
        code=body.code,
        terms=require_stated_consent(given.version, given.accepted) if given else None,
    )
