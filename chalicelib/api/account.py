"""The account itself: reading it, changing password and contacts, its activity."""

from typing import Annotated

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.cursors import Paging, page_from
from chalicelib.api.routes import Function, Listing
from chalicelib.operations import account, activity, change_account
from chalicelib.operations.views import AccountView

function = Function("account")

Token = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]

_CHANGE_RAISES = ("reauthentication_required", "conflict")


class PasswordBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The password as it is, and as it shall be."""

    current_password: str
    new_password: str


class ContactBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Proof of the new phone or e-mail, and the password."""

    verification_token: Token
    current_password: str


class UndoBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The token of the link that was sent to the old phone's or e-mail's owner."""

    token: Token


@function.route("GET", "/account", policy="signed_in", answers={200: AccountView})
def read_account(call: Call) -> AccountView:
    """The own account."""
    return account.read_account(call.ports, call.principal)


@function.route(
    "PUT",
    "/account/password",
    policy="signed_in",
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
    raises=(*_CHANGE_RAISES, "contact_taken"),
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
    raises=(*_CHANGE_RAISES, "contact_taken"),
)
def change_email(call: Call) -> AccountView:
    """Change the e-mail address; the old one is told."""
    return _changed(call, "email")


@function.route(
    "POST",
    "/account/contact-undo",
    policy="public",
    body=UndoBody,
    answers={204: None},
    raises=("code_invalid", "contact_taken", "conflict"),
)
def undo_contact_change(call: Call) -> None:
    """Undo a change of phone or e-mail by the link sent to the old one."""
    change_account.undo_contact_change(call.ports, call.body.token)


@function.route(
    "GET",
    "/account/activity",
    policy="signed_in",
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


def _changed(call: Call, kind: change_account.ContactKind) -> AccountView:
    body: ContactBody = call.body
    return change_account.change_contact(
        call.ports,
        call.caller,
        call.principal,
        kind,
        verification_token=body.verification_token,
        current_password=body.current_password,
    )
