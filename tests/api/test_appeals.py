"""Appeals from opening to their end (journey 2; A-13, A-14, R-08, R-66)."""

from datetime import UTC, datetime

import pytest

from chalicelib import jobs
from chalicelib.adapters.files import MemoryFiles
from chalicelib.adapters.quarantine import MemoryQuarantine
from chalicelib.domain.appeal_states import (
    ANSWER_SECONDS,
    DRAFT_SECONDS,
    KEPT_SECONDS,
    CaseEvent,
)
from chalicelib.domain.consents import CURRENT_VERSION, digest_of
from chalicelib.operations import appeals
from chalicelib.operations.document_scans import SETTLE_SECONDS
from chalicelib.stores.cases import Appeal
from tests.appeals import (
    APPELLANT_MAIL,
    APPELLANT_PHONE,
    open_appeal,
    picture,
    read_appeal,
    resubmit,
    submit_appeal,
    upload,
    withdraw,
)
from tests.records import LI, WANG, member, without_request_id
from tests.world import Client, World

OTHER_NUMBERS = ("440308199901101512", "440524188001010014", "610104196209276908")


def files(archive: World) -> dict[str, bytes]:
    photos = archive.ports.photos
    assert isinstance(photos, MemoryFiles)
    return {name: content for name, content in photos._files.items() if name.startswith("scans/")}


def quarantined(archive: World) -> dict[str, bytes]:
    assert isinstance(archive.ports.quarantine, MemoryQuarantine)
    return archive.ports.quarantine.files


def stored(archive: World, opened) -> Appeal:
    found = archive.ports.cases.appeal(opened["appeal_id"], archive.clock())
    assert found is not None
    return found


def bodies(archive: World, to: str) -> list[str]:
    archive.deliver()
    return [body for at, _, body in (*archive.sms.sent, *archive.mail.sent) if at == to]


def decide(archive: World, opened, event: CaseEvent, reason_code: str | None = None) -> None:
    appeal = stored(archive, opened)
    if event == "ask_more":
        writes = appeals.asking_for_more(archive.ports, appeal, reason_code or "")
    else:
        link = f"{archive.ports.public_origin}/#set-password=x"
        writes = appeals.ending(archive.ports, appeal, event, reason_code=reason_code, link=link)
    archive.ports.tables.commit(writes)


@pytest.fixture
def holder(archive: World) -> Client:
    """Somebody who holds the number, signed in; what was sent so far is forgotten."""
    client = member(archive, WANG)
    archive.deliver()
    archive.sms.sent.clear()
    archive.mail.sent.clear()
    archive.clock.advance(60)
    return client


def test_an_appeal_is_opened_uploaded_to_and_submitted(archive, holder):
    opened = open_appeal(archive, WANG, reason="证件遗失后被他人注册")
    assert opened.status == 201
    assert set(opened.json) == {"appeal_id", "appeal_token", "upload", "expires_at"}
    assert set(opened.json["upload"]) == {"url", "fields"}
    draft = read_appeal(archive, opened.json)
    assert (draft.status, draft.json["status"], draft.json["due_at"]) == (200, "draft", None)
    submitted = submit_appeal(archive, opened.json)
    assert submitted.status == 202
    assert submitted.json == {"status": "submitted", "due_at": "2026-11-26T10:00:00Z"}
    state = read_appeal(archive, opened.json).json
    assert (state["status"], state["due_at"]) == ("submitted", submitted.json["due_at"])
    assert state["upload"] is None


def test_the_key_of_the_upload_is_random_and_nothing_personal(archive, holder):
    keys = [
        open_appeal(archive, student, phone).json["upload"]["fields"]["key"]
        for student, phone in ((WANG, APPELLANT_PHONE), (LI, "+8619900000778"))
    ]
    assert len(set(keys)) == 2
    assert not any(part in key for key in keys for part in (WANG.document_number, APPELLANT_PHONE))


@pytest.mark.req("R-05")
def test_the_answer_does_not_tell_whether_the_number_is_registered(archive, holder):
    registered = open_appeal(archive, WANG)
    unknown = open_appeal(archive, LI, phone="+8619900000778")
    assert registered.status == unknown.status == 201
    assert len(registered.content) == len(unknown.content)
    assert submit_appeal(archive, registered.json).json == submit_appeal(archive, unknown.json).json


def test_both_sides_are_told_on_every_channel(archive, holder):
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    for to in (APPELLANT_PHONE, APPELLANT_MAIL):
        assert any("2026年11月26日18:00" in body for body in bodies(archive, to))
    for to in (WANG.phone, WANG.email):
        assert any("申诉" in body and "11月26日" in body for body in bodies(archive, to))
    assert any(
        f"/link/#objection={opened['appeal_id']}" in body for body in bodies(archive, WANG.email)
    )
    first = holder.call("GET", "/account/activity").json["items"][0]
    assert (first["action"], first["actor"]) == ("appeal_filed", "system")
    assert first["facts"] == {"appeal_id": opened["appeal_id"]}


def test_a_holder_is_not_told_of_a_draft(archive, holder):
    open_appeal(archive, WANG)
    assert bodies(archive, WANG.email) == bodies(archive, WANG.phone) == []


@pytest.mark.req("R-41")
def test_an_unknown_appeal_a_wrong_token_and_no_token_answer_the_same(archive, holder):
    opened = open_appeal(archive, WANG).json
    other = open_appeal(archive, LI, phone="+8619900000778").json
    strange = {**opened, "appeal_id": "x" * 22}
    answers = [
        ask(archive, one, token)
        for ask in (read_appeal, withdraw)
        for one, token in (
            (strange, opened["appeal_token"]),
            (opened, other["appeal_token"]),
            (opened, ""),
            (opened, "\x7f"),
        )
    ]
    answers.append(resubmit(archive, strange))
    answers.append(resubmit(archive, opened, appeal_token=other["appeal_token"]))
    assert {answer.status for answer in answers} == {404}
    assert len({str(without_request_id(answer)) for answer in answers}) == 1


@pytest.mark.req("A-13")
def test_one_appeal_is_open_per_number(archive, holder):
    opened = open_appeal(archive, WANG).json
    for state in ("draft", "submitted"):
        again = open_appeal(archive, WANG, phone="+8619900000778")
        assert (state, again.status, again.code) == (state, 409, "conflict")
        if state == "draft":
            submit_appeal(archive, opened)
        archive.clock.advance(3601)
    withdraw(archive, opened)
    assert open_appeal(archive, WANG, phone="+8619900000779").status == 201


@pytest.mark.req("A-13")
def test_a_phone_opens_three_appeals_in_thirty_days(archive):
    numbers = (WANG.document_number, *OTHER_NUMBERS)
    answers = []
    for number in numbers:
        answers.append(open_appeal(archive, WANG, document_number=number))
        archive.clock.advance(3601)
    assert [answer.status for answer in answers] == [201, 201, 201, 429]
    assert int(answers[-1].headers["Retry-After"]) > 29 * 86_400
    archive.clock.advance(30 * 86_400)
    assert open_appeal(archive, WANG, document_number=numbers[3]).status == 201


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"name": "王"}, "name", "name_invalid"),
        ({"document_number": "110105194912310021"}, "document_number", "document_number_invalid"),
        ({"email": "nobody"}, "email", "email_invalid"),
        ({"verification_token": "x" * 43}, "verification_token", "verification_token_invalid"),
        ({"reason": ""}, "reason", "value_invalid"),
    ],
)
def test_what_is_wrong_is_named_and_costs_nothing(archive, changes, field, code):
    wrong = open_appeal(archive, WANG, **changes)
    assert wrong.status == 422
    assert [(one["field"], one["code"]) for one in wrong.json["errors"]] == [(field, code)]
    archive.clock.advance(61)
    assert open_appeal(archive, WANG).status == 201


def test_a_code_for_something_else_does_not_serve(archive):
    token = archive.prove_phone(APPELLANT_PHONE, "reset_password")
    refused = open_appeal(archive, WANG, verification_token=token)
    assert refused.json["errors"][0]["code"] == "verification_token_invalid"


@pytest.mark.req("R-22")
def test_a_code_opens_one_appeal(archive):
    token = archive.prove_phone(APPELLANT_PHONE, "appeal")
    assert open_appeal(archive, WANG, verification_token=token).status == 201
    archive.clock.advance(61)
    again = open_appeal(archive, WANG, verification_token=token, document_number=OTHER_NUMBERS[0])
    assert again.json["errors"][0]["code"] == "verification_token_invalid"


@pytest.mark.req("R-85")
def test_a_lost_answer_is_given_again(archive):
    body = {
        "verification_token": archive.prove_phone(APPELLANT_PHONE, "appeal"),
        "name": WANG.name,
        "document_type": WANG.document_type,
        "document_number": WANG.document_number,
        "email": APPELLANT_MAIL,
    }
    key = {"Idempotency-Key": "appeal-1"}
    first = archive.client.call("POST", "/appeals", body, headers=key)
    second = archive.client.call("POST", "/appeals", body, headers=key)
    assert (first.status, first.json) == (second.status, second.json)
    assert first.status == 201


def test_a_code_by_mail_does_not_serve_as_the_account_will_need_a_phone(archive):
    client = archive.client
    asked = client.call(
        "POST",
        "/verification-codes",
        {"purpose": "appeal", "channel": "email", "destination": APPELLANT_MAIL},
    )
    verified = client.call(
        "POST",
        f"/verification-codes/{asked.json['challenge_id']}/verify",
        {"code": archive.last_code(APPELLANT_MAIL)},
    )
    token = verified.json["verification_token"]
    refused = open_appeal(archive, WANG, verification_token=token)
    assert refused.json["errors"][0]["code"] == "channel_not_allowed"


@pytest.mark.req("A-13")
def test_to_learn_of_an_open_appeal_counts_like_an_appeal(archive, holder):
    open_appeal(archive, WANG)
    token = archive.prove_phone("+8619900000778", "appeal")
    answers = [open_appeal(archive, WANG, verification_token=token).status for _ in range(4)]
    assert answers == [409, 409, 409, 429]


# The upload


@pytest.mark.req("A-14")
@pytest.mark.parametrize("content", [b"", b"%PDF-1.7", picture()[:200], picture("GIF", mode="P")])
def test_a_file_that_is_no_picture_is_refused_and_another_may_be_sent(archive, holder, content):
    opened = open_appeal(archive, WANG).json
    refused = submit_appeal(archive, opened, content)
    assert (refused.status, refused.code) == (422, "file_rejected")
    assert quarantined(archive) == files(archive) == {}
    assert read_appeal(archive, opened).json["status"] == "draft"
    assert bodies(archive, WANG.email) == []
    assert submit_appeal(archive, opened).status == 202


def test_submitting_without_an_upload_is_refused(archive):
    refused = resubmit(archive, open_appeal(archive, WANG).json)
    assert (refused.status, refused.code) == (422, "file_rejected")


@pytest.mark.req("A-14")
def test_only_so_many_files_are_looked_at_in_an_hour(archive):
    opened = open_appeal(archive, WANG).json
    codes = [submit_appeal(archive, opened, b"no").code for _ in range(11)]
    assert codes == ["file_rejected"] * 10 + ["rate_limited"]
    archive.clock.advance(3600)
    assert submit_appeal(archive, opened).status == 202


def test_the_accepted_scan_is_kept_redrawn_and_the_upload_is_gone(archive):
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened, picture("PNG") + b"hidden behind the end")
    assert quarantined(archive) == {}
    (address, content), *others = files(archive).items()
    assert not others
    assert address == stored(archive, opened).scan
    assert content.startswith(b"\xff\xd8\xff")
    assert b"hidden" not in content


@pytest.mark.req("R-08")
@pytest.mark.parametrize("given", [True, False])
def test_the_separate_consent_is_kept_before_the_picture_is_read(archive, given):
    opened = open_appeal(archive, WANG).json
    consent = {"consent": {"version": CURRENT_VERSION, "accepted": True}} if given else {}
    assert resubmit(archive, opened, **consent).code == "file_rejected"
    kept = archive.ports.cases.consent_of(stored(archive, opened), "document_scan")
    assert kept is not None
    digest = digest_of(CURRENT_VERSION, "document_scan")
    assert (kept.version, kept.digest, kept.at) == (CURRENT_VERSION, digest, archive.clock())


@pytest.mark.req("R-08")
@pytest.mark.parametrize(
    "consent",
    [{"version": CURRENT_VERSION, "accepted": False}, {"version": "2020-01", "accepted": True}],
)
def test_without_consent_nothing_is_read(archive, consent):
    opened = open_appeal(archive, WANG).json
    upload(archive, opened["upload"], picture())
    refused = resubmit(archive, opened, consent=consent)
    assert refused.json["errors"][0]["code"] == "consent_required"
    assert len(quarantined(archive)) == 1
    assert files(archive) == {}


# Due


@pytest.mark.parametrize(
    ("submitted", "due"),
    [
        ((2026, 11, 23), "2026-11-26"),  # Monday to Thursday
        ((2026, 11, 27), "2026-12-02"),  # over a weekend
        ((2026, 2, 13), "2026-02-25"),  # the Spring Festival, 15 to 23 February; the 14th is worked
        ((2026, 9, 30), "2026-10-10"),  # 1 to 7 October; Saturday the 10th is a make-up day
    ],
)
def test_the_answer_is_due_in_three_working_days(archive, submitted, due):
    year, month, day = submitted
    archive.clock.instant = int(datetime(year, month, day, 2, tzinfo=UTC).timestamp())
    answer = submit_appeal(archive, open_appeal(archive, WANG).json)
    assert answer.json["due_at"] == f"{due}T10:00:00Z"


# Withdrawing, lapsing, being asked, being decided


def test_a_withdrawn_appeal_stays_so_and_its_scan_goes(archive, holder):
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    archive.deliver()
    for _ in range(2):
        assert withdraw(archive, opened).status == 204
    assert read_appeal(archive, opened).json["status"] == "withdrawn"
    assert resubmit(archive, opened).code == "conflict"
    assert any("申诉已结束" in body for body in bodies(archive, WANG.phone))
    archive.clock.advance(SETTLE_SECONDS)
    jobs.check_appeals(archive.ports)
    assert files(archive) == {}


@pytest.mark.req("R-66")
def test_a_scan_that_lands_after_the_end_goes_too(archive):
    opened = open_appeal(archive, WANG).json
    withdraw(archive, opened)
    jobs.check_appeals(archive.ports)
    archive.ports.photos.put(f"scans/{opened['appeal_id']}/late", picture())
    archive.clock.advance(SETTLE_SECONDS)
    jobs.check_appeals(archive.ports)
    assert files(archive) == {}


@pytest.mark.req("R-23")
@pytest.mark.parametrize(("seconds", "status"), [(DRAFT_SECONDS - 1, 202), (DRAFT_SECONDS, 404)])
def test_a_draft_lives_for_a_day(archive, seconds, status):
    opened = open_appeal(archive, WANG).json
    archive.clock.advance(seconds)
    assert submit_appeal(archive, opened).status == status


def test_a_lapsed_draft_leaves_nothing_and_frees_the_number(archive):
    opened = open_appeal(archive, WANG).json
    upload(archive, opened["upload"], picture())
    archive.clock.advance(DRAFT_SECONDS)
    assert open_appeal(archive, WANG, phone="+8619900000778").status == 201
    archive.clock.advance(SETTLE_SECONDS)
    for _ in range(2):
        jobs.check_appeals(archive.ports)
    assert quarantined(archive) == {}
    assert archive.ports.tables.query("cases", f"appeal#{opened['appeal_id']}").rows == []


def test_asked_for_more_the_appellant_uploads_and_submits_again(archive, holder):
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    decide(archive, opened, "ask_more", "document_incomplete")
    state = read_appeal(archive, opened).json
    assert (state["status"], state["reason_code"]) == ("more_information", "document_incomplete")
    assert any("缺少证件的一面" in body for body in bodies(archive, APPELLANT_MAIL))
    assert resubmit(archive, opened).code == "file_rejected"
    warned = len(bodies(archive, WANG.email))
    archive.clock.advance(86_400)
    again = submit_appeal(archive, {**opened, "upload": state["upload"]})
    assert again.json == {"status": "submitted", "due_at": "2026-11-27T10:00:00Z"}
    assert len(bodies(archive, WANG.email)) == warned
    assert open_appeal(archive, WANG, phone="+8619900000778").code == "conflict"


def test_a_question_left_unanswered_withdraws_the_appeal(archive, holder):
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    decide(archive, opened, "ask_more", "document_unreadable")
    archive.clock.advance(ANSWER_SECONDS - 1)
    jobs.check_appeals(archive.ports)
    assert read_appeal(archive, opened).json["status"] == "more_information"
    archive.clock.advance(1)
    jobs.check_appeals(archive.ports)
    state = read_appeal(archive, opened).json
    assert (state["status"], state["reason_code"]) == ("withdrawn", "not_completed")
    assert any("逾期未补充材料" in body for body in bodies(archive, APPELLANT_PHONE))


@pytest.mark.req("R-66")
@pytest.mark.parametrize(
    ("event", "word", "to_holder"),
    [("approve", "#set-password", "移出"), ("reject", "不一致", "没有变化")],
)
def test_after_the_decision_the_scan_goes_and_both_are_told(
    archive, holder, event, word, to_holder
):
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    archive.deliver()
    decide(archive, opened, event, "document_mismatch" if event == "reject" else None)
    assert len(files(archive)) == 1
    archive.clock.advance(SETTLE_SECONDS)
    assert jobs.check_appeals(archive.ports) == 1
    assert files(archive) == {}
    assert jobs.check_appeals(archive.ports) == 0
    assert any(word in body for body in bodies(archive, APPELLANT_MAIL))
    assert any(to_holder in body for body in bodies(archive, WANG.email))
    assert read_appeal(archive, opened).json["status"] == {"approve": "approved"}.get(
        event, "rejected"
    )
    assert withdraw(archive, opened).code == "conflict"
    archive.clock.advance(KEPT_SECONDS)
    assert read_appeal(archive, opened).status == 404


def test_a_late_decision_is_counted_every_time_and_stays_open(archive):
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    archive.clock.advance(4 * 86_400)
    assert [jobs.check_appeals(archive.ports) for _ in range(2)] == [1, 1]
    assert read_appeal(archive, opened).json["status"] == "submitted"


# The operator's list


def test_what_waits_for_a_decision_stands_in_the_operators_list(archive):
    opened = open_appeal(archive, WANG).json

    def listed() -> list[object]:
        return [row["ref"] for row in archive.ports.tables.query("cases", "queue#appeals").rows]

    assert listed() == []
    submit_appeal(archive, opened)
    assert listed() == [f"appeal#{opened['appeal_id']}"]
    decide(archive, opened, "ask_more", "document_unreadable")
    assert listed() == []
    submit_appeal(archive, opened)
    decide(archive, opened, "reject", "document_mismatch")
    assert listed() == []


# The holder's objection


def test_the_holder_objects(archive, holder):
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    archive.deliver()
    archive.clock.advance(60)
    path = f"/appeals/{opened['appeal_id']}/objection"
    for _ in range(2):
        assert holder.call("POST", path, {"reason": "号码是我的"}).status == 202
    assert [one.reason for one in stored(archive, opened).objections] == ["号码是我的"]
    items = holder.call("GET", "/account/activity").json["items"]
    assert [item["action"] for item in items][:2] == ["appeal_objected", "appeal_filed"]
    assert read_appeal(archive, opened).json["status"] == "submitted"
    reasons = [f"理由 {number}" for number in range(5)]
    statuses = [holder.call("POST", path, {"reason": one}).status for one in reasons]
    assert statuses == [202] * 4 + [409]


@pytest.mark.req("R-41")
def test_nobody_else_can_object_and_not_to_a_draft(archive, holder):
    stranger = member(archive, LI)
    opened = open_appeal(archive, WANG).json
    path = f"/appeals/{opened['appeal_id']}/objection"
    body = {"reason": "号码是我的"}
    draft = holder.call("POST", path, body)
    submit_appeal(archive, opened)
    foreign = stranger.call("POST", path, body)
    unknown = stranger.call("POST", f"/appeals/{'x' * 22}/objection", body)
    assert {draft.status, foreign.status, unknown.status} == {404}
    assert without_request_id(draft) == without_request_id(foreign) == without_request_id(unknown)
    assert archive.client.call("POST", path, body).status == 401


def test_after_the_decision_an_objection_comes_too_late(archive, holder):
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    decide(archive, opened, "reject", "holder_confirmed")
    late = holder.call("POST", f"/appeals/{opened['appeal_id']}/objection", {"reason": "我的"})
    assert (late.status, late.code) == (409, "conflict")


def test_messages_are_in_the_persons_language(archive, holder):
    client = archive.client
    body = {
        "verification_token": archive.prove_phone(APPELLANT_PHONE, "appeal"),
        "name": WANG.name,
        "document_type": WANG.document_type,
        "document_number": WANG.document_number,
        "email": APPELLANT_MAIL,
    }
    opened = client.call("POST", "/appeals", body, headers={"Accept-Language": "en"}).json
    submit_appeal(archive, opened)
    assert any("2026-11-26 18:00" in text for text in bodies(archive, APPELLANT_MAIL))
    assert any("申诉" in text for text in bodies(archive, WANG.email))
