"""Errands: whatever breaks while one is run, the people it concerns are told once."""

from collections.abc import Callable
from itertools import product

import pytest

from chalicelib import jobs
from chalicelib.adapters.queues import queue_body
from chalicelib.stores.outbox import LEASE_SECONDS
from chalicelib.stores.tables import Key, Row
from tests.appeals import open_appeal, submit_appeal, withdraw
from tests.faults.injection import TABLE_FAULTS, Faults
from tests.lab import Lab, lab
from tests.records import LI, WANG, member
from tests.tables import Around, straight
from tests.wire import Killed
from tests.world import Student


def ask_for_the_username(archive: Lab) -> None:
    body = {
        "verification_token": archive.prove_phone(LI.phone, "recover_username"),
        "name": WANG.name,
        "document_type": WANG.document_type,
        "document_number": WANG.document_number,
    }
    assert archive.client.call("POST", "/username-recoveries", body).status == 202


def register_with_contacts_in_use(archive: Lab) -> None:
    other = Student(
        name=LI.name, document_number=LI.document_number, phone=WANG.phone, email=WANG.email
    )
    assert archive.draft(other).status == 201


def submit(archive: Lab) -> None:
    assert submit_appeal(archive, open_appeal(archive, WANG).json).status == 202


def withdraw_what_was_warned_of(archive: Lab) -> None:
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    archive.deliver()
    assert withdraw(archive, opened).status == 204


ERRANDS: dict[Callable[[Lab], None], str] = {
    ask_for_the_username: "username_recovered",
    register_with_contacts_in_use: "contact_already_used",
    submit: "appeal_holder_warning",
    withdraw_what_was_warned_of: "appeal_holder_ended",
}


@pytest.mark.req("R-86")
@pytest.mark.req("R-87")
@pytest.mark.parametrize("asking", ERRANDS)
def test_whatever_breaks_everybody_is_told_once(asking: Callable[[Lab], None]) -> None:
    archive = lab()
    member(archive, WANG)
    archive.clock.advance(61)
    asking(archive)
    key = next(key for key, row in archive.memory.all_rows().items() if is_errand(key, row))
    rewind = archive.mark()
    undisturbed = Faults({})
    run(archive, key, undisturbed)
    for place, fault in product(range(undisturbed.seen), TABLE_FAULTS):
        rewind()
        run(archive, key, Faults({place: fault}))
        archive.tables.around = straight
        for _ in range(3):
            archive.clock.advance(LEASE_SECONDS + 1)
            run(archive, key, straight)
        told = [one.channel for one in archive.waiting() if one.kind == ERRANDS[asking]]
        assert sorted(told) == ["email", "sms"], (place, fault)
        assert archive.census()["outbox errand"] == 0


def is_errand(key: Key, row: Row) -> bool:
    return key.table == "outbox" and row["state"] == "errand"


def run(archive: Lab, key: Key, around: Around) -> None:
    """One consumer's try, which may be killed."""
    archive.tables.around = around
    try:
        jobs.deliver(archive.ports, {"Records": [{"messageId": "1", "body": queue_body(key)}]})
    except Killed:
        return
    finally:
        archive.tables.around = straight


def test_a_warning_and_a_withdrawal_at_once_agree() -> None:
    """A holder who was not warned is not told of the end either."""
    archive = lab()
    member(archive, WANG)
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    assert withdraw(archive, opened).status == 204
    archive.deliver()
    told = [body for to, _, body in archive.mail.sent if to == WANG.email]
    assert not any("申诉" in body for body in told)


@pytest.mark.req("A-11")
def test_an_errand_of_an_unknown_person_tells_nobody() -> None:
    archive = lab()
    ask_for_the_username(archive)
    sent = len(archive.sms.sent)
    archive.deliver()
    assert (len(archive.sms.sent), len(archive.mail.sent)) == (sent, 0)
    assert archive.census()["outbox errand"] == 0
