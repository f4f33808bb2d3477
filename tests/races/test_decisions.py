"""Two people for one decision, whatever the order of table calls (R-44)."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from tests.appeals import open_appeal, read_appeal, submit_appeal, withdraw
from tests.decisions import Office, decide, office
from tests.lab import Lab, lab
from tests.races.scheduler import Operation, explore
from tests.records import WANG, file_record, member
from tests.staff import hired
from tests.tables import straight
from tests.world import Answer, Client

MOST_SCHEDULES = 4000 if os.environ.get("SCHEDULES") == "all" else 60
pytestmark = pytest.mark.req("R-44")


@dataclass
class Scene:
    """A submitted appeal against WANG's account, and two operators."""

    archive: Lab
    operators: Office
    holder: Client
    opened: dict[str, Any]

    @property
    def appeal_id(self) -> str:
        return str(self.opened["appeal_id"])

    @property
    def status(self) -> str:
        return str(read_appeal(self.archive, self.opened).json["status"])

    def number_moved(self) -> bool:
        """Whether the number is another account's; it is always exactly one's."""
        holder = self.archive.ports.accounts.holder("document", f"id:{WANG.document_number}")
        assert holder is not None
        return holder != self.archive.ports.accounts.holder("phone", WANG.phone)


def scene() -> Scene:
    archive = lab()
    file_record(archive, "credentials", WANG)
    holder = member(archive, WANG)
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    operators = office(archive)
    archive.deliver()
    return Scene(archive, operators, holder, opened)


Pair = tuple[Scene, Sequence[Operation], Callable[[list[Answer]], None]]


def both_approve() -> Pair:
    made = scene()

    def check(answers: list[Answer]) -> None:
        assert sorted(one.json["outcome"] for one in answers) == ["decided", "proposed"]
        assert (made.status, made.number_moved()) == ("approved", True)

    first, second = made.operators.clients
    operations = [
        lambda: decide(first, made.appeal_id, "approve"),
        lambda: decide(second, made.appeal_id, "approve"),
    ]
    return made, operations, check


def one_approves_twice() -> Pair:
    made = scene()

    def check(answers: list[Answer]) -> None:
        assert {one.json["outcome"] for one in answers} == {"proposed"}
        assert (made.status, made.number_moved()) == ("submitted", False)

    first, _ = made.operators.clients
    return made, [lambda: decide(first, made.appeal_id, "approve")] * 2, check


def they_disagree() -> Pair:
    made = scene()

    def check(answers: list[Answer]) -> None:
        assert {one.json["outcome"] for one in answers} == {"proposed"}
        assert (made.status, made.number_moved()) == ("submitted", False)

    first, second = made.operators.clients
    operations = [
        lambda: decide(first, made.appeal_id, "approve"),
        lambda: decide(second, made.appeal_id, "reject", reason_code="document_mismatch"),
    ]
    return made, operations, check


def two_seconds_for_one_first() -> Pair:
    made = scene()
    third = hired(made.archive, made.operators.first.client, "third@archive.example", "operator")
    decide(made.operators.first.client, made.appeal_id, "approve")

    def check(answers: list[Answer]) -> None:
        assert sorted(one.status for one in answers) == [200, 409]
        assert (made.status, made.number_moved()) == ("approved", True)
        accounts = made.archive.census()["accounts account -"]
        assert accounts == 5  # three operators, the old and the new account

    operations = [
        lambda: decide(made.operators.second.client, made.appeal_id, "approve"),
        lambda: decide(third.client, made.appeal_id, "approve"),
    ]
    return made, operations, check


def approved_and_withdrawn() -> Pair:
    made = scene()
    decide(made.operators.first.client, made.appeal_id, "approve")

    def check(answers: list[Answer]) -> None:
        decided, withdrawn = (one.status for one in answers)
        assert (decided, withdrawn, made.status, made.number_moved()) in {
            (200, 409, "approved", True),
            (409, 204, "withdrawn", False),
        }

    operations = [
        lambda: decide(made.operators.second.client, made.appeal_id, "approve"),
        lambda: withdraw(made.archive, made.opened),
    ]
    return made, operations, check


def approved_and_objected() -> Pair:
    """Who decides with an objection unread only proposes."""
    made = scene()
    decide(made.operators.first.client, made.appeal_id, "approve")
    path = f"/appeals/{made.appeal_id}/objection"

    def check(answers: list[Answer]) -> None:
        decided, objected = answers
        outcome = decided.json.get("outcome")
        assert (outcome, objected.status, made.status, made.number_moved()) in {
            ("decided", 404, "approved", True),
            ("decided", 409, "approved", True),
            ("decided", 401, "approved", True),
            ("proposed", 202, "submitted", False),
        }

    operations = [
        lambda: decide(made.operators.second.client, made.appeal_id, "approve"),
        lambda: made.holder.call("POST", path, {"reason": "号码是我的"}),
    ]
    return made, operations, check


PAIRS = [
    both_approve,
    one_approves_twice,
    they_disagree,
    two_seconds_for_one_first,
    approved_and_withdrawn,
    approved_and_objected,
]


@pytest.mark.parametrize("make", PAIRS, ids=lambda make: make.__name__)
def test_whatever_the_order_of_table_calls(make: Callable[[], Pair]) -> None:
    made, operations, check = make()
    rewind = made.archive.mark()

    def begin() -> Sequence[Operation]:
        rewind()
        return operations

    def checked(answers: list[Answer]) -> None:
        made.archive.tables.around = straight
        check(answers)

    assert explore(made.archive.tables, begin, checked, most=MOST_SCHEDULES) > 1
