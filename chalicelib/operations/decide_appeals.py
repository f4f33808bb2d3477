"""The operators' side of appeals: what waits, what it says, its scan, and the decision of two."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Literal

import msgspec

from chalicelib.domain.appeal_states import EVENT_OF, state_after
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.masks import mask_document, mask_phone
from chalicelib.domain.names import same_name
from chalicelib.operations.appeals import asking_for_more, ending
from chalicelib.operations.ports import Ports
from chalicelib.operations.staff_reads import Read, note_reads
from chalicelib.operations.transfer_identity import approving, settle, undoing
from chalicelib.operations.two_people import (
    Decided,
    Opinion,
    ProposalView,
    how_it_stands,
    is_done,
    is_second,
    proposal_of,
    proposal_view,
    repeats,
    require_reason,
)
from chalicelib.stores.accounts import Account, document_value
from chalicelib.stores.cases import Appeal
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed, Write

Purpose = Literal["decision", "supervision", "complaint"]
"""Why an operator looks at a case: a word of a closed list, since it stands in a URL."""

CHECKLIST = (
    "picture_shows_both_sides",
    "document_is_valid",
    "name_and_number_as_entered",
    "face_or_contact_confirmed",
    "objections_weighed",
)
"""What an operator looks at before deciding."""

_TRIES = 5


class AppealItem(msgspec.Struct, frozen=True, kw_only=True):
    """One appeal in the queue: nothing personal."""

    appeal_id: str
    submitted_at: str | None
    due_at: str | None
    past_due: bool
    objections: int
    proposal: ProposalView | None


class Objected(msgspec.Struct, frozen=True):
    """What the present holder says, and when."""

    reason: str
    at: str


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """The account that holds the number now, masked."""

    proof_level: str
    same_name: bool
    document_number: str
    phone: str
    created_at: str


class AppealDetail(msgspec.Struct, frozen=True, kw_only=True):
    """An appeal as the operators see it; `scan` while there is one to look at."""

    appeal_id: str
    status: str
    submitted_at: str | None
    due_at: str | None
    reason_code: str | None
    name: str
    document_type: str
    document_number: str
    phone: str
    email: str
    reason: str | None
    objections: tuple[Objected, ...]
    holder: Holder | None
    scan: str | None
    checklist: tuple[str, ...]
    proposal: ProposalView | None
    undo_until: str | None


def list_appeals(
    ports: Ports, principal: Principal, *, limit: int, after: str | None
) -> tuple[Sequence[AppealItem], str | None]:
    """The appeals that wait for a decision, the earliest due first, and where to go on."""
    waiting, following = ports.case_queues.page("appeals", limit=limit, after=after)
    items = [_item(ports, principal, one) for one in waiting if isinstance(one, Appeal)]
    return items, following


def read_appeal(
    ports: Ports, principal: Principal, appeal_id: str, purpose: Purpose
) -> AppealDetail:
    """An appeal in full; the read is noted first. Raises `not_found`, `forbidden`."""
    appeal = _handed_in(ports, appeal_id)
    holder = _holder(ports, appeal)
    _note(ports, principal, "appeal_read", appeal_id, purpose, holder)
    return _detail(principal, appeal, holder)


def read_scan(ports: Ports, principal: Principal, appeal_id: str, purpose: Purpose) -> bytes:
    """The scan, marked with who looks at it and when; the read is noted first.

    Raises `not_found`, also once the scan is gone; `forbidden`.
    """
    appeal = _handed_in(ports, appeal_id)
    if appeal.scan is None:
        raise Refusal("not_found")
    _note(ports, principal, "scan_read", appeal_id, purpose, None)
    content = ports.photos.get(appeal.scan)
    if content is None:
        raise Refusal("not_found")
    mark = f"{principal.account_id} {rfc3339(ports.now())} {appeal_id[:8]}"
    return ports.images.watermarked(content, mark)


def decide_appeal(ports: Ports, principal: Principal, appeal_id: str, opinion: Opinion) -> Decided:
    """Propose a decision, or decide what another operator has proposed (R-44).

    Repeated, it answers how the appeal stands. Raises `not_found`, `InvalidInput`; `conflict` where
    the state does not allow it; `contact_taken` where another account has the phone or e-mail.
    """
    require_reason(opinion)
    for _ in range(_TRIES):
        appeal = _handed_in(ports, appeal_id)
        if is_done(principal, appeal, opinion) or repeats(principal, appeal, opinion):
            return how_it_stands(principal, appeal)
        if state_after(appeal.state, EVENT_OF[opinion.decision]) is None:
            raise Refusal("conflict")
        try:
            return _propose_or_decide(ports, principal, appeal, opinion)
        except ConditionFailed as failure:
            _require_free_contacts(ports, appeal, failure)
    raise Refusal("conflict")


def _propose_or_decide(
    ports: Ports, principal: Principal, appeal: Appeal, opinion: Opinion
) -> Decided:
    if not is_second(ports, principal, appeal, opinion):
        return _propose(ports, principal, appeal, opinion)
    first = appeal.proposal.by if appeal.proposal else ""
    deciders = (first, principal.account_id)
    state = state_after(appeal.state, EVENT_OF[opinion.decision])
    answer = Decided(outcome="decided", status=str(state), proposal=None)
    own = _own_trail(ports, principal, "appeal_decided", appeal, opinion)
    ports.commit([*_deciding(ports, appeal, opinion, deciders), own], reply=answer)
    ports.metrics.count("appeal_decided", decision=opinion.decision)
    _settle_now(ports, appeal.case_id)
    return answer


def _settle_now(ports: Ports, appeal_id: str) -> None:
    """What cannot be tidied just now is tidied by the schedule, within the hour."""
    with suppress(Refusal):
        decided = ports.cases.appeal(appeal_id, ports.now())
        if decided is not None:
            settle(ports, decided)


def _deciding(
    ports: Ports, appeal: Appeal, opinion: Opinion, deciders: tuple[str, str]
) -> list[Write]:
    if opinion.decision == "approve":
        return approving(ports, appeal, deciders)
    if opinion.decision == "undo":
        return undoing(ports, appeal, deciders)
    named = msgspec.structs.replace(appeal, decided_by=deciders)
    if opinion.decision == "reject":
        return ending(ports, named, "reject", reason_code=opinion.reason_code)
    return asking_for_more(ports, named, opinion.reason_code or "")


def _propose(ports: Ports, principal: Principal, appeal: Appeal, opinion: Opinion) -> Decided:
    if opinion.decision == "undo" and not _can_be_undone(ports, appeal):
        raise Refusal("conflict")
    proposed = msgspec.structs.replace(appeal, proposal=proposal_of(ports, principal, opinion))
    answer = how_it_stands(principal, proposed)
    own = _own_trail(ports, principal, "appeal_proposed", appeal, opinion)
    ports.commit([*ports.cases.moving(appeal, proposed), own], reply=answer)
    return answer


def _can_be_undone(ports: Ports, appeal: Appeal) -> bool:
    return appeal.takeover is not None and ports.now() < appeal.takeover.undo_until


def _own_trail(
    ports: Ports, principal: Principal, action: str, appeal: Appeal, opinion: Opinion
) -> Write:
    return ports.audited(
        principal.account_id,
        action,
        "owner",
        appeal_id=appeal.case_id,
        decision=opinion.decision,
        reason_code=opinion.reason_code or "-",
    )


def _require_free_contacts(ports: Ports, appeal: Appeal, failure: ConditionFailed) -> None:
    """Somebody else's phone or e-mail cannot be the new account's. Raises `contact_taken`."""
    taken = (
        ports.accounts.unique_key("phone", appeal.phone),
        ports.accounts.unique_key("email", appeal.email.casefold()),
    )
    if any(failure.touches(key) for key in taken):
        raise Refusal("contact_taken")


def _note(
    ports: Ports,
    principal: Principal,
    action: str,
    appeal_id: str,
    purpose: Purpose,
    holder: Account | None,
) -> None:
    accounts = (holder.account_id,) if holder else ()
    read = Read(subject=appeal_id, family="appeal", accounts=accounts)
    note_reads(ports, principal, action=action, purpose=purpose, reads=[read])


def _handed_in(ports: Ports, appeal_id: str) -> Appeal:
    """An appeal that was submitted at some time. Raises `not_found`."""
    appeal = ports.cases.appeal(appeal_id, ports.now())
    if appeal is None or appeal.submitted_at is None:
        raise Refusal("not_found")
    return appeal


def _holder(ports: Ports, appeal: Appeal) -> Account | None:
    holder = ports.accounts.holder("document", document_value(appeal.person))
    return ports.accounts.get(holder) if holder else None


def _item(ports: Ports, principal: Principal, appeal: Appeal) -> AppealItem:
    return AppealItem(
        appeal_id=appeal.case_id,
        submitted_at=_at(appeal.submitted_at),
        due_at=_at(appeal.due_at),
        past_due=appeal.due_at is not None and appeal.due_at <= ports.now(),
        objections=len(appeal.objections),
        proposal=proposal_view(principal, appeal),
    )


def _detail(principal: Principal, appeal: Appeal, holder: Account | None) -> AppealDetail:
    takeover = appeal.takeover
    return AppealDetail(
        appeal_id=appeal.case_id,
        status=appeal.state,
        submitted_at=_at(appeal.submitted_at),
        due_at=_at(appeal.due_at),
        reason_code=appeal.reason_code,
        name=appeal.person.name,
        document_type=appeal.person.document_type,
        document_number=appeal.person.document_number,
        phone=appeal.phone,
        email=appeal.email,
        reason=appeal.reason,
        objections=tuple(Objected(one.reason, rfc3339(one.at)) for one in appeal.objections),
        holder=_masked(appeal, holder) if holder else None,
        scan=f"/api/operator/appeals/{appeal.case_id}/scan" if appeal.scan else None,
        checklist=CHECKLIST,
        proposal=proposal_view(principal, appeal),
        undo_until=_at(takeover.undo_until) if takeover and appeal.state == "approved" else None,
    )


def _masked(appeal: Appeal, holder: Account) -> Holder:
    number = holder.person.document_number
    return Holder(
        proof_level=holder.proof_level,
        same_name=any(same_name(one.name, appeal.person.name) for one in holder.identities),
        document_number=mask_document(number) if number else "",
        phone=mask_phone(holder.phone) if holder.phone else "",
        created_at=rfc3339(holder.created_at),
    )


def _at(instant: int | None) -> str | None:
    return rfc3339(instant) if instant is not None else None
