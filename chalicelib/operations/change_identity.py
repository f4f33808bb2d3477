"""Another name or document number on one account (journey 6), and proving one that was not.

An account keeps every identity it proved; records match on any of them. An account without a
proved identity gets it at once where the identity checker agrees; everything else is reviewed.
"""

from collections.abc import Sequence

import msgspec

from chalicelib.domain.appeal_states import DRAFT_SECONDS
from chalicelib.domain.errors import Refusal
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.names import same_name
from chalicelib.operations.document_scans import (
    WATCH_SECONDS,
    GivenConsent,
    Submission,
    Upload,
    clear_quarantine,
    moved,
    offer_upload,
    submission_of,
    submission_or,
    submitted,
)
from chalicelib.operations.notices import tell
from chalicelib.operations.persons import stated_person
from chalicelib.operations.ports import Caller, Ports
from chalicelib.operations.register import RECOVERY_LINKS, count_identity_question
from chalicelib.operations.start_session import principal_of
from chalicelib.operations.views import AccountView, account_view
from chalicelib.stores.accounts import Account, Person, document_value
from chalicelib.stores.cases import IdentityChange
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed, Write


class IdentityAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it: `approved` at once, with the account; or a `draft` to be reviewed.

    A draft waits for its evidence, uploaded by the form of `upload`, and is then submitted.
    """

    status: str
    review_id: str | None = None
    upload: Upload | None = None
    account: AccountView | None = None


class IdentityReview(msgspec.Struct, frozen=True, kw_only=True):
    """How a review stands; `upload` while evidence is wanted."""

    review_id: str
    status: str
    due_at: str | None
    reason_code: str | None
    upload: Upload | None


def change_identity(
    ports: Ports,
    caller: Caller,
    principal: Principal,
    *,
    name: str,
    document_type: str,
    document_number: str,
) -> IdentityAnswer:
    """Prove another identity. Repeated, it answers how the first request stands.

    Raises `InvalidInput`; `identity_taken` only where the checker agreed; `conflict` while
    another is under review; `rate_limited`, `unavailable`.
    """
    if principal.consent_withdrawn:
        raise Refusal("consent_withdrawn")
    account = _account(ports, principal)
    person = stated_person(
        ports, name=name, document_type=document_type, document_number=document_number
    )
    if account.identities and _is_same(person, account.person):
        return IdentityAnswer(status="approved", account=account_view(account))
    if not account.identities and _checker_agrees(ports, caller, person, account.phone):
        return _raise_at_once(ports, principal, account, person)
    return _ask_for_review(ports, account, person)


def submit_identity(
    ports: Ports, principal: Principal, review_id: str, *, consent: GivenConsent | None
) -> Submission:
    """Hand the change in with its uploaded evidence. Repeated, it answers the same.

    Raises `not_found`, `conflict`, `file_rejected`, `rate_limited`.
    """
    change = _own(ports, principal, review_id)
    if change.state == "submitted":
        return submission_of(change)
    try:
        following = submitted(ports, change, consent)
    except Refusal as refusal:
        return submission_or(_own(ports, principal, review_id), refusal)
    trail = ports.audited(
        principal.account_id, "identity_review_asked", "owner", review_id=review_id
    )
    try:
        ports.commit([*ports.cases.moving(change, following), trail])
    except ConditionFailed:
        return submission_or(_own(ports, principal, review_id), Refusal("conflict"))
    clear_quarantine(ports, following.upload)
    ports.metrics.count("identity_review_asked")
    return submission_of(following)


def read_review(ports: Ports, principal: Principal, review_id: str) -> IdentityReview:
    """How the review stands. Raises `not_found`."""
    change = _own(ports, principal, review_id)
    return IdentityReview(
        review_id=change.case_id,
        status=change.state,
        due_at=rfc3339(change.due_at) if change.due_at else None,
        reason_code=change.reason_code,
        upload=offer_upload(ports, change),
    )


def withdraw_identity(ports: Ports, principal: Principal, review_id: str) -> None:
    """End the review; its evidence goes. Repeated, nothing happens.

    Raises `not_found`; `conflict` once it is decided.
    """
    change = _own(ports, principal, review_id)
    if change.state != "withdrawn":
        _withdraw(ports, change)


def approve_identity(
    ports: Ports,
    change: IdentityChange,
    *,
    actor: str,
    also: Sequence[Write] = (),
    reply: object = None,
) -> None:
    """The reviewers' yes: one commit adds the identity, claims its number and tells the owner.

    The account has then proof level `document`. Raises `conflict` where the change is not waiting
    for a decision any more or the account is gone; `identity_taken` where the number is another
    account's. `also` is committed with it, and `reply` kept.
    """
    account = ports.accounts.get(change.account_id)
    if account is None:
        raise Refusal("conflict")
    proved = _with_identity(account, change.person, "document", ports.now())
    approved = moved(change, "approve", ports.now())
    writes = [
        *ports.cases.moving(change, approved),
        *_proving(ports, account, proved),
        ports.audited(account.account_id, "identity_approved", actor, review_id=change.case_id),
        *also,
    ]
    _commit(ports, writes, change.person, reply=reply)
    ports.metrics.count("identity_approved")


def reject_identity(
    ports: Ports,
    change: IdentityChange,
    *,
    actor: str,
    reason_code: str,
    also: Sequence[Write] = (),
    reply: object = None,
) -> None:
    """The reviewers' no; the account stays as it is. Raises `conflict`."""
    account = ports.accounts.get(change.account_id)
    rejected = moved(change, "reject", ports.now(), reason_code=reason_code)
    writes = [
        *ports.cases.moving(change, rejected),
        *(tell(ports, account, "identity_decided") if account else ()),
        ports.audited(change.account_id, "identity_rejected", actor, review_id=change.case_id),
        *also,
    ]
    _commit(ports, writes, change.person, reply=reply)


def ask_for_more(
    ports: Ports,
    change: IdentityChange,
    *,
    actor: str,
    reason_code: str,
    also: Sequence[Write] = (),
    reply: object = None,
) -> None:
    """The reviewers' question: the owner uploads other evidence. Raises `conflict`."""
    account = ports.accounts.get(change.account_id)
    asked = moved(change, "ask_more", ports.now(), reason_code=reason_code)
    writes = [
        *ports.cases.moving(change, asked),
        *(tell(ports, account, "identity_decided") if account else ()),
        ports.audited(change.account_id, "identity_asked", actor, review_id=change.case_id),
        *also,
    ]
    _commit(ports, writes, change.person, reply=reply)


def _checker_agrees(ports: Ports, caller: Caller, person: Person, phone: str) -> bool:
    count_identity_question(ports, caller, person, phone)
    return ports.checker.agrees(person, phone)


def _raise_at_once(
    ports: Ports, principal: Principal, account: Account, person: Person
) -> IdentityAnswer:
    """Proved now: the account, its number, and what the present session may do, in one commit."""
    proved = _with_identity(account, person, "identity", ports.now())
    writes = [
        *_proving(ports, account, proved),
        *_following_session(ports, principal, proved),
        ports.audited(account.account_id, "identity_proved", "owner"),
    ]
    _commit(ports, writes, person)
    ports.metrics.count("identity_proved")
    return IdentityAnswer(status="approved", account=account_view(proved))


def _proving(ports: Ports, before: Account, proved: Account) -> list[Write]:
    """The writes that give an account its new identity and tell the owner."""
    known = {document_value(one) for one in before.identities}
    number = document_value(proved.person)
    claims = [] if number in known else [ports.accounts.claiming(before.account_id, number)]
    return [ports.accounts.changing(proved), *claims, *tell(ports, proved, "identity_decided")]


def _following_session(ports: Ports, principal: Principal, proved: Account) -> list[Write]:
    """The session that asked acts as the proved person from its next request on."""
    return [
        ports.sessions.changing(
            msgspec.structs.replace(session, principal=principal_of(proved, principal.session_id))
        )
        for session in ports.sessions.live(principal.account_id, ports.now())
        if session.principal.session_id == principal.session_id
    ]


def _with_identity(account: Account, person: Person, level: str, now: int) -> Account:
    """The account with one more proved identity, the present first."""
    earlier = tuple(one for one in account.identities if not _is_same(one, person))
    return msgspec.structs.replace(
        account,
        person=person,
        proof_level="document" if level == "document" else "identity",
        proved_at=account.proved_at or now,
        identities=(person, *earlier),
    )


def _ask_for_review(ports: Ports, account: Account, person: Person) -> IdentityAnswer:
    now = ports.now()
    change = IdentityChange(
        case_id=ports.random.identifier(),
        account_id=account.account_id,
        person=person,
        language=account.language,
        upload=f"identities/{ports.random.identifier()}",
        opened_at=now,
        expires_at=now + DRAFT_SECONDS,
        watch_at=now + WATCH_SECONDS,
    )
    present = _open_change(ports, change)
    if present is not None and _is_same(present.person, person):
        return _review_answer(ports, present)
    if present is not None:
        _give_way(ports, present)
    _commit(ports, ports.cases.opening(change), person)
    return _review_answer(ports, change)


def _review_answer(ports: Ports, change: IdentityChange) -> IdentityAnswer:
    return IdentityAnswer(
        status=change.state, review_id=change.case_id, upload=offer_upload(ports, change)
    )


def _open_change(ports: Ports, change: IdentityChange) -> IdentityChange | None:
    """The change of the same account that is open."""
    case_id = ports.cases.open_case_of(change, ports.now())
    return ports.cases.identity_change(case_id, ports.now()) if case_id else None


def _give_way(ports: Ports, present: IdentityChange) -> None:
    """A draft is replaced by the next one; what is being reviewed is not. Raises `conflict`."""
    if present.state != "draft":
        raise Refusal("conflict")
    _withdraw(ports, present)


def _withdraw(ports: Ports, change: IdentityChange) -> None:
    withdrawn = moved(change, "withdraw", ports.now())
    _commit(ports, ports.cases.moving(change, withdrawn), change.person)


def _commit(ports: Ports, writes: list[Write], person: Person, *, reply: object = None) -> None:
    try:
        ports.commit(writes, reply=reply)
    except ConditionFailed as failure:
        if failure.touches(ports.accounts.unique_key("document", document_value(person))):
            raise Refusal("identity_taken", links=RECOVERY_LINKS) from None
        raise Refusal("conflict") from None


def _account(ports: Ports, principal: Principal) -> Account:
    account = ports.accounts.get(principal.account_id)
    if account is None:
        raise Refusal("unauthenticated")
    return account


def _own(ports: Ports, principal: Principal, review_id: str) -> IdentityChange:
    change = ports.cases.identity_change(review_id, ports.now())
    if change is None or change.account_id != principal.account_id:
        raise Refusal("not_found")
    return change


def _is_same(one: Person, other: Person) -> bool:
    same_number = document_value(one) == document_value(other)
    return same_number and same_name(one.name, other.name)
