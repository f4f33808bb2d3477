"""What a report is at an instant, and when it may be extended."""

from typing import Literal

import msgspec

from chalicelib.domain.instants import plus_months

ReportState = Literal["open", "closed", "revoked", "superseded"]
ReportStatus = Literal["valid", "expired", "closed", "revoked", "superseded"]

Outcome = Literal["passed", "failed", "not_checked"]

MOST_MONTHS_IN_ALL = 12


class Checks(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked of a report, each on its own; `not_checked` says nothing about it.

    `signature`: a published key signed what it says. `validity`: it is not expired. `status`: it
    is neither closed nor revoked. `currency`: the record has not changed since.
    """

    signature: Outcome
    validity: Outcome
    status: Outcome
    currency: Outcome


def checks_at(state: str, valid_until: int, now: int, *, signature: Outcome) -> Checks:
    """The checks of a report. The currency of a withdrawn one is followed no longer."""
    withdrawn = state in {"closed", "revoked"}
    return Checks(
        signature=signature,
        validity="passed" if now < valid_until else "failed",
        status="failed" if withdrawn else "passed",
        currency="not_checked" if withdrawn else _passed(state != "superseded"),
    )


def _passed(holds: bool) -> Outcome:
    return "passed" if holds else "failed"


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
