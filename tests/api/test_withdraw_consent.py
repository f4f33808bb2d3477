"""Withdrawing a consent, and what follows (R-08; PIPL, articles 15 and 16)."""

import pytest

from chalicelib import jobs
from chalicelib.adapters.files import MemoryFiles
from chalicelib.domain.consents import CURRENT_VERSION, digest_of
from chalicelib.operations.document_scans import SETTLE_SECONDS
from tests.api.steps import field_codes
from tests.appeals import picture, renamed, upload
from tests.corrections import ask_for_missing, with_directory, with_evidence
from tests.lab import Lab, lab
from tests.leaving import ask_to_close
from tests.records import LI, WANG, file_record, member
from tests.world import Client

pytestmark = pytest.mark.req("R-08")

REFUSED = [
    ("GET", "/archive"),
    ("GET", "/archive/credentials"),
    ("GET", "/bindings"),
    ("POST", "/bindings/refresh"),
    ("GET", "/reports"),
    ("GET", "/corrections"),
    ("GET", "/account/upgrade-eligibility"),
]


@pytest.fixture
def archive() -> Lab:
    return lab()


@pytest.fixture
def owner(archive: Lab) -> Client:
    file_record(archive, "credentials", WANG)
    client = member(archive, WANG)
    archive.deliver()
    archive.clock.advance(61)
    return client


def issue(client: Client) -> str:
    """A report's verification code."""
    item = client.call("GET", "/archive/credentials").json["items"][0]
    body = {
        "kind": "credential",
        "record_id": item["record_id"],
        "language": "zh",
        "valid_months": 1,
        "disclosure": "full",
    }
    return str(client.call("POST", "/reports", body).json["verification_code"])


def withdraw(client: Client, kind: str = "terms", language: str = "zh-CN"):
    return client.call("DELETE", f"/account/consents/{kind}", headers={"Accept-Language": language})


def agree(client: Client, version: str = CURRENT_VERSION, *, accepted: bool = True):
    body = {"version": version, "accepted": accepted}
    return client.call("PUT", "/account/consents/terms", body)


@pytest.mark.parametrize(("method", "path"), REFUSED)
def test_nothing_of_the_archive_is_processed_any_more(archive, owner, method, path):
    assert withdraw(owner).status == 200
    refused = owner.call(method, path)
    assert (refused.status, refused.code) == (403, "consent_withdrawn")
    archive.clock.advance(61)
    again = archive.sign_in(WANG).call(method, path)
    assert (again.status, again.code) == (403, "consent_withdrawn")


def test_it_says_what_follows_in_both_languages_and_tells_every_channel(archive, owner):
    assert "注销账户" in withdraw(owner).json["follows"]
    assert "close the account" in withdraw(owner, language="en").json["follows"]
    archive.deliver()
    texts = [body for _, _, body in (*archive.sms.sent, *archive.mail.sent) if "撤回" in body]
    assert len(texts) == 2, "told once, by phone and by mail"
    actions = [item["action"] for item in owner.call("GET", "/account/activity").json["items"]]
    assert actions.count("consent_withdrawn") == 1


def test_reports_close_and_other_sessions_end(archive, owner):
    codes = [issue(owner), issue(owner)]
    other = archive.sign_in(WANG)
    withdraw(owner)
    for code in codes:
        assert archive.client.call("GET", f"/verifications/{code}").json["result"] == "closed"
    assert other.call("GET", "/account").status == 401
    body = {"refresh_token": other.refresh_token}
    assert archive.client.call("POST", "/sessions/refresh", body).status == 401


def test_exporting_and_closing_still_work(archive, owner):
    issue(owner)
    withdraw(owner)
    exported = owner.call("GET", "/account/export").json
    assert len(exported["reports"]) == 1
    assert ask_to_close(archive, owner).status == 202


def test_agreeing_again_serves_again_and_keeps_the_new_consent(archive, owner):
    withdraw(owner)
    archive.clock.advance(600)
    assert agree(owner).status == 204
    assert owner.call("GET", "/archive").status == 200
    [kept] = owner.call("GET", "/account/consents").json["items"]
    assert kept == {
        "kind": "terms",
        "version": CURRENT_VERSION,
        "digest": digest_of(CURRENT_VERSION, "terms"),
        "at": kept["at"],
        "withdrawn": False,
    }
    assert kept["at"].startswith("2026-11-23T02:11"), "when it was given again"


@pytest.mark.parametrize(("version", "accepted"), [("2025-01", True), (CURRENT_VERSION, False)])
def test_only_a_yes_to_the_present_text_counts(archive, owner, version, accepted):
    withdraw(owner)
    assert field_codes(agree(owner, version, accepted=accepted)) == {"consent": "consent_required"}
    assert owner.call("GET", "/archive").code == "consent_withdrawn"
    [kept] = owner.call("GET", "/account/consents").json["items"]
    assert kept["withdrawn"] is True


def test_no_identity_is_checked_without_consent(archive, owner):
    asked = len(archive.checker.asked)
    withdraw(owner)
    body = {
        "name": LI.name,
        "document_type": LI.document_type,
        "document_number": LI.document_number,
    }
    assert owner.call("PUT", "/account/identity", body).code == "consent_withdrawn"
    assert len(archive.checker.asked) == asked


def scans(archive: Lab) -> list[str]:
    assert isinstance(archive.ports.photos, MemoryFiles)
    return [name for name in archive.ports.photos._files if name.startswith("scans/")]


@pytest.mark.req("R-66")
def test_withdrawing_the_consent_to_scans_ends_the_case_and_erases_the_scan(archive, owner):
    review_id = renamed(owner, WANG)
    path = f"/account/identity/{review_id}"
    upload(archive, owner.call("GET", path).json["upload"], picture())
    assert owner.call("POST", f"{path}/submit").status == 202
    before = owner.call("GET", "/account/consents").json["items"]
    assert [one["withdrawn"] for one in before] == [False, False]
    answer = withdraw(owner, "document_scan")
    assert (answer.status, answer.json["kind"]) == (200, "document_scan")
    assert owner.call("GET", path).json["status"] == "withdrawn"
    after = owner.call("GET", "/account/consents").json["items"]
    assert {one["kind"]: one["withdrawn"] for one in after} == {
        "terms": False,
        "document_scan": True,
    }
    assert len(scans(archive)) == 1
    assert owner.call("GET", "/archive").status == 200, "only the scans are concerned"
    archive.clock.advance(SETTLE_SECONDS)
    jobs.check_appeals(archive.ports)
    assert scans(archive) == []


def test_corrections_with_evidence_are_withdrawn_and_others_stay(archive, owner):
    with_directory(archive)
    record_id = owner.call("GET", "/archive/credentials").json["items"][0]["record_id"]
    scanned = with_evidence(owner, record_id)["correction_id"]
    plain = ask_for_missing(owner).json["correction_id"]
    assert withdraw(owner, "document_scan").status == 200
    states = {
        one["correction_id"]: one["status"]
        for one in owner.call("GET", "/corrections").json["items"]
    }
    assert states == {scanned: "withdrawn", plain: "submitted"}


@pytest.mark.parametrize("kind", ["terms", "document_scan"])
def test_twice_is_no_error(archive, owner, kind):
    assert withdraw(owner, kind).json == withdraw(owner, kind).json


def test_a_consent_is_the_owners_own(archive, owner):
    other = member(archive, LI)
    withdraw(owner)
    assert other.call("GET", "/archive").status == 200
    for method, path in (("GET", ""), ("DELETE", "/terms"), ("DELETE", "/document_scan")):
        assert archive.client.call(method, f"/account/consents{path}").status == 401
