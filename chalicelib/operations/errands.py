"""Errands: what is looked up and told after the answer, whose time therefore tells nothing.

A request that must not tell whether an account exists commits one errand, of the same size in
each case. The consumer of the outbox runs it: one commit tells whom it concerns and takes the
errand off, so that it is run once however often it is queued.
"""

from collections.abc import Callable, Mapping

import msgspec

from chalicelib.domain.appeal_states import ENDED
from chalicelib.domain.emails import comparable
from chalicelib.domain.errors import Refusal
from chalicelib.domain.messages import local_time
from chalicelib.domain.names import same_name
from chalicelib.operations.notices import language_of, tell, tell_by
from chalicelib.operations.ports import Ports
from chalicelib.stores.accounts import Account, UniqueKind, document_value
from chalicelib.stores.cases import Appeal
from chalicelib.stores.outbox import Channel, Errand
from chalicelib.stores.tables import ConditionFailed, Key, Write

Values = Mapping[str, str]


def run_errand(ports: Ports, key: Key, errand: Errand) -> None:
    """Run the errand that waits at `key`; nothing happens when another consumer was quicker.

    Raises `Refusal("unavailable")` when it cannot be run just now: the queue tries again.
    """
    try:
        ports.tables.commit([ports.outbox.running(key), *_RUN[errand.kind](ports, errand.values)])
    except ConditionFailed as failure:
        if failure.touches(key):
            return
        ports.outbox.release(key)
        raise Refusal("unavailable", retry_after=1) from None
    except Refusal:
        ports.outbox.release(key)
        raise
    ports.metrics.count("errand_run", kind=errand.kind)


def _nothing(_ports: Ports, _values: Values) -> list[Write]:
    """Asked for over a limit: nothing is told to anybody."""
    return []


def _username_asked(ports: Ports, values: Values) -> list[Write]:
    """The user name goes to the bound channels, if name and number are an account's."""
    account = _account_of_person(ports, values)
    if account is None:
        return []
    return [
        *tell(ports, account, "username_recovered", {"username": account.email}),
        ports.audited(account.account_id, "username_recovered", "owner"),
    ]


def _account_of_person(ports: Ports, values: Values) -> Account | None:
    """By the number, where one is proved; else by the contact, where the person agrees."""
    kind: UniqueKind = "phone" if values["channel"] == "sms" else "email"
    holder = ports.accounts.holder("document", values["document"]) or ports.accounts.holder(
        kind, values["destination"]
    )
    account = ports.accounts.get(holder) if holder else None
    if account is None:
        return None
    agrees = any(
        same_name(one.name, values["name"]) and document_value(one) == values["document"]
        for one in (account.person, *account.identities)
    )
    return account if agrees else None


def _contact_used(ports: Ports, values: Values) -> list[Write]:
    """Somebody registers with an e-mail or phone: whoever holds it already is told."""
    contacts: tuple[tuple[Channel, UniqueKind, str], ...] = (
        ("email", "email", comparable(values["email"])),
        ("sms", "phone", values["phone"]),
    )
    writes = []
    for channel, kind, value in contacts:
        holder = ports.accounts.holder(kind, value)
        account = ports.accounts.get(holder) if holder else None
        if account is not None and account.account_id != values["account_id"]:
            writes.append(tell_by(ports, account, channel, "contact_already_used"))
    return writes


def _appeal_submitted(ports: Ports, values: Values) -> list[Write]:
    """The present holder of the number is warned, unless that was done or has lost its point."""
    appeal = ports.cases.appeal(values["appeal_id"], ports.now())
    if appeal is None or appeal.state in ENDED:
        return []
    holder = ports.accounts.holder("document", document_value(appeal.person))
    account = ports.accounts.get(holder) if holder and holder != appeal.warned else None
    if account is None:
        return []
    warned = msgspec.structs.replace(appeal, warned=account.account_id)
    return [*ports.cases.moving(appeal, warned), *_warning(ports, appeal, account)]


def _warning(ports: Ports, appeal: Appeal, holder: Account) -> list[Write]:
    values = {
        "due_at": local_time(appeal.due_at or ports.now(), language_of(holder)),
        "link": f"{ports.public_origin}/link/#objection={appeal.case_id}",
    }
    trail = ports.audited(holder.account_id, "appeal_filed", "system", appeal_id=appeal.case_id)
    return [*tell(ports, holder, "appeal_holder_warning", values), trail]


def _appeal_ended(ports: Ports, values: Values) -> list[Write]:
    """Whoever was warned of an appeal, or lost the number by it, learns how it ended."""
    appeal = ports.cases.appeal(values["appeal_id"], ports.now())
    if appeal is None:
        return []
    told = appeal.warned or values["holder"]
    holder = ports.accounts.get(told) if told else None
    if holder is None:
        return []
    kind = "appeal_number_moved" if appeal.state == "approved" else "appeal_holder_ended"
    trail = ports.audited(
        holder.account_id, f"appeal_{appeal.state}", "system", appeal_id=appeal.case_id
    )
    return [*tell(ports, holder, kind), trail]


_RUN: Mapping[str, Callable[[Ports, Values], list[Write]]] = {
    "nothing": _nothing,
    "username_asked": _username_asked,
    "contact_used": _contact_used,
    "appeal_submitted": _appeal_submitted,
    "appeal_ended": _appeal_ended,
}
