"""Reading one's own records, and searching the institutions."""

from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib.domain.errors import Refusal
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.institutions import search
from chalicelib.domain.records import FAMILIES, Family, PhotoKind
from chalicelib.operations.archive import bound_record, bound_records
from chalicelib.operations.ports import Ports
from chalicelib.operations.views import masked_facts, record_view
from chalicelib.stores.sessions import Principal


class FamilyCount(msgspec.Struct, frozen=True, kw_only=True):
    """How many records of a family are shown, and how many withheld."""

    family: Family
    count: int
    held: int


class Overview(msgspec.Struct, frozen=True):
    """The archive at a glance: all seven families."""

    families: tuple[FamilyCount, ...]


class VersionView(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier version of a record."""

    version: int
    facts: dict[str, Any]
    replaced_at: str
    replaced_by: str
    reason: str


class InstitutionView(msgspec.Struct, frozen=True, kw_only=True):
    """An institution as the public list shows it."""

    code: str
    name: str
    province: str | None
    level: str | None


def overview(ports: Ports, principal: Principal) -> Overview:
    """Counts of every family; binds what newly matches. Raises `proof_required`."""
    records = [bound.record for bound in bound_records(ports, principal)]
    return Overview(
        tuple(
            FamilyCount(
                family=family,
                count=sum(one.family == family and not one.held for one in records),
                held=sum(one.family == family and one.held for one in records),
            )
            for family in FAMILIES
        )
    )


def list_records(ports: Ports, principal: Principal, family: str) -> Sequence[dict[str, object]]:
    """A family's records, the newest first, then those withheld.

    Raises `proof_required`; `not_found` for a family there is not.
    """
    wanted = known_family(family)
    records = [b.record for b in bound_records(ports, principal) if b.record.family == wanted]
    return [record_view(record) for record in sorted(records, key=lambda one: one.held)]


def read_record(
    ports: Ports, principal: Principal, family: str, record_id: str
) -> dict[str, object]:
    """One record, and what its owner has said about it. Raises `proof_required`, `not_found`."""
    record = bound_record(ports, principal, known_family(family), record_id).record
    if record.held:
        return record_view(record)
    said = ports.proofreading.of_record(principal.account_id, record_id)
    confirmed, photo = said.confirmation, said.photo
    return {
        **record_view(record),
        "confirmed_version": confirmed.version if confirmed else None,
        "confirmed_at": rfc3339(confirmed.at) if confirmed else None,
        "photo_verdict": photo.verdict if photo else None,
    }


def read_photo(
    ports: Ports, principal: Principal, family: str, record_id: str, kind: PhotoKind
) -> bytes:
    """A record's photo (JPEG). Raises `not_found` where there is none to show."""
    record = bound_record(ports, principal, known_family(family), record_id).record
    address = record.photos.get(kind)
    photo = ports.photos.get(address) if address and not record.held else None
    if photo is None:
        raise Refusal("not_found")
    return photo


def read_versions(
    ports: Ports, principal: Principal, family: str, record_id: str
) -> Sequence[VersionView]:
    """A record's earlier versions, the newest first. A held record shows none."""
    record = bound_record(ports, principal, known_family(family), record_id).record
    if record.held:
        return []
    return [
        VersionView(
            version=old.version,
            facts=masked_facts(old.facts),
            replaced_at=rfc3339(old.replaced_at),
            replaced_by=old.replaced_by,
            reason=old.reason,
        )
        for old in ports.registry.versions(record_id)
    ]


def search_institutions(ports: Ports, query: str) -> Sequence[InstitutionView]:
    """Institutions by code or name."""
    return [
        InstitutionView(code=one.code, name=one.name, province=one.province, level=one.level)
        for one in search(ports.institutions.all(), query)
    ]


def known_family(family: str) -> Family:
    """The family of a path. Raises `not_found`."""
    for known in FAMILIES:
        if known == family:
            return known
    raise Refusal("not_found")
