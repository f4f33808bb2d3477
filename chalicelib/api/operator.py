"""What operators do: the staff's accounts."""

from typing import Annotated

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.cursors import Paging, page_from
from chalicelib.api.routes import Function, Listing
from chalicelib.domain.staff import Role
from chalicelib.operations import staff

function = Function("operator")

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class StaffBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to invite as what; a registrar has an institution, a reviewer a province."""

    email: Text
    name: Text
    role: Role
    institution_code: Text | None = None
    province: Text | None = None


@function.route(
    "POST",
    "/operator/staff",
    policy="operator",
    body=StaffBody,
    answers={201: staff.StaffView},
    creating=True,
    raises=("contact_taken", "conflict"),
)
def create_staff(call: Call) -> staff.StaffView:
    """Make an account of the staff and invite its owner by mail."""
    body: StaffBody = call.body
    return staff.create_staff(
        call.ports,
        call.principal,
        call.caller.language,
        email=body.email,
        name=body.name,
        role=body.role,
        institution_code=body.institution_code,
        province=body.province,
    )


@function.route(
    "GET",
    "/operator/staff",
    policy="operator",
    query=Paging,
    answers={200: list[staff.StaffView]},
)
def list_staff(call: Call) -> Listing:
    """The staff."""
    return page_from(
        call, lambda limit, after: staff.list_staff(call.ports, limit=limit, after=after)
    )


@function.route(
    "POST",
    "/operator/staff/{staff_id}/invitation",
    policy="operator",
    answers={200: staff.StaffView},
    creating=True,
    raises=("not_found", "conflict"),
)
def invite_again(call: Call, staff_id: str) -> staff.StaffView:
    """Invite somebody of the staff anew; what let them in before does not any more."""
    return staff.invite_again(call.ports, call.principal, staff_id)


@function.route(
    "DELETE",
    "/operator/staff/{staff_id}",
    policy="operator",
    answers={204: None},
    raises=("not_found", "conflict"),
)
def deactivate_staff(call: Call, staff_id: str) -> None:
    """End somebody's service, acting on their next request."""
    staff.deactivate_staff(call.ports, call.principal, staff_id)
