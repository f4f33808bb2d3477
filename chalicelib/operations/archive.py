"""Which records are bound to a person, and how."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from chalicelib.domain.documents import Document
from chalicelib.domain.errors import Refusal
from chalicelib.domain.matching import Identity, binds_automatically
from chalicelib.domain.record_numbers import NumberKind
from chalicelib.domain.records import FAMILIES, Family, Record, newest_first_key
from chalicelib.operations.ports import Ports
from chalicelib.stores.accounts import Person
from chalicelib.stores.record_rows import Held
from chalicelib.stores.sessions import Principal


class Bound(msgspec.Struct, frozen=True, kw_only=True):
    """A record bound to somebody; `bound_at` in epoch seconds."""

    record: Record
    binding_id: str
    how: Literal["automatic", "manual"]
    bound_at: int
    matched_number: NumberKind | None = None


def require_proof(principal: Principal) -> None:
    """No record, binding or report below proof level `identity` (R-04), or without consent."""
    if principal.consent_withdrawn:
        raise Refusal("consent_withdrawn")
    if principal.proof_level == "phone" or not principal.identities:
        raise Refusal("proof_required")


def identities_of(persons: Sequence[Person]) -> list[Identity]:
    """Proved persons as the matching rules take them."""
    return [
        Identity(
            name=person.name,
            document=Document(type=person.document_type, number=person.document_number),
        )
        for person in persons
    ]


def bound_records(ports: Ports, principal: Principal) -> list[Bound]:
    """Every record bound to the person, the newest first: one query per proved identity.

    Raises `proof_required` below proof level `identity`.
    """
    require_proof(principal)
    identities = identities_of(principal.identities)
    found = [
        held
        for number in {person.document_number for person in principal.identities}
        for held in ports.registry.of_person(number)
    ]
    bound = [_bound(held, principal) for held in found if _is_bound(held, principal, identities)]
    return sorted(bound, key=lambda one: newest_first_key(one.record), reverse=True)


def bound_record(ports: Ports, principal: Principal, family: Family, record_id: str) -> Bound:
    """One bound record. Raises `not_found` for any other."""
    for bound in bound_records(ports, principal):
        if bound.record.record_id == record_id and bound.record.family == family:
            return bound
    raise Refusal("not_found")


def count_by_family(bound: Sequence[Bound]) -> dict[str, int]:
    """How many records of each family there are; families without any are left out."""
    counts = {family: sum(one.record.family == family for one in bound) for family in FAMILIES}
    return {family: count for family, count in counts.items() if count}


def _is_bound(held: Held, principal: Principal, identities: Sequence[Identity]) -> bool:
    if held.link is not None:
        return held.link.account_id == principal.account_id
    return binds_automatically(held.record.facts, identities)


def _bound(held: Held, principal: Principal) -> Bound:
    if held.link is not None:
        return Bound(
            record=held.record,
            binding_id=held.link.binding_id,
            how="manual",
            bound_at=held.link.bound_at,
            matched_number=held.link.matched_number,
        )
    return Bound(
        record=held.record,
        binding_id=f"auto-{held.record.record_id}",
        how="automatic",
        bound_at=max(principal.proved_at or 0, held.imported_at),
    )
