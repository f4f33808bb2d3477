"""Appeals: "this number is registered, and it is mine" (journey 2; A-13)."""

from contextlib import suppress

import msgspec

from chalicelib.domain.appeal_states import DRAFT_SECONDS, REASONS, CaseEvent
from chalicelib.domain.emails import parse_email
from chalicelib.domain.errors import Language, Refusal, invalid
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.messages import KINDS, local_time
from chalicelib.operations.document_scans import (
    WATCH_SECONDS,
    GivenConsent,
    Submission,
    Upload,
    clear_quarantine,
    moved,
    offer_form,
    offer_upload,
    submission_of,
    submission_or,
    submitted,
)
from chalicelib.operations.notices import CHANNELS
from chalicelib.operations.persons import stated_person
from chalicelib.operations.ports import Caller, Ports
from chalicelib.operations.recover import require_proof_of
from chalicelib.stores.accounts import document_value
from chalicelib.stores.cases import Appeal, Objection
from chalicelib.stores.keyring import same, token_digest
from chalicelib.stores.limits import Hit, OverLimit, is_counter
from chalicelib.stores.outbox import Message
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed, Write

MOST_OBJECTIONS = 5

_CONTENTION_TRIES = 5


class Opened(msgspec.Struct, frozen=True, kw_only=True):
    """A new appeal; the token is its only key."""

    appeal_id: str
    appeal_token: str
    upload: Upload
    expires_at: str


class AppealView(msgspec.Struct, frozen=True, kw_only=True):
    """An appeal as its appellant sees it; `upload` while a picture is wanted."""

    status: str
    due_at: str | None
    reason_code: str | None
    upload: Upload | None


def open_appeal(
    ports: Ports,
    caller: Caller,
    *,
    verification_token: str,
    name: str,
    document_type: str,
    document_number: str,
    email: str,
    reason: str | None,
) -> Opened:
    """Open an appeal for a number, whether or not it is registered: the answer never tells.

    Raises `InvalidInput`, `conflict` where one is open for the number, `rate_limited`.
    """
    proof = require_proof_of(ports, verification_token, "appeal")
    if proof.channel != "sms":
        raise invalid("verification_token", "channel_not_allowed")
    now = ports.now()
    person = stated_person(
        ports, name=name, document_type=document_type, document_number=document_number
    )
    token = ports.random.token()
    appeal = Appeal(
        case_id=ports.random.identifier(),
        token_digest=token_digest(token),
        person=person,
        phone=proof.destination,
        email=parse_email(email),
        language=caller.language,
        reason=reason,
        upload=f"appeals/{ports.random.identifier()}",
        opened_at=now,
        expires_at=now + DRAFT_SECONDS,
        watch_at=now + WATCH_SECONDS,
    )
    return _open(ports, appeal, token, verification_token)


def submit_appeal(
    ports: Ports, appeal_id: str, *, appeal_token: str, consent: GivenConsent | None
) -> Submission:
    """Hand the appeal in with its uploaded picture; the present holder is warned afterwards.

    Repeated, it answers the same. Raises `not_found`, `conflict`, `file_rejected`, `rate_limited`.
    """
    appeal = _own(ports, appeal_id, appeal_token)
    if appeal.state == "submitted":
        return submission_of(appeal)
    try:
        following = submitted(ports, appeal, consent)
    except Refusal as refusal:
        return submission_or(_own(ports, appeal_id, appeal_token), refusal)
    writes = [
        *ports.cases.moving(appeal, following),
        *to_appellant(ports, following, "appeal_received"),
        ports.errand("appeal_submitted", appeal_id=appeal_id),
    ]
    try:
        ports.commit(writes)
    except ConditionFailed:
        return submission_or(_own(ports, appeal_id, appeal_token), Refusal("conflict"))
    clear_quarantine(ports, following.upload)
    ports.metrics.count("appeal_submitted")
    return submission_of(following)


def read_appeal(ports: Ports, appeal_id: str, appeal_token: str) -> AppealView:
    """How the appeal stands. Raises `not_found`, also for a wrong token."""
    appeal = _own(ports, appeal_id, appeal_token)
    return AppealView(
        status=appeal.state,
        due_at=rfc3339(appeal.due_at) if appeal.due_at else None,
        reason_code=appeal.reason_code,
        upload=offer_upload(ports, appeal),
    )


def withdraw_appeal(ports: Ports, appeal_id: str, appeal_token: str) -> None:
    """End the appeal; its picture goes. Repeated, nothing happens.

    Raises `not_found`, also for a wrong token; `conflict` once it is decided.
    """
    for _ in range(_CONTENTION_TRIES):
        appeal = _own(ports, appeal_id, appeal_token)
        if appeal.state == "withdrawn":
            return
        try:
            ports.commit(ending(ports, appeal, "withdraw"))
        except ConditionFailed:
            continue  # decided, objected to, or its holder warned meanwhile: look again
        ports.metrics.count("appeal_withdrawn")
        return
    raise Refusal("unavailable", retry_after=1)


def object_to_appeal(ports: Ports, principal: Principal, appeal_id: str, reason: str) -> None:
    """The present holder's reasons against the appeal; the same reasons again are heard once.

    Raises `not_found` for everybody but the holder; `conflict` once it is decided.
    """
    for _ in range(_CONTENTION_TRIES):
        appeal = ports.cases.appeal(appeal_id, ports.now())
        if (
            appeal is None
            or appeal.submitted_at is None
            or not _is_held_by(ports, appeal, principal)
        ):
            raise Refusal("not_found")
        if any(one.reason == reason for one in appeal.objections):
            return
        try:
            ports.commit(_objecting(ports, principal, appeal, reason))
        except ConditionFailed:
            continue  # it moved on meanwhile: look again
        ports.metrics.count("appeal_objected")
        return
    raise Refusal("unavailable", retry_after=1)


def _objecting(ports: Ports, principal: Principal, appeal: Appeal, reason: str) -> list[Write]:
    """The writes that keep an objection. Raises `conflict` where none is heard any more."""
    if appeal.state not in {"submitted", "more_information"}:
        raise Refusal("conflict")
    if len(appeal.objections) >= MOST_OBJECTIONS:
        raise Refusal("conflict")
    heard = msgspec.structs.replace(
        appeal,
        objections=(*appeal.objections, Objection(reason, ports.now())),
        proposal=None,  # what one operator proposed without having read this
    )
    trail = ports.audited(
        principal.account_id, "appeal_objected", "owner", appeal_id=appeal.case_id
    )
    return [*ports.cases.moving(appeal, heard), trail]


def asking_for_more(ports: Ports, appeal: Appeal, reason_code: str) -> list[Write]:
    """The writes that ask the appellant for more. Raises `conflict`."""
    asked = moved(appeal, "ask_more", ports.now(), reason_code=reason_code)
    return [
        *ports.cases.moving(appeal, asked),
        *to_appellant(ports, asked, "appeal_more_information"),
    ]


def ending(
    ports: Ports,
    appeal: Appeal,
    event: CaseEvent,
    *,
    reason_code: str | None = None,
    link: str | None = None,
) -> list[Write]:
    """The writes that end an appeal by `approve`, `reject` or `withdraw`, and tell both sides.

    They change the appeal only: an approval's account, and the trail, are the caller's. `link`
    sets the new account's password. Raises `conflict`.
    """
    ended = moved(appeal, event, ports.now(), reason_code=reason_code)
    writes = ports.cases.moving(appeal, ended)
    if event == "approve":
        writes += to_appellant(ports, ended, "appeal_approved", link=link or "")
    elif event == "reject" or reason_code is not None:  # who withdraws knows it
        writes += to_appellant(ports, ended, "appeal_rejected")
    loser = _holder(ports, appeal) if event == "approve" else None
    return [*writes, ports.errand("appeal_ended", appeal_id=appeal.case_id, holder=loser or "")]


def _open(ports: Ports, appeal: Appeal, token: str, verification_token: str) -> Opened:
    answer = Opened(
        appeal_id=appeal.case_id,
        appeal_token=token,
        upload=offer_form(ports, appeal.upload),
        expires_at=rfc3339(appeal.opened_at + DRAFT_SECONDS),
    )
    for _ in range(_CONTENTION_TRIES):
        writes = [
            *_counted(ports, appeal),
            ports.codes.spending(verification_token, ports.now()),
            *ports.cases.opening(appeal),
        ]
        try:
            ports.commit(writes, reply=answer)
        except ConditionFailed as failure:
            if failure.touches(ports.cases.open_key(appeal)):
                _count_refused(ports, appeal)
                raise Refusal("conflict") from None
            if any(is_counter(key) for key in failure.failed):
                continue
            raise invalid("verification_token", "verification_token_invalid") from None
        ports.metrics.count("appeal_opened")
        return answer
    raise Refusal("unavailable", retry_after=1)


def _counted(ports: Ports, appeal: Appeal) -> list[Write]:
    """A-13: the write that counts one more appeal of this phone. Raises `rate_limited`."""
    try:
        return ports.limits.counting([_hit(appeal)], ports.now())
    except OverLimit as limit:
        raise Refusal("rate_limited", retry_after=limit.retry_after) from None


def _count_refused(ports: Ports, appeal: Appeal) -> None:
    """A refusal tells that the number has an open appeal: it counts like an appeal."""
    with suppress(OverLimit):
        ports.limits.take([_hit(appeal)], ports.now())


def _hit(appeal: Appeal) -> Hit:
    return Hit("appeal.destination.month", appeal.phone)


def _own(ports: Ports, appeal_id: str, token: str) -> Appeal:
    appeal = ports.cases.appeal(appeal_id, ports.now())
    if appeal is None or not same(appeal.token_digest, token_digest(token)):
        raise Refusal("not_found")
    return appeal


def _holder(ports: Ports, appeal: Appeal) -> str | None:
    return ports.accounts.holder("document", document_value(appeal.person))


def _is_held_by(ports: Ports, appeal: Appeal, principal: Principal) -> bool:
    return _holder(ports, appeal) == principal.account_id


def to_appellant(ports: Ports, appeal: Appeal, kind: str, *, link: str = "") -> list[Write]:
    """The writes that tell the appellant on both channels."""
    language: Language = "en" if appeal.language == "en" else "zh"
    reason = REASONS.get(appeal.reason_code or "")
    known = {
        "due_at": local_time(appeal.due_at or ports.now(), language),
        "reason": reason.in_language(language) if reason else "",
        "link": link,
    }
    return [
        ports.message(
            Message(
                kind=kind,
                channel=channel,
                to=appeal.phone if channel == "sms" else appeal.email,
                language=language,
                values={name: known[name] for name in KINDS[kind][channel]},
            )
        )
        for channel in CHANNELS
    ]
