"""Bindings."""

from typing import Annotated

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.cursors import Paging, page_of
from chalicelib.api.routes import Function, Listing, Nothing
from chalicelib.operations import bind

function = Function("bind")


class BindingBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The record to bind: number as printed, year, and institution (name or 5-digit code)."""

    family: bind.BindableFamily
    certificate_number: str
    graduation_year: (
        Annotated[int, msgspec.Meta(ge=1900, le=2200)]
        | Annotated[str, msgspec.Meta(pattern="^[0-9]{4}$")]
    )
    institution: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


@function.route(
    "POST",
    "/bindings",
    policy="signed_in",
    body=BindingBody,
    answers={201: bind.BindingView, 202: bind.ReviewRequired},
    creating=True,
    raises=("proof_required", "consent_withdrawn", "not_matched"),
)
def create_binding(call: Call) -> bind.BindingView | bind.ReviewRequired:
    """Bind a record by certificate number, year and institution."""
    body: BindingBody = call.body
    return bind.bind(
        call.ports,
        call.principal,
        family=body.family,
        certificate_number=body.certificate_number,
        graduation_year=body.graduation_year,
        institution=body.institution,
    )


@function.route(
    "GET",
    "/bindings",
    policy="signed_in",
    query=Paging,
    answers={200: list[bind.BindingItem]},
    raises=("proof_required", "consent_withdrawn"),
)
def list_bindings(call: Call) -> Listing:
    """The account's bindings with how and when."""
    return page_of(call, bind.list_bindings(call.ports, call.principal))


@function.route(
    "POST",
    "/bindings/refresh",
    policy="signed_in",
    body=Nothing,
    body_optional=True,
    answers={200: bind.BoundCount},
    raises=("proof_required", "consent_withdrawn"),
)
def refresh_bindings(call: Call) -> bind.BoundCount:
    """Look again what binds by itself."""
    return bind.refresh_bindings(call.ports, call.principal)
