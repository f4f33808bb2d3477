"""Registering: a draft that the person checks, and its yes or no."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from chalicelib.domain import lifetimes
from chalicelib.domain.consents import require_stated_consent
from chalicelib.domain.documents import parse_document
from chalicelib.domain.emails import parse_email
from chalicelib.domain.errors import InvalidInput, Refusal, invalid
from chalicelib.domain.instants import china_date, rfc3339
from chalicelib.domain.limits import network_of
from chalicelib.domain.names import parse_name
from chalicelib.domain.passwords import check_password
from chalicelib.operations.agreed_terms import agreed_terms
from chalicelib.operations.archive import bound_records, count_by_family
from chalicelib.operations.confirm_email import confirmation_writes
from chalicelib.operations.ports import Caller, Ports
from chalicelib.operations.remind import reminder_to_confirm
from chalicelib.operations.views import AccountView, account_view
from chalicelib.stores.accounts import (
    Account,
    Draft,
    Person,
    document_value,
    unique_values,
)
from chalicelib.stores.limits import Hit, OverLimit
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed, Write

T = TypeVar("T")

RECOVERY_LINKS = {  # what helps somebody whose number is registered already
    "recover_username": "/api/username-recoveries",
    "reset_password": "/api/password-resets",
    "appeal": "/api/appeals",
}


class Application(msgspec.Struct, frozen=True, kw_only=True):
    """What a person fills in to register, as typed."""

    verification_token: str
    email: str
    password: str
    name: str
    document_type: str
    document_number: str
    consent_version: str
    consent_accepted: bool


class Review(msgspec.Struct, frozen=True, kw_only=True):
    """What the person checks before saying yes, as normalised."""

    username: str
    name: str
    document_type: str
    document_number: str


class Drafted(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a draft."""

    registration_id: str
    review: Review
    expires_at: str


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to the yes."""

    account: AccountView
    bound: dict[str, int]


def draft_registration(ports: Ports, caller: Caller, application: Application) -> Drafted:
    """Check what was typed and who it is, and keep a draft for half an hour.

    Raises `InvalidInput` naming every wrong field, `identity_taken` only where code and identity
    were right, `rate_limited`, `unavailable`; the verification token stays usable then.
    """
    proof = ports.codes.proof_of(application.verification_token, "register", ports.now())
    if proof is None:
        raise invalid("verification_token", "verification_token_invalid")
    phone = proof.destination
    person, email, password = _checked(ports, application, phone)
    count_identity_question(ports, caller, person, phone)
    registration_id = ports.random.token()
    consent = agreed_terms(application.consent_version, ports.now())
    ports.accounts.consenting(registration_id, consent)
    agrees = ports.checker.agrees(person, phone)
    if agrees and ports.accounts.holder("document", document_value(person)):
        raise Refusal("identity_taken", links=RECOVERY_LINKS)
    account = _account(ports, caller, person, email, phone, password, agrees=agrees)
    draft = Draft(account=account, consent=consent, expires_at=ports.now() + lifetimes.DRAFT)
    answer = Drafted(
        registration_id=registration_id,
        review=Review(
            username=email,
            name=person.name,
            document_type=person.document_type,
            document_number=person.document_number,
        ),
        expires_at=rfc3339(draft.expires_at),
    )
    writes: list[Write] = [
        ports.codes.spending(application.verification_token, ports.now()),
        ports.accounts.drafting(registration_id, draft),
        ports.errand(
            "contact_used", account_id=account.account_id, email=email, phone=account.phone
        ),
    ]
    try:
        ports.commit(writes, reply=answer)
    except ConditionFailed:
        raise invalid("verification_token", "verification_token_invalid") from None
    ports.metrics.count("registration_drafted", level=account.proof_level)
    return answer


def confirm_registration(ports: Ports, registration_id: str) -> Registered:
    """The yes: one commit opens the account, claims what is unique and sends the mail.

    Repeated, it answers the same. Raises `not_found`, `identity_taken`, `contact_taken`.
    """
    draft = ports.accounts.draft(registration_id, ports.now())
    if draft is None:
        raise Refusal("not_found")
    if draft.is_confirmed:
        return _replayed(draft)
    account = msgspec.structs.replace(draft.account, created_at=ports.now())
    if account.identities:
        account = msgspec.structs.replace(account, proved_at=ports.now())
    answer = Registered(account=account_view(account), bound=_bound(ports, account))
    writes: list[Write] = [
        *ports.accounts.creating(account),
        *ports.accounts.confirming(
            registration_id, draft, msgspec.json.encode(answer), ports.now()
        ),
        ports.audited(account.account_id, "registered", "owner", level=account.proof_level),
        *confirmation_writes(ports, account),
        reminder_to_confirm(ports, account),
    ]
    try:
        ports.commit(writes, reply=answer)
    except ConditionFailed as failure:
        return _after_conflict(ports, registration_id, account, failure)
    ports.metrics.count("registered", level=account.proof_level)
    return answer


def cancel_registration(ports: Ports, registration_id: str) -> None:
    """The no: nothing is kept. Raises `not_found`."""
    if not ports.accounts.cancel(registration_id, ports.now()):
        raise Refusal("not_found")


def _after_conflict(
    ports: Ports, registration_id: str, account: Account, failure: ConditionFailed
) -> Registered:
    """Somebody was quicker: with the same draft, or with the same number or address."""
    draft = ports.accounts.draft(registration_id, ports.now())
    if draft is None:
        raise Refusal("not_found") from None
    if draft.is_confirmed:
        return _replayed(draft)
    taken = {
        kind
        for kind, value in unique_values(account)
        if failure.touches(ports.accounts.unique_key(kind, value))
    }
    if "document" in taken:
        raise Refusal("identity_taken", links=RECOVERY_LINKS) from None
    raise Refusal("contact_taken") from None


def _replayed(draft: Draft) -> Registered:
    return msgspec.json.decode(draft.reply or b"", type=Registered)


def _checked(ports: Ports, application: Application, phone: str) -> tuple[Person, str, str]:
    """Person, e-mail and password as normalised; raises with every field that is wrong."""
    problems: list[InvalidInput] = []
    today = china_date(ports.now())
    name = _tried(problems, lambda: parse_name(application.name))
    document = _tried(
        problems,
        lambda: parse_document(application.document_type, application.document_number, today=today),
    )
    email = _tried(problems, lambda: parse_email(application.email))
    _tried(
        problems,
        lambda: require_stated_consent(application.consent_version, application.consent_accepted),
    )
    password = _tried(
        problems,
        lambda: check_password(
            application.password,
            name=name or "",
            email=email or "",
            document_number=document.number if document else "",
            phone=phone,
            is_common=ports.is_common_password,
        ),
    )
    if problems or name is None or document is None or email is None or password is None:
        raise InvalidInput(*(problem for one in problems for problem in one.problems))
    person = Person(name=name, document_type=document.type, document_number=document.number)
    return person, email, password


def _tried(problems: list[InvalidInput], parse: Callable[[], T]) -> T | None:
    try:
        return parse()
    except InvalidInput as problem:
        problems.append(problem)
        return None


def count_identity_question(ports: Ports, caller: Caller, person: Person, phone: str) -> None:
    """A-06: few different numbers per phone and network; the same number again is free."""
    pair = Hit("identity.pair.month", f"{phone}/{document_value(person)}")
    hits = [
        pair,
        Hit("identity.destination.month", phone),
        Hit("identity.ip.day", network_of(caller.ip)),
    ]
    try:
        ports.limits.take(hits, ports.now())
    except OverLimit as limit:
        if limit.rule != pair.rule:
            raise Refusal("rate_limited", retry_after=limit.retry_after) from None


def _account(
    ports: Ports,
    caller: Caller,
    person: Person,
    email: str,
    phone: str,
    password: str,
    *,
    agrees: bool,
) -> Account:
    return Account(
        account_id=ports.random.identifier(),
        email=email,
        phone=phone,
        person=person,
        password=ports.hasher.hash(password),
        proof_level="identity" if agrees else "phone",
        language=caller.language,
        created_at=ports.now(),
        identities=(person,) if agrees else (),
    )


def _bound(ports: Ports, account: Account) -> dict[str, int]:
    if not account.identities:
        return {}
    principal = Principal(
        account_id=account.account_id,
        session_id="",
        proof_level=account.proof_level,
        identities=account.identities,
        proved_at=account.proved_at,
    )
    return count_by_family(bound_records(ports, principal))
