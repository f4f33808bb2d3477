"""The operators' steps in appeals and reviews."""

from dataclasses import dataclass
from typing import Any

from tests.appeals import APPELLANT_MAIL, APPELLANT_PHONE
from tests.staff import Member, first_operator, hired
from tests.world import Answer, Client, Student, World

PURPOSE = {"purpose": "decision"}
APPELLANT = Student(phone=APPELLANT_PHONE, email=APPELLANT_MAIL)
"""Who appeals: the number is WANG's, phone and mailbox are their own."""


@dataclass
class Office:
    """Two operators."""

    first: Member
    second: Member

    @property
    def clients(self) -> tuple[Client, Client]:
        return self.first.client, self.second.client


def office(archive: World) -> Office:
    """The first operator, and one more."""
    first = first_operator(archive)
    return Office(first, hired(archive, first.client, "second@archive.example", "operator"))


def decide(client: Client, appeal_id: str, decision: str, **more: Any) -> Answer:
    """One operator's decision."""
    return client.call(
        "POST", f"/operator/appeals/{appeal_id}/decision", {"decision": decision, **more}
    )


def decided_by_both(
    operators: Office, appeal_id: str, decision: str, **more: Any
) -> tuple[Answer, Answer]:
    """The proposal, and the decision."""
    first, second = (decide(client, appeal_id, decision, **more) for client in operators.clients)
    assert (first.status, first.json["outcome"]) == (200, "proposed"), first.content
    assert (second.status, second.json["outcome"]) == (200, "decided"), second.content
    return first, second


def judge(client: Client, review_id: str, decision: str, **more: Any) -> Answer:
    """One operator's decision on a review."""
    return client.call(
        "POST", f"/operator/reviews/{review_id}/decision", {"decision": decision, **more}
    )
