"""What staff does, each as one request that can be repeated after a fault; see `flows`."""

from collections.abc import Callable, Mapping

from chalicelib import jobs
from tests.api.test_report import issue
from tests.corrections import ask, with_directory
from tests.faults.flows import KEY, Flow
from tests.lab import Lab
from tests.records import CERTIFICATE_NUMBER, LI, WANG, file_record, member, record_ids
from tests.registry import PURPOSE, REASON, Counter, change, search
from tests.staff import PROVINCE, REVIEWER, first_operator, invitation_mailed
from tests.world import Answer, Client

PRESIDENT = {"field": "president_name", "proposed": "林校长"}


class Setting:
    """A student with a report on a credential, and the staff of its university."""

    def __init__(self, archive: Lab) -> None:
        self.archive = archive
        file_record(archive, "credentials", WANG)
        self.student = member(archive, WANG)
        self.record_id = record_ids(self.student, "credentials")[0]
        self.code = issue(self.student, self.record_id).json["verification_code"]
        self.counter = Counter(archive)

    @property
    def registrar(self) -> Client:
        return self.counter.registrar.client

    @property
    def reviewer(self) -> Client:
        return self.counter.reviewer.client

    def require_report(self, result: str) -> None:
        """What a verifier is told, at the latest when the schedule has run."""
        jobs.check_appeals(self.archive.ports)
        answer = self.archive.client.call("GET", f"/verifications/{self.code}")
        assert answer.json["result"] == result

    def require_version(self, version: int) -> None:
        (record,) = self.student.call("GET", "/archive/credentials").json["items"]
        assert record["version"] == version
        path = f"/archive/credentials/{self.record_id}/versions"
        assert len(self.student.call("GET", path).json["items"]) == version - 1


def change_a_record(archive: Lab) -> Flow:
    setting = Setting(archive)

    def check(answer: Answer) -> None:
        assert answer.json["version"] == 2
        setting.require_version(2)
        setting.require_report("superseded")

    def attempt() -> Answer:
        return change(setting.registrar, setting.record_id, president_name="林校长")

    return Flow(attempt, 200, check)


def propose_a_change(archive: Lab) -> Flow:
    setting = Setting(archive)

    def check(answer: Answer) -> None:
        (waiting,) = setting.reviewer.call("GET", "/reviewer/changes").json["items"]
        assert waiting["change_id"] == answer.json["change_id"]

    def attempt() -> Answer:
        return change(setting.registrar, setting.record_id, name="王晓明")

    return Flow(attempt, 202, check)


def move_a_record(archive: Lab) -> Flow:
    """A reviewer accepts another document number: never in two places, never lost."""
    setting = Setting(archive)
    right = member(archive, LI)
    proposed = change(
        setting.registrar, setting.record_id, name=LI.name, document_number=LI.document_number
    )
    path = f"/reviewer/changes/{proposed.json['change_id']}/decision"

    def check(_: Answer) -> None:
        assert record_ids(setting.student, "credentials") == []
        assert record_ids(right, "credentials") == [setting.record_id]
        found = search(setting.registrar, certificate_number=CERTIFICATE_NUMBER).json["items"]
        assert [one["document_number"] for one in found] == [LI.document_number]
        setting.require_report("superseded")

    def attempt() -> Answer:
        return setting.reviewer.call("POST", path, {"decision": "accept"}, headers=KEY)

    return Flow(attempt, 200, check)


def accept_a_correction(archive: Lab) -> Flow:
    setting = Setting(archive)
    asked = ask(setting.student, setting.record_id, changes=[PRESIDENT]).json["correction_id"]
    path = f"/registrar/corrections/{asked}/decision"

    def check(_: Answer) -> None:
        assert setting.student.call("GET", f"/corrections/{asked}").json["status"] == "accepted"
        setting.require_version(2)
        setting.require_report("superseded")

    def attempt() -> Answer:
        return setting.registrar.call("POST", path, {"decision": "accept"}, headers=KEY)

    return Flow(attempt, 200, check)


def replace_a_diploma(archive: Lab) -> Flow:
    setting = Setting(archive)
    path = f"/registrar/records/credentials/{setting.record_id}/replacement"
    body = {"certificate_number": "100011202605009001", "reason": REASON}

    def check(_: Answer) -> None:
        items = setting.student.call("GET", "/archive/credentials").json["items"]
        named = {one["certificate_number"]: one for one in items}
        assert named[CERTIFICATE_NUMBER]["replaced_by"] == "100011202605009001"
        assert named["100011202605009001"]["replaces"] == CERTIFICATE_NUMBER
        setting.require_report("revoked")

    def attempt() -> Answer:
        return setting.registrar.call("POST", path, body, headers=KEY)

    return Flow(attempt, 201, check)


def search_records(archive: Lab) -> Flow:
    setting = Setting(archive)
    body = {"purpose": PURPOSE, "certificate_number": CERTIFICATE_NUMBER}

    def attempt() -> Answer:
        return setting.registrar.call("POST", "/registrar/records/search", body)

    return Flow(attempt, 200, reads=True)


def create_staff(archive: Lab) -> Flow:
    with_directory(archive)
    operator = first_operator(archive).client
    body = {"email": REVIEWER, "name": "张老师", "role": "reviewer", "province": PROVINCE}

    def check(_: Answer) -> None:
        assert invitation_mailed(archive, REVIEWER)

    def attempt() -> Answer:
        return operator.call("POST", "/operator/staff", body, headers=KEY)

    return Flow(attempt, 201, check)


STAFF_FLOWS: Mapping[str, Callable[[Lab], Flow]] = {
    flow.__name__: flow
    for flow in (
        change_a_record,
        propose_a_change,
        move_a_record,
        accept_a_correction,
        replace_a_diploma,
        search_records,
        create_staff,
    )
}
