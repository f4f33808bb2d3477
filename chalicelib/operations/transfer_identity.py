"""Moving an identity from one account to another: what an approved appeal does, and its undoing.

One commit moves the number, takes it from the account that had it (whose level falls and whose
sessions end), and tells both sides. What is left to tidy then is out of everybody's sight already;
`settle` does it at once, and again by the schedule where it was cut short.
"""

from collections.abc import Sequence

import msgspec

from chalicelib.domain.appeal_states import UNDO_SECONDS
from chalicelib.domain.errors import Refusal
from chalicelib.operations.appeals import ending, to_appellant
from chalicelib.operations.correct import forget_evidence
from chalicelib.operations.document_scans import moved
from chalicelib.operations.invitations import invited
from chalicelib.operations.notices import tell
from chalicelib.operations.ports import Ports
from chalicelib.operations.sign_report import report_prefix
from chalicelib.stores.accounts import Account, Person, document_value
from chalicelib.stores.cases import Appeal, Takeover
from chalicelib.stores.tables import ConditionFailed, Delete, Update, Write

_MOST_SESSIONS = 30
"""Ended in the commit itself, which holds a hundred writes; `settle` ends those beyond."""


def approving(ports: Ports, appeal: Appeal, deciders: tuple[str, str]) -> list[Write]:
    """The writes of the yes: the appellant's new account gets the number.

    They fail on the number's claim where its holder has changed, and on those of phone and e-mail
    where another account has them.
    """
    number = document_value(appeal.person)
    holder_id = ports.accounts.holder("document", number)
    holder = ports.accounts.get(holder_id) if holder_id else None
    account, link = invited(ports, _new_account(ports, appeal))
    takeover = _takeover(ports, holder_id, holder, account, number)
    decided = msgspec.structs.replace(
        appeal, warned=holder_id or appeal.warned, takeover=takeover, decided_by=deciders
    )
    return [
        *ending(ports, decided, "approve", link=link),
        *ports.accounts.taking_over(account, number, holder_id),
        _trail(ports, account.account_id, "identity_taken_over", appeal, deciders),
        *(_taking(ports, holder, number) if holder else ()),
    ]


def undoing(ports: Ports, appeal: Appeal, deciders: tuple[str, str]) -> list[Write]:
    """The writes that take an approval back: the number returns to the account that had it.

    Raises `conflict` past the time for it. An account that is closed meanwhile gets nothing back;
    the number is free then.
    """
    takeover = appeal.takeover
    if takeover is None or takeover.undo_until <= ports.now():
        raise Refusal("conflict")
    number = document_value(appeal.person)
    source = ports.accounts.get(takeover.source) if takeover.source else None
    target = ports.accounts.get(takeover.target)
    undone = moved(appeal, "undo", ports.now(), reason_code="decision_undone")
    undone = msgspec.structs.replace(undone, decided_by=deciders)
    writes: list[Write] = [
        *ports.cases.moving(appeal, undone),
        *to_appellant(ports, appeal, "appeal_undone"),
        *(_taking(ports, target, number) if target else ()),
    ]
    if source is not None or target is not None:
        ids = [one.account_id if one else None for one in (target, source)]
        writes.append(ports.accounts.moving_number(number, ids[0], ids[1]))
    if target is not None:
        writes.append(_trail(ports, target.account_id, "identity_taken_back", appeal, deciders))
    if source is not None:
        writes += [
            ports.accounts.changing(_restored(source, takeover)),
            *tell(ports, source, "appeal_number_returned"),
            _trail(ports, source.account_id, "identity_returned", appeal, deciders),
        ]
    return writes


def settle(ports: Ports, appeal: Appeal) -> None:
    """Tidy after an identity has moved: whoever lost it keeps nothing of it.

    Safe to run twice, at once, or killed midway.
    """
    takeover = appeal.takeover
    if takeover is None:
        return
    loser = takeover.source if appeal.state == "approved" else takeover.target
    if loser is not None:
        _end_old_sessions(ports, loser)
        _disown(ports, loser, appeal.person.document_number)
    if appeal.state != "approved" and takeover.source is not None:
        _bind_again(ports, takeover, appeal.person.document_number)


def _new_account(ports: Ports, appeal: Appeal) -> Account:
    return Account(
        account_id=ports.random.identifier(),
        email=appeal.email,
        phone=appeal.phone,
        person=appeal.person,
        password="",
        proof_level="document",
        language=appeal.language,
        created_at=ports.now(),
        proved_at=ports.now(),
        identities=(appeal.person,),
    )


def _takeover(
    ports: Ports, holder_id: str | None, holder: Account | None, account: Account, number: str
) -> Takeover:
    now = ports.now()
    takeover = Takeover(
        source=holder_id, target=account.account_id, at=now, undo_until=now + UNDO_SECONDS
    )
    if holder is None:
        return takeover
    return msgspec.structs.replace(
        takeover,
        person=holder.person,
        identities=tuple(one for one in holder.identities if document_value(one) == number),
        proof_level=holder.proof_level,
        proved_at=holder.proved_at,
        links=tuple(ports.registry.links(account.person.document_number, holder.account_id)),
    )


def _taking(ports: Ports, account: Account, number: str) -> list[Write]:
    """The writes that take a number from an account: its level falls and its sessions end."""
    without = _without(account, number)
    ended = msgspec.structs.replace(without, sessions_ended_at=ports.now(), session_kept=None)
    sessions = ports.sessions.ending_all(account.account_id)[:_MOST_SESSIONS]
    return [ports.accounts.changing(ended), *sessions]


def _without(account: Account, number: str) -> Account:
    """The account without any identity of that number, and without the number itself."""
    left = tuple(one for one in account.identities if document_value(one) != number)
    person = account.person
    if document_value(person) == number:
        person = left[0] if left else msgspec.structs.replace(person, document_number="")
    if left:
        return msgspec.structs.replace(account, identities=left, person=person)
    return msgspec.structs.replace(
        account, identities=(), person=person, proof_level="phone", proved_at=None
    )


def _restored(account: Account, takeover: Takeover) -> Account:
    """The account with what it had; what it has proved meanwhile stays."""
    identities = dict.fromkeys((*takeover.identities, *account.identities))
    person: Person = takeover.person or account.person
    return msgspec.structs.replace(
        account,
        person=person,
        identities=tuple(identities),
        proof_level=takeover.proof_level,
        proved_at=takeover.proved_at,
    )


def _trail(
    ports: Ports, account_id: str, action: str, appeal: Appeal, deciders: Sequence[str]
) -> Write:
    return ports.audited(
        account_id, action, f"staff:{'+'.join(deciders)}", appeal_id=appeal.case_id
    )


def _end_old_sessions(ports: Ports, account_id: str) -> None:
    """End what the commit did not: sessions from before it, however many."""
    account = ports.accounts.get(account_id)
    for session in ports.sessions.live(account_id, ports.now()):
        session_id = session.principal.session_id
        if account is None or account.ended(session_id, session.started_at):
            ports.sessions.end(account_id, session_id)


def _disown(ports: Ports, account_id: str, number: str) -> None:
    """Reports revoked and unlisted, what was said of the records forgotten, bindings undone."""
    records = {held.record.record_id for held in ports.registry.of_person(number)}
    revoking, pointers = ports.reports.disowning(account_id, records, ports.now())
    for report, writes in revoking:
        ports.report_files.forget(report_prefix(report))
        _commit(ports, writes)
    _apply(ports, pointers)
    for correction in ports.proofreading.corrections(account_id):
        if correction.record_id in records:
            forget_evidence(ports, correction.correction_id, correction.upload)
            _apply(ports, ports.proofreading.forgetting(correction))
    for record_id in sorted(records):
        _apply(ports, ports.proofreading.forgetting_record(account_id, record_id))
    _apply(ports, ports.registry.unlinking(number, account_id))


def _bind_again(ports: Ports, takeover: Takeover, number: str) -> None:
    """Bindings by hand return where nobody else has made them meanwhile."""
    for kept in takeover.links:
        held = ports.registry.filed(kept.home, kept.family, kept.record_id)
        if held is None:
            continue
        _commit(ports, ports.registry.linking(held, kept.link, number))


def _commit(ports: Ports, writes: Sequence[Write]) -> None:
    try:
        if writes:
            ports.tables.commit(writes)
    except ConditionFailed:
        return  # done already, or somebody else's by now


def _apply(ports: Ports, writes: Sequence[Update | Delete]) -> None:
    for write in writes:
        try:
            ports.tables.write(write)
        except ConditionFailed:
            continue  # gone, or somebody else's by now
