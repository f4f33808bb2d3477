"""Verifying a report by its code: public, without an account."""

import json
from typing import Any, NamedTuple

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from chalicelib.domain.instants import plus_months
from chalicelib.domain.verification_codes import ALPHABET, make_code
from tests.api.steps import use_up
from tests.api.test_report import issue, issued, set_state
from tests.records import WANG, file_record, member, record_ids
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
    assert answer.json == {"result": state, "checked_at": "2026-11-23T02:00:00Z"}


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
