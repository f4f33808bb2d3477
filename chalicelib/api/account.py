"""The account itself: reading it, changing password and contacts, its activity."""

from typing import Literal

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.cursors import Paging, page_from
from chalicelib.api.members import Token, TokenBody
from chalicelib.api.routes import Binary, Function, Listing
from chalicelib.api.scan_consents import EvidenceBody, given_consent
from chalicelib.operations import (
    account,
    activity,
    authenticator,
    change_account,
    change_identity,
    close_account,
    consents,
    contact_changes,
    export,
    export_page,
    upgrade,
)
from chalicelib.operations.document_scans import Submission
from chalicelib.operations.views import AccountView

function = Function("account")


_CHANGE_RAISES = ("reauthentication_required", "conflict")


class PasswordBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The password as it is, and as it shall be."""

    current_password: str
    new_password: str


class ContactBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Proof of a phone or e-mail, and the password."""

    verification_token: Token
    current_password: str


class ReauthenticationBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The password, given again."""

    current_password: str


class AuthenticatorCodeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A code that the app shows."""

    code: Token


class IdentityBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another name or document; `evidence` says that a picture follows, as it always does."""

    name: str
    document_type: str
    document_number: str
    evidence: bool | None = None


class TermsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which text of the terms and privacy notice is agreed to."""

    version: str
    accepted: bool


class ExportQuery(msgspec.Struct, frozen=True):
    """How the export is written: for programs, or as a page to read and print."""

    format: Literal["json", "html"] = "json"


@function.route("GET", "/account", policy="any_account", answers={200: AccountView})
def read_account(call: Call) -> AccountView:
    """The own account."""
    return account.read_account(call.ports, call.principal)


@function.route(
    "PUT",
    "/account/password",
    policy="any_account",
    body=PasswordBody,
    answers={204: None},
    raises=_CHANGE_RAISES,
)
def change_password(call: Call) -> None:
    """Change the password; other sessions end."""
    body: PasswordBody = call.body
    change_account.change_password(
        call.ports,
        call.caller,
        call.principal,
        current_password=body.current_password,
        new_password=body.new_password,
    )


@function.route(
    "PUT",
    "/account/phone",
    policy="signed_in",
    body=ContactBody,
    answers={200: AccountView},
    raises=(*_CHANGE_RAISES, "contact_taken", "rate_limited"),
)
def change_phone(call: Call) -> AccountView:
    """Change the phone; the old one is told."""
    return _changed(call, "phone")


@function.route(
    "PUT",
    "/account/email",
    policy="signed_in",
    body=ContactBody,
    answers={200: AccountView},
    raises=(*_CHANGE_RAISES, "contact_taken", "rate_limited"),
)
def change_email(call: Call) -> AccountView:
    """Change the e-mail address; the old one is told."""
    return _changed(call, "email")


@function.route(
    "PUT",
    "/account/identity",
    policy="signed_in",
    body=IdentityBody,
    answers={202: change_identity.IdentityAnswer},
    raises=("consent_withdrawn", "conflict", "identity_taken", "rate_limited"),
)
def prove_identity(call: Call) -> change_identity.IdentityAnswer:
    """Prove another name or document: at once, or by evidence that is reviewed."""
    body: IdentityBody = call.body
    return change_identity.change_identity(
        call.ports,
        call.caller,
        call.principal,
        name=body.name,
        document_type=body.document_type,
        document_number=body.document_number,
    )


@function.route(
    "POST",
    "/account/identity/{review_id}/submit",
    policy="signed_in",
    body=EvidenceBody,
    body_optional=True,
    answers={202: Submission},
    raises=("not_found", "conflict", "file_rejected", "rate_limited"),
)
def submit_identity(call: Call, review_id: str) -> Submission:
    """Submit a change of identity whose evidence was uploaded."""
    return change_identity.submit_identity(
        call.ports, call.principal, review_id, consent=given_consent(call.body.consent)
    )


@function.route(
    "GET",
    "/account/identity/{review_id}",
    policy="signed_in",
    answers={200: change_identity.IdentityReview},
    raises=("not_found",),
)
def read_identity_review(call: Call, review_id: str) -> change_identity.IdentityReview:
    """How a change of identity stands."""
    return change_identity.read_review(call.ports, call.principal, review_id)


@function.route(
    "DELETE",
    "/account/identity/{review_id}",
    policy="signed_in",
    answers={204: None},
    raises=("not_found", "conflict"),
)
def withdraw_identity(call: Call, review_id: str) -> None:
    """Withdraw a change of identity before it is decided."""
    change_identity.withdraw_identity(call.ports, call.principal, review_id)


@function.route(
    "POST",
    "/account/contact-undo",
    policy="public",
    body=TokenBody,
    answers={204: None},
    raises=("code_invalid",),
)
def undo_contact_change(call: Call) -> None:
    """Undo a change of phone or e-mail by the link sent to the old one."""
    contact_changes.undo_contact_change(call.ports, call.body.token)


@function.route(
    "GET",
    "/account/activity",
    policy="any_account",
    query=Paging,
    answers={200: list[activity.ActivityItem]},
)
def list_activity(call: Call) -> Listing:
    """Who read or changed what, when."""
    return page_from(
        call,
        lambda limit, after: activity.list_activity(
            call.ports, call.principal, limit=limit, after=after
        ),
    )


@function.route(
    "POST",
    "/account/authenticator",
    policy="signed_in",
    body=ReauthenticationBody,
    answers={201: authenticator.AuthenticatorSetup},
    creating=True,
    raises=_CHANGE_RAISES,
)
def begin_authenticator(call: Call) -> authenticator.AuthenticatorSetup:
    """Set up an authenticator app: answers its secret."""
    return authenticator.begin_authenticator(
        call.ports, call.caller, call.principal, current_password=call.body.current_password
    )


@function.route(
    "POST",
    "/account/authenticator/confirm",
    policy="signed_in",
    body=AuthenticatorCodeBody,
    answers={200: authenticator.RecoveryCodes},
    creating=True,
    raises=("code_invalid", "conflict"),
)
def confirm_authenticator(call: Call) -> authenticator.RecoveryCodes:
    """Let the app serve, by a code of it: answers the recovery codes."""
    return authenticator.confirm_authenticator(call.ports, call.principal, code=call.body.code)


@function.route(
    "DELETE",
    "/account/authenticator",
    policy="signed_in",
    body=ReauthenticationBody,
    answers={204: None},
    raises=(*_CHANGE_RAISES, "not_found"),
)
def remove_authenticator(call: Call) -> None:
    """Go back to codes by SMS."""
    authenticator.remove_authenticator(
        call.ports, call.caller, call.principal, current_password=call.body.current_password
    )


@function.route(
    "GET", "/account/consents", policy="signed_in", answers={200: list[consents.ConsentItem]}
)
def list_consents(call: Call) -> Listing:
    """What was agreed to, and whether it stands."""
    return Listing(list(consents.list_consents(call.ports, call.principal)), None)


@function.route(
    "DELETE",
    "/account/consents/terms",
    policy="signed_in",
    answers={200: consents.Withdrawal},
    raises=("conflict",),
)
def withdraw_consent(call: Call) -> consents.Withdrawal:
    """Withdraw the consent to the processing: nothing of the archive is shown any more."""
    return consents.withdraw_consent(call.ports, call.caller, call.principal)


@function.route(
    "PUT",
    "/account/consents/terms",
    policy="signed_in",
    body=TermsBody,
    answers={204: None},
    raises=("conflict",),
)
def consent_again(call: Call) -> None:
    """Agree again, to the text in force."""
    body: TermsBody = call.body
    consents.consent_again(call.ports, call.principal, version=body.version, accepted=body.accepted)


@function.route(
    "DELETE",
    "/account/consents/document_scan",
    policy="signed_in",
    answers={200: consents.Withdrawal},
    raises=("conflict",),
)
def withdraw_scan_consent(call: Call) -> consents.Withdrawal:
    """Withdraw the consent to scans: what waits for a decision on one ends, and the scans go."""
    return consents.withdraw_scan_consent(call.ports, call.caller, call.principal)


@function.route(
    "GET",
    "/account/upgrade-eligibility",
    policy="signed_in",
    answers={200: upgrade.Eligibility},
    raises=("proof_required", "consent_withdrawn"),
)
def read_upgrade_eligibility(call: Call) -> upgrade.Eligibility:
    """专升本: whether a recognised junior-college credential is bound."""
    return upgrade.upgrade_eligibility(call.ports, call.principal)


@function.route(
    "GET",
    "/account/export",
    policy="signed_in",
    query=ExportQuery,
    answers={200: export.Export},
    also="text/html",
)
def export_account(call: Call) -> export.Export | Binary:
    """All own data."""
    exported = export.export_account(call.ports, call.principal)
    if call.query.format == "json":
        return exported
    language = call.caller.language
    page = export_page.export_page(exported, language, call.ports.service_names[language])
    return Binary(page, "text/html; charset=utf-8", "archive.html")


@function.route(
    "DELETE",
    "/account",
    policy="signed_in",
    body=ContactBody,
    answers={202: close_account.Closing},
    raises=_CHANGE_RAISES,
)
def close(call: Call) -> close_account.Closing:
    """Close the account in fifteen working days."""
    return close_account.close_account(
        call.ports,
        call.caller,
        call.principal,
        verification_token=call.body.verification_token,
        current_password=call.body.current_password,
    )


@function.route(
    "POST",
    "/account/closing/cancel",
    policy="signed_in",
    answers={204: None},
    raises=("conflict",),
)
def cancel_closing(call: Call) -> None:
    """Keep the account after all."""
    close_account.cancel_closing(call.ports, call.principal)


def _changed(call: Call, kind: contact_changes.ContactKind) -> AccountView:
    body: ContactBody = call.body
    return change_account.change_contact(
        call.ports,
        call.caller,
        call.principal,
        kind,
        verification_token=body.verification_token,
        current_password=body.current_password,
    )
