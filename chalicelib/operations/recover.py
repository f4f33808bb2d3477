"""Finding one's user name, and setting a new password without the old one."""

import msgspec

from chalicelib.domain.documents import comparable_number, parse_document
from chalicelib.domain.emails import comparable
from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.instants import china_date
from chalicelib.domain.limits import network_of
from chalicelib.domain.names import parse_name, same_name
from chalicelib.domain.passwords import check_password
from chalicelib.operations.notices import tell
from chalicelib.operations.ports import Caller, Ports
from chalicelib.stores.accounts import Account, Person, document_value
from chalicelib.stores.codes import Proof
from chalicelib.stores.limits import Hit, OverLimit
from chalicelib.stores.tables import ConditionFailed, Write

CONTACT_PAUSE_SECONDS = 86_400
"""A changed phone or e-mail may recover the account only after a day: time for the owner to undo
a change that somebody else made."""


def recover_username(
    ports: Ports, *, verification_token: str, name: str, document_type: str, document_number: str
) -> None:
    """Send the user name to the bound channels if name and number are an account's.

    The answer never tells. Raises `InvalidInput` for what cannot be a name, number or token.
    """
    proof = require_proof_of(ports, verification_token, "recover_username")
    today = china_date(ports.now())
    document = parse_document(document_type, document_number, today=today)
    person = Person(
        name=parse_name(name), document_type=document.type, document_number=document.number
    )
    allowed = _recovery_allowed(ports, proof.destination)
    account = _account_of_person(ports, person, proof)
    writes: list[Write] = [ports.codes.spending(verification_token, ports.now())]
    if account is not None and allowed:
        writes.extend(tell(ports, account, "username_recovered", {"username": account.email}))
        writes.append(ports.audited(account.account_id, "username_recovered", "owner"))
    try:
        ports.commit(writes)
    except ConditionFailed:
        raise invalid("verification_token", "verification_token_invalid") from None


def reset_password(
    ports: Ports,
    caller: Caller,
    *,
    verification_token: str,
    document_type: str,
    document_number: str,
    new_password: str,
) -> None:
    """Set a new password for the account of a proved phone or e-mail.

    The document number guards against recycled phone numbers. All sessions end, and every channel
    is told. Raises `not_matched`, `InvalidInput`.
    """
    proof = require_proof_of(ports, verification_token, "reset_password")
    account = account_of_contact(ports, proof)
    number = comparable_number(document_type, document_number)
    if account is None or not _may_reset(ports, account, proof):
        raise Refusal("not_matched")
    if number is None or number not in _numbers(account):
        raise Refusal("not_matched")
    password = checked_password(ports, account, new_password, field="new_password")
    changed = msgspec.structs.replace(
        account,
        password=ports.hasher.hash(password),
        sessions_ended_at=ports.now(),
        session_kept=None,
    )
    writes = [
        ports.codes.spending(verification_token, ports.now()),
        ports.accounts.changing(changed),
        *ports.sessions.ending_all(account.account_id),
        *ports.throttle.clear(account.account_id, network_of(caller.ip)),
        *tell(ports, account, "password_reset_done"),
        ports.audited(account.account_id, "password_reset", "owner", channel=proof.channel),
    ]
    try:
        ports.commit(writes)
    except ConditionFailed as failure:
        if any(key.table == "codes" for key in failure.failed):
            raise invalid("verification_token", "verification_token_invalid") from None
        raise Refusal("conflict") from None
    end_late_sessions(ports, account.account_id)
    ports.metrics.count("password_reset")


def end_late_sessions(ports: Ports, account_id: str, *, but: str | None = None) -> None:
    """End sessions that began between the look at them and the commit of what ends them.

    None can begin later: a session starts only while its account is as it was read. Devices that
    were too many for that commit are forgotten here as well.
    """
    while late := ports.sessions.ending_all(account_id, but=but):
        ports.tables.commit(late)


def require_proof_of(ports: Ports, verification_token: str, purpose: str) -> Proof:
    """What a token proves. Raises `InvalidInput` for one that does not serve for `purpose`."""
    proof = ports.codes.proof_of(verification_token, purpose, ports.now())
    if proof is None:
        raise invalid("verification_token", "verification_token_invalid")
    return proof


def checked_password(ports: Ports, account: Account, password: str, *, field: str) -> str:
    """The normalised password, if it may be this account's. Raises `InvalidInput`."""
    return check_password(
        password,
        name=account.person.name,
        email=account.email,
        document_number=account.person.document_number,
        phone=account.phone,
        is_common=ports.is_common_password,
        field=field,
    )


def _account_of_person(ports: Ports, person: Person, proof: Proof) -> Account | None:
    """By the number, where one is proved; else by the contact, where the person agrees."""
    holder = ports.accounts.holder("document", document_value(person))
    account = ports.accounts.get(holder) if holder else account_of_contact(ports, proof)
    if account is None:
        return None
    known = (account.person, *account.identities)
    agrees = any(
        same_name(one.name, person.name) and one.document_number == person.document_number
        for one in known
    )
    return account if agrees else None


def account_of_contact(ports: Ports, proof: Proof) -> Account | None:
    """The account whose phone or e-mail the proof is of."""
    kind, value = (
        ("phone", proof.destination)
        if proof.channel == "sms"
        else ("email", comparable(proof.destination))
    )
    holder = ports.accounts.holder("phone" if kind == "phone" else "email", value)
    return ports.accounts.get(holder) if holder else None


def _numbers(account: Account) -> set[str]:
    return {one.document_number for one in (account.person, *account.identities)}


def _may_reset(ports: Ports, account: Account, proof: Proof) -> bool:
    """A-12: few tries an hour; and not with an address that was changed within the last day."""
    changed_at = account.phone_changed_at if proof.channel == "sms" else account.email_changed_at
    if changed_at is not None and ports.now() - changed_at < CONTACT_PAUSE_SECONDS:
        return False
    try:
        ports.limits.take([Hit("reset.account.hour", account.account_id)], ports.now())
    except OverLimit:
        return False
    return True


def _recovery_allowed(ports: Ports, destination: str) -> bool:
    """A-11: few tries a day, whatever comes of them; the same answer beyond."""
    try:
        ports.limits.take([Hit("recovery.destination.day", destination)], ports.now())
    except OverLimit:
        return False
    return True
