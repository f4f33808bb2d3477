"""Verifying a report by its code: public, without an account."""

import csv
import json
from typing import Any, NamedTuple

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from chalicelib.domain.errors import Refusal
from chalicelib.domain.instants import plus_months
from chalicelib.domain.report_tokens import facts_digest
from chalicelib.domain.verification_codes import ALPHABET, make_code
from tests.api.steps import use_up
from tests.api.test_report import issue, issued, set_state
from tests.records import WANG, file_record, member, record_ids
from tests.signing import MemorySigner
from tests.world import START, Answer, World

DAY = 86_400


class Page(NamedTuple):
    """What the plain renderer writes."""

    statement: dict[str, Any]
    code: str
    url: str
    token: str


def verify(archive: World, code: str, **more: Any) -> Answer:
    return archive.client.call("GET", f"/verifications/{code}", **more)


def unknown_code(number: int) -> str:
    return make_code(number.to_bytes(10))


# What it answers


def test_a_valid_report_shows_its_content(archive):
    _, report = issued(archive, language="zh+en")
    answer = verify(archive, report["verification_code"])
    assert answer.status == 200
    assert answer.json["result"] == "valid"
    assert answer.json["checked_at"] == "2026-11-23T02:00:00Z"
    shown = answer.json["report"]
    assert shown["report_number"] == report["report_number"]
    assert (shown["issued_at"], shown["valid_until"]) == (
        report["issued_at"],
        report["valid_until"],
    )
    assert (shown["name"], shown["institution_name"]) == (WANG.name, "北京大学")


@pytest.mark.req("R-23")
@pytest.mark.parametrize(("seconds", "result"), [(-1, "valid"), (0, "expired"), (1, "expired")])
def test_a_report_expires_by_the_clock(archive, seconds, result):
    _, report = issued(archive, valid_months=1)
    archive.clock.instant = plus_months(START, 1) + seconds
    answer = verify(archive, report["verification_code"])
    assert answer.json["result"] == result
    assert ("report" in answer.json) == (result == "valid")


@pytest.mark.parametrize("state", ["closed", "revoked"])
def test_a_withdrawn_report_shows_nothing_but_that(archive, state):
    _, report = issued(archive)
    set_state(archive, report, state)
    answer = verify(archive, report["verification_code"])
    assert answer.json == {
        "result": state,
        "checked_at": "2026-11-23T02:00:00Z",
        "checks": {
            "signature": "passed",
            "validity": "passed",
            "status": "failed",
            "currency": "not_checked",
        },
    }


def test_a_superseded_report_shows_its_content_and_no_pdf(archive):
    _, report = issued(archive)
    set_state(archive, report, "superseded")
    answer = verify(archive, report["verification_code"]).json
    assert answer["result"] == "superseded"
    assert answer["report"]["name"] == WANG.name
    assert "pdf_url" not in answer
    assert "photo_url" not in answer


def test_an_unknown_code_is_not_found(archive):
    answer = verify(archive, unknown_code(1))
    assert (answer.status, answer.code) == (404, "report_not_found")


# What is a code


@pytest.mark.parametrize("spoil", ["-", " ", "--", "lower", "confusable"])
def test_a_code_is_read_as_people_write_it(archive, spoil):
    _, report = issued(archive)
    code = report["verification_code"].replace("-", "")
    if spoil == "lower":
        typed = code.lower()
    elif spoil == "confusable":
        typed = code.replace("0", "O").replace("1", "l")
    else:
        typed = spoil.join(code[start : start + 2] for start in range(0, 16, 2))
    assert verify(archive, typed).json["result"] == "valid"


@pytest.mark.req("R-50")
@pytest.mark.parametrize(("read_as", "typed"), [("0", "Oo"), ("1", "IiLl")])
def test_letters_that_look_like_digits_are_read_as_those(archive, read_as, typed):
    code = next(c for c in map(unknown_code, range(99)) if read_as in c)
    for letter in typed:
        assert verify(archive, code.replace(read_as, letter)).code == "report_not_found"


@pytest.mark.req("R-50")
@pytest.mark.parametrize("code", ["", "1", "0" * 15, "0" * 17, "0" * 2000, "U" * 16, "中" * 16])
def test_what_cannot_be_a_code_is_malformed(archive, code):
    answer = verify(archive, code or "-")
    assert (answer.status, answer.code) == (422, "code_malformed")


@pytest.mark.req("R-50")
def test_one_wrong_symbol_is_malformed_not_unknown(archive):
    code = unknown_code(12345678901234567890)
    for place, symbol in enumerate(code):
        other = ALPHABET[(ALPHABET.index(symbol) + 1) % 32]
        assert verify(archive, code[:place] + other + code[place + 1 :]).code == "code_malformed"


# PDF and photo


def test_pdf_and_photo_while_valid_and_not_counted_as_views(archive):
    file_record(archive, "credentials", WANG, photos={"graduation": b"face"})
    owner = member(archive, WANG)
    report = issue(owner, record_ids(owner, "credentials")[0]).json
    found = verify(archive, report["verification_code"]).json
    assert found["report"]["photo_url"] == found["photo_url"]
    photo = archive.client.call("GET", found["photo_url"].removeprefix("/api"))
    assert (photo.content, photo.headers["Content-Type"]) == (b"face", "image/jpeg")
    pdf = archive.client.call("GET", found["pdf_url"].removeprefix("/api"))
    assert pdf.headers["Content-Type"] == "application/pdf"
    assert pdf.content.startswith(b"%PDF-")
    assert owner.call("GET", f"/reports/{report['report_id']}").json["views"] == 1


@pytest.mark.parametrize("what", ["pdf", "photo"])
def test_files_are_read_only_so_often_a_day(archive, what):
    file_record(archive, "credentials", WANG, photos={"graduation": b"face"})
    owner = member(archive, WANG)
    report = issue(owner, record_ids(owner, "credentials")[0]).json
    use_up(archive, "report.file.day", report["report_id"], leaving=1)
    path = f"/verifications/{report['verification_code']}/{what}"
    assert archive.client.call("GET", path).status == 200
    refused = archive.client.call("GET", path)
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert refused.headers["Retry-After"] == str(DAY)
    archive.clock.advance(DAY)
    assert archive.client.call("GET", path).status == 200


def test_a_photo_is_shown_only_where_it_is_disclosed(archive):
    file_record(archive, "credentials", WANG, photos={"graduation": b"face"})
    owner = member(archive, WANG)
    report = issue(owner, record_ids(owner, "credentials")[0], disclosure="status").json
    found = verify(archive, report["verification_code"]).json
    assert "photo_url" not in found
    photo = archive.client.call("GET", f"/verifications/{report['verification_code']}/photo")
    assert (photo.status, photo.code) == (404, "not_found")


@pytest.mark.parametrize("state", ["closed", "revoked", "superseded", "expired"])
@pytest.mark.parametrize("what", ["pdf", "photo"])
def test_neither_pdf_nor_photo_once_it_is_not_valid(archive, what, state):
    file_record(archive, "credentials", WANG, photos={"graduation": b"face"})
    owner = member(archive, WANG)
    report = issue(owner, record_ids(owner, "credentials")[0]).json
    if state == "expired":
        archive.clock.instant = plus_months(START, 3)
    else:
        set_state(archive, report, state)
    answer = archive.client.call("GET", f"/verifications/{report['verification_code']}/{what}")
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize("what", ["pdf", "photo"])
def test_pdf_and_photo_of_unknown_and_malformed_codes(archive, what):
    call = archive.client.call
    assert call("GET", f"/verifications/{unknown_code(1)}/{what}").code == "report_not_found"
    assert call("GET", f"/verifications/x/{what}").code == "code_malformed"


# What the owner learns


@pytest.mark.req("R-67")
def test_a_view_is_counted_once_and_written_down_with_its_purpose(archive):
    owner, report = issued(archive)
    account_id = owner.call("GET", "/account").json["account_id"]
    verify(archive, report["verification_code"], query={"purpose": "入职审核"}, ip="198.51.100.7")
    lines, _ = archive.ports.audit.lines(account_id, limit=100)
    (view,) = [line for line in lines if line.action == "report_viewed"]
    assert (view.actor, view.at) == ("verifier", START)
    assert view.facts == {
        "report_id": report["report_id"],
        "origin": "198.51.0.0/16",
        "purpose": "入职审核",
    }
    assert owner.call("GET", f"/reports/{report['report_id']}").json["views"] == 1


@pytest.mark.req("R-67")
@pytest.mark.parametrize("state", ["closed", "revoked"])
def test_a_look_that_shows_nothing_is_no_view(archive, state):
    owner, report = issued(archive)
    set_state(archive, report, state)
    verify(archive, report["verification_code"])
    assert owner.call("GET", f"/reports/{report['report_id']}").json["views"] == 0


@pytest.mark.parametrize(("length", "status"), [(200, 200), (201, 422)])
def test_a_purpose_is_short(archive, length, status):
    _, report = issued(archive)
    answer = verify(archive, report["verification_code"], query={"purpose": "问" * length})
    assert answer.status == status


# Limits


@pytest.mark.req("A-09")
def test_ten_misses_in_a_minute_and_the_address_waits(archive):
    for number in range(10):
        assert verify(archive, unknown_code(number)).code == "report_not_found"
    over = verify(archive, unknown_code(99))
    assert (over.status, over.code) == (429, "rate_limited")
    assert 1 <= int(over.headers["Retry-After"]) <= 60
    assert verify(archive, unknown_code(99), ip="198.51.100.7").status == 404
    archive.clock.advance(60)
    assert verify(archive, unknown_code(99)).status == 404


@pytest.mark.req("A-09")
def test_a_hundred_misses_a_day_and_the_address_waits(archive):
    for number in range(100):
        if number % 10 == 0:
            archive.clock.advance(60)
        assert verify(archive, unknown_code(number)).status == 404
    archive.clock.advance(60)
    assert verify(archive, unknown_code(999)).status == 429
    archive.clock.advance(DAY)
    assert verify(archive, unknown_code(999)).status == 404


@pytest.mark.req("A-09")
def test_an_address_that_guessed_too_often_learns_nothing_from_a_right_guess(archive):
    _, report = issued(archive)
    for number in range(10):
        verify(archive, unknown_code(number))
    assert verify(archive, report["verification_code"]).status == 429


@pytest.mark.req("A-10")
def test_two_hundred_views_of_a_report_a_day(archive):
    _, report = issued(archive)
    code = report["verification_code"]
    for number in range(200):
        answer = verify(archive, code, ip=f"198.51.100.{number}")
        assert answer.status == 200
    over = verify(archive, code)
    assert (over.status, over.code) == (429, "rate_limited")
    archive.clock.advance(DAY)
    assert verify(archive, code).status == 200


# The published keys


@pytest.mark.req("R-53")
def test_the_published_keys_verify_a_report(archive):
    _, report = issued(archive, language="zh+en")
    answer = archive.client.call("GET", "/.well-known/jwks.json")
    assert answer.status == 200
    assert "max-age=300" in answer.headers["Cache-Control"]
    keys = KeySet.import_key_set(answer.json)
    said = pdf_of(archive, report)
    found = jws.deserialize_compact(said.token, keys, algorithms=["ES256"])
    claims = json.loads(found.payload)
    assert claims["report"] == report["report_number"]


def pdf_of(archive, report) -> Page:
    content = archive.client.call("GET", f"/verifications/{report['verification_code']}/pdf")
    return Page(*msgspec.json.decode(content.content.removeprefix(b"%PDF-")))


def test_the_pdf_is_that_of_the_issue_whatever_happens_to_the_photo(archive):
    file_record(archive, "credentials", WANG, photos={"graduation": b"a portrait"})
    client = member(archive, WANG)
    report = issue(client, record_ids(client, "credentials")[0]).json
    before = client.call("GET", f"/reports/{report['report_id']}/pdf").content
    archive.ports.photos.forget("credentials/")
    assert client.call("GET", f"/reports/{report['report_id']}/pdf").content == before
    assert (
        archive.client.call("GET", f"/verifications/{report['verification_code']}/pdf").content
        == before
    )


# Each check on its own


def checks(archive, report) -> dict[str, str]:
    return dict(verify(archive, report["verification_code"]).json["checks"])


ALL_PASSED = dict.fromkeys(("signature", "validity", "status", "currency"), "passed")


def test_every_check_of_a_fresh_report_passes(archive):
    _, report = issued(archive)
    assert checks(archive, report) == ALL_PASSED


@pytest.mark.parametrize(
    ("state", "failed"),
    [
        ("superseded", {"currency": "failed"}),
        ("closed", {"status": "failed", "currency": "not_checked"}),
        ("revoked", {"status": "failed", "currency": "not_checked"}),
    ],
)
def test_what_was_done_to_a_report_fails_its_own_check(archive, state, failed):
    _, report = issued(archive)
    set_state(archive, report, state)
    assert checks(archive, report) == ALL_PASSED | failed


@pytest.mark.parametrize(("seconds", "outcome"), [(-1, "passed"), (0, "failed")])
def test_validity_fails_by_the_clock_alone(archive, seconds, outcome):
    _, report = issued(archive, valid_months=1)
    archive.clock.instant = plus_months(START, 1) + seconds
    assert checks(archive, report) == ALL_PASSED | {"validity": outcome}


def test_an_extended_report_is_signed_anew(archive):
    _, report = issued(archive, valid_months=1)
    old = pdf_of(archive, report)
    archive.clock.instant = plus_months(START, 1) - DAY
    client = archive.sign_in(WANG)
    extended = client.call("PATCH", f"/reports/{report['report_id']}", {"extend_months": 2})
    assert extended.status == 200
    new = pdf_of(archive, report)
    assert checks(archive, report) == ALL_PASSED
    assert old.token != new.token
    assert new.statement["valid_until"] > old.statement["valid_until"]


def signer(archive: World) -> MemorySigner:
    made = archive.ports.signatures._signer
    assert isinstance(made, MemorySigner)
    return made


@pytest.mark.req("R-53")
def test_after_a_rotation_old_reports_still_pass(archive):
    client, report = issued(archive)
    signer(archive).rotate()
    assert checks(archive, report) == ALL_PASSED
    second = issue(client, report["record_id"]).json
    assert checks(archive, second) == ALL_PASSED


def test_a_report_of_a_key_that_is_trusted_no_more_proves_nothing(archive):
    _, report = issued(archive)
    signer(archive).rotate()
    signer(archive).keys.pop()
    answer = verify(archive, report["verification_code"])
    assert answer.json["result"] == "revoked"
    assert answer.json["checks"]["signature"] == "failed"
    assert "report" not in answer.json
    pdf = archive.client.call("GET", f"/verifications/{report['verification_code']}/pdf")
    assert pdf.code == "not_found"


def test_keys_out_of_reach_are_not_checked_and_nothing_fails(archive, monkeypatch):
    def away() -> None:
        raise Refusal("unavailable")

    _, report = issued(archive)
    monkeypatch.setattr(signer(archive), "published", away)
    answer = verify(archive, report["verification_code"])
    assert answer.json["result"] == "valid"
    assert answer.json["checks"] == ALL_PASSED | {"signature": "not_checked"}


def test_the_answer_verifies_by_the_token_that_comes_with_it(archive):
    _, report = issued(archive, language="zh+en")
    answer = verify(archive, report["verification_code"]).json
    claims = archive.ports.signatures.claims(answer["token"], "report+jwt")
    said = {name: value for name, value in answer["report"].items() if name != "photo_url"}
    assert claims["facts"] == facts_digest(said)
    assert claims["facts"] != facts_digest(said | {"name": "李四"})


# Many at once


def test_many_codes_are_answered_in_order_and_each_on_its_own(archive):
    client, first = issued(archive)
    second = issue(client, first["record_id"]).json
    client.call("DELETE", f"/reports/{second['report_id']}")
    codes = [second["verification_code"], "short", unknown_code(1), first["verification_code"]]
    answer = archive.client.call("POST", "/verifications", {"codes": codes})
    assert answer.status == 200
    found = answer.json["results"]
    assert [one.get("result", one.get("code")) for one in found] == [
        "closed",
        "code_malformed",
        "report_not_found",
        "valid",
    ]
    assert found[3]["report"]["name"] == WANG.name
    assert (found[2]["status"], found[1]["status"]) == (404, 422)


def test_the_owner_sees_each_of_many_views_once_and_with_its_purpose(archive):
    client, report = issued(archive)
    code = report["verification_code"]
    body = {"codes": [code, code]}
    answer = archive.client.call("POST", "/verifications", body, query={"purpose": "招聘"})
    assert [one["result"] for one in answer.json["results"]] == ["valid", "valid"]
    assert client.call("GET", f"/reports/{report['report_id']}").json["views"] == 1
    (seen,) = client.call("GET", f"/reports/{report['report_id']}/views").json["items"]
    assert seen["purpose"] == "招聘"


@pytest.mark.parametrize(("count", "status"), [(0, 422), (1, 200), (500, 200), (501, 422)])
def test_there_are_at_most_500(archive, count, status):
    answer = archive.client.call("POST", "/verifications", {"codes": ["short"] * count})
    assert answer.status == status
    if status == 200:
        assert len(answer.json["results"]) == count


def test_guessing_in_bulk_is_stopped_like_guessing_one_by_one(archive):
    codes = [unknown_code(number) for number in range(1, 60)]
    found = archive.client.call("POST", "/verifications", {"codes": codes}).json["results"]
    assert found[0]["code"] == "report_not_found"
    assert found[-1]["code"] == "rate_limited"


def in_csv(archive: World, text: str, **headers: str) -> Answer:
    sent = {"Content-Type": "text/csv", **headers}
    return archive.client.call("POST", "/verifications", raw=text.encode(), headers=sent)


@pytest.mark.parametrize("heading", ["", "code\r\n", "codes,note\r\n", "\ufeffcode\n"])
def test_csv_in_and_csv_out(archive, heading):
    _, report = issued(archive, language="zh")
    answer = in_csv(archive, f"{heading}{report['verification_code']},x\n\nshort\n")
    assert answer.status == 200
    assert answer.headers["Content-Type"].startswith("text/csv")
    first, second = csv.DictReader(answer.content.decode("utf-8-sig").splitlines())
    assert (first["code"], first["result"]) == (report["verification_code"], "valid")
    assert (first["record_name"], first["record_institution_name"]) == (WANG.name, "北京大学")
    assert {first[f"check_{name}"] for name in ALL_PASSED} == {"passed"}
    assert (second["code"], second["result"], second["problem"]) == ("short", "", "code_malformed")


def test_csv_in_and_json_out_and_the_other_way(archive):
    _, report = issued(archive)
    code = report["verification_code"]
    answer = in_csv(archive, code, Accept="application/json")
    assert answer.json["results"][0]["result"] == "valid"
    other = archive.client.call(
        "POST", "/verifications", {"codes": [code]}, headers={"Accept": "text/csv"}
    )
    assert other.headers["Content-Type"].startswith("text/csv")
    assert b"valid" in other.content


def test_no_cell_is_a_formula(archive):
    answer = in_csv(archive, "=1+1\n@x\n", Accept="text/csv")
    assert b"'=1+1" in answer.content
    assert b"'@x" in answer.content


@pytest.mark.parametrize(
    ("content", "status"), [(b"\xff\xfe", 422), (b"", 422), (b'"open', 422), (b"x" * 70_000, 413)]
)
def test_odd_csv_is_refused(archive, content, status):
    headers = {"Content-Type": "text/csv"}
    answer = archive.client.call("POST", "/verifications", raw=content, headers=headers)
    assert answer.status == status


def test_other_routes_take_no_csv(archive):
    headers = {"Content-Type": "text/csv"}
    assert archive.client.call("POST", "/sessions", raw=b"x", headers=headers).status == 415
