from typing import Any

import msgspec
import pytest

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.records import FACTS_OF, Credential, Degree, Enrollment, Facts, Record
from chalicelib.domain.statements import (
    DISCLOSABLE,
    REPORTABLE_FAMILY,
    Statement,
    build_statement,
    disclosed_fields,
    is_reportable,
    public_view,
)

ISSUED_AT = 1_795_485_600  # 2026-11-24T02:00:00Z
VALID_UNTIL = ISSUED_AT + 90 * 86_400

PERSON: dict[str, Any] = {
    "name": "吕小安",
    "document_type": "resident_id",
    "document_number": "11010519491231002X",
    "sex": "女",
    "birth_date": "1949-12-31",
    "ethnicity": "汉族",
    "note": "内部备注",
}
STUDIES: dict[str, Any] = {
    "institution_code": "10001",
    "institution_name": "北京大学",
    "level": "本科",
    "major_code": "050101",
    "major_name": "汉语言文学",
    "length_years": 4.0,
    "category": "普通高等教育",
    "study_form": "普通全日制",
    "branch": "医学部",
    "enrollment_date": "2011-09-01",
}
FACTS: dict[str, Facts] = {
    "enrollment": Enrollment(
        **PERSON,
        **STUDIES,
        department="通信工程系",
        class_name="二班",
        student_number="1100012345",
        examinee_number="11110105150001",
        status="毕业",
        expected_graduation_date="2015-07-01",
    ),
    "credential": Credential(
        **PERSON,
        **STUDIES,
        graduation_date="2015-07-01",
        certificate_number="100011201505000123",
        school_number="982456",
        serial_number="00298959",
        replaces="100011201505000001",
        conclusion="毕业",
        president_name="顾示燕",
    ),
    "degree": Degree(
        **PERSON,
        **{name: STUDIES[name] for name in ("institution_code", "institution_name")},
        **{name: STUDIES[name] for name in ("major_code", "major_name")},
        level="学士",
        degree_name="文学学士",
        awarded_date="2015-07-01",
        certificate_number="1000142015000123",
        president_name="顾示燕",
    ),
}
KINDS = tuple(REPORTABLE_FAMILY)
NEVER_SHOWN = {
    *("document_type", "document_number", "class_name", "student_number", "examinee_number"),
    *("name_spelling", "note", "lost_void", "revoked", "replaced_by"),
}


def record(kind="credential", *, facts=None, photos=None, hold_reason=None, **changes) -> Record:
    return Record(
        record_id="the-record",
        family=REPORTABLE_FAMILY[kind],
        version=3,
        updated_at=1,
        facts=msgspec.structs.replace(facts or FACTS[kind], **changes),
        photos=photos or {},
        hold_reason=hold_reason,
    )


def statement(
    kind="credential", *, language="zh", disclosure="full", photos=None, **changes
) -> Statement:
    return build_statement(
        record(kind, photos=photos, **changes),
        kind=kind,
        language=language,
        disclosure=disclosure,
        report_number="20261124-0000000001",
        issued_at=ISSUED_AT,
        valid_until=VALID_UNTIL,
    )


def values(made: Statement) -> dict[str, tuple[str, str]]:
    return {line.field: (line.value_zh, line.value_en) for line in made.lines}


# Whether a report may be issued


@pytest.mark.parametrize("kind", KINDS)
def test_an_ordinary_record_is_reportable(kind):
    assert is_reportable(record(kind))


def test_a_held_lost_or_revoked_record_is_not_reportable():
    assert not is_reportable(record(hold_reason="待核实"))
    assert not is_reportable(record(lost_void=True, replaced_by="100011201505000124"))
    assert not is_reportable(record(revoked=True))
    assert not is_reportable(record("degree", revoked=True))


def test_the_certificate_that_replaces_a_lost_one_is_reportable_and_names_it():
    assert is_reportable(record())
    assert values(statement())["replaces"][0] == "100011201505000001"


# Which fields it shows


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_record_is_either_disclosable_or_never_shown(kind):
    """A field added to the records is not shown before somebody decides so here."""
    fields = set(FACTS_OF[REPORTABLE_FAMILY[kind]].__struct_fields__)
    undecided = fields - set(DISCLOSABLE[kind]) - NEVER_SHOWN
    assert undecided == (set() if kind == "enrollment" else {"ethnicity"})
    assert set(DISCLOSABLE[kind]) - fields == {"photo"}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("disclosure", ["full", "summary", "status"])
def test_presets_show_nothing_that_is_never_shown(kind, disclosure):
    assert NEVER_SHOWN.isdisjoint(disclosed_fields(kind, disclosure))


@pytest.mark.parametrize(
    ("kind", "shown"),
    [
        ("enrollment", ("name", "institution_name", "status")),
        ("credential", ("name", "institution_name", "conclusion")),
        ("degree", ("name", "institution_name", "degree_name")),
    ],
)
def test_status_shows_who_where_and_the_outcome_only(kind, shown):
    assert disclosed_fields(kind, "status") == shown


def test_a_summary_leaves_out_what_is_personal_beyond_the_study():
    shown = set(disclosed_fields("credential", "summary"))
    assert {"name", "level", "major_name", "study_form", "certificate_number"} <= shown
    assert {"enrollment_date", "graduation_date", "serial_number", "school_number"} <= shown
    assert {"sex", "birth_date", "president_name", "photo"}.isdisjoint(shown)


def test_presets_grow_from_status_to_summary_to_full():
    for kind in KINDS:
        status, summary, full = (
            set(disclosed_fields(kind, preset)) for preset in ("status", "summary", "full")
        )
        assert status < summary < full


def test_listed_fields_are_shown_in_the_reports_order_and_no_others():
    assert disclosed_fields("enrollment", ["photo", "level", "name"]) == ("name", "level", "photo")


@pytest.mark.parametrize(
    "disclosure",
    [
        *([], "", "everything", "name", "FULL", [""], ["name", "name"], ["name", "salary"]),
        *(["full"], ["degree_name"], ["record_id"], ["ethnicity", "name"]),
        *([name] for name in sorted(NEVER_SHOWN)),
    ],
)
def test_unknown_forbidden_repeated_or_no_fields_are_refused(disclosure):
    with pytest.raises(InvalidInput) as refused:
        disclosed_fields("credential", disclosure)
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("disclosure", "value_invalid")


def test_ethnicity_may_be_shown_for_a_student_but_not_on_a_certificate():
    assert disclosed_fields("enrollment", ["ethnicity"]) == ("ethnicity",)


# The statement


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_of_the_record_is_anywhere_in_the_statement(kind):
    made = statement(kind, language="zh+en", photos={"graduation": "photo-address"})
    text = msgspec.json.encode(made).decode()
    secrets = ("11010519491231002X", "内部备注", "1100012345", "11110105150001", "二班")
    assert [secret for secret in secrets if secret in text] == []


def test_a_statement_keeps_what_it_was_made_of():
    made = statement("degree", language="zh+en", disclosure=["name"])
    assert (made.record_id, made.record_version) == ("the-record", 3)
    assert (made.issued_at, made.valid_until) == (ISSUED_AT, VALID_UNTIL)
    assert (made.kind, made.language, made.disclosure) == ("degree", "zh+en", "custom")
    assert (made.title_zh, made.title_en) == ("学位在线验证报告", "Degree Verification Report")


@pytest.mark.parametrize("disclosure", ["full", "summary", "status"])
def test_a_statement_names_its_preset(disclosure):
    assert statement(disclosure=disclosure).disclosure == disclosure


def test_lines_stand_in_the_reports_order_with_labels_in_both_languages():
    made = statement("degree")
    assert [line.field for line in made.lines] == list(DISCLOSABLE["degree"])[:-1]
    labels = {line.field: (line.label_zh, line.label_en) for line in made.lines}
    assert labels["certificate_number"] == ("学位证书编号", "Degree certificate number")
    assert labels["institution_name"] == ("学位授予单位", "Awarding institution")


def test_unknown_facts_have_no_line():
    made = statement(disclosure=["name", "branch", "level"], branch=None, level="")
    assert list(values(made)) == ["name"]


def test_values_go_with_their_english():
    shown = values(statement("enrollment", language="zh+en"))
    assert shown["name"] == ("吕小安", "LYU Xiao'an")
    assert shown["institution_name"] == ("北京大学", "Peking University")
    assert shown["major_name"] == ("汉语言文学", "Chinese Language and Literature")
    assert shown["department"] == ("通信工程系", "Department of Communication Engineering")
    assert shown["enrollment_date"] == ("2011-09-01", "2011-09-01")
    assert values(statement(language="en"))["president_name"] == ("顾示燕", "GU Shiyan")


@pytest.mark.parametrize(
    ("years", "zh", "en"),
    [(4.0, "4年", "4 years"), (2.5, "2.5年", "2.5 years"), (1.0, "1年", "1 year")],
)
def test_the_length_has_its_unit(years, zh, en):
    assert values(statement(language="en", length_years=years))["length_years"] == (zh, en)


def test_the_recorded_spelling_of_a_name_wins():
    made = statement(language="en", name="艾尔肯·肉孜", name_spelling="ERKIN ROZI")
    assert values(made)["name"] == ("艾尔肯·肉孜", "ERKIN ROZI")


def test_the_ethnicity_helps_to_spell_the_name():
    made = statement(language="en", name="古丽娜尔", ethnicity="维吾尔族")
    assert values(made)["name"][1] == "GULINAER"


def test_what_has_no_english_stands_as_recorded():
    made = statement("enrollment", language="en", name="王??", status="某种状态")
    assert values(made)["name"] == ("王??", "王??")
    assert values(made)["status"] == ("某种状态", "某种状态")


def test_a_chinese_report_carries_no_english_values():
    assert {line.value_en for line in statement("enrollment").lines} == {""}


# The photograph


@pytest.mark.parametrize(
    ("kind", "photos", "chosen"),
    [
        ("enrollment", {"admission": "a", "graduation": "g"}, "a"),
        ("enrollment", {"graduation": "g"}, "g"),
        ("enrollment", {}, None),
        ("credential", {"admission": "a", "graduation": "g"}, "g"),
        ("credential", {"admission": "a"}, None),
        ("degree", {"graduation": "g"}, "g"),
    ],
)
def test_which_photo_goes_with_a_report(kind, photos, chosen):
    assert statement(kind, photos=photos).photo == chosen


def test_a_photo_is_shown_only_where_disclosed():
    photos = {"graduation": "g"}
    assert statement(photos=photos, disclosure=["name", "photo"]).photo == "g"
    for disclosure in (["name"], "summary", "status"):
        assert statement(photos=photos, disclosure=disclosure).photo is None


# What a verifier is shown


def test_the_view_holds_the_disclosed_facts_as_recorded():
    view = public_view(statement(disclosure=["name", "length_years", "conclusion"]))
    assert view == {
        "kind": "credential",
        "title": "学历证书电子注册备案表",
        "report_number": "20261124-0000000001",
        "language": "zh",
        "issued_at": "2026-11-24T02:00:00Z",
        "valid_until": "2027-02-22T02:00:00Z",
        "name": "吕小安",
        "length_years": 4.0,
        "conclusion": "毕业",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_fact_in_the_view_equals_the_records(kind):
    view = public_view(statement(kind, language="zh+en"))
    shown = [field for field in DISCLOSABLE[kind] if field != "photo"]
    assert {field: view[field] for field in shown} == {
        field: getattr(FACTS[kind], field) for field in shown
    }


@pytest.mark.parametrize("language", ["en", "zh+en"])
def test_a_report_with_english_shows_it_for_the_same_fields(language):
    view = public_view(statement(language=language, disclosure="status"))
    assert view["title_en"] == "Registration Record of Higher Education Credential"
    assert view["name"] == "吕小安"
    assert view["english"] == {
        "name": "LYU Xiao'an",
        "institution_name": "Peking University",
        "conclusion": "Graduated",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_the_view_tells_neither_the_record_nor_where_its_photo_lies(kind):
    made = statement(kind, language="zh+en", photos={"graduation": "photo-address"})
    text = msgspec.json.encode(public_view(made)).decode()
    assert "the-record" not in text
    assert "photo-address" not in text


def test_a_statement_survives_being_kept():
    made = statement(language="zh+en")
    assert msgspec.json.decode(msgspec.json.encode(made), type=Statement) == made
