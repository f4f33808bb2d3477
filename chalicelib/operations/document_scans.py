"""Cases that a document scan decides: the upload, its checks, and the steps of the case.

An upload waits in quarantine. Submitting keeps the separate consent, checks and re-encodes the
picture, seals it, and moves the case on; ending a case leaves its scan to `check_appeals`.
"""

from collections.abc import Mapping
from contextlib import suppress
from typing import TypeVar

import msgspec

from chalicelib.domain.appeal_states import (
    ANSWER_SECONDS,
    DRAFT_SECONDS,
    ENDED,
    KEPT_SECONDS,
    WAITING_FOR_UPLOAD,
    CaseEvent,
    state_after,
)
from chalicelib.domain.consents import CURRENT_VERSION, digest_of, require_consent
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.working_days import due_at
from chalicelib.operations.ports import Ports
from chalicelib.stores.accounts import Consent
from chalicelib.stores.cases import Case
from chalicelib.stores.limits import Hit, OverLimit

MOST_BYTES = 5 * 1024 * 1024
UPLOAD_SECONDS = 3600
SETTLE_SECONDS = 900
"""What runs when a case ends has come to rest after so long: no function runs longer."""
WATCH_SECONDS = DRAFT_SECONDS + SETTLE_SECONDS
"""When the schedule looks at a draft."""

C = TypeVar("C", bound=Case)


class Upload(msgspec.Struct, frozen=True):
    """Where a picture is sent: a form of these fields, and the file as its last one."""

    url: str
    fields: Mapping[str, str]


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A case that waits for its decision."""

    status: str
    due_at: str | None


class GivenConsent(msgspec.Struct, frozen=True):
    """The consent that came with a submission."""

    version: str
    accepted: bool


def offer_upload(ports: Ports, case: Case) -> Upload | None:
    """A form for the case's picture, for an hour; None while none is wanted."""
    return offer_form(ports, case.upload) if case.state in WAITING_FOR_UPLOAD else None


def offer_form(ports: Ports, key: str) -> Upload:
    """A form by which a picture can be uploaded to `key`, for an hour."""
    url, fields = ports.quarantine.offer(key, most_bytes=MOST_BYTES, seconds=UPLOAD_SECONDS)
    return Upload(url, fields)


def submitted(ports: Ports, case: C, consent: GivenConsent | None) -> C:
    """The case as submitted, once its upload was checked and sealed; the commit is the caller's.

    Raises `conflict`, `file_rejected` (the upload is gone then), `rate_limited`, `InvalidInput`.
    """
    if state_after(case.state, "submit") is None:
        raise Refusal("conflict")
    ports.cases.consent(case, scan_consent(ports, consent))
    scan = take_scan(ports, case.case_id, case.upload)
    return moved(case, "submit", ports.now(), scan=scan)


def submission_of(case: Case) -> Submission:
    """The answer to a submission."""
    return Submission(status=case.state, due_at=rfc3339(case.due_at) if case.due_at else None)


def submission_or(case: Case, refusal: Refusal) -> Submission:
    """The answer of the same request that was quicker and took the upload; else the refusal."""
    if case.state != "submitted":
        raise refusal
    return submission_of(case)


def moved(
    case: C, event: CaseEvent, now: int, *, reason_code: str | None = None, scan: str | None = None
) -> C:
    """The case after an event. Raises `conflict` where the event is not allowed."""
    state = state_after(case.state, event)
    if state is None:
        raise Refusal("conflict")
    changes: dict[str, object] = {"state": state, "reason_code": reason_code, "proposal": None}
    if state == "submitted":
        due = due_at(now)
        changes |= {"submitted_at": now, "due_at": due, "watch_at": due, "expires_at": None}
        changes["decided_by"] = ()
        changes["scan"] = scan
    elif state in ENDED:
        changes |= {"watch_at": now + SETTLE_SECONDS, "expires_at": now + KEPT_SECONDS}
    else:
        changes["watch_at"] = now + ANSWER_SECONDS
    return msgspec.structs.replace(case, **changes)


def clear_quarantine(ports: Ports, upload: str) -> None:
    """The scan is sealed and its case moved on; what cannot be deleted now lapses by itself."""
    with suppress(Refusal):
        ports.quarantine.delete(upload)


def scan_prefix(case_id: str) -> str:
    """Where all scans of a case stand."""
    return f"scans/{case_id}/"


def scan_consent(ports: Ports, given: GivenConsent | None) -> Consent:
    """The separate consent to a scan; to submit without one agrees to the present text."""
    version = CURRENT_VERSION if given is None else require_consent(given.version, given.accepted)
    return Consent(
        kind="document_scan",
        version=version,
        in_force=CURRENT_VERSION,
        digest=digest_of(version, "document_scan"),
        at=ports.now(),
    )


def take_scan(ports: Ports, case_id: str, upload: str) -> str:
    """Check, re-encode and seal an upload; answers its address.

    Raises `file_rejected` (the upload is gone then), `rate_limited`.
    """
    try:
        ports.limits.take([Hit("upload.case.hour", case_id)], ports.now())
    except OverLimit as limit:
        raise Refusal("rate_limited", retry_after=limit.retry_after) from None
    content = ports.quarantine.read(upload, most_bytes=MOST_BYTES)
    if content is None:
        raise Refusal("file_rejected")
    try:
        clean = ports.images.cleaned(content)
    except Refusal:
        clear_quarantine(ports, upload)
        ports.metrics.count("file_rejected")
        raise
    address = scan_prefix(case_id) + ports.random.identifier()
    ports.photos.put(address, clean)
    return address
