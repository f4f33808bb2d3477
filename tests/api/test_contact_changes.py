"""Undoing changes of phone and e-mail, in whatever order somebody made them."""

import re
from collections.abc import Sequence
from itertools import product

import msgspec
import pytest

from chalicelib import jobs
from chalicelib.operations.contact_changes import MOST_CHANGES, UNDO_SECONDS
from chalicelib.stores.accounts import Account
from tests.api.steps import apply, confirm, sent_to
from tests.lab import Lab, lab
from tests.leaving import PAUSE, ask_to_close
from tests.records import LI, WANG, member
from tests.world import PASSWORD, Answer, Client

PURPOSES = {"phone": ("change_phone", "sms"), "email": ("change_email", "email")}
DAY = 86_400


@pytest.fixture
def archive() -> Lab:
    return lab()


@pytest.fixture
def intruder(archive: Lab) -> Client:
    """Somebody who is signed in as Wang and knows the password."""
    client = member(archive, WANG)
    archive.clock.advance(61)
    return client


def prove(archive: Lab, kind: str, destination: str, purpose: str = "") -> str:
    """A verification token for a phone or an address."""
    archive.deliver()  # so that the code is the last that was sent
    known, channel = PURPOSES[kind]
    asked = archive.client.call(
        "POST",
        "/verification-codes",
        {"purpose": purpose or known, "channel": channel, "destination": destination},
    )
    path = f"/verification-codes/{asked.json['challenge_id']}/verify"
    verified = archive.client.call("POST", path, {"code": archive.last_code(destination)})
    assert verified.status == 200, verified.content
    return str(verified.json["verification_token"])


def change(archive: Lab, client: Client, kind: str, to: str) -> Answer:
    token = prove(archive, kind, to)
    body = {"verification_token": token, "current_password": PASSWORD}
    return client.call("PUT", f"/account/{kind}", body)


def links(archive: Lab) -> list[str]:
    """The tokens of all links that undo a change, the oldest first."""
    archive.deliver()
    return [
        found
        for _, _, body in archive.mail.sent
        for found in re.findall(r"undo-change=([\w-]+)", body)
    ]


def undo(archive: Lab, token: str) -> int:
    return archive.client.call("POST", "/account/contact-undo", {"token": token}).status


def owner_of(archive: Lab) -> Account:
    """The one account that there is."""
    found = [key for key in archive.memory.all_rows() if key.pk.startswith("account#")]
    account = archive.ports.accounts.get(found[0].pk.partition("#")[2])
    assert account is not None
    return account


def contacts(archive: Lab) -> tuple[str, str]:
    """Phone and e-mail of the one account that there is."""
    account = owner_of(archive)
    return account.phone, account.email


def reset(archive: Lab, kind: str, destination: str) -> int:
    body = {
        "verification_token": prove(archive, kind, destination, "reset_password"),
        "document_type": WANG.document_type,
        "document_number": WANG.document_number,
        "new_password": "another-horse-8",
    }
    return archive.client.call("POST", "/password-resets", body).status


def taken_over(archive: Lab, client: Client, kinds: Sequence[str]) -> list[tuple[str, str]]:
    """Change one after the other; what stood before each change."""
    stood = []
    for number, kind in enumerate(kinds):
        stood.append(contacts(archive))
        to = f"+861990000900{number}" if kind == "phone" else f"intruder{number}@example.com"
        assert change(archive, client, kind, to).status == 200
        archive.clock.advance(61)
    return stood


ORDERS = [
    (kinds, used)
    for length in (1, 2, 3)
    for kinds in product(("phone", "email"), repeat=length)
    for used in range(length)
]


@pytest.mark.parametrize(("kinds", "used"), ORDERS)
def test_one_link_puts_back_all_that_was_changed_since(archive, intruder, kinds, used):
    stood = taken_over(archive, intruder, kinds)
    tokens = links(archive)
    assert undo(archive, tokens[used]) == 204
    assert contacts(archive) == stood[used]
    assert intruder.call("GET", "/account").status == 401
    assert [undo(archive, token) for token in tokens[used:]] == [422] * (len(kinds) - used)
    assert contacts(archive) == stood[used], "later links are void"
    for earlier in range(used - 1, -1, -1):
        assert undo(archive, tokens[earlier]) == 204
        assert contacts(archive) == stood[earlier]


def test_the_link_of_the_first_mailbox_wins_over_whoever_took_both(archive, intruder):
    taken_over(archive, intruder, ("email", "phone"))
    first = re.findall(r"undo-change=([\w-]+)", "".join(sent_to(archive, WANG.email)))
    assert len(first) == 1, "the second link went to the intruder"
    assert undo(archive, first[0]) == 204
    for to in (WANG.phone, WANG.email, "+8619900009001", "intruder0@example.com"):
        assert any("恢复" in text for text in sent_to(archive, to)), to
    archive.clock.advance(61)
    owner = archive.sign_in(WANG)
    actions = [item["action"] for item in owner.call("GET", "/account/activity").json["items"]]
    assert "email_change_undone" in actions
    assert reset(archive, "phone", "+8619900009001") == 422, "the intruder's phone is nobody's"


def test_everybody_is_told_once_of_what_came_back(archive, intruder):
    taken_over(archive, intruder, ("email",))
    [token] = links(archive)
    undo(archive, token)
    told = [one for one in archive.waiting() if one.kind == "contacts_restored"]
    assert sorted(one.to for one in told) == sorted(
        [WANG.phone, WANG.email, "intruder0@example.com"]
    )


@pytest.mark.parametrize(("seconds", "status"), [(DAY - 1, 422), (DAY, 204)])
def test_a_link_does_not_shorten_the_pause_of_an_address(archive, intruder, seconds, status):
    """Changing again and undoing that does not make an address of minutes ago an old one."""
    taken_over(archive, intruder, ("phone",))
    changed_at = archive.clock() - 61
    archive.clock.advance(600)
    assert change(archive, intruder, "phone", "+8619900009009").status == 200
    assert undo(archive, links(archive)[-1]) == 204
    archive.deliver()
    archive.clock.advance(changed_at + seconds - archive.clock())
    assert reset(archive, "phone", "+8619900009000") == status


def test_nobody_registers_with_what_can_be_put_back(archive, intruder):
    taken_over(archive, intruder, ("email",))
    other = msgspec.structs.replace(LI, email=WANG.email)
    archive.checker.learn(other.name, other.document_number, other.phone)
    drafted = apply(archive, archive.prove_phone(other.phone), other)
    assert drafted.status == 201
    assert confirm(archive, drafted).code == "contact_taken"
    assert undo(archive, links(archive)[0]) == 204
    assert contacts(archive) == (WANG.phone, WANG.email)


@pytest.mark.parametrize(("seconds", "status"), [(UNDO_SECONDS - 1, 409), (UNDO_SECONDS, 201)])
def test_after_ten_days_it_is_free(archive, intruder, seconds, status):
    taken_over(archive, intruder, ("phone",))
    archive.clock.advance(seconds - 61)
    other = msgspec.structs.replace(LI, phone=WANG.phone)
    drafted = apply(archive, archive.prove_phone(other.phone), other)
    assert confirm(archive, drafted).status == status


def test_what_was_given_up_names_no_account(archive, intruder):
    taken_over(archive, intruder, ("email", "phone"))
    for username in (WANG.email, WANG.phone):
        body = {"username": username, "password": PASSWORD}
        assert archive.client.call("POST", "/sessions", body).status == 401
    assert reset(archive, "phone", WANG.phone) == 422


def test_an_app_set_up_since_goes(archive, intruder):
    taken_over(archive, intruder, ("email",))
    begun = intruder.call("POST", "/account/authenticator", {"current_password": PASSWORD})
    assert begun.status == 201
    assert undo(archive, links(archive)[0]) == 204
    assert owner_of(archive).authenticator is None


def test_an_app_set_up_before_stays(archive, intruder):
    begun = intruder.call("POST", "/account/authenticator", {"current_password": PASSWORD})
    assert begun.status == 201
    taken_over(archive, intruder, ("email",))
    assert undo(archive, links(archive)[0]) == 204
    assert owner_of(archive).authenticator is not None


def test_a_closing_asked_for_since_is_cancelled(archive, intruder):
    taken_over(archive, intruder, ("phone",))
    phone = contacts(archive)[0]
    token = archive.prove_phone(phone, "close_account")
    assert ask_to_close(archive, intruder, verification_token=token).status == 202
    assert undo(archive, links(archive)[0]) == 204
    archive.clock.advance(PAUSE + DAY)
    assert jobs.close_accounts(archive.ports) == 0
    assert contacts(archive) == (WANG.phone, WANG.email)
    assert any(one.kind == "account_closing_cancelled" for one in archive.waiting())


def test_no_change_is_forgotten_to_make_room(archive, intruder):
    kinds = ["phone", "email"] * (MOST_CHANGES // 2)
    taken_over(archive, intruder, kinds)
    refused = change(archive, intruder, "email", "one-more@example.com")
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert undo(archive, links(archive)[0]) == 204
    assert contacts(archive) == (WANG.phone, WANG.email)
