"""What operators do: the staff's accounts, appeals and reviews, and keeping the archive running."""

from typing import Annotated

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.cursors import Paging, page_from
from chalicelib.api.routes import Binary, Function, Listing
from chalicelib.domain.appeal_states import Decision
from chalicelib.domain.staff import Role
from chalicelib.operations import decide_appeals, decide_reviews, operate, staff
from chalicelib.operations.decide_appeals import Purpose
from chalicelib.operations.two_people import Decided, Opinion

function = Function("operator")

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class StaffBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to invite as what; a registrar has an institution, a reviewer a province."""

    email: Text
    name: Text
    role: Role
    institution_code: Text | None = None
    province: Text | None = None


class Looking(msgspec.Struct, frozen=True):
    """Why somebody looks at personal data."""

    purpose: Purpose


class LiftBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whose limits begin anew, by phone or e-mail, and why."""

    contact: Text
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class StatisticsQuery(msgspec.Struct, frozen=True):
    """How many days, today included."""

    days: Annotated[int, msgspec.Meta(ge=1, le=92)] = 30


class CaseDecisionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A decision; `reason_code` is told to the person, `note` stays with the staff."""

    decision: Decision
    reason_code: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    note: Annotated[str, msgspec.Meta(max_length=1024)] | None = None

    @property
    def opinion(self) -> Opinion:
        """The decision as the operations take it."""
        return Opinion(decision=self.decision, reason_code=self.reason_code, note=self.note)


@function.route(
    "POST",
    "/operator/staff",
    policy="operator",
    body=StaffBody,
    answers={201: staff.StaffView},
    creating=True,
    raises=("contact_taken", "conflict"),
)
def create_staff(call: Call) -> staff.StaffView:
    """Make an account of the staff and invite its owner by mail."""
    body: StaffBody = call.body
    return staff.create_staff(
        call.ports,
        call.principal,
        call.caller.language,
        email=body.email,
        name=body.name,
        role=body.role,
        institution_code=body.institution_code,
        province=body.province,
    )


@function.route(
    "GET",
    "/operator/staff",
    policy="operator",
    query=Paging,
    answers={200: list[staff.StaffView]},
)
def list_staff(call: Call) -> Listing:
    """The staff."""
    return page_from(
        call, lambda limit, after: staff.list_staff(call.ports, limit=limit, after=after)
    )


@function.route(
    "POST",
    "/operator/staff/{staff_id}/invitation",
    policy="operator",
    answers={200: staff.StaffView},
    creating=True,
    raises=("not_found", "conflict"),
)
def invite_again(call: Call, staff_id: str) -> staff.StaffView:
    """Invite somebody of the staff anew; what let them in before does not any more."""
    return staff.invite_again(call.ports, call.principal, staff_id)


@function.route(
    "DELETE",
    "/operator/staff/{staff_id}",
    policy="operator",
    answers={204: None},
    raises=("not_found", "conflict"),
)
def deactivate_staff(call: Call, staff_id: str) -> None:
    """End somebody's service, acting on their next request."""
    staff.deactivate_staff(call.ports, call.principal, staff_id)


@function.route(
    "GET",
    "/operator/appeals",
    policy="operator",
    query=Paging,
    answers={200: list[decide_appeals.AppealItem]},
)
def list_appeals(call: Call) -> Listing:
    """Appeals that wait for a decision, the earliest due first."""
    return page_from(
        call,
        lambda limit, after: decide_appeals.list_appeals(
            call.ports, call.principal, limit=limit, after=after
        ),
    )


@function.route(
    "GET",
    "/operator/appeals/{appeal_id}",
    policy="operator",
    query=Looking,
    answers={200: decide_appeals.AppealDetail},
    raises=("not_found",),
)
def look_at_appeal(call: Call, appeal_id: str) -> decide_appeals.AppealDetail:
    """An appeal in full; the read is noted with its purpose."""
    return decide_appeals.read_appeal(call.ports, call.principal, appeal_id, call.query.purpose)


@function.route(
    "GET",
    "/operator/appeals/{appeal_id}/scan",
    policy="operator",
    query=Looking,
    answers={200: Binary},
    media_type="image/jpeg",
    raises=("not_found",),
)
def look_at_scan(call: Call, appeal_id: str) -> Binary:
    """An appeal's scan, marked with who looks at it; the read is noted with its purpose."""
    content = decide_appeals.read_scan(call.ports, call.principal, appeal_id, call.query.purpose)
    return Binary(content, "image/jpeg")


@function.route(
    "POST",
    "/operator/appeals/{appeal_id}/decision",
    policy="operator",
    body=CaseDecisionBody,
    answers={200: Decided},
    creating=True,
    raises=("not_found", "conflict", "contact_taken"),
)
def decide_appeal(call: Call, appeal_id: str) -> Decided:
    """Propose a decision on an appeal, or decide what another operator has proposed."""
    return decide_appeals.decide_appeal(call.ports, call.principal, appeal_id, call.body.opinion)


@function.route(
    "GET",
    "/operator/reviews",
    policy="operator",
    query=Paging,
    answers={200: list[decide_reviews.ReviewItem]},
)
def list_reviews(call: Call) -> Listing:
    """Bindings and changes of identity that wait for a review."""
    return page_from(
        call,
        lambda limit, after: decide_reviews.list_reviews(
            call.ports, call.principal, limit=limit, after=after
        ),
    )


@function.route(
    "GET",
    "/operator/reviews/{review_id}",
    policy="operator",
    query=Looking,
    answers={200: decide_reviews.ReviewDetail},
    raises=("not_found",),
)
def look_at_review(call: Call, review_id: str) -> decide_reviews.ReviewDetail:
    """A review in full; the read is noted with its purpose."""
    return decide_reviews.read_review(call.ports, call.principal, review_id, call.query.purpose)


@function.route(
    "GET",
    "/operator/reviews/{review_id}/scan",
    policy="operator",
    query=Looking,
    answers={200: Binary},
    media_type="image/jpeg",
    raises=("not_found",),
)
def look_at_evidence(call: Call, review_id: str) -> Binary:
    """The evidence of a change of identity, marked with who looks at it; the read is noted."""
    content = decide_reviews.read_evidence(
        call.ports, call.principal, review_id, call.query.purpose
    )
    return Binary(content, "image/jpeg")


@function.route(
    "POST",
    "/operator/reviews/{review_id}/decision",
    policy="operator",
    body=CaseDecisionBody,
    answers={200: Decided},
    creating=True,
    raises=("not_found", "conflict", "identity_taken"),
)
def decide_review(call: Call, review_id: str) -> Decided:
    """Decide a binding; propose or decide a change of identity."""
    return decide_reviews.decide_review(call.ports, call.principal, review_id, call.body.opinion)


@function.route(
    "GET",
    "/operator/dead-letters",
    policy="operator",
    answers={200: operate.DeadLetterView},
)
def dead_letters(call: Call) -> operate.DeadLetterView:
    """Messages that could not be sent, and how long the oldest one waits."""
    return operate.dead_letters(call.ports)


@function.route(
    "POST",
    "/operator/dead-letters/redrive",
    policy="operator",
    answers={200: operate.Redriven},
    creating=True,
)
def redrive(call: Call) -> operate.Redriven:
    """Queue messages that could not be sent once more, a hundred at most."""
    return operate.redrive(call.ports, call.principal)


@function.route(
    "POST",
    "/operator/limits/lift",
    policy="operator",
    body=LiftBody,
    answers={200: operate.Lifted},
    creating=True,
)
def lift_limits(call: Call) -> operate.Lifted:
    """Let the limits of a person begin anew, with a reason that the trail keeps."""
    body: LiftBody = call.body
    return operate.lift_limits(call.ports, call.principal, contact=body.contact, reason=body.reason)


@function.route(
    "GET",
    "/operator/statistics",
    policy="operator",
    query=StatisticsQuery,
    answers={200: operate.Statistics},
)
def statistics(call: Call) -> operate.Statistics:
    """How often what happened on each day: nobody's data."""
    return operate.statistics(call.ports, call.query.days)
