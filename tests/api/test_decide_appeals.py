"""Appeals decided by two operators: what they see, what an approval moves, and undoing it."""

import re
from io import BytesIO
from typing import Any

import msgspec
import pytest
from PIL import Image, ImageChops, ImageStat

from chalicelib import jobs
from chalicelib.adapters.files import MemoryFiles
from chalicelib.domain.appeal_states import ANSWER_SECONDS, UNDO_SECONDS
from chalicelib.domain.consents import CURRENT_VERSION
from chalicelib.operations import decide_appeals, transfer_identity
from chalicelib.operations.document_scans import SETTLE_SECONDS
from chalicelib.stores.limits import Hit
from tests.api.steps import field_codes, sent_to
from tests.appeals import (
    APPELLANT_MAIL,
    APPELLANT_PHONE,
    open_appeal,
    picture,
    read_appeal,
    submit_appeal,
    upload,
)
from tests.corrections import with_directory, with_evidence
from tests.decisions import APPELLANT, PURPOSE, Office, decide, decided_by_both, office
from tests.records import (
    LI,
    WANG,
    file_record,
    member,
    record_ids,
)
from tests.staff import signed_in
from tests.world import PASSWORD, Answer, Client, World

DAY = 86_400


@pytest.fixture
def operators(archive: World) -> Office:
    return office(archive)


@pytest.fixture
def squatter(archive: World) -> Client:
    """Who registered with WANG's number, and has what such an account can have."""
    file_record(archive, "credentials", WANG)
    file_record(archive, "degrees", WANG, document_number="")
    client = member(archive, WANG)
    body = {
        "family": "degrees",
        "certificate_number": "1000142015000123",
        "graduation_year": 2015,
        "institution": "10001",
    }
    assert client.call("POST", "/bindings", body).status == 201
    return client


@pytest.fixture
def appeal(archive: World, squatter: Client) -> dict[str, str]:
    """The owner's appeal, handed in."""
    opened: dict[str, str] = open_appeal(archive, WANG, reason="号码被人注册").json
    assert submit_appeal(archive, opened, picture(size=(600, 400))).status == 202
    archive.deliver()
    return opened


def report_on(client: Client) -> dict[str, str]:
    (record_id,) = record_ids(client, "credentials")
    body = {
        "kind": "credential",
        "record_id": record_id,
        "language": "zh",
        "valid_months": 1,
        "disclosure": "full",
    }
    report: dict[str, str] = client.call("POST", "/reports", body).json
    return report


def set_password(archive: World) -> Answer:
    """Open the link that was mailed and set the new account's password."""
    archive.deliver()
    bodies = "\n".join(body for to, _, body in archive.mail.sent if to == APPELLANT_MAIL)
    token = re.findall(r"/invitation/#(\S+)", bodies)[-1]
    body: dict[str, Any] = {"token": token, "password": PASSWORD}
    without = archive.client.call("POST", "/invitations/accept", body)
    assert field_codes(without) == {"consent": "consent_required"}
    body["consent"] = {"version": CURRENT_VERSION, "accepted": True}
    return archive.client.call("POST", "/invitations/accept", body)


def refreshed(archive: World, operators: Office) -> Client:
    """The first operator, whose session has been idle for too long, signed in again."""
    return signed_in(archive, operators.first.email, operators.first.secret)


def approved(archive: World, operators: Office, appeal: dict[str, str]) -> Client:
    """The appellant, signed in to the new account."""
    decided_by_both(operators, appeal["appeal_id"], "approve")
    assert set_password(archive).status == 200
    archive.clock.advance(60)
    return archive.sign_in(APPELLANT)


# What waits, and what is shown


@pytest.mark.req("R-44")
def test_the_queue_is_in_the_order_of_due_times_and_holds_nothing_personal(archive, operators):
    ids = []
    for place, student in enumerate((WANG, LI)):
        opened = open_appeal(archive, student, phone=f"+861990000088{place}").json
        submit_appeal(archive, opened)
        ids.append(opened["appeal_id"])
        archive.clock.advance(DAY)
    answer = refreshed(archive, operators).call("GET", "/operator/appeals")
    items = answer.json["items"]
    assert [item["appeal_id"] for item in items] == ids
    assert [item["due_at"] for item in items] == sorted(item["due_at"] for item in items)
    for text in (WANG.name, WANG.document_number, LI.document_number, APPELLANT_MAIL):
        assert text not in answer.content.decode()


def test_the_queue_says_what_is_late_and_goes_on(archive, operators, appeal):
    client = operators.first.client
    archive.clock.advance(10 * DAY)
    client = refreshed(archive, operators)
    (item,) = client.call("GET", "/operator/appeals").json["items"]
    assert item["past_due"] is True
    opened = open_appeal(archive, LI).json
    submit_appeal(archive, opened)
    page = client.call("GET", "/operator/appeals", query={"limit": "1"})
    assert [one["appeal_id"] for one in page.json["items"]] == [appeal["appeal_id"]]
    following = {"limit": "1", "cursor": page.json["next"]}
    (last,) = client.call("GET", "/operator/appeals", query=following).json["items"]
    assert last["appeal_id"] == opened["appeal_id"]


@pytest.mark.req("R-67")
def test_an_appeal_is_shown_in_full_once_the_read_is_noted(archive, operators, appeal, squatter):
    path = f"/operator/appeals/{appeal['appeal_id']}"
    seen = operators.first.client.call("GET", path, query=PURPOSE)
    assert seen.status == 200
    assert seen.json["document_number"] == WANG.document_number
    assert (seen.json["name"], seen.json["phone"]) == (WANG.name, APPELLANT_PHONE)
    assert seen.json["holder"]["document_number"] == "1****************X"
    assert seen.json["holder"]["same_name"] is True
    assert seen.headers["Cache-Control"] == "no-store"
    (line,) = [
        one
        for one in squatter.call("GET", "/account/activity").json["items"]
        if one["action"] == "record_read"
    ]
    assert line["actor"].startswith("staff")
    own = archive.ports.audit.lines(operators.first.staff_id, limit=5)[0]
    assert [one.facts["purpose"] for one in own if one.action == "appeal_read"] == ["decision"]


def test_a_purpose_must_be_stated(operators, appeal):
    path = f"/operator/appeals/{appeal['appeal_id']}"
    for where in (path, f"{path}/scan"):
        assert operators.first.client.call("GET", where).status == 422
        odd = operators.first.client.call("GET", where, query={"purpose": "curiosity"})
        assert odd.status == 422


@pytest.mark.req("A-15")
def test_who_looks_at_very_much_is_stopped(archive, operators, appeal):
    client, path = operators.first.client, f"/operator/appeals/{appeal['appeal_id']}"
    spent = Hit("staff.reads.day", operators.first.staff_id, 200)
    archive.ports.limits.take([spent], archive.clock())
    assert client.call("GET", path, query=PURPOSE).code == "forbidden"
    assert client.call("GET", f"{path}/scan", query=PURPOSE).code == "forbidden"
    assert operators.second.client.call("GET", path, query=PURPOSE).status == 200


def test_the_scan_is_marked_with_who_looks_at_it(archive, operators, appeal):
    path = f"/operator/appeals/{appeal['appeal_id']}/scan"
    views = [client.call("GET", path, query=PURPOSE) for client in operators.clients]
    for view in views:
        assert (view.status, view.headers["Content-Type"]) == (200, "image/jpeg")
        assert view.headers["Cache-Control"] == "no-store"
    stored = archive.ports.cases.appeal(appeal["appeal_id"], archive.clock())
    clean = Image.open(BytesIO(archive.ports.photos.get(stored.scan)))
    first, second = (Image.open(BytesIO(view.content)) for view in views)
    assert first.size == clean.size
    for one, other in ((first, clean), (first, second)):
        difference = ImageChops.difference(one.convert("L"), other.convert("L"))
        assert ImageStat.Stat(difference).extrema[0][1] > 20


def test_a_draft_is_no_ones_to_see(archive, operators):
    opened = open_appeal(archive, WANG).json
    path = f"/operator/appeals/{opened['appeal_id']}"
    client = operators.first.client
    assert client.call("GET", path, query=PURPOSE).code == "not_found"
    assert client.call("GET", f"{path}/scan", query=PURPOSE).code == "not_found"
    assert decide(client, opened["appeal_id"], "approve").code == "not_found"


# Two people


@pytest.mark.req("R-44")
def test_one_operator_alone_decides_nothing(archive, operators, appeal):
    first = operators.first.client
    for _ in range(3):
        answer = decide(first, appeal["appeal_id"], "approve")
        assert (answer.status, answer.json["outcome"]) == (200, "proposed")
        assert answer.json["proposal"]["by_you"] is True
    assert read_appeal(archive, appeal).json["status"] == "submitted"
    (item,) = operators.second.client.call("GET", "/operator/appeals").json["items"]
    assert (item["proposal"]["decision"], item["proposal"]["by_you"]) == ("approve", False)


@pytest.mark.req("R-44")
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"decision": "approve"}, {"decision": "reject", "reason_code": "document_expired"}),
        (
            {"decision": "reject", "reason_code": "document_mismatch"},
            {"decision": "reject", "reason_code": "document_expired"},
        ),
    ],
)
def test_who_disagrees_proposes_something_else(archive, operators, appeal, first, second):
    decide(operators.first.client, appeal["appeal_id"], **first)
    other = decide(operators.second.client, appeal["appeal_id"], **second)
    assert other.json["outcome"] == "proposed"
    assert read_appeal(archive, appeal).json["status"] == "submitted"
    agreed = decide(operators.first.client, appeal["appeal_id"], **second)
    assert (agreed.json["outcome"], agreed.json["status"]) == ("decided", "rejected")


@pytest.mark.req("R-44")
def test_a_proposal_of_who_has_left_does_not_count(archive, operators, appeal):
    decide(operators.second.client, appeal["appeal_id"], "approve")
    operators.first.client.call("DELETE", f"/operator/staff/{operators.second.staff_id}")
    third = decide(operators.first.client, appeal["appeal_id"], "approve")
    assert third.json["outcome"] == "proposed"


@pytest.mark.req("R-44")
def test_an_objection_voids_a_proposal(archive, operators, appeal, squatter):
    decide(operators.first.client, appeal["appeal_id"], "approve")
    path = f"/appeals/{appeal['appeal_id']}/objection"
    assert squatter.call("POST", path, {"reason": "号码是我的"}).status == 202
    answer = decide(operators.second.client, appeal["appeal_id"], "approve")
    assert answer.json["outcome"] == "proposed"


def test_a_no_and_a_question_have_a_reason(operators, appeal):
    for decision in ("reject", "more_information"):
        missing = decide(operators.first.client, appeal["appeal_id"], decision)
        assert field_codes(missing) == {"reason_code": "required"}
    odd = decide(operators.first.client, appeal["appeal_id"], "reject", reason_code="because")
    assert field_codes(odd) == {"reason_code": "value_invalid"}


def test_a_question_is_answered_and_decided_anew(archive, operators, appeal):
    decided_by_both(
        operators, appeal["appeal_id"], "more_information", reason_code="document_unreadable"
    )
    seen = read_appeal(archive, appeal).json
    assert (seen["status"], seen["reason_code"]) == ("more_information", "document_unreadable")
    assert submit_appeal(archive, {**appeal, "upload": seen["upload"]}).status == 202
    decided_by_both(operators, appeal["appeal_id"], "reject", reason_code="document_mismatch")
    assert read_appeal(archive, appeal).json["status"] == "rejected"
    assert decide(operators.first.client, appeal["appeal_id"], "approve").code == "conflict"


def test_a_no_changes_nothing_for_the_holder(archive, operators, appeal, squatter):
    decided_by_both(operators, appeal["appeal_id"], "reject", reason_code="document_mismatch")
    assert len(record_ids(squatter, "credentials")) == 1
    assert any("没有变化" in text for text in sent_to(archive, WANG.email))
    assert any("证件与所填信息不一致" in text for text in sent_to(archive, APPELLANT_MAIL))


def test_a_decision_repeated_answers_the_same(archive, operators, appeal):
    _, second = decided_by_both(operators, appeal["appeal_id"], "approve")
    for client in operators.clients:
        again = decide(client, appeal["appeal_id"], "approve")
        assert (again.status, again.json) == (200, second.json)
    assert len([text for text in sent_to(archive, WANG.email) if "移出您的账户" in text]) == 1


# An approval


@pytest.mark.req("R-01")
@pytest.mark.req("R-44")
def test_an_approval_moves_the_identity_to_a_new_account(archive, operators, appeal, squatter):
    owner = approved(archive, operators, appeal)
    account = owner.call("GET", "/account").json
    assert account["proof_level"] == "document"
    assert (account["username"], account["name"]) == (APPELLANT_MAIL, WANG.name)
    assert len(record_ids(owner, "credentials")) == 1
    assert read_appeal(archive, appeal).json["status"] == "approved"
    assert squatter.call("GET", "/account").status == 401


@pytest.mark.req("R-04")
def test_the_old_account_keeps_nothing_of_it(archive, operators, appeal, squatter):
    report = report_on(squatter)
    (record_id,) = record_ids(squatter, "credentials")
    squatter.call("PUT", f"/archive/credentials/{record_id}/confirmation")
    owner = approved(archive, operators, appeal)
    verified = archive.client.call("GET", f"/verifications/{report['verification_code']}")
    assert verified.json["result"] == "revoked"
    archive.deliver()
    old = archive.sign_in(WANG)
    account = old.call("GET", "/account").json
    assert (account["proof_level"], account["document_number"]) == ("phone", None)
    for path in ("/archive", "/bindings", "/reports"):
        assert old.call("GET", path).code == "proof_required"
    export = old.call("GET", "/account/export").json
    assert export["reports"] == export["bindings"] == export["confirmations"] == []
    assert WANG.document_number not in str(export)
    assert record_ids(owner, "degrees") == []
    body = {
        "family": "degrees",
        "certificate_number": "1000142015000123",
        "graduation_year": 2015,
        "institution": "10001",
    }
    assert owner.call("POST", "/bindings", body).status == 201


def test_both_sides_are_told_in_their_language(archive, operators, squatter):
    headers = {"Accept-Language": "en"}
    body = {
        "verification_token": archive.prove_phone(APPELLANT_PHONE, "appeal"),
        "name": WANG.name,
        "document_type": WANG.document_type,
        "document_number": WANG.document_number,
        "email": APPELLANT_MAIL,
    }
    opened = archive.client.call("POST", "/appeals", body, headers=headers).json
    submit_appeal(archive, opened)
    decided_by_both(operators, opened["appeal_id"], "approve")
    assert any("has been made for you" in text for text in sent_to(archive, APPELLANT_MAIL))
    assert any("approved" in text for text in sent_to(archive, APPELLANT_PHONE))
    assert any("7 日内联系我们" in text for text in sent_to(archive, WANG.email))
    assert any("已移出您的账户" in text for text in sent_to(archive, WANG.phone))


def test_a_number_that_nobody_holds_is_given_as_well(archive, operators):
    opened = open_appeal(archive, LI).json
    submit_appeal(archive, opened)
    decided_by_both(operators, opened["appeal_id"], "approve")
    assert set_password(archive).status == 200


def test_contacts_of_another_account_cannot_be_the_new_ones(archive, operators, squatter):
    archive.clock.advance(60)
    opened = open_appeal(archive, WANG, phone=WANG.phone).json
    submit_appeal(archive, opened)
    decide(operators.first.client, opened["appeal_id"], "approve")
    refused = decide(operators.second.client, opened["appeal_id"], "approve")
    assert refused.code == "contact_taken"
    assert read_appeal(archive, opened).json["status"] == "submitted"
    assert squatter.call("GET", "/archive").status == 200


def test_another_identity_of_the_old_account_stays(archive, operators, squatter):
    """Who has proved a second number keeps that one, and its level."""
    account_id = squatter.call("GET", "/account").json["account_id"]
    ports = archive.ports
    account = ports.accounts.get(account_id)
    other = msgspec.structs.replace(account.person, document_number=LI.document_number)
    changed = msgspec.structs.replace(account, identities=(*account.identities, other))
    number = f"id:{LI.document_number}"
    ports.tables.commit(
        [ports.accounts.changing(changed), ports.accounts.claiming(account_id, number)]
    )
    opened = open_appeal(archive, WANG).json
    submit_appeal(archive, opened)
    decided_by_both(operators, opened["appeal_id"], "approve")
    left = ports.accounts.get(account_id)
    assert [one.document_number for one in left.identities] == [LI.document_number]
    assert (left.person.document_number, left.proof_level) == (LI.document_number, "identity")


@pytest.mark.req("R-66")
def test_the_scan_is_gone_within_a_week_of_the_decision(archive, operators, appeal):
    decided_by_both(operators, appeal["appeal_id"], "approve")
    archive.clock.advance(SETTLE_SECONDS)
    jobs.check_appeals(archive.ports)
    files = archive.ports.photos
    assert isinstance(files, MemoryFiles)
    assert not [one for one in files._files if one.startswith("scans/")]
    path = f"/operator/appeals/{appeal['appeal_id']}/scan"
    assert refreshed(archive, operators).call("GET", path, query=PURPOSE).code == "not_found"


@pytest.mark.req("R-94")
@pytest.mark.parametrize("killed", [False, True])
def test_what_the_commit_leaves_is_tidied_even_when_it_was_killed(
    archive, operators, appeal, squatter, monkeypatch, killed
):
    """Sessions beyond those of the commit, reports, corrections with evidence, bindings."""
    with_directory(archive)
    report = report_on(squatter)
    (record_id,) = record_ids(squatter, "credentials")
    correction = with_evidence(squatter, record_id)
    upload(archive, correction["upload"], picture())
    path = f"/corrections/{correction['correction_id']}/submit"
    assert squatter.call("POST", path).status in {200, 202}
    if killed:
        monkeypatch.setattr(decide_appeals, "settle", lambda *_: None)
    decided_by_both(operators, appeal["appeal_id"], "approve")
    path = f"/verifications/{report['verification_code']}"
    assert archive.client.call("GET", path).json["result"] == ("valid" if killed else "revoked")
    archive.clock.advance(SETTLE_SECONDS)
    jobs.check_appeals(archive.ports)
    assert archive.client.call("GET", path).json["result"] == "revoked"
    holder = archive.ports.accounts.holder("phone", WANG.phone)
    assert archive.ports.proofreading.corrections(holder) == []
    assert archive.ports.registry.links(WANG.document_number, holder) == []
    assert archive.ports.reports.list_of_owner(holder, limit=5, after=None) == ([], None)
    monkeypatch.undo()
    operators.first.client = refreshed(archive, operators)
    operators.second.client = signed_in(archive, operators.second.email, operators.second.secret)
    if killed:
        monkeypatch.setattr(decide_appeals, "settle", lambda *_: None)
    decided_by_both(operators, appeal["appeal_id"], "undo")
    archive.clock.advance(SETTLE_SECONDS)
    jobs.check_appeals(archive.ports)
    assert len(archive.ports.registry.links(WANG.document_number, holder)) == 1


def test_sessions_beyond_those_of_the_commit_end_as_well(
    archive, operators, appeal, squatter, monkeypatch
):
    monkeypatch.setattr(transfer_identity, "_MOST_SESSIONS", 1)
    clients = [squatter]
    for _ in range(2):
        archive.deliver()
        archive.clock.advance(60)
        clients.append(archive.sign_in(WANG))
    decided_by_both(operators, appeal["appeal_id"], "approve")
    assert {client.call("GET", "/account").status for client in clients} == {401}


# Undoing


def test_an_approval_is_undone_by_two(archive, operators, appeal, squatter):
    owner = approved(archive, operators, appeal)
    path = f"/operator/appeals/{appeal['appeal_id']}"
    seen = operators.first.client.call("GET", path, query=PURPOSE)
    assert seen.json["undo_until"] is not None
    decided_by_both(operators, appeal["appeal_id"], "undo")
    assert owner.call("GET", "/account").status == 401
    stood = read_appeal(archive, appeal).json
    assert (stood["status"], stood["reason_code"]) == ("rejected", "decision_undone")
    archive.deliver()
    archive.clock.advance(60)
    back = archive.sign_in(WANG)
    assert back.call("GET", "/account").json["proof_level"] == "identity"
    assert len(record_ids(back, "credentials")) == len(record_ids(back, "degrees")) == 1
    assert archive.sign_in(APPELLANT).call("GET", "/archive").code == "proof_required"
    assert any("恢复到您的账户" in text for text in sent_to(archive, WANG.email))
    assert any("决定已撤销" in text for text in sent_to(archive, APPELLANT_MAIL))
    assert decide(operators.first.client, appeal["appeal_id"], "undo").json["status"] == "rejected"


@pytest.mark.parametrize(("seconds", "allowed"), [(UNDO_SECONDS - 1, True), (UNDO_SECONDS, False)])
def test_an_approval_can_be_undone_for_a_week(archive, operators, appeal, seconds, allowed):
    decided_by_both(operators, appeal["appeal_id"], "approve")
    at = archive.clock()
    archive.clock.advance(seconds - 120)
    client = refreshed(archive, operators)
    archive.clock.instant = at + seconds
    answer = decide(client, appeal["appeal_id"], "undo")
    assert (answer.status == 200) is allowed


def test_what_is_not_approved_cannot_be_undone(operators, appeal):
    assert decide(operators.first.client, appeal["appeal_id"], "undo").code == "conflict"


def test_an_unanswered_question_ends_an_appeal_whatever_was_proposed(archive, operators, appeal):
    decided_by_both(
        operators, appeal["appeal_id"], "more_information", reason_code="document_unreadable"
    )
    archive.clock.advance(ANSWER_SECONDS)
    jobs.check_appeals(archive.ports)
    assert read_appeal(archive, appeal).json["status"] == "withdrawn"
