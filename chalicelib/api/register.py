"""Registration: draft, confirm, cancel; confirming the e-mail address."""

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.members import ConsentBody, Token, TokenBody
from chalicelib.api.routes import Function, Nothing
from chalicelib.operations import confirm_email, register

function = Function("register")


class RegistrationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person registers with."""

    verification_token: Token
    email: str
    password: str
    name: str
    document_type: str
    document_number: str
    consent: ConsentBody


@function.route(
    "POST",
    "/registrations",
    policy="public",
    body=RegistrationBody,
    answers={201: register.Drafted},
    creating=True,
    raises=("identity_taken", "rate_limited", "unavailable"),
)
def draft_registration(call: Call) -> register.Drafted:
    """Register: answers a draft for the person to check."""
    body: RegistrationBody = call.body
    application = register.Application(
        verification_token=body.verification_token,
        email=body.email,
        password=body.password,
        name=body.name,
        document_type=body.document_type,
        document_number=body.document_number,
        consent_version=body.consent.version,
        consent_accepted=body.consent.accepted,
    )
    return register.draft_registration(call.ports, call.caller, application)


@function.route(
    "POST",
    "/registrations/{registration_id}/confirm",
    policy="public",
    body=Nothing,
    body_optional=True,
    answers={201: register.Registered},
    creating=True,
    raises=("not_found", "identity_taken", "contact_taken"),
)
def confirm_registration(call: Call, registration_id: str) -> register.Registered:
    """Say yes to a draft: opens the account."""
    return register.confirm_registration(call.ports, registration_id)


@function.route(
    "DELETE",
    "/registrations/{registration_id}",
    policy="public",
    answers={204: None},
    raises=("not_found",),
)
def cancel_registration(call: Call, registration_id: str) -> None:
    """Say no to a draft: nothing is kept."""
    register.cancel_registration(call.ports, registration_id)


@function.route(
    "POST",
    "/email-confirmations",
    policy="public",
    body=TokenBody,
    answers={204: None},
    creating=True,
    raises=("code_invalid",),
)
def confirm_address(call: Call) -> None:
    """Confirm an e-mail address by the token that was mailed to it."""
    confirm_email.confirm_email(call.ports, call.body.token)


@function.route(
    "POST",
    "/email-confirmations/resend",
    policy="signed_in",
    body=Nothing,
    body_optional=True,
    answers={202: None},
    raises=("rate_limited",),
)
def resend_confirmation(call: Call) -> None:
    """Send the confirmation mail again."""
    confirm_email.resend_confirmation(call.ports, call.principal)
