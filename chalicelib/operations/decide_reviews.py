"""Bindings and changes of identity that wait for a person.

A change of identity takes two operators, as an appeal does; a binding whose record has a rare
character takes one.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from chalicelib.domain.appeal_states import EVENT_OF, state_after
from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.masks import mask_document
from chalicelib.domain.matching import judge_manual
from chalicelib.domain.records import Family
from chalicelib.operations.archive import identities_of
from chalicelib.operations.change_identity import approve_identity, ask_for_more, reject_identity
from chalicelib.operations.decide_appeals import Purpose
from chalicelib.operations.notices import tell
from chalicelib.operations.ports import Ports
from chalicelib.operations.staff_reads import Read, note_reads
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
from chalicelib.operations.views import record_view
from chalicelib.stores.accounts import Account
from chalicelib.stores.case_queues import Waiting
from chalicelib.stores.cases import BindingReview, IdentityChange
from chalicelib.stores.record_rows import Link
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed, Write

ReviewKind = Literal["binding", "identity"]

_TRIES = 5


class ReviewItem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that waits: nothing personal."""

    review_id: str
    kind: ReviewKind
    submitted_at: str
    due_at: str | None
    past_due: bool
    proposal: ProposalView | None


class ReviewDetail(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator compares.

    For an identity: the present one (number masked) and the new one, with the scan. For a binding:
    the account's proved name, and the record.
    """

    review_id: str
    kind: ReviewKind
    status: str
    present_name: str
    present_document_number: str
    name: str | None = None
    document_type: str | None = None
    document_number: str | None = None
    scan: str | None = None
    family: Family | None = None
    record: dict[str, Any] | None = None
    proposal: ProposalView | None = None


def list_reviews(
    ports: Ports, principal: Principal, *, limit: int, after: str | None
) -> tuple[Sequence[ReviewItem], str | None]:
    """What waits for a review, the longest waiting first, and where to go on."""
    waiting, following = ports.case_queues.page("reviews", limit=limit, after=after)
    return [_item(ports, principal, one) for one in waiting], following


def read_review(
    ports: Ports, principal: Principal, review_id: str, purpose: Purpose
) -> ReviewDetail:
    """A review in full; the read is noted first. Raises `not_found`, `forbidden`."""
    review = _waiting(ports, review_id)
    account = ports.accounts.get(review.account_id)
    if account is None:
        raise Refusal("not_found")
    _note(ports, principal, "review_read", review, purpose)
    if isinstance(review, IdentityChange):
        return _identity_detail(principal, review, account)
    return _binding_detail(ports, review, account)


def read_evidence(ports: Ports, principal: Principal, review_id: str, purpose: Purpose) -> bytes:
    """The evidence of a change of identity, marked with who looks at it and when.

    Raises `not_found`, also once it is gone; `forbidden`.
    """
    change = ports.cases.identity_change(review_id, ports.now())
    if change is None or change.scan is None:
        raise Refusal("not_found")
    _note(ports, principal, "scan_read", change, purpose)
    content = ports.photos.get(change.scan)
    if content is None:
        raise Refusal("not_found")
    mark = f"{principal.account_id} {rfc3339(ports.now())} {review_id[:8]}"
    return ports.images.watermarked(content, mark)


def decide_review(ports: Ports, principal: Principal, review_id: str, opinion: Opinion) -> Decided:
    """Decide a binding; propose or decide a change of identity.

    Repeated, it answers how an identity stands. Raises `not_found`, `conflict`, `InvalidInput`,
    `identity_taken`.
    """
    require_reason(opinion)
    for _ in range(_TRIES):
        change = ports.cases.identity_change(review_id, ports.now())
        try:
            if change is not None and change.submitted_at is not None:
                return _decide_identity(ports, principal, change, opinion)
            return _decide_binding(ports, principal, review_id, opinion)
        except ConditionFailed:
            continue
    raise Refusal("conflict")


def _decide_identity(
    ports: Ports, principal: Principal, change: IdentityChange, opinion: Opinion
) -> Decided:
    if is_done(principal, change, opinion) or repeats(principal, change, opinion):
        return how_it_stands(principal, change)
    state = state_after(change.state, EVENT_OF[opinion.decision])
    if state is None or opinion.decision == "undo":
        raise Refusal("conflict")
    if not is_second(ports, principal, change, opinion):
        return _propose(ports, principal, change, opinion)
    first = change.proposal.by if change.proposal else ""
    deciders = (first, principal.account_id)
    named = msgspec.structs.replace(change, decided_by=deciders)
    actor = f"staff:{'+'.join(deciders)}"
    also = [_own_trail(ports, principal, "review_decided", change.case_id, opinion)]
    answer = Decided(outcome="decided", status=state, proposal=None)
    reason = opinion.reason_code or ""
    if opinion.decision == "approve":
        approve_identity(ports, named, actor=actor, also=also, reply=answer)
    elif opinion.decision == "reject":
        reject_identity(ports, named, actor=actor, reason_code=reason, also=also, reply=answer)
    else:
        ask_for_more(ports, named, actor=actor, reason_code=reason, also=also, reply=answer)
    return answer


def _propose(
    ports: Ports, principal: Principal, change: IdentityChange, opinion: Opinion
) -> Decided:
    proposed = msgspec.structs.replace(change, proposal=proposal_of(ports, principal, opinion))
    answer = how_it_stands(principal, proposed)
    own = _own_trail(ports, principal, "review_proposed", change.case_id, opinion)
    ports.commit([*ports.cases.moving(change, proposed), own], reply=answer)
    return answer


def _decide_binding(
    ports: Ports, principal: Principal, review_id: str, opinion: Opinion
) -> Decided:
    review = ports.case_queues.review(review_id)
    if not isinstance(review, BindingReview):
        raise Refusal("not_found")
    if opinion.decision not in {"approve", "reject"}:
        raise invalid("decision", "value_invalid")
    account = ports.accounts.get(review.account_id)
    approved = opinion.decision == "approve"
    outcome = "approved" if approved else "rejected"
    answer = Decided(outcome="decided", status=outcome, proposal=None)
    actor = f"staff:{principal.account_id}"
    writes = [
        *ports.cases.deciding_review(review),
        *(_binding(ports, review, account) if approved else ()),
        *(tell(ports, account, "binding_review_decided") if account else ()),
        ports.audited(
            review.account_id, f"binding_{outcome}", actor, reason_code=opinion.reason_code or "-"
        ),
        _own_trail(ports, principal, "review_decided", review_id, opinion),
    ]
    ports.commit(writes, reply=answer)
    ports.metrics.count("binding_review_decided", decision=opinion.decision)
    return answer


def _binding(ports: Ports, review: BindingReview, account: Account | None) -> list[Write]:
    """The writes that bind, if the record may still be this person's. Raises `conflict`."""
    held = ports.registry.filed(review.home, review.family, review.record_id)
    if account is None or held is None or not account.identities:
        raise Refusal("conflict")
    if judge_manual(held.record.facts, identities_of(account.identities)) == "refused":
        raise Refusal("conflict")
    link = Link(
        binding_id=ports.random.identifier(),
        account_id=account.account_id,
        bound_at=ports.now(),
        matched_number=review.matched_number,
    )
    number = account.identities[0].document_number
    return [*ports.registry.linking(held, link, number), ports.accounts.unchanged(account)]


def _own_trail(
    ports: Ports, principal: Principal, action: str, review_id: str, opinion: Opinion
) -> Write:
    return ports.audited(
        principal.account_id,
        action,
        "owner",
        review_id=review_id,
        decision=opinion.decision,
        reason_code=opinion.reason_code or "-",
    )


def _note(
    ports: Ports,
    principal: Principal,
    action: str,
    review: BindingReview | IdentityChange,
    purpose: Purpose,
) -> None:
    read = Read(subject=review.case_id, family="review", accounts=(review.account_id,))
    note_reads(ports, principal, action=action, purpose=purpose, reads=[read])


def _waiting(ports: Ports, review_id: str) -> BindingReview | IdentityChange:
    change = ports.cases.identity_change(review_id, ports.now())
    if change is not None and change.submitted_at is not None:
        return change
    review = ports.case_queues.review(review_id)
    if review is None:
        raise Refusal("not_found")
    return review


def _item(ports: Ports, principal: Principal, one: Waiting) -> ReviewItem:
    if isinstance(one, BindingReview):
        return ReviewItem(
            review_id=one.case_id,
            kind="binding",
            submitted_at=rfc3339(one.opened_at),
            due_at=None,
            past_due=False,
            proposal=None,
        )
    return ReviewItem(
        review_id=one.case_id,
        kind="identity",
        submitted_at=rfc3339(one.submitted_at or one.opened_at),
        due_at=rfc3339(one.due_at) if one.due_at else None,
        past_due=one.due_at is not None and one.due_at <= ports.now(),
        proposal=proposal_view(principal, one),
    )


def _identity_detail(
    principal: Principal, change: IdentityChange, account: Account
) -> ReviewDetail:
    return ReviewDetail(
        review_id=change.case_id,
        kind="identity",
        status=change.state,
        present_name=account.person.name,
        present_document_number=_masked(account),
        name=change.person.name,
        document_type=change.person.document_type,
        document_number=change.person.document_number,
        scan=f"/api/operator/reviews/{change.case_id}/scan" if change.scan else None,
        proposal=proposal_view(principal, change),
    )


def _binding_detail(ports: Ports, review: BindingReview, account: Account) -> ReviewDetail:
    held = ports.registry.filed(review.home, review.family, review.record_id)
    return ReviewDetail(
        review_id=review.case_id,
        kind="binding",
        status="submitted",
        present_name=account.person.name,
        present_document_number=_masked(account),
        family=review.family,
        record=record_view(held.record) if held else None,
    )


def _masked(account: Account) -> str:
    number = account.person.document_number
    return mask_document(number) if number else ""
