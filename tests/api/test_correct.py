"""Proofreading: confirmations, verdicts on photos, and corrections (journey 7)."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from chalicelib.adapters.files import MemoryFiles
from chalicelib.adapters.quarantine import MemoryQuarantine
from chalicelib.domain.correctable import FIELDS
from chalicelib.domain.errors import Refusal
from chalicelib.operations.correct import (
    CorrectionView,
    deciding,
    read_correction,
    submit_correction,
    tidy_corrections,
    withdraw_correction,
)
from chalicelib.stores.accounts import Person
from chalicelib.stores.sessions import Principal
from chalicelib.stores.tables import Key
from tests.api.steps import field_codes, sent_to
from tests.appeals import picture, upload
from tests.corrections import RIGHT_NAME, ask, ask_for_missing, with_directory, with_evidence
from tests.records import (
    LI,
    UNIVERSITY_CODE,
    WANG,
    file_record,
    member,
    record_ids,
    without_request_id,
)
from tests.world import Client, World, world


@pytest.fixture
def student(archive: World) -> Client:
    """Wang, with a credential, and an enrolment with a photo."""
    with_directory(archive)
    file_record(archive, "credentials", WANG)
    file_record(archive, "enrollments", WANG, photos={"admission": b"face"})
    return member(archive, WANG)


@pytest.fixture
def record_id(student: Client) -> str:
    return record_ids(student, "credentials")[0]


def actions(client: Client) -> list[str]:
    return [item["action"] for item in client.call("GET", "/account/activity").json["items"]]


def decide(
    archive: World, correction_id: str, *, accept: bool = True, note: str = "已更正"
) -> None:
    """What the institution's registrar does."""
    correction = archive.ports.proofreading.correction(correction_id)
    assert correction is not None
    writes = deciding(archive.ports, correction, accept=accept, note=note, staff="registrar1")
    archive.ports.tables.commit(writes)


# Confirmations


def test_a_record_is_confirmed_for_its_version(archive, student, record_id):
    path = f"/archive/credentials/{record_id}"
    before = student.call("GET", path).json
    assert (before["confirmed_version"], before["confirmed_at"]) == (None, None)
    answer = student.call("PUT", f"{path}/confirmation")
    assert (answer.status, answer.content) == (204, b"")
    shown = student.call("GET", path).json
    assert (shown["version"], shown["confirmed_version"]) == (1, 1)
    assert shown["confirmed_at"] == "2026-11-23T02:00:00Z"
    archive.clock.advance(60)
    file_record(archive, "credentials", WANG, major_name="汉语国际教育")
    changed = student.call("GET", path).json
    assert (changed["version"], changed["confirmed_version"]) == (2, 1)
    assert student.call("PUT", f"{path}/confirmation").status == 204
    assert student.call("GET", path).json["confirmed_version"] == 2


def test_confirmed_twice_is_confirmed_once(student, record_id):
    for _ in range(2):
        student.call("PUT", f"/archive/credentials/{record_id}/confirmation")
    assert actions(student).count("record_confirmed") == 1


def test_a_held_record_cannot_be_confirmed(archive, student):
    file_record(archive, "degrees", WANG, hold_reason="照片比对未通过")
    held = record_ids(student, "degrees")[0]
    answer = student.call("PUT", f"/archive/degrees/{held}/confirmation")
    assert (answer.status, answer.code) == (409, "conflict")


@pytest.mark.req("R-04")
def test_nothing_is_proofread_below_proof_level_identity(archive, student, record_id):
    unproved = archive.registered(LI)
    for answer in (
        unproved.call("PUT", f"/archive/credentials/{record_id}/confirmation"),
        ask(unproved, record_id),
        ask_for_missing(unproved),
        unproved.call("GET", "/corrections"),
    ):
        assert (answer.status, answer.code) == (403, "proof_required")


# Photos


@pytest.mark.parametrize("verdict", ["mine", "not_mine", "unclear"])
def test_a_photo_is_judged(student, verdict):
    path = f"/archive/enrollments/{record_ids(student, 'enrollments')[0]}"
    assert student.call("GET", path).json["photo_verdict"] is None
    body = {"verdict": verdict, "reason": "不是本人"}
    for _ in range(2):
        assert student.call("PUT", f"{path}/photo-confirmation", body).status == 204
    assert student.call("GET", path).json["photo_verdict"] == verdict
    assert actions(student).count("photo_judged") == 1


def test_the_latest_verdict_counts(student):
    path = f"/archive/enrollments/{record_ids(student, 'enrollments')[0]}"
    for verdict in ("not_mine", "mine"):
        student.call("PUT", f"{path}/photo-confirmation", {"verdict": verdict})
    assert student.call("GET", path).json["photo_verdict"] == "mine"


def test_there_must_be_a_photo_to_judge(archive, student, record_id):
    other = student.call(
        "PUT", f"/archive/credentials/{record_id}/photo-confirmation", {"verdict": "mine"}
    )
    assert (other.status, other.code) == (404, "not_found")
    stranger = member(archive, LI)
    file_record(archive, "enrollments", LI, student_number="1100019999")
    bare = record_ids(stranger, "enrollments")[0]
    answer = stranger.call(
        "PUT", f"/archive/enrollments/{bare}/photo-confirmation", {"verdict": "mine"}
    )
    assert (answer.status, answer.code) == (409, "conflict")


# Corrections without evidence


def test_a_correction_goes_to_the_records_institution(archive, student, record_id):
    answer = ask(student, record_id)
    assert answer.status == 201
    shown = answer.json
    assert (shown["status"], shown["institution_code"]) == ("submitted", UNIVERSITY_CODE)
    assert shown["changes"] == [RIGHT_NAME]
    assert [step["action"] for step in shown["history"]] == ["opened", "submitted"]
    assert {step["actor"] for step in shown["history"]} == {"owner"}
    assert shown["upload"] is None
    assert student.call("GET", f"/corrections/{shown['correction_id']}").json == shown
    assert student.call("GET", "/corrections").json == {"items": [shown], "next": None}
    waiting, following = archive.ports.proofreading.for_institution(
        UNIVERSITY_CODE, "submitted", limit=10, after=None
    )
    assert [one.correction_id for one in waiting] == [shown["correction_id"]]
    assert following is None
    assert "correction_opened" in actions(student)


def test_a_missing_record_is_asked_for(student):
    answer = ask_for_missing(student)
    assert answer.status == 201
    assert answer.json["record_id"] is None
    assert answer.json["changes"] is None
    assert answer.json["facts"] == {"degree_name": "文学学士", "awarded_date": "2015-07-01"}


def test_an_institutions_queue_is_in_order_of_time(archive, student, record_id):
    asked = []
    for _ in range(3):
        asked.append(ask(student, record_id).json["correction_id"])
        archive.clock.advance(60)
    store = archive.ports.proofreading
    first, after = store.for_institution(UNIVERSITY_CODE, "submitted", limit=2, after=None)
    rest, _ = store.for_institution(UNIVERSITY_CODE, "submitted", limit=2, after=after)
    assert [one.correction_id for one in (*first, *rest)] == asked
    assert [one["correction_id"] for one in student.call("GET", "/corrections").json["items"]] == (
        asked[::-1]
    )


@pytest.mark.parametrize(
    ("field", "proposed", "code"),
    [
        ("graduation_date", "2015-02-30", "date_invalid"),
        ("graduation_date", "2015-07", "date_invalid"),
        ("graduation_date", "soon", "date_invalid"),
        ("birth_date", "2999-01-01", "date_invalid"),
        ("level", "大专本科", "value_invalid"),
        ("conclusion", "肄业", "value_invalid"),
        ("sex", "x", "value_invalid"),
        ("length_years", "40", "number_invalid"),
        ("name", "王", "name_invalid"),
        ("document_number", "1", "document_number_invalid"),
        ("certificate_number", "----", "certificate_number_invalid"),
        ("major_name", "＊", "required"),
        ("major_name", "汉语言文学", "value_unchanged"),
        ("revoked", "否", "value_invalid"),
        ("hold_reason", "无", "value_invalid"),
        ("institution_code", "10002", "value_invalid"),
        ("class_name", "二班", "value_invalid"),
    ],
)
def test_what_cannot_be_right_names_the_change(student, record_id, field, proposed, code):
    answer = ask(student, record_id, changes=[{"field": field, "proposed": proposed}])
    assert field_codes(answer) == {"changes[0].proposed": code}


@pytest.mark.parametrize(
    ("field", "proposed", "kept"),
    [
        ("graduation_date", "2015年7月2日", "2015-07-02"),
        ("length_years", "2.5", 2.5),
        ("level", "专科", "专科"),
        ("sex", "1", "男"),
        ("name", "阿卜杜拉•买买提", "阿卜杜拉·买买提"),
    ],
)
def test_values_are_kept_as_records_hold_them(student, record_id, field, proposed, kept):
    answer = ask(student, record_id, changes=[{"field": field, "proposed": proposed}])
    assert answer.json["changes"] == [{"field": field, "proposed": kept}]


def test_a_field_is_corrected_once(student, record_id):
    answer = ask(student, record_id, changes=[RIGHT_NAME, RIGHT_NAME])
    assert field_codes(answer) == {"changes[1].proposed": "value_invalid"}


@pytest.mark.parametrize(
    ("changes", "problems"),
    [
        ({"changes": None}, {"changes": "required"}),
        ({"facts": {"name": "王小明"}}, {"facts": "value_invalid"}),
        ({"family": "grades"}, {"family": "value_invalid"}),
        ({"reason": ""}, {"reason": "value_invalid"}),
    ],
)
def test_a_correction_is_of_a_record_or_of_a_missing_one(student, record_id, changes, problems):
    assert field_codes(ask(student, record_id, **changes)) == problems


def test_changes_are_of_a_record_that_is_named(student):
    changes = {"facts": None, "changes": [RIGHT_NAME]}
    problems = {"facts": "required", "changes": "value_invalid"}
    assert field_codes(ask_for_missing(student, **changes)) == problems


@pytest.mark.parametrize(
    ("code", "problem"), [(None, "required"), ("99999", "institution_unknown")]
)
def test_somebody_must_be_there_to_answer(student, code, problem):
    answer = ask_for_missing(student, institution_code=code)
    assert field_codes(answer) == {"institution_code": problem}


def test_a_record_that_does_not_name_its_institution_needs_one(archive, student):
    file_record(archive, "exams", WANG)
    exam = record_ids(student, "exams")[0]
    body = {"family": "exams", "changes": [{"field": "total_score", "proposed": "650"}]}
    assert field_codes(ask(student, exam, **body)) == {"institution_code": "required"}
    answer = ask(student, exam, **body, institution_code=UNIVERSITY_CODE)
    assert (answer.status, answer.json["changes"][0]["proposed"]) == (201, 650.0)


def test_a_held_record_can_be_corrected_and_tells_nothing(archive, student):
    file_record(archive, "degrees", WANG, hold_reason="照片比对未通过")
    held = record_ids(student, "degrees")[0]
    same = [{"field": "degree_name", "proposed": "文学学士"}]
    assert ask(student, held, family="degrees", changes=same).status == 201


def test_few_corrections_a_month(archive, student, record_id):
    for _ in range(20):
        assert ask(student, record_id).status == 201
    limited = ask(student, record_id)
    assert (limited.status, limited.code) == (429, "rate_limited")
    assert int(limited.headers["Retry-After"]) == 30 * 86_400
    archive.clock.advance(30 * 86_400)
    student.token = archive.sign_in(WANG).token
    assert ask(student, record_id).status == 201


@pytest.mark.req("R-85")
def test_a_repeated_request_opens_one_correction(student, record_id):
    body = {
        "family": "credentials",
        "record_id": record_id,
        "changes": [RIGHT_NAME],
        "reason": "专业名称有误",
    }
    answers = [
        student.call("POST", "/corrections", body, headers={"Idempotency-Key": "k"})
        for _ in range(2)
    ]
    assert answers[0].json == answers[1].json
    assert len(student.call("GET", "/corrections").json["items"]) == 1


@pytest.mark.parametrize("family", list(FIELDS))
def test_every_family_can_be_corrected(family):
    assert {"name", "document_number", "birth_date"} <= FIELDS[family].keys()
    assert not {"hold_reason", "note", "revoked", "institution_code"} & FIELDS[family].keys()


# Decisions, withdrawal, history


@pytest.mark.parametrize(("accept", "state"), [(True, "accepted"), (False, "refused")])
def test_a_decision_shows_and_is_told(archive, student, record_id, accept, state):
    opened = ask(student, record_id).json
    archive.clock.advance(600)
    decide(archive, opened["correction_id"], accept=accept, note="与档案一致")
    shown = student.call("GET", f"/corrections/{opened['correction_id']}")
    assert shown.json["status"] == state
    assert shown.json["history"][-1] == {
        "action": state,
        "actor": "institution",
        "at": "2026-11-23T02:10:00Z",
        "note": "与档案一致",
    }
    for destination in (WANG.phone, WANG.email):
        assert any("更正" in text for text in sent_to(archive, destination))
    lines = student.call("GET", "/account/activity").json["items"]
    line = next(one for one in lines if one["action"] == f"correction_{state}")
    assert line["actor"] == "staff"
    late = student.call("DELETE", f"/corrections/{opened['correction_id']}")
    assert (late.status, late.code) == (409, "conflict")
    with pytest.raises(Refusal, match="conflict"):
        decide(archive, opened["correction_id"])
    store = archive.ports.proofreading
    assert store.for_institution(UNIVERSITY_CODE, "submitted", limit=9, after=None) == ([], None)


def test_a_correction_is_withdrawn(archive, student, record_id):
    opened = ask(student, record_id).json
    for _ in range(2):
        answer = student.call("DELETE", f"/corrections/{opened['correction_id']}")
        assert (answer.status, answer.content) == (204, b"")
    shown = student.call("GET", f"/corrections/{opened['correction_id']}").json
    assert shown["status"] == "withdrawn"
    assert actions(student).count("correction_withdrawn") == 1
    with pytest.raises(Refusal, match="conflict"):
        decide(archive, opened["correction_id"])


# Evidence


def test_evidence_is_uploaded_and_sealed(archive, student, record_id):
    opened = with_evidence(student, record_id)
    path = f"/corrections/{opened['correction_id']}"
    without = student.call("POST", f"{path}/submit")
    assert (without.status, without.code) == (422, "file_rejected")
    upload(archive, opened["upload"], picture())
    submitted = student.call("POST", f"{path}/submit")
    assert (submitted.status, submitted.json["status"]) == (200, "submitted")
    assert (submitted.json["evidence"], submitted.json["upload"]) == (True, None)
    assert student.call("POST", f"{path}/submit").json == submitted.json
    assert {"correction_submitted", "correction_opened"} <= set(actions(student))
    correction = archive.ports.proofreading.correction(opened["correction_id"])
    assert archive.ports.photos.get(correction.evidence).startswith(b"\xff\xd8\xff")
    assert archive.ports.proofreading.consent_of(correction).kind == "document_scan"
    assert archive.ports.quarantine.files == {}


@pytest.mark.req("A-14")
def test_a_file_that_is_no_picture_is_refused(archive, student, record_id):
    opened = with_evidence(student, record_id)
    upload(archive, opened["upload"], b"%PDF-1.7")
    answer = student.call("POST", f"/corrections/{opened['correction_id']}/submit")
    assert (answer.status, answer.code) == (422, "file_rejected")
    shown = student.call("GET", f"/corrections/{opened['correction_id']}").json
    assert shown["status"] == "draft"
    assert shown["upload"]


def test_what_needs_no_evidence_cannot_be_submitted(student, record_id):
    opened = ask(student, record_id).json
    student.call("DELETE", f"/corrections/{opened['correction_id']}")
    answer = student.call("POST", f"/corrections/{opened['correction_id']}/submit")
    assert (answer.status, answer.code) == (409, "conflict")


@pytest.mark.req("R-23")
@pytest.mark.parametrize(("seconds", "status"), [(86_399, 200), (86_400, 404)])
def test_a_draft_lapses_after_a_day(archive, student, record_id, seconds, status):
    opened = with_evidence(student, record_id)
    archive.clock.advance(seconds)
    client = archive.sign_in(WANG)
    path = f"/corrections/{opened['correction_id']}"
    assert client.call("GET", path).status == status
    assert len(client.call("GET", "/corrections").json["items"]) == (status == 200)


@pytest.mark.req("R-94")
def test_nothing_is_left_of_a_lapsed_draft(archive, student, record_id):
    opened = with_evidence(student, record_id)
    upload(archive, opened["upload"], picture())
    archive.clock.advance(86_400 + 899)
    tidy_corrections(archive.ports)
    assert archive.ports.quarantine.files
    archive.clock.advance(1)
    for _ in range(2):
        tidy_corrections(archive.ports)
    assert archive.ports.quarantine.files == {}
    assert archive.ports.proofreading.correction(opened["correction_id"]) is None
    assert not list(archive.ports.agenda.due("tidy", archive.clock() + 86_400))


@pytest.mark.req("R-66")
def test_the_evidence_goes_when_the_correction_ends(archive, student, record_id):
    opened = with_evidence(student, record_id)
    upload(archive, opened["upload"], picture())
    assert student.call("POST", f"/corrections/{opened['correction_id']}/submit").status == 200
    address = archive.ports.proofreading.correction(opened["correction_id"]).evidence
    archive.clock.advance(3 * 86_400)
    tidy_corrections(archive.ports)
    assert archive.ports.photos.get(address), "it still waits for its decision"
    decide(archive, opened["correction_id"])
    archive.clock.advance(900)
    tidy_corrections(archive.ports)
    assert archive.ports.photos.get(address) is None
    assert archive.ports.proofreading.correction(opened["correction_id"]).state == "accepted"


@pytest.mark.req("R-60")
def test_reasons_and_values_are_sealed(archive, student, record_id):
    opened = ask(student, record_id, reason="毕业证书上写的是别的专业").json
    row = archive.ports.tables.get(Key("archive", f"correction#{opened['correction_id']}", "-"))
    assert set(row) <= {"pk", "sk", "sealed", "state", "version", "request"}
    assert "别的专业".encode() not in row["sealed"]


@pytest.mark.req("R-41")
def test_a_strangers_correction_is_none(archive, student, record_id):
    opened = ask(student, record_id).json["correction_id"]
    stranger = member(archive, LI)
    for method, end in (("GET", ""), ("DELETE", ""), ("POST", "/submit")):
        foreign = stranger.call(method, f"/corrections/{opened}{end}")
        absent = stranger.call(method, f"/corrections/{opened[::-1]}{end}")
        assert foreign.status == 404
        assert without_request_id(foreign) == without_request_id(absent)


# Any order of steps


class CorrectionLife(RuleBasedStateMachine):
    """A correction with evidence in any order of steps, beside what should be true of it."""

    @initialize()
    def open(self) -> None:
        self.archive = world()
        with_directory(self.archive)
        file_record(self.archive, "credentials", WANG)
        client = member(self.archive, WANG)
        opened = with_evidence(client, record_ids(client, "credentials")[0])
        self.form, self.id = opened["upload"], opened["correction_id"]
        account = client.call("GET", "/account").json["account_id"]
        person = Person(
            name=WANG.name, document_type="resident_id", document_number=WANG.document_number
        )
        self.wang = Principal(
            account_id=account, session_id="-", proof_level="identity", identities=(person,)
        )
        self.state, self.history, self.lapses = "draft", ["opened"], self.archive.clock() + 86_400
        self.uploaded = self.forgotten = False

    def owner(self, do: Callable[..., CorrectionView | None], **how: Any) -> str:
        """The state that the owner is shown, or the code of the refusal."""
        try:
            shown = do(self.archive.ports, self.wang, self.id, **how)
        except Refusal as refusal:
            return refusal.code
        return shown.status if shown else ""

    @property
    def gone(self) -> bool:
        return self.state == "draft" and self.archive.clock() >= self.lapses

    @rule()
    def send_a_picture(self) -> None:
        if self.state == "draft" and not self.gone:
            upload(self.archive, self.form, picture())
            self.uploaded = True

    @rule()
    def submit(self) -> None:
        gone = self.gone
        shown = self.owner(submit_correction, consent=None)
        if gone:
            assert shown == "not_found"
        elif self.state == "draft" and self.uploaded:
            assert shown == "submitted"
            self.state = "submitted"
            self.history.append("submitted")
        else:
            expected = {"draft": "file_rejected", "submitted": "submitted"}
            assert shown in {expected.get(self.state, "conflict"), "rate_limited"}

    @rule()
    def withdraw(self) -> None:
        gone = self.gone
        shown = self.owner(withdraw_correction)
        if gone:
            assert shown == "not_found"
        elif self.state in {"draft", "submitted"}:
            assert shown == ""
            self.state = "withdrawn"
            self.history.append("withdrawn")
        else:
            assert shown == ("" if self.state == "withdrawn" else "conflict")

    @precondition(lambda self: self.archive.ports.proofreading.correction(self.id) is not None)
    @rule(accept=st.booleans())
    def decide(self, accept: bool) -> None:
        if self.state != "submitted":
            with pytest.raises(Refusal, match="conflict"):
                decide(self.archive, self.id, accept=accept)
            return
        decide(self.archive, self.id, accept=accept)
        self.state = "accepted" if accept else "refused"
        self.history.append(self.state)

    @rule(hours=st.sampled_from([1, 12, 30]))
    def wait(self, hours: int) -> None:
        self.archive.clock.advance(hours * 3600)
        tidy_corrections(self.archive.ports)

    @rule()
    def look(self) -> None:
        gone = self.gone
        assert self.owner(read_correction) == ("not_found" if gone else self.state)
        correction = self.archive.ports.proofreading.correction(self.id)
        if correction is not None:
            assert [step.action for step in correction.history] == self.history

    def teardown(self) -> None:
        self.archive.clock.advance(2 * 86_400)
        tidy_corrections(self.archive.ports)
        photos, quarantine = self.archive.ports.photos, self.archive.ports.quarantine
        assert isinstance(photos, MemoryFiles)
        assert isinstance(quarantine, MemoryQuarantine)
        correction = self.archive.ports.proofreading.correction(self.id)
        assert (correction is None) == self.gone
        if self.state != "submitted":
            assert quarantine.files == {}
            if correction is not None and correction.evidence:
                assert photos.get(correction.evidence) is None


TestCorrectionLife = CorrectionLife.TestCase
TestCorrectionLife.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
