"""Staff accounts: made by an operator, invited by mail, ended at once."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from chalicelib.domain.emails import parse_email
from chalicelib.domain.errors import Language, Refusal
from chalicelib.domain.instants import rfc3339
from chalicelib.domain.names import parse_name
from chalicelib.domain.staff import Post, Role, parse_post
from chalicelib.operations.invitations import invited
from chalicelib.operations.notices import tell_by
from chalicelib.operations.ports import Ports
from chalicelib.operations.recover import end_late_sessions
from chalicelib.stores.accounts import Account, Person
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import ConditionFailed, Write

BOOTSTRAP = "bootstrap"
"""Who made the first operator: the command that an administrator of the stage runs."""

_PAGE = 100


class StaffView(msgspec.Struct, frozen=True, kw_only=True):
    """One of the staff, as operators see them. `active` once the invitation was accepted."""

    staff_id: str
    email: str
    name: str
    role: Role
    institution_code: str | None
    province: str | None
    status: Literal["invited", "active", "deactivated"]
    created_at: str


class OperatorExists(Exception):  # noqa: N818 -- tells the administrator why nothing was done
    """There is an operator already, who invites the others."""


def create_staff(
    ports: Ports,
    principal: Principal,
    language: Language,
    *,
    email: str,
    name: str,
    role: Role,
    institution_code: str | None,
    province: str | None,
) -> StaffView:
    """Make an account of the staff and invite its owner by mail.

    Raises `InvalidInput`; `contact_taken` where an account has the address.
    """
    post = parse_post(
        role,
        institution_code=institution_code,
        province=province,
        directory=ports.institutions.all(),
    )
    account, link = invited(ports, _new_account(ports, language, email, name, post))
    answer = staff_view(account)
    by = principal.account_id
    writes = [*_creating(ports, account, link, by), _own_trail(ports, by, "staff_created", account)]
    _commit_new(ports, account, writes, reply=answer)
    return answer


def create_first_operator(ports: Ports, *, email: str, name: str, language: Language) -> str:
    """Make the first operator of a stage; answers the link that is mailed to them as well.

    Raises `OperatorExists` while one serves or is invited, `InvalidInput`, `contact_taken`.
    """
    if any(_is_serving_operator(one, ports.now()) for one in _everybody(ports)):
        raise OperatorExists
    account, link = invited(ports, _new_account(ports, language, email, name, Post("operator")))
    _commit_new(ports, account, _creating(ports, account, link, BOOTSTRAP))
    return link


def list_staff(
    ports: Ports, *, limit: int, after: str | None
) -> tuple[Sequence[StaffView], str | None]:
    """The staff, and where to go on."""
    accounts, following = ports.staff.page(limit=limit, after=after)
    return [staff_view(account) for account in accounts], following


def invite_again(ports: Ports, principal: Principal, staff_id: str) -> StaffView:
    """A new invitation, for who has lost password or app, or is to serve again.

    What let them in before does not any more, and their sessions end. Raises `not_found`;
    `conflict` for oneself.
    """
    account = _other(ports, principal, staff_id)
    renewed, link = invited(ports, msgspec.structs.replace(account, deactivated_at=None))
    changed = msgspec.structs.replace(renewed, sessions_ended_at=ports.now(), session_kept=None)
    mail = tell_by(ports, changed, "email", "staff_invitation", {"link": link})
    _shut_out(ports, principal, changed, "staff_invited", [mail])
    return staff_view(changed)


def deactivate_staff(ports: Ports, principal: Principal, staff_id: str) -> None:
    """End somebody's service: acting on their next request. Repeated, nothing happens.

    Raises `not_found`; `conflict` for oneself.
    """
    account = _other(ports, principal, staff_id)
    if account.deactivated_at is not None:
        return
    now = ports.now()
    changed = msgspec.structs.replace(
        account, deactivated_at=now, invitation=None, sessions_ended_at=now, session_kept=None
    )
    _shut_out(ports, principal, changed, "staff_deactivated", [])
    ports.metrics.count("staff_deactivated")


def staff_view(account: Account) -> StaffView:
    """One of the staff, as operators see them."""
    post = account.post or Post("operator")
    return StaffView(
        staff_id=account.account_id,
        email=account.email,
        name=account.person.name,
        role=post.role,
        institution_code=post.scope if post.role == "registrar" else None,
        province=post.scope if post.role == "reviewer" else None,
        status=_status(account),
        created_at=rfc3339(account.created_at),
    )


def _status(account: Account) -> Literal["invited", "active", "deactivated"]:
    if account.deactivated_at is not None:
        return "deactivated"
    return "active" if account.may_sign_in else "invited"


def _new_account(ports: Ports, language: Language, email: str, name: str, post: Post) -> Account:
    return Account(
        account_id=ports.random.identifier(),
        email=parse_email(email),
        phone="",
        person=Person(name=parse_name(name), document_type="resident_id", document_number=""),
        password="",
        proof_level="phone",
        language=language,
        created_at=ports.now(),
        post=post,
    )


def _creating(ports: Ports, account: Account, link: str, by: str) -> list[Write]:
    role = account.post.role if account.post else ""
    return [
        *ports.accounts.creating(account),
        ports.staff.listing(account),
        tell_by(ports, account, "email", "staff_invitation", {"link": link}),
        ports.audited(account.account_id, "staff_created", f"staff:{by}", role=role),
    ]


def _commit_new(
    ports: Ports, account: Account, writes: list[Write], reply: StaffView | None = None
) -> None:
    try:
        ports.commit(writes, reply=reply)
    except ConditionFailed as failure:
        if failure.touches(ports.accounts.unique_key("email", account.email.casefold())):
            raise Refusal("contact_taken") from None
        raise Refusal("conflict") from None
    ports.metrics.count("staff_created")


def _shut_out(
    ports: Ports, principal: Principal, changed: Account, action: str, writes: list[Write]
) -> None:
    """Commit a change after which nobody is signed in there. Raises `conflict`."""
    subject, by = changed.account_id, principal.account_id
    writes = [
        ports.accounts.changing(changed),
        *ports.sessions.ending_all(subject),
        ports.audited(subject, action, f"staff:{by}"),
        _own_trail(ports, by, action, changed),
        *writes,
    ]
    try:
        ports.commit(writes)
    except ConditionFailed:
        raise Refusal("conflict") from None
    end_late_sessions(ports, subject)


def _own_trail(ports: Ports, by: str, action: str, subject: Account) -> Write:
    """The line in the trail of who did it."""
    return ports.audited(by, action, "owner", staff_id=subject.account_id)


def _other(ports: Ports, principal: Principal, staff_id: str) -> Account:
    """Somebody of the staff, who is not the one that asks."""
    account = ports.staff.get(staff_id)
    if account is None:
        raise Refusal("not_found")
    if account.account_id == principal.account_id:
        raise Refusal("conflict")
    return account


def _is_serving_operator(account: Account, now: int) -> bool:
    if account.post is None or account.post.role != "operator":
        return False
    invited_still = account.invitation is not None and now < account.invitation.until
    return account.deactivated_at is None and (account.may_sign_in or invited_still)


def _everybody(ports: Ports) -> list[Account]:
    everybody: list[Account] = []
    after: str | None = None
    while True:
        page, after = ports.staff.page(limit=_PAGE, after=after)
        everybody.extend(page)
        if after is None:
            return everybody
