"""Finding one's user name, and setting a new password without the old one."""

import msgspec

from chalicelib.domain.documents import comparable_number
from chalicelib.domain.emails import comparable
from chalicelib.domain.errors import Refusal, invalid
from chalicelib.domain.limits import network_of
from chalicelib.domain.passwords import check_password
from chalicelib.operations.notices import tell
from chalicelib.operations.persons import stated_person
from chalicelib.operations.ports import Caller, Ports
from chalicelib.stores.accounts import Account, document_value
from chalicelib.stores.codes import Proof
from chalicelib.stores.limits import Hit
from chalicelib.stores.tables import ConditionFailed

CONTACT_PAUSE_SECONDS = 86_400
"""A changed phone or e-mail may recover the account only after a day: time for the owner to undo
a change that somebody else made."""


def recover_username(
    ports: Ports, *, verification_token: str, name: str, document_type: str, document_number: str
) -> None:
    """Send the user name to the bound channels if name and number are an account's.

    Neither the answer nor its time tells: who it is, is looked up afterwards. Raises
    `InvalidInput` for what cannot be a name, number or token.
    """
    proof = require_proof_of(ports, verification_token, "recover_username")
    person = stated_person(
        ports, name=name, document_type=document_type, document_number=document_number
    )
    hit = Hit("recovery.destination.day", proof.destination)
    allowed = ports.limits.takes([hit], ports.now())
    errand = ports.errand(
        "username_asked" if allowed else "nothing",
        name=person.name,
        document=document_value(person),
        channel=proof.channel,
        destination=comparable(proof.destination),
    )
    try:
        ports.commit([ports.codes.spending(verification_token, ports.now()), errand])
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
    account = _resettable(ports, proof, comparable_number(document_type, document_number))
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


def _resettable(ports: Ports, proof: Proof, number: str | None) -> Account:
    """The account of a proved phone or e-mail, where the number is its, too.

    Raises `not_matched`, whatever is wrong, after the same look at the tables (A-05).
    """
    holder = ports.accounts.holder("phone" if proof.channel == "sms" else "email", _contact(proof))
    account = ports.accounts.get_or_nobody(holder)
    tried = Hit("reset.account.hour", holder or f"{proof.channel}/{_contact(proof)}")
    allowed = ports.limits.takes([tried], ports.now())
    if account is None or not allowed or _pauses(account, proof, ports.now()):
        raise Refusal("not_matched")
    if number is None or number not in _numbers(account):
        raise Refusal("not_matched")
    return account


def _contact(proof: Proof) -> str:
    return proof.destination if proof.channel == "sms" else comparable(proof.destination)


def _numbers(account: Account) -> set[str]:
    return {one.document_number for one in (account.person, *account.identities)}


def _pauses(account: Account, proof: Proof, now: int) -> bool:
    """Whether this address was changed too lately to recover the account."""
    changed_at = account.phone_changed_at if proof.channel == "sms" else account.email_changed_at
    return changed_at is not None and now - changed_at < CONTACT_PAUSE_SECONDS
