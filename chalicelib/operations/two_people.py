"""Two people for one decision (R-44): the first proposes, a second one decides the same.

A proposal stands in the case itself, so that every change of the case's version sees it: of two
operators at once one proposes and the other, on a second look, decides. Who decides something else
proposes that instead.
"""

from typing import Literal

import msgspec

from chalicelib.domain.appeal_states import REASONS, Decision
from chalicelib.domain.errors import invalid
from chalicelib.operations.ports import Ports
from chalicelib.stores.cases import Case, Proposal
from chalicelib.stores.sessions import Principal


class Opinion(msgspec.Struct, frozen=True, kw_only=True):
    """What one of the staff decides, and why; `note` is for colleagues."""

    decision: Decision
    reason_code: str | None
    note: str | None


class ProposalView(msgspec.Struct, frozen=True, kw_only=True):
    """A proposal as the staff see it."""

    decision: Decision
    reason_code: str | None
    note: str | None
    by_you: bool


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a decision: `proposed` until a second operator decides the same."""

    outcome: Literal["proposed", "decided"]
    status: str
    proposal: ProposalView | None


def require_reason(opinion: Opinion) -> None:
    """A no and a question have a reason that the person is told. Raises `InvalidInput`."""
    needed = opinion.decision in {"reject", "more_information"}
    if opinion.reason_code is None and needed:
        raise invalid("reason_code", "required")
    if opinion.reason_code is not None and opinion.reason_code not in REASONS:
        raise invalid("reason_code", "value_invalid")


def is_second(ports: Ports, principal: Principal, case: Case, opinion: Opinion) -> bool:
    """Whether somebody else, who still serves, has proposed the same."""
    proposal = case.proposal
    if proposal is None or proposal.by == principal.account_id:
        return False
    if (proposal.decision, proposal.reason_code) != (opinion.decision, opinion.reason_code):
        return False
    first = ports.staff.get(proposal.by)
    return first is not None and first.deactivated_at is None


def proposal_of(ports: Ports, principal: Principal, opinion: Opinion) -> Proposal:
    """The opinion as it is kept."""
    return Proposal(
        by=principal.account_id,
        at=ports.now(),
        decision=opinion.decision,
        reason_code=opinion.reason_code,
        note=opinion.note,
    )


def repeats(principal: Principal, case: Case, opinion: Opinion) -> bool:
    """Whether the same person has proposed just this already."""
    proposal = case.proposal
    return proposal is not None and (
        proposal.by,
        proposal.decision,
        proposal.reason_code,
        proposal.note,
    ) == (principal.account_id, opinion.decision, opinion.reason_code, opinion.note)


def proposal_view(principal: Principal, case: Case) -> ProposalView | None:
    """The case's proposal."""
    proposal = case.proposal
    if proposal is None:
        return None
    return ProposalView(
        decision=proposal.decision,
        reason_code=proposal.reason_code,
        note=proposal.note,
        by_you=proposal.by == principal.account_id,
    )


def is_done(principal: Principal, case: Case, opinion: Opinion) -> bool:
    """Whether this very decision was taken, and by this operator as well."""
    outcomes: dict[Decision, str] = {
        "approve": "approved",
        "reject": "rejected",
        "more_information": "more_information",
        "undo": "rejected",
    }
    undone = case.reason_code == "decision_undone"
    return (
        principal.account_id in case.decided_by
        and case.state == outcomes[opinion.decision]
        and undone == (opinion.decision == "undo")
    )


def how_it_stands(principal: Principal, case: Case) -> Decided:
    """The answer to a decision that is proposed, or taken already."""
    return Decided(
        outcome="proposed" if case.proposal else "decided",
        status=case.state,
        proposal=proposal_view(principal, case),
    )
