"""What registrars do to a record as a whole: withhold it, revoke it, replace a lost diploma."""

from collections.abc import Sequence

import msgspec

from chalicelib.domain.certificates import normal_number
from chalicelib.domain.errors import Refusal
from chalicelib.domain.records import Credential, Facts
from chalicelib.operations.change_record import (
    BY_REGISTRAR,
    Act,
    RecordChanged,
    applying,
    committed,
    own_record,
    settle,
)
from chalicelib.operations.ports import Ports
from chalicelib.operations.query import known_family
from chalicelib.stores.record_changes import Filed
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import Write


class Replacement(msgspec.Struct, frozen=True, kw_only=True):
    """The certificate that stands for a lost diploma (学历证明书), and the diploma's record."""

    record_id: str
    certificate_number: str
    lost: RecordChanged


def hold_record(
    ports: Ports, principal: Principal, family: str, record_id: str, *, reason: str
) -> RecordChanged:
    """Withhold a record from query and reports; the owner reads the reason.

    Repeated, it answers the same, as do the others here. Raises `not_found`.
    """

    def prepare() -> tuple[Sequence[Write], RecordChanged]:
        filed = own_record(ports, principal, family, record_id)
        if filed.record.hold_reason == reason:
            return _unchanged(filed)
        return _changed(ports, principal, filed, filed.record.facts, "held", reason, hold=reason)

    return _done(ports, family, committed(ports, prepare))


def release_record(
    ports: Ports, principal: Principal, family: str, record_id: str, *, reason: str
) -> RecordChanged:
    """Show a withheld record again. Raises `not_found`."""

    def prepare() -> tuple[Sequence[Write], RecordChanged]:
        filed = own_record(ports, principal, family, record_id)
        if not filed.record.held:
            return _unchanged(filed)
        return _changed(ports, principal, filed, filed.record.facts, "released", reason)

    return _done(ports, family, committed(ports, prepare))


def revoke_record(
    ports: Ports, principal: Principal, family: str, record_id: str, *, reason: str
) -> RecordChanged:
    """Revoke a credential or degree: reports on it become `revoked`.

    Raises `not_found` also for a family that knows no revocation.
    """

    def prepare() -> tuple[Sequence[Write], RecordChanged]:
        filed = own_record(ports, principal, family, record_id)
        facts = filed.record.facts
        if not hasattr(facts, "revoked"):
            raise Refusal("not_found")
        if facts.revoked:
            return _unchanged(filed)
        revoked = msgspec.structs.replace(facts, revoked=True)
        hold = filed.record.hold_reason
        return _changed(ports, principal, filed, revoked, "revoked", reason, hold=hold)

    return _done(ports, family, committed(ports, prepare))


def replace_diploma(
    ports: Ports,
    principal: Principal,
    record_id: str,
    *,
    certificate_number: str,
    reason: str,
) -> Replacement:
    """Declare a diploma lost, and file the certificate that stands for it; each names the other.

    Raises `not_found`; `conflict` where it is lost or revoked already or another record has the
    number; `InvalidInput`.
    """
    normal_number(certificate_number)

    def prepare() -> tuple[Sequence[Write], Replacement]:
        filed = own_record(ports, principal, "credentials", record_id)
        facts = filed.record.facts
        if not isinstance(facts, Credential) or facts.lost_void or facts.revoked:
            raise Refusal("conflict")
        replacement, filing = ports.record_changes.filing(
            "credentials",
            _replacing(facts, certificate_number),
            now=ports.now(),
            photos=filed.record.photos,
        )
        if replacement.record_id == record_id:
            raise Refusal("conflict")
        lost = msgspec.structs.replace(facts, lost_void=True, replaced_by=certificate_number)
        hold = filed.record.hold_reason
        writes, changed = _changed(ports, principal, filed, lost, "replaced", reason, hold=hold)
        outcome = Replacement(
            record_id=replacement.record_id, certificate_number=certificate_number, lost=changed
        )
        return [*writes, *filing], outcome

    outcome = committed(ports, prepare)
    _done(ports, "credentials", outcome.lost)
    return outcome


def _replacing(facts: Credential, certificate_number: str) -> Credential:
    """What the replacement says: all that the diploma did, under a number of its own."""
    return msgspec.structs.replace(
        facts,
        certificate_number=certificate_number,
        school_number=None,
        serial_number=None,
        replaces=facts.certificate_number or facts.school_number or facts.serial_number,
        replaced_by=None,
    )


def _unchanged(filed: Filed) -> tuple[list[Write], RecordChanged]:
    """It was done before."""
    record = filed.record
    return [], RecordChanged(record_id=record.record_id, version=record.version, applied=[])


def _changed(
    ports: Ports,
    principal: Principal,
    filed: Filed,
    facts: Facts,
    event: str,
    reason: str,
    *,
    hold: str | None = None,
) -> tuple[list[Write], RecordChanged]:
    act = Act(facts=facts, hold_reason=hold, event=event, by=BY_REGISTRAR, reason=reason)
    version, writes = applying(ports, principal, filed, act)
    record_id = filed.record.record_id
    return writes, RecordChanged(record_id=record_id, version=version, applied=[])


def _done(ports: Ports, family: str, changed: RecordChanged) -> RecordChanged:
    settle(ports, changed.record_id, known_family(family))
    ports.metrics.count("record_changed", family=family)
    return changed
