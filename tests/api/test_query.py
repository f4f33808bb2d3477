"""The archive as its owner reads it, and the public list of institutions."""

import base64
from typing import Any

import pytest

from chalicelib.api.cursors import CURSOR_SECONDS
from chalicelib.domain.institutions import Institution
from chalicelib.domain.records import FACTS_OF, FAMILIES, PhotoKind
from tests.records import LI, ROWS, WANG, file_record, member, record_ids
from tests.world import Client, World

FIELDS = {
    "enrollments": "ethnicity institution_code institution_name level major_code major_name "
    "length_years category study_form branch department class_name student_number "
    "examinee_number enrollment_date status expected_graduation_date note",
    "credentials": "enrollment_date graduation_date category level institution_code "
    "institution_name length_years major_name study_form certificate_number conclusion "
    "president_name lost_void replaced_by",
    "degrees": "awarded_date institution_name degree_name certificate_number",
    "admissions": "examinee_number province year institution_name major_name level batch "
    "admission_date total_score",
    "exams": "year province subjects total_score",
    "loans": "lender contract_number academic_years amount status settled_date",
    "aids": "aid_kind academic_year amount granted_date",
}
"""What the domain page says that each family holds, beside name, sex and birth date."""


def file_enrolments(archive: World, count: int) -> None:
    for place in range(count):
        year = 1990 + place
        file_record(
            archive,
            "enrollments",
            WANG,
            student_number=f"S{place:04d}",
            enrollment_date=f"{year}-09-01",
        )


# The overview


def test_the_overview_names_all_seven_families_even_when_nothing_is_bound(archive):
    overview = member(archive, WANG).call("GET", "/archive")
    assert overview.status == 200
    assert overview.json == {
        "families": [{"family": family, "count": 0, "held": 0} for family in FAMILIES]
    }


def test_the_overview_counts_shown_and_withheld_records(archive):
    file_record(archive, "enrollments", WANG)
    file_record(archive, "enrollments", WANG, student_number="X2", hold_reason="照片比对未通过")
    file_record(archive, "loans", WANG)
    counts = {
        one["family"]: (one["count"], one["held"])
        for one in member(archive, WANG).call("GET", "/archive").json["families"]
    }
    assert counts["enrollments"] == (1, 1)
    assert counts["loans"] == (1, 0)
    assert counts["degrees"] == (0, 0)


@pytest.mark.parametrize("family", FAMILIES)
def test_a_record_filed_after_registration_appears_on_the_next_visit(archive, family):
    client = member(archive, WANG)
    assert record_ids(client, family) == []
    file_record(archive, family, WANG)
    assert len(record_ids(client, family)) == 1


# Records


@pytest.mark.parametrize("family", FAMILIES)
def test_a_record_shows_every_field_of_its_family_and_null_where_unknown(archive, family):
    file_record(archive, family, WANG)
    client = member(archive, WANG)
    record_id = record_ids(client, family)[0]
    record = client.call("GET", f"/archive/{family}/{record_id}").json
    expected = {"record_id", "version", "updated_at", "held", "name", "sex", "birth_date"}
    assert expected | set(FIELDS[family].split()) <= record.keys()
    assert set(FACTS_OF[family].__struct_fields__) <= record.keys()
    assert record["held"] is False
    assert record["version"] == 1
    assert record["updated_at"] == "2026-11-23T02:00:00Z"
    assert record["note"] is None
    (listed,) = client.call("GET", f"/archive/{family}").json["items"]
    assert listed.items() <= record.items()
    assert record.keys() - listed.keys() == {"confirmed_version", "confirmed_at", "photo_verdict"}


def test_document_and_contract_numbers_are_masked(archive):
    file_record(archive, "loans", WANG)
    loan = member(archive, WANG).call("GET", "/archive/loans").json["items"][0]
    assert loan["document_number"] == "1****************X"
    assert loan["contract_number"] == "************2345"


def test_records_come_newest_first_then_the_withheld(archive):
    for year, hold in (("2005", ""), ("2020", "核查中"), ("2015", ""), ("1999", "核查中")):
        file_record(
            archive,
            "enrollments",
            WANG,
            student_number=year,
            enrollment_date=f"{year}-09-01",
            hold_reason=hold,
        )
    items = member(archive, WANG).call("GET", "/archive/enrollments").json["items"]
    assert [item.get("student_number") for item in items] == ["2015", "2005", None, None]
    for item in items[2:]:
        assert item.keys() == {"record_id", "held", "hold_reason"}
        assert (item["held"], item["hold_reason"]) == (True, "核查中")


@pytest.mark.parametrize(
    ("family", "ordering", "number"),
    [
        ("credentials", "graduation_date", "certificate_number"),
        ("degrees", "awarded_date", "certificate_number"),
        ("admissions", "year", "examinee_number"),
        ("exams", "year", "examinee_number"),
        ("loans", "academic_years", "contract_number"),
        ("aids", "academic_year", "aid_kind"),
    ],
)
def test_every_family_comes_newest_first(archive, family, ordering, number):
    shapes = {"year": "{}", "academic_year": "{}-06", "academic_years": "{}-06"}
    for place, year in enumerate(("2003", "2005", "2004")):
        day = shapes.get(ordering, "{}-07-01").format(year)
        fields: dict[str, Any] = {ordering: day, number: f"N10001{place}"}
        if family == "credentials":
            fields["enrollment_date"] = ""
        file_record(archive, family, WANG, **fields)
    items = member(archive, WANG).call("GET", f"/archive/{family}").json["items"]
    assert [str(item[ordering])[:4] for item in items] == ["2005", "2004", "2003"]


def test_a_withheld_record_read_by_its_id_says_only_that(archive):
    file_record(archive, "credentials", WANG, hold_reason="核查中")
    client = member(archive, WANG)
    record_id = record_ids(client, "credentials")[0]
    record = client.call("GET", f"/archive/credentials/{record_id}").json
    assert record == {"record_id": record_id, "held": True, "hold_reason": "核查中"}


@pytest.mark.parametrize("family", ["enrolments", "credential", "ARCHIVE", "%E5%AD%A6", ".."])
def test_an_unknown_family_is_not_found(archive, family):
    answer = member(archive, WANG).call("GET", f"/archive/{family}")
    assert (answer.status, answer.code) == (404, "not_found")


def test_a_record_is_found_in_its_own_family_only(archive):
    file_record(archive, "credentials", WANG)
    client = member(archive, WANG)
    record_id = record_ids(client, "credentials")[0]
    assert client.call("GET", f"/archive/degrees/{record_id}").status == 404


@pytest.mark.req("R-04")
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/archive", None),
        ("GET", "/archive/credentials", None),
        ("GET", "/archive/credentials/x", None),
        ("GET", "/archive/credentials/x/photo?kind=graduation", None),
        ("GET", "/archive/credentials/x/versions", None),
        ("GET", "/bindings", None),
        ("POST", "/bindings/refresh", None),
        (
            "POST",
            "/bindings",
            {
                "family": "credentials",
                "certificate_number": "1",
                "graduation_year": 2015,
                "institution": "10001",
            },
        ),
        ("GET", "/reports", None),
        ("GET", "/reports/x", None),
        ("GET", "/reports/x/pdf", None),
        ("PATCH", "/reports/x", {"extend_months": 1}),
        ("DELETE", "/reports/x", None),
        (
            "POST",
            "/reports",
            {
                "kind": "credential",
                "record_id": "x",
                "language": "zh",
                "valid_months": 1,
                "disclosure": "full",
            },
        ),
    ],
)
def test_nothing_of_the_archive_below_proof_level_identity(archive, method, path, body):
    file_record(archive, "credentials", WANG)
    unproved = archive.registered(WANG)  # the identity checker does not know the phone
    path, _, query = path.partition("?")
    answer = unproved.call(method, path, body, query=dict([query.split("=")]) if query else None)
    assert (answer.status, answer.code) == (403, "proof_required")


# Pages


def read_pages(client: Client, path: str, **query: str) -> list[list[str]]:
    pages: list[list[str]] = []
    cursor: str | None = None
    while True:
        if cursor:
            query["cursor"] = cursor
        page = client.call("GET", path, query=query)
        assert page.status == 200, page.content
        pages.append([item["record_id"] for item in page.json["items"]])
        cursor = page.json["next"]
        if cursor is None:
            return pages


def first_cursor(client: Client, path: str = "/archive/enrollments", limit: str = "1") -> str:
    return str(client.call("GET", path, query={"limit": limit}).json["next"])


def test_pages_hold_twenty_unless_told_and_every_record_once(archive):
    file_enrolments(archive, 23)
    client = member(archive, WANG)
    assert [len(page) for page in read_pages(client, "/archive/enrollments")] == [20, 3]
    by_five = read_pages(client, "/archive/enrollments", limit="5")
    assert [len(page) for page in by_five] == [5, 5, 5, 5, 3]
    assert len({record for page in by_five for record in page}) == 23
    assert read_pages(client, "/archive/enrollments", limit="100") == [
        [record for page in by_five for record in page]
    ]


@pytest.mark.parametrize(
    ("limit", "status"),
    [("0", 422), ("1", 200), ("100", 200), ("101", 422), ("-1", 422), ("x", 422), ("", 422)],
)
def test_a_limit_is_between_1_and_100(archive, limit, status):
    answer = member(archive, WANG).call("GET", "/archive/aids", query={"limit": limit})
    assert answer.status == status
    if status == 422:
        assert [error["field"] for error in answer.json["errors"]] == ["limit"]


def test_a_cursor_holds_for_its_caller_only(archive):
    file_enrolments(archive, 2)
    cursor = first_cursor(member(archive, WANG))
    answer = member(archive, LI).call(
        "GET", "/archive/enrollments", query={"limit": "1", "cursor": cursor}
    )
    assert (answer.status, answer.code) == (422, "cursor_invalid")


def test_a_cursor_holds_for_its_query_only(archive):
    file_enrolments(archive, 3)
    client = member(archive, WANG)
    cursor = first_cursor(client)
    for path, limit in (
        ("/archive/credentials", "1"),
        ("/bindings", "1"),
        ("/archive/enrollments", "2"),
    ):
        answer = client.call("GET", path, query={"limit": limit, "cursor": cursor})
        assert answer.code == "cursor_invalid", path


@pytest.mark.parametrize(("seconds", "status"), [(CURSOR_SECONDS - 1, 200), (CURSOR_SECONDS, 422)])
def test_a_cursor_lives_a_day(archive, seconds, status):
    file_enrolments(archive, 2)
    cursor = first_cursor(member(archive, WANG))
    archive.clock.advance(seconds)
    answer = archive.sign_in(WANG).call(
        "GET", "/archive/enrollments", query={"limit": "1", "cursor": cursor}
    )
    assert answer.status == status


def test_a_changed_cursor_is_refused_whichever_byte_was_changed(archive):
    file_enrolments(archive, 2)
    client = member(archive, WANG)
    sealed = base64.urlsafe_b64decode(first_cursor(client) + "==")
    for place in range(len(sealed)):
        forged = bytearray(sealed)
        forged[place] ^= 1
        cursor = base64.urlsafe_b64encode(forged).rstrip(b"=").decode()
        answer = client.call("GET", "/archive/enrollments", query={"limit": "1", "cursor": cursor})
        assert answer.code == "cursor_invalid", place


@pytest.mark.parametrize("cursor", ["", "x", "!!!", "A" * 500, "中文", "AAAA===="])
def test_what_is_no_cursor_is_refused(archive, cursor):
    answer = member(archive, WANG).call("GET", "/archive/aids", query={"cursor": cursor})
    assert (answer.status, answer.code) == (422, "cursor_invalid")


def test_a_cursor_shows_nothing_of_what_it_holds(archive):
    file_enrolments(archive, 2)
    one, other = (first_cursor(client) for client in [member(archive, WANG)] * 2)
    assert one != other


# Photos


def test_a_record_has_a_photo_of_each_kind(archive):
    file_record(archive, "enrollments", WANG, photos={"admission": b"then", "graduation": b"later"})
    client = member(archive, WANG)
    record_id = record_ids(client, "enrollments")[0]
    for kind, content in (("admission", b"then"), ("graduation", b"later")):
        photo = client.call("GET", f"/archive/enrollments/{record_id}/photo", query={"kind": kind})
        assert (photo.status, photo.content) == (200, content)
        assert photo.headers["Content-Type"] == "image/jpeg"
        assert photo.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("kind", [None, "", "passport"])
def test_a_photo_needs_a_known_kind(archive, kind):
    file_record(archive, "enrollments", WANG, photos={"admission": b"then"})
    client = member(archive, WANG)
    record_id = record_ids(client, "enrollments")[0]
    query = {} if kind is None else {"kind": kind}
    answer = client.call("GET", f"/archive/enrollments/{record_id}/photo", query=query)
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "kind")


@pytest.mark.parametrize("hold", ["", "照片比对未通过"])
def test_no_photo_where_there_is_none_or_the_record_is_withheld(archive, hold):
    photos: dict[PhotoKind, bytes] | None = {"admission": b"then"} if hold else None
    file_record(archive, "enrollments", WANG, photos=photos, hold_reason=hold)
    client = member(archive, WANG)
    record_id = record_ids(client, "enrollments")[0]
    answer = client.call(
        "GET", f"/archive/enrollments/{record_id}/photo", query={"kind": "admission"}
    )
    assert (answer.status, answer.code) == (404, "not_found")


def test_photos_stay_when_an_institution_delivers_the_record_without_them(archive):
    file_record(archive, "enrollments", WANG, photos={"admission": b"then"})
    file_record(archive, "enrollments", WANG)
    file_record(archive, "enrollments", WANG, class_name="三班")
    (record,) = member(archive, WANG).call("GET", "/archive/enrollments").json["items"]
    assert (record["version"], record["class_name"], record["photos"]) == (2, "三班", ["admission"])


def test_a_new_photo_is_a_new_version(archive):
    first: dict[PhotoKind, bytes] = {"admission": b"then"}
    for photos in (first, {**first, "graduation": b"later"}):
        for _ in "12":
            file_record(archive, "enrollments", WANG, photos=photos)
    (record,) = member(archive, WANG).call("GET", "/archive/enrollments").json["items"]
    assert (record["version"], record["photos"]) == (2, ["admission", "graduation"])


# Versions


def test_a_corrected_record_is_its_next_version_and_keeps_the_earlier(archive):
    file_record(archive, "credentials", WANG, major_name="汉语言文字学")
    client = member(archive, WANG)
    record_id = record_ids(client, "credentials")[0]
    assert client.call("GET", f"/archive/credentials/{record_id}/versions").json == {
        "items": [],
        "next": None,
    }
    archive.clock.advance(60)
    file_record(archive, "credentials", WANG)
    record = client.call("GET", f"/archive/credentials/{record_id}").json
    assert (record["version"], record["major_name"]) == (2, "汉语言文学")
    assert record["updated_at"] == "2026-11-23T02:01:00Z"
    (earlier,) = client.call("GET", f"/archive/credentials/{record_id}/versions").json["items"]
    assert earlier["version"] == 1
    assert earlier["facts"]["major_name"] == "汉语言文字学"
    assert earlier["replaced_at"] == "2026-11-23T02:01:00Z"
    assert (earlier["replaced_by"], earlier["reason"]) == ("institution", "import")
    assert earlier["facts"]["document_number"] == "1****************X"


def test_the_same_file_again_makes_no_version(archive):
    file_record(archive, "degrees", WANG)
    archive.clock.advance(60)
    file_record(archive, "degrees", WANG)
    (record,) = member(archive, WANG).call("GET", "/archive/degrees").json["items"]
    assert (record["version"], record["updated_at"]) == (1, "2026-11-23T02:00:00Z")


def test_a_record_that_moves_to_another_person_leaves_the_first(archive):
    file_record(archive, "credentials", WANG)
    wang, li = member(archive, WANG), member(archive, LI)
    file_record(archive, "credentials", LI)
    assert record_ids(wang, "credentials") == []
    assert len(record_ids(li, "credentials")) == 1


def test_versions_of_a_withheld_record_are_withheld(archive):
    file_record(archive, "credentials", WANG, major_name="旧")
    file_record(archive, "credentials", WANG, hold_reason="核查中")
    client = member(archive, WANG)
    record_id = record_ids(client, "credentials")[0]
    versions = client.call("GET", f"/archive/credentials/{record_id}/versions")
    assert versions.json["items"] == []


def test_contract_numbers_are_masked_in_earlier_versions_too(archive):
    file_record(archive, "loans", WANG, amount="5000")
    file_record(archive, "loans", WANG)
    client = member(archive, WANG)
    record_id = record_ids(client, "loans")[0]
    answer = client.call("GET", f"/archive/loans/{record_id}/versions")
    assert answer.json["items"][0]["facts"]["amount"] == "5000.00"
    assert ROWS["loans"]["contract_number"] not in answer.content.decode()


# Institutions

DIRECTORY = [
    ("10001", "北京大学", "本科"),
    ("10002", "中国人民大学", "本科"),
    ("10003", "清华大学", "本科"),
    ("10053", "中国政法大学", "本科"),
    ("14075", "北京科技职业学院", "专科"),
]


@pytest.fixture
def directory(archive: World) -> World:
    archive.ports.institutions.merge(
        [
            Institution(
                identifier=f"41110{code}",
                code=code,
                name=name,
                province="北京市",
                level=level,
                department="教育部",
            )
            for code, name, level in DIRECTORY
        ]
    )
    return archive


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("", ["10001", "10002", "10003", "10053", "14075"]),
        ("清华", ["10003"]),
        ("中国", ["10002", "10053"]),
        ("大学", ["10001", "10002", "10003", "10053"]),
        ("北京大学", ["10001"]),
        ("1000", ["10001", "10002", "10003"]),
        ("10053", ["10053"]),
        ("没有", []),
    ],
)
def test_institutions_are_found_by_name_and_by_the_beginning_of_the_code(directory, query, codes):
    answer = directory.client.call("GET", "/institutions", query={"query": query})
    assert answer.status == 200
    assert [item["code"] for item in answer.json["items"]] == codes


def test_an_institution_shows_code_name_province_and_level(directory):
    answer = directory.client.call("GET", "/institutions", query={"query": "14075"})
    assert answer.json["items"] == [
        {"code": "14075", "name": "北京科技职业学院", "province": "北京市", "level": "专科"}
    ]


def test_the_public_list_may_be_cached_and_has_pages(directory):
    client = directory.client
    first = client.call("GET", "/institutions", query={"query": "大学", "limit": "3"})
    assert first.headers["Cache-Control"] == "public, max-age=300"
    rest = client.call(
        "GET",
        "/institutions",
        query={"query": "大学", "limit": "3", "cursor": first.json["next"]},
    )
    codes = [item["code"] for page in (first, rest) for item in page.json["items"]]
    assert codes == ["10001", "10002", "10003", "10053"]
    assert rest.json["next"] is None
    other = client.call(
        "GET", "/institutions", query={"query": "北京", "limit": "3", "cursor": first.json["next"]}
    )
    assert (other.status, other.code) == (422, "cursor_invalid")


def test_the_public_list_goes_to_its_end(archive: World):
    """The Ministry's list has more than two and a half thousand."""
    known = [f"{code:05d}" for code in range(10_001, 12_601)]
    archive.ports.institutions.merge(
        [
            Institution(
                identifier=f"41110{code}",
                code=code,
                name=f"第{code}大学",
                province="北京市",
                level="本科",
                department="教育部",
            )
            for code in known
        ]
    )
    found, asked = [], {"query": "大学", "limit": "100"}
    while True:
        page = archive.client.call("GET", "/institutions", query=asked).json
        found += [item["code"] for item in page["items"]]
        if page["next"] is None:
            break
        asked["cursor"] = page["next"]
    assert found == known
