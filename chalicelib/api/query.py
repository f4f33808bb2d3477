"""The archive: records of all families, photos, versions; the institutions."""

from typing import Annotated, Any

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.cursors import Paging, page_of
from chalicelib.api.routes import Binary, Function, Listing
from chalicelib.domain.records import PhotoKind
from chalicelib.operations import query

function = Function("query")


class PhotoQuery(msgspec.Struct, frozen=True):
    """Which photo."""

    kind: PhotoKind


class InstitutionQuery(msgspec.Struct, frozen=True):
    """What to search for; an empty query lists the first institutions."""

    query: str = ""
    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    cursor: str | None = None


@function.route(
    "GET",
    "/archive",
    policy="signed_in",
    answers={200: query.Overview},
    raises=("proof_required", "consent_withdrawn"),
)
def overview(call: Call) -> query.Overview:
    """Every family with how many records are shown and withheld."""
    return query.overview(call.ports, call.principal)


@function.route(
    "GET",
    "/archive/{family}",
    policy="signed_in",
    query=Paging,
    answers={200: list[dict[str, Any]]},
    raises=("proof_required", "consent_withdrawn", "not_found"),
)
def list_records(call: Call, family: str) -> Listing:
    """A family's records."""
    return page_of(call, query.list_records(call.ports, call.principal, family), extra=family)


@function.route(
    "GET",
    "/archive/{family}/{record_id}",
    policy="signed_in",
    answers={200: dict[str, Any]},
    raises=("proof_required", "consent_withdrawn", "not_found"),
)
def read_record(call: Call, family: str, record_id: str) -> dict[str, object]:
    """One record."""
    return query.read_record(call.ports, call.principal, family, record_id)


@function.route(
    "GET",
    "/archive/{family}/{record_id}/photo",
    policy="signed_in",
    query=PhotoQuery,
    answers={200: Binary},
    media_type="image/jpeg",
    raises=("proof_required", "consent_withdrawn", "not_found"),
)
def read_photo(call: Call, family: str, record_id: str) -> Binary:
    """A record's photo."""
    photo = query.read_photo(call.ports, call.principal, family, record_id, call.query.kind)
    return Binary(photo, "image/jpeg")


@function.route(
    "GET",
    "/archive/{family}/{record_id}/versions",
    policy="signed_in",
    query=Paging,
    answers={200: list[query.VersionView]},
    raises=("proof_required", "consent_withdrawn", "not_found"),
)
def read_versions(call: Call, family: str, record_id: str) -> Listing:
    """A record's earlier versions."""
    versions = query.read_versions(call.ports, call.principal, family, record_id)
    return page_of(call, versions, extra=record_id)


@function.route(
    "GET",
    "/institutions",
    policy="public",
    query=InstitutionQuery,
    answers={200: list[query.InstitutionView]},
    cacheable_seconds=300,
)
def search_institutions(call: Call) -> Listing:
    """Institutions by code or name."""
    found = query.search_institutions(call.ports, call.query.query)
    return page_of(call, found, extra=call.query.query)
