"""The states of a case that a document scan decides: an appeal, or a change of identity.

A draft waits for its upload, a submitted case for a decision; staff may ask for more. A draft that
lapses is forgotten; a question that stays unanswered withdraws the case. An approval can be undone
for a week: the case is then rejected.
"""

from collections.abc import Mapping
from typing import Literal

from chalicelib.domain.errors import Text

CaseState = Literal["draft", "submitted", "more_information", "approved", "rejected", "withdrawn"]
CaseEvent = Literal["submit", "ask_more", "approve", "reject", "withdraw", "undo"]
Decision = Literal["approve", "reject", "more_information", "undo"]
"""What two operators decide of a case."""

DRAFT_SECONDS = 86_400
"""A draft lives as long as its upload may wait (quality page, section 3)."""
ANSWER_SECONDS = 10 * 86_400
"""How long a question of the staff may stay unanswered."""
KEPT_SECONDS = 30 * 86_400
"""How long the outcome of an ended case can be read."""
UNDO_SECONDS = 7 * 86_400
"""How long an approval can be undone."""

_NEXT: Mapping[tuple[CaseState, CaseEvent], CaseState] = {
    ("draft", "submit"): "submitted",
    ("draft", "withdraw"): "withdrawn",
    ("submitted", "ask_more"): "more_information",
    ("submitted", "approve"): "approved",
    ("submitted", "reject"): "rejected",
    ("submitted", "withdraw"): "withdrawn",
    ("approved", "undo"): "rejected",
    ("more_information", "submit"): "submitted",
    ("more_information", "withdraw"): "withdrawn",
}

WAITING_FOR_UPLOAD: frozenset[CaseState] = frozenset({"draft", "more_information"})
"""The states in which an upload is taken."""
ENDED: frozenset[CaseState] = frozenset({"approved", "rejected", "withdrawn"})
"""The states in which nothing is waited for."""
EVENT_OF: Mapping[Decision, CaseEvent] = {
    "approve": "approve",
    "reject": "reject",
    "more_information": "ask_more",
    "undo": "undo",
}
"""What a decision does to the case."""

REASONS: Mapping[str, Text] = {
    "document_unreadable": Text("证件图片无法辨认", "the document cannot be read"),
    "document_mismatch": Text("证件与所填信息不一致", "the document differs from what was entered"),
    "document_expired": Text("证件已过有效期", "the document has expired"),
    "document_incomplete": Text("缺少证件的一面", "one side of the document is missing"),
    "holder_confirmed": Text("现持有人已证明身份", "the present holder has proved the identity"),
    "evidence_missing": Text("缺少变更的证明", "evidence of the change is missing"),
    "contact_in_use": Text(
        "手机号码或电子邮箱已用于其他账户",
        "the phone or e-mail belongs to another account",
    ),
    "decision_undone": Text("经复核，原决定已撤销", "on review the decision was undone"),
    "not_completed": Text("逾期未补充材料", "the evidence asked for was not sent in time"),
}
"""Why a case was refused or needs more: public code → what it says."""


def state_after(state: CaseState, event: CaseEvent) -> CaseState | None:
    """Where an event leads; None where it is not allowed."""
    return _NEXT.get((state, event))
