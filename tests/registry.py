"""The steps of registrars and reviewers."""

from typing import Any

from tests.corrections import with_directory
from tests.records import UNIVERSITY_CODE
from tests.staff import (
    PROVINCE,
    REGISTRAR,
    REVIEWER,
    Member,
    first_operator,
    hired,
)
from tests.world import Answer, Client, World

PURPOSE = "核对学籍档案"
REASON = "与录取名册核对"


class Counter:
    """Registrar and reviewer of the university of the tests' records."""

    def __init__(self, archive: World) -> None:
        with_directory(archive)
        self.archive = archive
        self.operator: Member = first_operator(archive)
        self.registrar = self.registrar_of(UNIVERSITY_CODE, REGISTRAR)
        self.reviewer = self.reviewer_of(PROVINCE, REVIEWER)

    def registrar_of(self, code: str, email: str) -> Member:
        return hired(self.archive, self.operator.client, email, "registrar", institution_code=code)

    def reviewer_of(self, province: str, email: str) -> Member:
        return hired(self.archive, self.operator.client, email, "reviewer", province=province)


def search(client: Client, **number: str) -> Answer:
    """Look for records by a number."""
    return client.call("POST", "/registrar/records/search", {"purpose": PURPOSE, **number})


def change(client: Client, record_id: str, family: str = "credentials", **fields: Any) -> Answer:
    """Change fields of a record."""
    path = f"/registrar/records/{family}/{record_id}"
    return client.call("PUT", path, {"reason": REASON, **fields})


def decide(client: Client, correction_id: str, decision: str, note: str | None = None) -> Answer:
    """The institution's answer to a correction."""
    body = {"decision": decision, **({"note": note} if note else {})}
    return client.call("POST", f"/registrar/corrections/{correction_id}/decision", body)


def review(client: Client, change_id: str, decision: str, note: str | None = None) -> Answer:
    """The second person's decision."""
    body = {"decision": decision, **({"note": note} if note else {})}
    return client.call("POST", f"/reviewer/changes/{change_id}/decision", body)


def waiting(client: Client, **query: str) -> list[Any]:
    """The changes that a reviewer sees."""
    answer = client.call("GET", "/reviewer/changes", query=query)
    assert answer.status == 200, answer.content
    return list(answer.json["items"])


def queue(client: Client, **query: str) -> list[Any]:
    """The corrections that a registrar sees."""
    answer = client.call("GET", "/registrar/corrections", query=query)
    assert answer.status == 200, answer.content
    return list(answer.json["items"])


def on_hold(client: Client, record_id: str, method: str = "PUT", reason: str = REASON) -> Answer:
    """Withhold a credential, or show it again."""
    path = f"/registrar/records/credentials/{record_id}/hold"
    return client.call(method, path, {"reason": reason})
