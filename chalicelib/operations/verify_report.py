"""Checking somebody's report by its code: public, and nothing but the report."""

from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib.domain.errors import Refusal
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.limits import coarse_origin, network_of
from chalicelib.domain.report_states import Checks, ReportStatus, checks_at, status_at
from chalicelib.domain.statements import signed_view
from chalicelib.domain.verification_codes import parse_code
from chalicelib.operations.ports import Caller, Ports
from chalicelib.operations.sign_report import signature_of, signed_pdf
from chalicelib.stores.limits import Hit, OverLimit
from chalicelib.stores.reports import Report
from chalicelib.stores.tables import ConditionFailed

_CONTENTION_TRIES = 20


class Verification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a verifier is told.

    `token` signs all members of `report` but `photo_url` (`domain/report_tokens.py`).
    """

    result: ReportStatus
    checked_at: str
    checks: Checks
    token: str | None = None
    report: dict[str, Any] | None = None
    pdf_url: str | None = None
    photo_url: str | None = None


def verify_report(ports: Ports, caller: Caller, code: str, *, purpose: str) -> Verification:
    """Check a code; a valid report's content comes with it, and its owner sees the view.

    Raises `code_malformed`, `report_not_found`, `rate_limited`; `unavailable` is no answer about
    the report.
    """
    normal = parse_code(code)
    for _ in range(_CONTENTION_TRIES):
        report, views = _read(ports, caller, normal)
        status, checks = _judged(ports, report)
        if status not in {"valid", "superseded"}:
            return Verification(result=status, checked_at=rfc3339(ports.now()), checks=checks)
        if _view_counted(ports, caller, report, views, purpose):
            ports.metrics.count("report_verified", result=status)
            return _shown(ports, report, status, checks)
    raise Refusal("unavailable", retry_after=1)


def verify_reports(
    ports: Ports, caller: Caller, codes: Sequence[str], *, purpose: str
) -> list[Verification | Refusal]:
    """Check many codes, each as `verify_report` does and on its own: what one raises is its answer.

    A code that is repeated is checked, and seen by its owner, once.
    """
    answers: dict[str, Verification | Refusal] = {}
    for code in codes:
        if code not in answers:
            answers[code] = _verified_or_not(ports, caller, code, purpose)
    return [answers[code] for code in codes]


def _verified_or_not(
    ports: Ports, caller: Caller, code: str, purpose: str
) -> Verification | Refusal:
    try:
        return verify_report(ports, caller, code, purpose=purpose)
    except Refusal as refusal:
        return refusal


def _judged(ports: Ports, report: Report) -> tuple[ReportStatus, Checks]:
    """What to tell of a report. One whose signature does not hold proves nothing: revoked."""
    signature = signature_of(ports, report)
    state = "revoked" if signature == "failed" and report.state != "closed" else report.state
    status = status_at(state, report.valid_until, ports.now())
    checks = checks_at(report.state, report.valid_until, ports.now(), signature=signature)
    return status, checks


def verified_pdf(ports: Ports, caller: Caller, code: str) -> bytes:
    """The PDF of a valid report. Raises as `verify_report`, and `not_found` when not valid."""
    report = _valid_report(ports, caller, code)
    pdf = signed_pdf(ports, report)
    if pdf is None:
        raise Refusal("not_found")
    _trail(ports, caller, report, "report_pdf_read")
    return pdf


def verified_photo(ports: Ports, caller: Caller, code: str) -> bytes:
    """The photo a valid report discloses. Raises `not_found` where there is none."""
    report = _valid_report(ports, caller, code)
    address = report.statement.photo
    photo = ports.photos.get(address) if address else None
    if photo is None:
        raise Refusal("not_found")
    _trail(ports, caller, report, "report_photo_read")
    return photo


def published_keys(ports: Ports) -> dict[str, Any]:
    """The public keys as a JWK set (RFC 7517)."""
    return ports.signatures.published()


def published_list(ports: Ports, list_id: str) -> str:
    """A signed status list. Raises `not_found`."""
    found = ports.statuses.get(list_id)
    if found is None:
        raise Refusal("not_found")
    return found.token


def _valid_report(ports: Ports, caller: Caller, code: str) -> Report:
    report, _ = _read(ports, caller, parse_code(code))
    if _judged(ports, report)[0] != "valid":
        raise Refusal("not_found")
    _count_file(ports, report)
    return report


def _count_file(ports: Ports, report: Report) -> None:
    """A-10: what a view leads to is no view more, but neither is it without end."""
    try:
        ports.limits.take([Hit("report.file.day", report.report_id)], ports.now())
    except OverLimit as limit:
        raise Refusal("rate_limited", retry_after=limit.retry_after) from None


def _read(ports: Ports, caller: Caller, code: str) -> tuple[Report, tuple[int, int]]:
    """The report and its window of views, and the address's misses, in one read.

    A-09: an address with too many misses waits, or a right guess would stand out.
    """
    key, hits = ports.reports.key(code), _miss(caller)
    rows = ports.tables.get_many([key, *ports.limits.keys(hits)])
    try:
        ports.limits.require_room(hits, ports.now(), rows)
    except OverLimit as limit:
        raise Refusal("rate_limited", retry_after=limit.retry_after) from None
    if key not in rows:
        raise _unknown(ports, caller)
    return ports.reports.opened(rows[key])


def _unknown(ports: Ports, caller: Caller) -> Refusal:
    """A-09: a miss counts."""
    try:
        ports.limits.take(_miss(caller), ports.now())
    except OverLimit as limit:
        return Refusal("rate_limited", retry_after=limit.retry_after)
    return Refusal("report_not_found")


def _miss(caller: Caller) -> list[Hit]:
    network = network_of(caller.ip)
    return [Hit("report.miss.minute", network), Hit("report.miss.day", network)]


def _view_counted(
    ports: Ports, caller: Caller, report: Report, views: tuple[int, int], purpose: str
) -> bool:
    """Count and audit a view in one commit (no audit, no data); False when outrun."""
    counting = ports.reports.viewing(report, views, ports.now())
    if counting is None:
        raise Refusal("rate_limited", retry_after=3600)
    trail = ports.audited(
        report.account_id,
        "report_viewed",
        "verifier",
        report_id=report.report_id,
        origin=coarse_origin(caller.ip),
        purpose=purpose,
    )
    try:
        ports.tables.commit([counting, trail])
    except ConditionFailed:
        return False
    return True


def _trail(ports: Ports, caller: Caller, report: Report, action: str) -> None:
    line = ports.audited(
        report.account_id,
        action,
        "verifier",
        report_id=report.report_id,
        origin=coarse_origin(caller.ip),
    )
    ports.tables.commit([line])


def _shown(ports: Ports, report: Report, status: ReportStatus, checks: Checks) -> Verification:
    statement = msgspec.structs.replace(report.statement, valid_until=report.valid_until)
    base = f"/api/verifications/{report.verification_code}"
    valid = status == "valid"
    photo_url = f"{base}/photo" if valid and statement.photo else None
    return Verification(
        result=status,
        checked_at=rfc3339(ports.now()),
        checks=checks,
        token=report.token or None,
        report={**signed_view(statement), "photo_url": photo_url},
        pdf_url=f"{base}/pdf" if valid else None,
        photo_url=photo_url,
    )
