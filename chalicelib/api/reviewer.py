"""What reviewers do in their province: the second decision on key fields."""

from typing import Annotated, Literal

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.cursors import Paging, page_from
from chalicelib.api.routes import Function, Listing
from chalicelib.operations import review_changes
from chalicelib.operations.review_changes import ChangeDecision, ChangeItem

function = Function("reviewer")


class ChangesQuery(Paging, frozen=True):
    """Which changes: their state, and what they are read for."""

    status: Literal["waiting", "accepted", "refused"] = "waiting"
    purpose: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] = review_changes.REVIEW


class ReviewBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is decided; a refusal needs the note."""

    decision: Literal["accept", "refuse"]
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=500)] | None = None


@function.route(
    "GET",
    "/reviewer/changes",
    policy="reviewer",
    query=ChangesQuery,
    answers={200: list[ChangeItem]},
)
def list_changes(call: Call) -> Listing:
    """The province's changes of key fields, the longest waiting first."""
    query: ChangesQuery = call.query
    return page_from(
        call,
        lambda limit, after: review_changes.list_changes(
            call.ports,
            call.principal,
            status=query.status,
            purpose=query.purpose,
            limit=limit,
            after=after,
        ),
        extra=query.status,
    )


@function.route(
    "POST",
    "/reviewer/changes/{change_id}/decision",
    policy="reviewer",
    body=ReviewBody,
    answers={200: ChangeDecision},
    creating=True,
    raises=("not_found", "conflict"),
)
def decide(call: Call, change_id: str) -> ChangeDecision:
    """Accept or refuse what a registrar proposed."""
    body: ReviewBody = call.body
    return review_changes.decide_change(
        call.ports,
        call.principal,
        change_id,
        accept=body.decision == "accept",
        note=body.note,
    )
