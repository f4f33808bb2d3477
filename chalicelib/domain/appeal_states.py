"""The states of a case that a document scan decides: an appeal, or a change of identity.

A draft waits for its upload, a submitted case for a decision; staff may ask for more. A draft that
lapses is forgotten; a question that stays unanswered withdraws the case.
"""

from collections.abc import Mapping
from typing import Literal

from chalicelib.domain.errors import Text

CaseState = Literal["draft", "submitted", "more_information", "approved", "rejected", "withdrawn"]
CaseEvent = Literal["submit", "ask_more", "approve", "reject", "withdraw"]

DRAFT_SECONDS = 86_400
"""A draft lives as long as its upload may wait (quality page, section 3)."""
ANSWER_SECONDS = 10 * 86_400
"""How long a question of the staff may stay unanswered."""
KEPT_SECONDS = 30 * 86_400
"""How long the outcome of an ended case can be read."""

_NEXT: Mapping[tuple[CaseState, CaseEvent], CaseState] = {
    ("draft", "submit"): "submitted",
    ("draft", "withdraw"): "withdrawn",
    ("submitted", "ask_more"): "more_information",
    ("submitted", "approve"): "approved",
    ("submitted", "reject"): "rejected",
    ("submitted", "withdraw"): "withdrawn",
    ("more_information", "submit"): "submitted",
    ("more_information", "withdraw"): "withdrawn",
}

WAITING_FOR_UPLOAD: frozenset[CaseState] = frozenset({"draft", "more_information"})
"""The states in which an upload is taken."""
ENDED: frozenset[CaseState] = frozenset({"approved", "rejected", "withdrawn"})
"""The states that nothing leads out of."""

REASONS: Mapping[str, Text] = {
    "document_unreadable": Text("证件图片无法辨认", "the document cannot be read"),
    "document_mismatch": Text("证件与所填信息不一致", "the document differs from what was entered"),
    "document_expired": Text("证件已过有效期", "the document has expired"),
    "document_incomplete": Text("缺少证件的一面", "one side of the document is missing"),
    "holder_confirmed": Text("现持有人已证明身份", "the present holder has proved the identity"),
    "evidence_missing": Text("缺少变更的证明", "evidence of the change is missing"),
    "not_completed": Text("逾期未补充材料", "the evidence asked for was not sent in time"),
}
"""Why a case was refused or needs more: public code → what it says."""


def state_after(state: CaseState, event: CaseEvent) -> CaseState | None:
    """Where an event leads; None where it is not allowed."""
    return _NEXT.get((state, event))
