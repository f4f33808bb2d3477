"""Reports: issuing, reading, extending and closing them."""

import json
from typing import Any

import pytest
from jwcrypto.jwk import JWK
from sd_jwt.holder import SDJWTHolder
from sd_jwt.verifier import SDJWTVerifier

from chalicelib.domain.instants import plus_months, rfc3339
from chalicelib.domain.jose import decoded, encoded
from chalicelib.domain.records import Family
from chalicelib.stores.audit import Audit
from chalicelib.stores.tables import Key, Update
from tests.records import WANG, file_record, member, record_ids
from tests.world import ORIGIN, START, Answer, Client, World

FAMILY: dict[str, Family] = {
    "enrollment": "enrollments",
    "credential": "credentials",
    "degree": "degrees",
}


def issue(client: Client, record_id: str, **changes: Any) -> Answer:
    body = {
        "kind": "credential",
        "record_id": record_id,
        "language": "zh",
        "valid_months": 3,
        "disclosure": "full",
    }
    return client.call("POST", "/reports", body | changes)


def issued(archive: World, **changes: Any) -> tuple[Client, dict[str, Any]]:
    """The owner of a fresh report on a credential, and the report."""
    file_record(archive, "credentials", WANG)
    client = member(archive, WANG)
    answer = issue(client, record_ids(client, "credentials")[0], **changes)
    assert answer.status == 201, answer.content
    return client, answer.json


def set_state(archive: World, report: dict[str, Any], state: str) -> None:
    """What the institution's side does to a report: revoke or supersede it."""
    index = archive.ports.keyring.index("report.code", report["verification_code"].replace("-", ""))
    archive.ports.tables.write(
        Update(Key("reports", f"code#{index}", "-"), set={"state": state}, add={"version": 1})
    )


def shown(archive: World, report: dict[str, Any]) -> dict[str, Any]:
    """What a verifier sees of a report."""
    answer = archive.client.call("GET", f"/verifications/{report['verification_code']}")
    assert answer.status == 200, answer.content
    return dict(answer.json["report"])


# Issuing


@pytest.mark.parametrize("language", ["zh", "en", "zh+en"])
@pytest.mark.parametrize("kind", FAMILY)
def test_each_kind_is_issued_in_each_language(archive, kind, language):
    family = FAMILY[kind]
    file_record(archive, family, WANG)
    client = member(archive, WANG)
    record_id = record_ids(client, family)[0]
    answer = issue(client, record_id, kind=kind, language=language)
    assert answer.status == 201
    report = answer.json
    assert (report["kind"], report["language"], report["record_id"]) == (kind, language, record_id)
    assert (report["status"], report["views"]) == ("valid", 0)
    assert report["valid_until"] == "2027-02-23T02:00:00Z"
    groups = report["verification_code"].split("-")
    assert [len(group) for group in groups] == [4, 4, 4, 4]
    assert report["verification_url"].endswith("#" + "".join(groups))
    verified = shown(archive, report)
    assert verified["name"] == WANG.name
    assert ("english" in verified) == (language != "zh")


def test_two_reports_share_neither_code_nor_number(archive):
    client, first = issued(archive)
    second = issue(client, first["record_id"]).json
    for member_name in ("report_id", "report_number", "verification_code"):
        assert first[member_name] != second[member_name]


@pytest.mark.parametrize(
    ("disclosure", "present", "absent"),
    [
        ("full", {"name", "sex", "major_name", "certificate_number", "conclusion"}, set()),
        ("summary", {"name", "major_name", "conclusion"}, {"sex", "president_name"}),
        ("status", {"name", "institution_name", "conclusion"}, {"major_name", "sex", "level"}),
        (["name", "level"], {"name", "level"}, {"institution_name", "conclusion", "sex"}),
    ],
)
def test_a_report_shows_what_its_owner_discloses(archive, disclosure, present, absent):
    file_record(archive, "credentials", WANG, sex="男", president_name="林建华")
    client = member(archive, WANG)
    report = issue(client, record_ids(client, "credentials")[0], disclosure=disclosure).json
    fields = shown(archive, report).keys()
    assert present <= fields
    assert not absent & fields


@pytest.mark.parametrize("kind", FAMILY)
@pytest.mark.parametrize("disclosure", ["full", "summary", "status"])
def test_no_report_shows_document_number_class_or_student_number(archive, kind, disclosure):
    file_record(archive, FAMILY[kind], WANG)
    client = member(archive, WANG)
    report = issue(
        client, record_ids(client, FAMILY[kind])[0], kind=kind, disclosure=disclosure
    ).json
    answer = archive.client.call("GET", f"/verifications/{report['verification_code']}")
    pdf = client.call("GET", f"/reports/{report['report_id']}/pdf")
    for content in (answer.content.decode(), pdf.content.decode()):
        for secret in (WANG.document_number, "1****************X", "二班", "1100012345"):
            assert secret not in content


@pytest.mark.parametrize(
    "disclosure",
    [
        "everything",
        "",
        [],
        ["document_number"],
        ["name", "class_name"],
        ["student_number"],
        ["name", "name"],
        ["no_such_field"],
        ["name", 1],
        7,
        {"name": True},
        None,
    ],
)
def test_what_cannot_be_disclosed_is_refused(archive, disclosure):
    file_record(archive, "enrollments", WANG)
    client = member(archive, WANG)
    answer = issue(
        client, record_ids(client, "enrollments")[0], kind="enrollment", disclosure=disclosure
    )
    assert (answer.status, answer.code) == (422, "invalid_request")
    assert answer.json["errors"][0]["field"].startswith("disclosure")


@pytest.mark.parametrize(
    ("months", "status"),
    [(0, 422), (1, 201), (6, 201), (7, 422), (-1, 422), ("3", 422), (1.5, 422)],
)
def test_a_report_is_valid_for_one_to_six_months(archive, months, status):
    file_record(archive, "credentials", WANG)
    client = member(archive, WANG)
    answer = issue(client, record_ids(client, "credentials")[0], valid_months=months)
    assert answer.status == status
    if status == 201:
        assert answer.json["valid_until"] == rfc3339(plus_months(START, months))
    else:
        assert answer.json["errors"][0]["field"] == "valid_months"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"kind": "loan"}, "kind"),
        ({"language": "fr"}, "language"),
        ({"record_id": ""}, "record_id"),
    ],
)
def test_what_cannot_be_is_named(archive, changes, field):
    answer = issue(member(archive, WANG), **{"record_id": "x", **changes})
    assert answer.json["errors"][0]["field"] == field


def test_a_report_needs_a_record_of_its_kind(archive):
    file_record(archive, "degrees", WANG)
    client = member(archive, WANG)
    answer = issue(client, record_ids(client, "degrees")[0], kind="credential")
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize(
    ("family", "kind", "fields"),
    [
        ("enrollments", "enrollment", {"hold_reason": "照片比对未通过"}),
        ("credentials", "credential", {"hold_reason": "照片比对未通过"}),
        ("credentials", "credential", {"lost_void": "是", "replaced_by": "100011202605000001"}),
        ("credentials", "credential", {"revoked": "是"}),
        ("degrees", "degree", {"revoked": "是"}),
    ],
)
def test_no_report_on_a_held_lost_or_revoked_record(archive, family, kind, fields):
    file_record(archive, family, WANG, **fields)
    client = member(archive, WANG)
    answer = issue(client, record_ids(client, family)[0], kind=kind)
    assert (answer.status, answer.code) == (409, "record_not_reportable")
    assert client.call("GET", "/reports").json["items"] == []


@pytest.mark.req("R-53")
def test_a_reports_content_is_fixed_at_issue(archive):
    client, report = issued(archive)
    before = client.call("GET", f"/reports/{report['report_id']}/pdf").content
    file_record(archive, "credentials", WANG, major_name="世界史")
    assert shown(archive, report)["major_name"] == "汉语言文学"
    assert client.call("GET", f"/reports/{report['report_id']}/pdf").content == before


@pytest.mark.req("R-85")
def test_a_repeated_request_with_its_key_issues_one_report(archive):
    file_record(archive, "credentials", WANG)
    client = member(archive, WANG)
    body = {
        "kind": "credential",
        "record_id": record_ids(client, "credentials")[0],
        "language": "zh",
        "valid_months": 1,
        "disclosure": "status",
    }
    answers = [
        client.call("POST", "/reports", body, headers={"Idempotency-Key": "once"}) for _ in "123"
    ]
    assert {(answer.status, answer.content) for answer in answers} == {(201, answers[0].content)}
    assert len(client.call("GET", "/reports").json["items"]) == 1


# Reading


def test_reports_are_listed_newest_first_and_read_one_by_one(archive):
    client, first = issued(archive)
    archive.clock.advance(1)
    second = issue(client, first["record_id"]).json
    listed = client.call("GET", "/reports").json
    assert [item["report_id"] for item in listed["items"]] == [
        second["report_id"],
        first["report_id"],
    ]
    assert listed["next"] is None
    assert client.call("GET", f"/reports/{first['report_id']}").json == listed["items"][1] == first


def test_the_list_has_pages(archive):
    client, first = issued(archive)
    for _ in range(4):
        archive.clock.advance(1)
        issue(client, first["record_id"])
    found: list[str] = []
    cursor: dict[str, str] = {}
    for size in (2, 2, 1):
        page = client.call("GET", "/reports", query={"limit": "2", **cursor}).json
        assert len(page["items"]) == size
        found += [item["report_id"] for item in page["items"]]
        cursor = {"cursor": str(page["next"])}
    assert page["next"] is None
    assert len(set(found)) == 5


def test_the_owner_sees_how_often_it_was_viewed(archive):
    client, report = issued(archive)
    shown(archive, report)
    shown(archive, report)
    assert client.call("GET", f"/reports/{report['report_id']}").json["views"] == 2


def test_the_owner_sees_when_from_where_and_what_for_it_was_viewed(archive):
    client, report = issued(archive)
    other = issue(client, report["record_id"]).json
    verifier = archive.client
    for purpose in ("入职审核", ""):
        archive.clock.advance(60)
        verifier.call(
            "GET",
            f"/verifications/{report['verification_code']}",
            query={"purpose": purpose},
            ip="2001:db8:1:2::3",
        )
    shown(archive, other)
    origin = "2001:db8::/32"
    assert client.call("GET", f"/reports/{report['report_id']}/views").json == {
        "items": [
            {"at": "2026-11-23T02:02:00Z", "origin": origin, "purpose": ""},
            {"at": "2026-11-23T02:01:00Z", "origin": origin, "purpose": "入职审核"},
        ],
        "next": None,
    }


def test_views_have_pages_of_their_report_only(archive):
    client, report = issued(archive)
    other = issue(client, report["record_id"]).json
    for viewed in (report, other, report, other, other, other, report):
        archive.clock.advance(1)
        shown(archive, viewed)
    path, found = f"/reports/{report['report_id']}/views", []
    query = {"limit": "2"}
    while True:
        page = client.call("GET", path, query=query).json
        found += [item["at"][-3:-1] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert found == ["07", "03", "01"]
    elsewhere = client.call("GET", f"/reports/{other['report_id']}/views", query=query)
    assert elsewhere.code == "cursor_invalid"


def test_of_the_trail_only_the_time_of_the_report_is_read(archive, monkeypatch):
    client, early = issued(archive)
    for _ in range(5):
        archive.clock.advance(60)
        shown(archive, early)
    archive.clock.advance(60)
    report = issue(client, early["record_id"]).json
    shown(archive, report)
    read = []

    def noted(self, *arguments, **named):
        lines, after = lines_of(self, *arguments, **named)
        read.extend(lines)
        return lines, after

    lines_of = Audit.lines
    monkeypatch.setattr(Audit, "lines", noted)
    path = f"/reports/{report['report_id']}/views"
    page = client.call("GET", path, query={"limit": "1"}).json
    while page["next"]:
        page = client.call("GET", path, query={"limit": "1", "cursor": page["next"]}).json
    earlier = [line for line in read if line.facts.get("report_id") == early["report_id"]]
    assert len(earlier) == 1, "the line that tells that the rest is older"


@pytest.mark.parametrize("accept", [None, "*/*", "text/html", "application/json", "image/png;q=1"])
def test_the_pdf_comes_whatever_accept_says(archive, accept):
    client, report = issued(archive)
    headers = {"Accept": accept} if accept else {}
    pdf = client.call("GET", f"/reports/{report['report_id']}/pdf", headers=headers)
    assert (pdf.status, pdf.headers["Content-Type"]) == (200, "application/pdf")
    assert pdf.content.startswith(b"%PDF-")
    assert pdf.headers["Cache-Control"] == "no-store"
    assert report["report_id"] in pdf.headers["Content-Disposition"]


# Extending


def extend(client: Client, report: dict[str, Any], months: Any) -> Answer:
    return client.call("PATCH", f"/reports/{report['report_id']}", {"extend_months": months})


def later(archive: World, instant: int) -> Client:
    """The owner, at another time."""
    archive.clock.instant = instant
    return archive.sign_in(WANG)


@pytest.mark.parametrize(
    ("seconds", "status"),
    [(-1, 409), (0, 200)],
)
def test_a_report_is_extended_from_the_beginning_of_its_last_month(archive, seconds, status):
    _, report = issued(archive, valid_months=3)
    client = later(archive, plus_months(START, 2) + seconds)
    answer = extend(client, report, 2)
    assert answer.status == status
    if status == 200:
        assert answer.json["valid_until"] == rfc3339(plus_months(START, 5))
        assert shown(archive, report)["valid_until"] == rfc3339(plus_months(START, 5))
    else:
        assert answer.code == "report_not_extendable"


def test_a_report_of_one_month_is_always_in_its_last(archive):
    client, report = issued(archive, valid_months=1)
    assert extend(client, report, 1).json["valid_until"] == rfc3339(plus_months(START, 2))


@pytest.mark.parametrize("seconds", [-1, 0, 1, 86_400])
def test_an_expired_report_runs_on_from_now(archive, seconds):
    _, report = issued(archive, valid_months=1)
    end = plus_months(START, 1)
    client = later(archive, end + seconds)
    status = client.call("GET", f"/reports/{report['report_id']}").json["status"]
    assert status == ("valid" if seconds < 0 else "expired")
    extended = extend(client, report, 1).json
    assert extended["valid_until"] == rfc3339(plus_months(end + max(seconds, 0), 1))
    assert extended["status"] == "valid"


@pytest.mark.parametrize(("seconds", "months", "status"), [(0, 6, 200), (1, 6, 409), (1, 5, 200)])
def test_a_report_lives_at_most_a_year(archive, seconds, months, status):
    _, report = issued(archive, valid_months=6)
    client = later(archive, plus_months(START, 6) + seconds)
    assert extend(client, report, months).status == status


def test_a_year_old_report_is_not_extended_any_more(archive):
    _, report = issued(archive, valid_months=6)
    extend(later(archive, plus_months(START, 6)), report, 6)
    answer = extend(later(archive, plus_months(START, 12) - 1), report, 1)
    assert (answer.status, answer.code) == (409, "report_not_extendable")


@pytest.mark.parametrize("months", [0, 7, "1", None, 1.0])
def test_an_extension_is_one_to_six_months(archive, months):
    client, report = issued(archive, valid_months=1)
    answer = extend(client, report, months)
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "extend_months")


@pytest.mark.parametrize("state", ["closed", "revoked", "superseded"])
def test_what_was_withdrawn_is_not_extended(archive, state):
    client, report = issued(archive, valid_months=1)
    set_state(archive, report, state)
    answer = extend(client, report, 1)
    assert (answer.status, answer.code) == (409, "conflict")


# Closing


def test_a_report_is_closed_at_once_and_for_good(archive):
    client, report = issued(archive, valid_months=1)
    path = f"/reports/{report['report_id']}"
    closed = client.call("DELETE", path)
    assert (closed.status, closed.content) == (204, b"")
    assert client.call("GET", path).json["status"] == "closed"
    assert client.call("GET", f"{path}/pdf").code == "conflict"
    assert client.call("DELETE", path).status == 204
    assert extend(client, report, 1).status == 409
    verified = archive.client.call("GET", f"/verifications/{report['verification_code']}")
    assert verified.json["result"] == "closed"


def test_closing_does_not_hide_that_a_report_was_revoked(archive):
    client, report = issued(archive)
    set_state(archive, report, "revoked")
    path = f"/reports/{report['report_id']}"
    assert client.call("DELETE", path).status == 204
    assert client.call("GET", path).json["status"] == "revoked"


@pytest.mark.parametrize("state", ["revoked", "superseded"])
def test_the_owner_sees_what_became_of_a_report(archive, state):
    client, report = issued(archive)
    set_state(archive, report, state)
    assert client.call("GET", f"/reports/{report['report_id']}").json["status"] == state


# As a credential


def credential(client: Client, report: dict[str, Any], **query: str) -> str:
    answer = client.call("GET", f"/reports/{report['report_id']}/credential", query=query)
    assert answer.status == 200, answer.content
    assert answer.headers["Content-Type"] == "application/dc+sd-jwt"
    return answer.content.decode()


def public_part(key: dict[str, Any]) -> dict[str, str]:
    return {name: key[name] for name in ("kty", "crv", "x", "y")}


def checked(archive: World, text: str, **expected: str) -> dict[str, Any]:
    """What an independent library says of a credential, by the published keys."""
    published = archive.client.call("GET", "/.well-known/jwks.json").json["keys"]
    keys = {
        key["kid"]: JWK(**{name: key[name] for name in ("kty", "crv", "x", "y")})
        for key in published
    }

    def key_of(_issuer: str, header: dict[str, Any]) -> JWK:
        assert (header["typ"], header["alg"]) == ("dc+sd-jwt", "ES256")
        return keys[header["kid"]]

    return dict(SDJWTVerifier(text, key_of, **expected).get_verified_payload())


def test_a_credential_says_what_the_report_says(archive):
    client, report = issued(archive, language="zh+en")
    said = checked(archive, credential(client, report))
    seen = shown(archive, report)
    assert (said["iss"], said["exp"]) == (ORIGIN, plus_months(START, 3))
    assert said["vct"] == f"{ORIGIN}/credentials/credential"
    assert said["status"]["status_list"] == seen["status_list"]
    elsewhere = {"valid_until", "salt", "status_list", "photo_url"}
    assert {name: said[name] for name in seen if name not in elsewhere} == {
        name: value for name, value in seen.items() if name not in elsewhere
    }


def test_its_owner_shows_parts_and_the_rest_stays_hidden(archive):
    client, report = issued(archive)
    token, *disclosures, _ = credential(client, report).split("~")
    kept = [each for each in disclosures if b'"name"' in decoded(each)]
    text = "~".join([token, *kept, ""])
    said = checked(archive, text)
    assert said["name"] == WANG.name
    assert "institution_name" not in said
    assert "北京大学" not in decoded(token.split(".")[1]).decode()


def test_two_credentials_of_a_report_share_no_digest(archive):
    client, report = issued(archive)
    first, second = (credential(client, report).split("~")[1:-1] for _ in range(2))
    assert not set(first) & set(second)


@pytest.mark.req("R-53")
def test_no_change_of_a_credential_makes_it_say_anything_else(archive):
    """The library leaves out a changed disclosure; our own checker refuses it."""
    client, report = issued(archive)
    text = credential(client, report)
    before = checked(archive, text)
    for place in range(0, len(text), 7):
        if text[place] == "~":
            continue
        other = "A" if text[place] != "A" else "B"
        changed = text[:place] + other + text[place + 1 :]
        try:
            said = checked(archive, changed)
        except Exception:  # noqa: BLE001, S112 -- the library raises whatever it meets
            continue
        assert said.items() <= before.items()


def test_a_credential_bound_to_a_key_is_shown_with_that_key_alone(archive):
    client, report = issued(archive)
    holder = JWK.generate(kty="EC", crv="P-256")
    public = holder.export_public(as_dict=True)
    text = credential(client, report, holder=encoded(json.dumps(public).encode()))
    assert checked(archive, text)["cnf"]["jwk"] == public_part(public)
    with_binding = SDJWTHolder(text)
    with_binding.create_presentation(
        {"name": True}, nonce="n-1", aud="https://employer.example", holder_key=holder
    )
    shown_text = with_binding.sd_jwt_presentation
    expected = {"expected_aud": "https://employer.example", "expected_nonce": "n-1"}
    assert checked(archive, shown_text, **expected)["name"] == WANG.name
    with pytest.raises(Exception, match=r".*"):
        checked(archive, shown_text, **(expected | {"expected_nonce": "n-2"}))


@pytest.mark.parametrize(
    "key",
    [
        "x",
        encoded(b"{}"),
        encoded(b"[]"),
        encoded(b'{"kty":"oct","k":"AA"}'),
        encoded(JWK.generate(kty="EC", crv="P-384").export_public().encode()),
        encoded(JWK.generate(kty="EC", crv="P-256").export_private().encode()),
    ],
)
def test_what_is_no_public_key_on_p_256_is_refused(archive, key):
    client, report = issued(archive)
    answer = client.call("GET", f"/reports/{report['report_id']}/credential", query={"holder": key})
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "holder")


@pytest.mark.parametrize("state", ["closed", "revoked"])
def test_a_withdrawn_report_gives_no_credential(archive, state):
    client, report = issued(archive)
    set_state(archive, report, state)
    assert client.call("GET", f"/reports/{report['report_id']}/credential").code == "conflict"


def test_an_extended_report_gives_a_credential_for_as_long(archive):
    _, report = issued(archive, valid_months=1)
    archive.clock.instant = plus_months(START, 1) - 86_400
    client = archive.sign_in(WANG)
    client.call("PATCH", f"/reports/{report['report_id']}", {"extend_months": 2})
    assert checked(archive, credential(client, report))["exp"] == plus_months(START, 3)
