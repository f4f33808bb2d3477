"""Registrars looking for records of their institution, by a number and for a stated purpose."""

from collections.abc import Iterable, Sequence

from chalicelib.domain.certificates import normal_number
from chalicelib.domain.documents import comparable_number
from chalicelib.domain.errors import FieldProblem, InvalidInput, invalid
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.record_numbers import student_number_form
from chalicelib.domain.records import FACTS_OF, Family, Record
from chalicelib.operations.change_record import is_own
from chalicelib.operations.decide_corrections import scope_of
from chalicelib.operations.ports import Ports
from chalicelib.operations.staff_reads import Read, note_reads, owners_of
from chalicelib.stores.record_rows import Held
from chalicelib.stores.sessions import Principal

_WITH_CERTIFICATE: tuple[Family, ...] = ("credentials", "degrees")


def search_records(
    ports: Ports,
    principal: Principal,
    *,
    purpose: str,
    document_number: str | None,
    certificate_number: str | None,
    student_number: str | None,
) -> Sequence[dict[str, object]]:
    """The institution's records with one number, in full: staff compare them with their files.

    Counted and audited, also in the trails of the accounts they are bound to, before anything is
    answered; a search that finds nothing counts as well. Raises `InvalidInput` unless exactly one
    number is given; `forbidden` beyond the daily cap.
    """
    given = {
        "document_number": document_number,
        "certificate_number": certificate_number,
        "student_number": student_number,
    }
    numbers = {name: value for name, value in given.items() if value is not None}
    if len(numbers) != 1:
        code = "value_invalid" if numbers else "required"
        raise InvalidInput(*(FieldProblem(name, code) for name in numbers or given))
    ((kind, number),) = numbers.items()
    found = {held.record.record_id: held for held in _found(ports, principal, kind, number)}
    own = [held for held in found.values() if is_own(principal, held.record.facts)]
    reads = [_read(ports, held) for held in own] or [_nothing(ports)]
    note_reads(ports, principal, action="records_searched", purpose=purpose, reads=reads)
    ports.metrics.count("records_searched")
    return [staff_record_view(held.record) for held in own]


def staff_record_view(record: Record) -> dict[str, object]:
    """A record as its institution sees it: everything, withheld or not."""
    fields = FACTS_OF[record.family].__struct_fields__
    return {
        "record_id": record.record_id,
        "family": record.family,
        "version": record.version,
        "updated_at": rfc3339(record.updated_at),
        "held": record.held,
        "hold_reason": record.hold_reason,
        **{field: getattr(record.facts, field) for field in fields},
    }


def _found(ports: Ports, principal: Principal, kind: str, number: str) -> Iterable[Held]:
    scope = scope_of(principal)
    if kind == "document_number":
        normal = comparable_number(None, number)
        if normal is None:
            raise invalid(kind, "document_number_invalid")
        return ports.registry.of_person(normal)
    if kind == "student_number":
        return ports.registry.with_number("enrollments", scope, student_number_form(number))
    normal = normal_number(number)
    return [
        held
        for family in _WITH_CERTIFICATE
        for held in ports.registry.with_number(family, scope, normal)
    ]


def _nothing(ports: Ports) -> Read:
    """What stands for the outcome of a search that found nothing."""
    return Read(subject=f"none-{ports.random.identifier()}", family="-")


def _read(ports: Ports, held: Held) -> Read:
    record = held.record
    claimed_by = held.link.account_id if held.link else None
    if claimed_by is None:
        filed = ports.record_changes.find(record.family, record.record_id)
        claimed_by = filed.claimed_by if filed else None
    owners = owners_of(ports, [record.facts], claimed_by)
    return Read(
        subject=record.record_id,
        family=record.family,
        accounts=tuple(account.account_id for account in owners),
    )
