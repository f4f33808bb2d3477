"""The states of a correction: what a student asks an institution to put right.

A draft waits for its evidence and lapses after a day; a submitted one waits for the institution.
What the institution accepts of key fields is in review until a second person decides.
"""

from collections.abc import Mapping
from typing import Literal

CorrectionState = Literal["draft", "submitted", "in_review", "accepted", "refused", "withdrawn"]
CorrectionEvent = Literal["submit", "propose", "accept", "refuse", "withdraw"]

DRAFT_SECONDS = 86_400
"""A draft lives as long as its upload may wait (quality page, section 3)."""

_NEXT: Mapping[tuple[CorrectionState, CorrectionEvent], CorrectionState] = {
    ("draft", "submit"): "submitted",
    ("draft", "withdraw"): "withdrawn",
    ("submitted", "propose"): "in_review",
    ("in_review", "accept"): "accepted",
    ("in_review", "refuse"): "refused",
    ("submitted", "accept"): "accepted",
    ("submitted", "refuse"): "refused",
    ("submitted", "withdraw"): "withdrawn",
}

ENDED: frozenset[CorrectionState] = frozenset({"accepted", "refused", "withdrawn"})
"""The states that nothing leads out of."""


def state_after(state: CorrectionState, event: CorrectionEvent) -> CorrectionState | None:
    """Where an event leads; None where it is not allowed."""
    return _NEXT.get((state, event))
