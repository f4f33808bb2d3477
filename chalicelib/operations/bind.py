"""Binding records: what is bound, and binding by certificate number."""

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from chalicelib.domain.certificates import normal_number, parse_year
from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.instants import china_date, rfc3339
from chalicelib.domain.institutions import normal_institution_name
from chalicelib.domain.matching import judge_manual
from chalicelib.domain.record_numbers import NumberKind
from chalicelib.domain.records import Family
from chalicelib.operations.archive import (
    Bound,
    bound_records,
    count_by_family,
    identities_of,
    require_proof,
)
from chalicelib.operations.ports import Ports
from chalicelib.stores.cases import BindingReview
from chalicelib.stores.limits import Hit, OverLimit
from chalicelib.stores.record_rows import Held, Link
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed

BindableFamily = Literal["credentials", "degrees"]


class Candidate(msgspec.Struct, frozen=True):
    """A record that carries the number typed."""

    held: Held
    kind: NumberKind


class BindingView(msgspec.Struct, frozen=True, kw_only=True):
    """A new binding."""

    binding_id: str
    family: Family
    record_id: str
    matched_number: NumberKind | None


class ReviewRequired(msgspec.Struct, frozen=True, kw_only=True):
    """A person has to judge this binding."""

    review_id: str
    status: str = "review_required"


class BindingItem(msgspec.Struct, frozen=True, kw_only=True):
    """One of the account's bindings."""

    binding_id: str
    family: Family
    record_id: str
    how: Literal["automatic", "manual"]
    bound_at: str
    matched_number: NumberKind | None


class BoundCount(msgspec.Struct, frozen=True):
    """How many records are bound, by family."""

    bound: dict[str, int]


def list_bindings(ports: Ports, principal: Principal) -> Sequence[BindingItem]:
    """The account's bindings, newest record first. Raises `proof_required`."""
    return [
        BindingItem(
            binding_id=bound.binding_id,
            family=bound.record.family,
            record_id=bound.record.record_id,
            how=bound.how,
            bound_at=rfc3339(bound.bound_at),
            matched_number=bound.matched_number,
        )
        for bound in bound_records(ports, principal)
    ]


def refresh_bindings(ports: Ports, principal: Principal) -> BoundCount:
    """Look again what binds by itself. Raises `proof_required`."""
    return BoundCount(count_by_family(bound_records(ports, principal)))


def bind(
    ports: Ports,
    principal: Principal,
    *,
    family: BindableFamily,
    certificate_number: str,
    graduation_year: int | str,
    institution: str,
) -> BindingView | ReviewRequired:
    """Bind the record that carries this number, year and institution and the person's name.

    Raises `not_matched`, whatever did not match and whoever else has bound it; `proof_required`.
    """
    require_proof(principal)
    number = normal_number(certificate_number)
    year = parse_year(graduation_year, today=china_date(ports.now()))
    homes = list(_institution_keys(ports, institution))
    subject = f"{family}/{homes[0]}/{year}/{number}"
    _require_misses_left(ports, principal, subject)
    candidates = _candidates(ports, family, homes, year, number)
    already = _already_bound(ports, principal, candidates)
    if already is not None:
        return already
    identities = identities_of(principal.identities)
    verdicts = {judge_manual(one.held.record.facts, identities): one for one in candidates}
    if "bound" in verdicts:
        return _link(ports, principal, verdicts["bound"], subject)
    if "review" in verdicts:
        return _ask_for_review(ports, principal, verdicts["review"])
    _count_miss(ports, principal, subject)
    raise Refusal("not_matched")


def _institution_keys(ports: Ports, institution: str) -> Iterator[str]:
    """How records name this institution: by code, and by name as it was then."""
    name = normal_institution_name(institution)
    if not name:
        raise invalid("institution", "required")
    if len(name) == 5 and name.isdecimal():
        yield name
        return
    for one in ports.institutions.all():
        if normal_institution_name(one.name) == name:
            yield one.code
    yield name


def _candidates(
    ports: Ports, family: BindableFamily, homes: Sequence[str], year: int, number: str
) -> list[Candidate]:
    found = {
        held.record.record_id: Candidate(held, kind)
        for home in homes
        for held, kind in ports.registry.by_number(family, home, year, number)
    }
    return list(found.values())


def _already_bound(
    ports: Ports, principal: Principal, candidates: Sequence[Candidate]
) -> BindingView | None:
    kinds = {one.held.record.record_id: one.kind for one in candidates}
    for bound in bound_records(ports, principal):
        if bound.record.record_id in kinds:
            return _view(bound, kinds[bound.record.record_id])
    return None


def _view(bound: Bound, kind: NumberKind) -> BindingView:
    return BindingView(
        binding_id=bound.binding_id,
        family=bound.record.family,
        record_id=bound.record.record_id,
        matched_number=bound.matched_number or kind,
    )


def _link(ports: Ports, principal: Principal, candidate: Candidate, subject: str) -> BindingView:
    record = candidate.held.record
    link = Link(
        binding_id=ports.random.identifier(),
        account_id=principal.account_id,
        bound_at=ports.now(),
        matched_number=candidate.kind,
    )
    answer = BindingView(
        binding_id=link.binding_id,
        family=record.family,
        record_id=record.record_id,
        matched_number=candidate.kind,
    )
    number = principal.identities[0].document_number
    writes = [
        *ports.registry.linking(candidate.held, link, number),
        ports.audited(
            principal.account_id,
            "bound",
            "owner",
            family=record.family,
            record_id=record.record_id,
        ),
    ]
    try:
        ports.commit(writes, reply=answer)
    except ConditionFailed:
        return _lost_race(ports, principal, candidate, subject)
    ports.metrics.count("bound_manually", family=record.family)
    return answer


def _lost_race(
    ports: Ports, principal: Principal, candidate: Candidate, subject: str
) -> BindingView:
    """Bound meanwhile: by this account (another tab), or by somebody else."""
    mine = _already_bound(ports, principal, [candidate])
    if mine is not None:
        return mine
    _count_miss(ports, principal, subject)
    raise Refusal("not_matched") from None


def _ask_for_review(ports: Ports, principal: Principal, candidate: Candidate) -> ReviewRequired:
    record = candidate.held.record
    open_case = ports.cases.open_review(principal.account_id, record.record_id)
    if open_case is not None:
        return ReviewRequired(review_id=open_case.case_id)
    review = BindingReview(
        case_id=ports.random.identifier(),
        account_id=principal.account_id,
        family=record.family,
        record_id=record.record_id,
        home=candidate.held.home,
        matched_number=candidate.kind,
        opened_at=ports.now(),
    )
    answer = ReviewRequired(review_id=review.case_id)
    trail = ports.audited(
        principal.account_id, "binding_review_asked", "owner", family=record.family
    )
    try:
        ports.commit([*ports.cases.opening_review(review), trail], reply=answer, status=202)
    except ConditionFailed:
        raise Refusal("conflict") from None
    return answer


def _require_misses_left(ports: Ports, principal: Principal, subject: str) -> None:
    """A-08: when the misses are used up, nothing matches any more that day."""
    hits = [Hit("binding.account.day", principal.account_id), Hit("binding.record.day", subject)]
    try:
        ports.limits.require_room(hits, ports.now())
    except OverLimit:
        raise Refusal("not_matched") from None


def _count_miss(ports: Ports, principal: Principal, subject: str) -> None:
    hits = [Hit("binding.account.day", principal.account_id), Hit("binding.record.day", subject)]
    try:
        ports.limits.take(hits, ports.now())
    except OverLimit:
        return
    finally:
        ports.metrics.count("binding_missed")
