"""For each function something that only works when its role, its settings and its code are right.

Calls reach the function as in the cloud: through the API, its schedule's event, its queue or its
stream. A function without an entry fails `tests/unit/test_deployment_tables.py`.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any

from infra.local.consumers import scheduled_event, sqs_event
from tests.deployment.site import DeployedSite
from tests.journey.server import Reply
from tests.journey.steps import identity, proof
from tests.journey.student import Student
from tests.journey.test_student_journey import issue, verification_path

Use = Callable[[DeployedSite, Student], object]


def expect(answer: Reply, status: int) -> Reply:
    """The answer, which must have that status."""
    assert answer.status == status, answer.content
    return answer


def answers(status: int, method: str, path: str, body: object = None) -> Use:
    """A request of somebody who is signed in."""
    return lambda _, student: expect(student.call(method, path, body), status)


def scheduled(function: str) -> Use:
    """The event with which the schedule's rule invokes the function."""
    return lambda site, _: site.invoke(function, scheduled_event())


def step(name: str, status: int) -> Use:
    """A step on the student's way, which was taken once."""
    return lambda _, student: expect(getattr(student, name), status)


def find_user_name(site: DeployedSite, student: Student) -> None:
    """The user name is sent to whoever proves the phone."""
    token = proof(student.server, student.phone, "recover_username")
    body = {"verification_token": token, **identity(student)}
    expect(site.call("POST", "/api/username-recoveries", body), 202)
    site.wait_for_message(student.email, student.email)


def open_appeal(site: DeployedSite, student: Student) -> None:
    """Somebody else says that the number is theirs."""
    body: dict[str, Any] = {
        "verification_token": proof(student.server, "19900990002", "appeal"),
        **identity(student),
        "email": "appellant@example.com",
    }
    expect(site.call("POST", "/api/appeals", body), 201)


def confirm_record(_: DeployedSite, student: Student) -> None:
    """A record is found right."""
    (record, *_rest) = student.records("enrollments")
    path = f"/archive/enrollments/{record['record_id']}/confirmation"
    expect(student.call("PUT", path), 204)


def draw_and_verify(site: DeployedSite, student: Student) -> None:
    """A report is issued, drawn, and shown to anybody who has its code."""
    (record, *_rest) = student.records("enrollments")
    report = expect(issue(student, "enrollment", record), 201).json
    expect(student.get(f"/reports/{report['report_id']}/pdf"), 200)
    path = verification_path(report)
    for asked in (path, f"{path}/photo", f"{path}/pdf"):
        expect(site.call("GET", asked), 200)


def note_returned_mail(site: DeployedSite, _: Student) -> None:
    """SES reports a mail whose recipient has no account any more."""
    body = json.dumps({"reason": "bounced", "recipient": ["1_" + "a" * 43]})
    event = sqs_event([{"MessageId": "m1", "ReceiptHandle": "r1", "Body": body}])
    assert site.invoke("bounces", event) == {"batchItemFailures": []}


USES: Mapping[str, Use] = {
    "register": step("confirmed", 201),
    "verify_code": step("verified", 200),
    "sessions": answers(200, "GET", "/sessions"),
    "recover": find_user_name,
    "account": answers(200, "GET", "/account/activity"),
    "correct": confirm_record,
    "appeals": open_appeal,
    "bind": answers(200, "POST", "/bindings/refresh"),
    "query": answers(200, "GET", "/archive"),
    "report": draw_and_verify,
    "verify_report": draw_and_verify,
    "registrar": answers(403, "GET", "/registrar/corrections"),
    "reviewer": answers(403, "GET", "/reviewer/changes"),
    "operator": answers(403, "GET", "/operator/staff"),
    "describe": answers(200, "GET", "/openapi.json"),
    "unrouted": answers(404, "GET", "/nowhere"),
    "relay": scheduled("relay"),
    "relay_committed": step("second_step", 201),
    "expire_codes": scheduled("expire_codes"),
    "check_appeals": scheduled("check_appeals"),
    "close_accounts": scheduled("close_accounts"),
    "remind": scheduled("remind"),
    "publish_statuses": scheduled("publish_statuses"),
    "seal_audit": scheduled("seal_audit"),
    "deliver": step("second_step", 201),
    "bounces": note_returned_mail,
}
"""What takes a code by text message shows the stream's reader and the queue's consumer."""
