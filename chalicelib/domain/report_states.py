"""What a report is at an instant, and when it may be extended."""

from typing import Literal

from chalicelib.domain.instants import plus_months

ReportState = Literal["open", "closed", "revoked", "superseded"]
ReportStatus = Literal["valid", "expired", "closed", "revoked", "superseded"]

MOST_MONTHS_IN_ALL = 12


def status_at(state: str, valid_until: int, now: int) -> ReportStatus:
    """What a verifier is told. It expires at `valid_until`, not after it."""
    if state == "closed":
        return "closed"
    if state == "revoked":
        return "revoked"
    if now >= valid_until:
        return "expired"
    return "superseded" if state == "superseded" else "valid"


def extended_until(*, issued_at: int, valid_until: int, months: int, now: int) -> int | None:
    """The new end of validity, or None when it may not be extended (so).

    A report is extended in its last month or after expiry, to at most a year after its issue. An
    expired one runs on from now.
    """
    if now < plus_months(valid_until, -1):
        return None
    until = plus_months(max(now, valid_until), months)
    return until if until <= plus_months(issued_at, MOST_MONTHS_IN_ALL) else None
