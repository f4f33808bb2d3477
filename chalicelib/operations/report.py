"""Issuing reports on one's own records, and keeping control of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from chalicelib.domain.credentials import CREDENTIAL, credential, holder_key, presented
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instants import CHINA, plus_months, rfc3339
from chalicelib.domain.records import Record
from chalicelib.domain.report_states import ReportStatus, extended_until, status_at
from chalicelib.domain.statements import (
    REPORTABLE_FAMILY,
    ReportKind,
    ReportLanguage,
    build_statement,
    is_reportable,
)
from chalicelib.domain.status_lists import entries, list_id
from chalicelib.domain.verification_codes import grouped, make_code
from chalicelib.operations.archive import bound_record, require_proof
from chalicelib.operations.ports import Ports
from chalicelib.operations.remind import reminders_of_expiry
from chalicelib.operations.sign_report import signed, signed_pdf, verification_url
from chalicelib.stores.reports import Report
from chalicelib.stores.sessions import Principal
from chalicelib.stores.statuses import place_of
from chalicelib.stores.tables import ConditionFailed

Preset = Literal["full", "summary", "status"]


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """A report as its owner sees it."""

    report_id: str
    report_number: str
    kind: ReportKind
    record_id: str
    language: ReportLanguage
    disclosure: str
    verification_code: str
    verification_url: str
    issued_at: str
    valid_until: str
    status: ReportStatus
    views: int


class Viewing(msgspec.Struct, frozen=True, kw_only=True):
    """One time a report was verified: when, from how coarse a place, and what for."""

    at: str
    origin: str
    purpose: str


def create_report(
    ports: Ports,
    principal: Principal,
    *,
    kind: ReportKind,
    record_id: str,
    language: ReportLanguage,
    valid_months: int,
    disclosure: str | Sequence[str],
) -> ReportView:
    """Issue a report; its content is fixed and signed now.

    Raises `not_found`, `record_not_reportable`, `InvalidInput` for the disclosure.
    """
    record = bound_record(ports, principal, REPORTABLE_FAMILY[kind], record_id).record
    if not is_reportable(record):
        raise Refusal("record_not_reportable")
    now = ports.now()
    valid_until = plus_months(now, valid_months)
    statement = build_statement(
        record,
        kind=kind,
        language=language,
        disclosure=disclosure,
        report_number=_report_number(ports, now),
        issued_at=now,
        valid_until=valid_until,
    )
    drafted = Report(
        report_id=ports.random.identifier(),
        account_id=principal.account_id,
        verification_code=make_code(ports.random.bytes(10)),
        statement=statement,
        issued_at=now,
        valid_until=valid_until,
        language=principal.language,
    )
    issued = _issued(ports, drafted, record)
    ports.metrics.count("report_issued", kind=kind)
    return issued


def _issued(ports: Ports, drafted: Report, record: Record) -> ReportView:
    """Sign and commit the report, in a place of a status list that is free."""
    for entry in entries(ports.now(), ports.random.bytes, ports.public_origin):
        placed = msgspec.structs.replace(drafted.statement, status_entry=entry)
        report = signed(ports, msgspec.structs.replace(drafted, statement=placed))
        answer = _view(ports, report)
        trail = ports.audited(
            report.account_id,
            "report_issued",
            "owner",
            kind=placed.kind,
            report_id=report.report_id,
        )
        reminders = reminders_of_expiry(ports, report, report.valid_until)
        if entry.list_id != list_id(ports.now()):
            ports.statuses.open(entry.list_id)
        as_read = ports.registry.unchanged(record)
        try:
            ports.commit([*ports.reports.issuing(report), as_read, *reminders, trail], reply=answer)
        except ConditionFailed as failure:
            if failure.touches(as_read.key):  # the record says something else by now
                break
            if not failure.touches(place_of(entry)):
                raise
            continue
        return answer
    raise Refusal("unavailable", retry_after=1)


def list_reports(
    ports: Ports, principal: Principal, *, limit: int, after: str | None
) -> tuple[Sequence[ReportView], str | None]:
    """The account's reports, newest first, and where to go on."""
    require_proof(principal)
    reports, following = ports.reports.list_of_owner(principal.account_id, limit=limit, after=after)
    return [_view(ports, report) for report in reports], following


def read_report(ports: Ports, principal: Principal, report_id: str) -> ReportView:
    """One of the own reports. Raises `not_found`."""
    return _view(ports, _own(ports, principal, report_id))


def list_viewings(
    ports: Ports, principal: Principal, report_id: str, *, limit: int, after: str | None
) -> tuple[Sequence[Viewing], str | None]:
    """Who looked at one of the own reports, newest first, and where to go on.

    They are lines of the account's trail, of which only those are read that were written while the
    report could be viewed; a page may hold fewer than `limit`. Raises `not_found`.
    """
    report = _own(ports, principal, report_id)
    after = after or ports.audit.place_after(report.valid_until)
    while True:
        lines, after = ports.audit.lines(principal.account_id, limit=limit, after=after)
        found = [
            Viewing(at=rfc3339(line.at), origin=line.facts["origin"], purpose=line.facts["purpose"])
            for line in lines
            if line.action == "report_viewed" and line.facts["report_id"] == report_id
        ]
        if lines and lines[-1].at < report.issued_at:
            return found, None
        if found or after is None:
            return found, after


def report_pdf(ports: Ports, principal: Principal, report_id: str) -> bytes:
    """The PDF of one of the own reports. Raises `not_found`, `conflict` once it is withdrawn."""
    report = _own(ports, principal, report_id)
    if report.state in {"closed", "revoked"}:
        raise Refusal("conflict")
    pdf = signed_pdf(ports, report)
    if pdf is None:
        raise Refusal("not_found")
    return pdf


def report_credential(
    ports: Ports, principal: Principal, report_id: str, *, holder: str | None
) -> str:
    """One of the own reports as an SD-JWT VC with everything disclosed, each time salted anew.

    `holder` is a public key to bind it to (`holder_key`). Raises `not_found`, `conflict` once it is
    withdrawn, `InvalidInput` for the key.
    """
    key = holder_key(holder) if holder else None
    report = _own(ports, principal, report_id)
    if report.state in {"closed", "revoked"}:
        raise Refusal("conflict")
    made = credential(
        msgspec.structs.replace(report.statement, valid_until=report.valid_until),
        issuer=ports.public_origin,
        now=ports.now(),
        random=ports.random.bytes,
        holder=key,
    )
    token = ports.signatures.token(CREDENTIAL, made.claims, ports.now())
    return presented(token, made.disclosures)


def extend_report(ports: Ports, principal: Principal, report_id: str, *, months: int) -> ReportView:
    """Extend the validity; what says until when is signed anew.

    Raises `not_found`, `report_not_extendable`, `conflict`.
    """
    report = _own(ports, principal, report_id)
    if report.state != "open":
        raise Refusal("conflict")
    until = extended_until(
        issued_at=report.issued_at, valid_until=report.valid_until, months=months, now=ports.now()
    )
    if until is None:
        raise Refusal("report_not_extendable")
    extended = signed(ports, msgspec.structs.replace(report, valid_until=until))
    trail = ports.audited(principal.account_id, "report_extended", "owner", report_id=report_id)
    try:
        ports.commit(
            [
                *ports.reports.extending(extended, ports.now()),
                *reminders_of_expiry(ports, extended, until),
                trail,
            ]
        )
    except ConditionFailed:
        raise Refusal("conflict") from None
    return _view(ports, extended)


def close_report(ports: Ports, principal: Principal, report_id: str) -> None:
    """Close the report at once and for good. Raises `not_found`.

    Closing it again is no error, and what is revoked stays so: a verifier is told that.
    """
    report = _own(ports, principal, report_id)
    if report.state in {"closed", "revoked"}:
        return
    trail = ports.audited(principal.account_id, "report_closed", "owner", report_id=report_id)
    try:
        ports.commit([*ports.reports.closing(report, ports.now()), trail])
    except ConditionFailed:
        raise Refusal("conflict") from None
    ports.metrics.count("report_closed")


def _own(ports: Ports, principal: Principal, report_id: str) -> Report:
    require_proof(principal)
    report = ports.reports.of_owner(principal.account_id, report_id)
    if report is None:
        raise Refusal("not_found")
    return report


def _report_number(ports: Ports, now: int) -> str:
    """Date in China and ten random digits: a name for the report, not a secret."""
    day = datetime.fromtimestamp(now, CHINA).strftime("%Y%m%d")
    return f"{day}-{ports.random.digits(10)}"


def _view(ports: Ports, report: Report) -> ReportView:
    statement = report.statement
    return ReportView(
        report_id=report.report_id,
        report_number=statement.report_number,
        kind=statement.kind,
        record_id=statement.record_id,
        language=statement.language,
        disclosure=statement.disclosure,
        verification_code=grouped(report.verification_code),
        verification_url=verification_url(ports, report.verification_code),
        issued_at=rfc3339(report.issued_at),
        valid_until=rfc3339(report.valid_until),
        status=status_at(report.state, report.valid_until, ports.now()),
        views=report.views,
    )
