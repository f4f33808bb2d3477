from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.records import Credential, SubjectScore
from chalicelib.domain.registry_rows import facts_from_row, read_row

TODAY = date(2026, 9, 1)


def a_row(**changes):
    row = {
        "XM": "王示例",
        "SFZH": "11010519491231002X",
        "XB": "女",
        "CSRQ": "19491231",
        "YXDM": "10001",
        "ZSBH": "100011201005000001",
        "BYRQ": "20100701",
    }
    return row | changes


def problems_of(row, family="credentials"):
    with pytest.raises(InvalidInput) as refused:
        read_row(family, row, today=TODAY)
    return {(problem.field, problem.code) for problem in refused.value.problems}


def warnings_of(row, family="credentials"):
    reading = read_row(family, row, today=TODAY)
    return {(warning.field, warning.code) for warning in reading.warnings}


def credential(**changes) -> Credential:
    facts = facts_from_row("credentials", a_row(**changes), today=TODAY)
    assert isinstance(facts, Credential)
    return facts


def test_a_row_becomes_facts():
    reading = read_row("credentials", a_row(), today=TODAY)
    assert reading.facts == Credential(
        name="王示例",
        document_type="resident_id",
        document_number="11010519491231002X",
        sex="女",
        birth_date="1949-12-31",
        institution_code="10001",
        graduation_date="2010-07-01",
        certificate_number="100011201005000001",
    )
    assert reading.person_number == "11010519491231002X"
    assert reading.hold_reason is None
    assert reading.warnings == ()


def test_chinese_headings_say_the_same_as_codes():
    named = {
        "姓名": "王示例",
        "身份证号": "11010519491231002X",
        "性别": "2",
        "出生日期": "1949-12-31",
        "学校标识码": "4111010001",
        "证书编号": "100011201005000001",
        "毕业日期": "2010/7/1",
    }
    assert facts_from_row("credentials", named, today=TODAY) == credential()


@pytest.mark.parametrize(
    "written",
    ["20100701", "2010-07-01", "2010/7/1", "2010.07.01", "2010年7月1日", "２０１００７０１"],
)
def test_dates_are_read_in_every_usual_form(written):
    assert credential(BYRQ=written).graduation_date == "2010-07-01"


@pytest.mark.parametrize(
    "written",
    ["20100230", "20101301", "2010-07/01", "100701", "2010", "18991231", "21010101", "七月"],
)
def test_impossible_dates_are_refused(written):
    assert problems_of(a_row(BYRQ=written)) == {("BYRQ", "date_invalid")}


def test_a_month_without_a_day_is_its_first_day_with_a_warning():
    assert credential(BYRQ="198507").graduation_date == "1985-07-01"
    assert warnings_of(a_row(BYRQ="2010年7月")) == {("BYRQ", "day_assumed")}


def test_a_birth_or_sex_unlike_the_number_is_kept_with_a_warning():
    row = a_row(CSRQ="19491230", XB="男")
    assert warnings_of(row) == {("CSRQ", "number_disagrees"), ("XB", "number_disagrees")}
    assert credential(CSRQ="19491230").birth_date == "1949-12-30"
    assert warnings_of(a_row(CSRQ="", XB="")) == set()


def test_a_birth_needs_its_day_and_is_not_in_the_future():
    assert problems_of(a_row(CSRQ="194912")) == {("CSRQ", "date_invalid")}
    assert problems_of(a_row(CSRQ="20260902")) == {("CSRQ", "date_invalid")}
    assert credential(CSRQ="20260901").birth_date == "2026-09-01"


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_every_existing_date_survives(day):
    assert credential(BYRQ=f"{day:%Y%m%d}").graduation_date == day.isoformat()


@pytest.mark.parametrize("unknown", ["", " ", "*", "＊", "　"])
def test_unknown_cells_are_none(unknown):
    facts = credential(BYRQ=unknown, SFZH=unknown, XB=unknown)
    assert facts.graduation_date is None
    assert facts.document_number is None
    assert facts.document_type is None
    assert facts.sex is None


def test_all_problems_of_a_row_are_told_at_once_by_its_own_headings():
    row = a_row(XM="＊", XB="5", CSRQ="19490231", XZ="many")
    assert problems_of(row) == {
        ("XM", "required"),
        ("XB", "value_invalid"),
        ("CSRQ", "date_invalid"),
        ("XZ", "number_invalid"),
    }
    assert problems_of({"姓名": "", "院校名称": "示例大学", "印刷序号": "1"}) == {
        ("姓名", "required")
    }


def test_a_credential_needs_an_institution_and_one_of_its_numbers():
    assert problems_of(a_row(YXDM="", ZSBH="")) == {("YXDM", "required"), ("ZSBH", "required")}
    old = credential(ZSBH="", YSBH="NO.00298959")
    assert old.serial_number == "NO.00298959"


@pytest.mark.req("R-01")
def test_a_number_of_fifteen_digits_is_kept_with_eighteen():
    facts = credential(SFZH="610104620927690")
    assert facts.document_number == "610104196209276908"


@pytest.mark.parametrize("wrong", ["110105194912310021", "1101051949", "军字第1号"])
def test_a_wrong_number_is_kept_as_recorded_with_a_warning_and_files_nobody(wrong):
    reading = read_row("credentials", a_row(SFZH=wrong), today=TODAY)
    assert reading.facts.document_number == wrong
    assert reading.person_number is None
    assert [(one.field, one.code) for one in reading.warnings] == [
        ("SFZH", "document_number_invalid")
    ]


@pytest.mark.parametrize(
    ("written", "number", "document_type"),
    [
        ("居民身份证", "11010519491231002x", "resident_id"),
        ("1", "11010519491231002X", "resident_id"),
        ("港澳台居民居住证", "810000199408230021", "residence_permit"),
        ("", "830000199201300022", "residence_permit"),
        ("居民身份证", "830000199201300022", "residence_permit"),
        ("港澳居民来往内地通行证", "H12345678", "mainland_travel_permit_hk_mo"),
        ("8", "12345678", "mainland_travel_permit_tw"),
        ("a", "SP1234567", "passport"),
        ("passport", "SP1234567", "passport"),
    ],
)
def test_document_types_are_words_codes_or_our_names(written, number, document_type):
    facts = credential(ZJLX=written, SFZH=number)
    assert facts.document_type == document_type
    assert facts.document_number == number.upper()


def test_without_a_type_a_number_that_is_no_resident_number_has_an_unknown_type():
    reading = read_row("credentials", a_row(SFZH="SP1234567"), today=TODAY)
    assert (reading.facts.document_type, reading.facts.document_number) == (None, "SP1234567")
    assert reading.person_number is None


@pytest.mark.parametrize(
    ("changes", "unusual"),
    [
        ({}, False),
        ({"CC": "本科"}, False),
        ({"CC": "专科"}, True),
        ({"YXDM": "10002"}, True),
        ({"BYRQ": "20110701"}, True),
        ({"ZSBH": "1000112010050001"}, True),
        ({"ZSBH": "65431201001012345", "XLLB": "高等教育自学考试"}, False),
        ({"ZSBH": "", "XXBH": "982456"}, False),
    ],
)
def test_a_certificate_number_unlike_its_record_is_kept_with_a_warning(changes, unusual):
    expected = {("ZSBH", "number_unusual")} if unusual else set()
    assert warnings_of(a_row(**changes)) == expected


def test_a_degree_number_unlike_its_record_is_kept_with_a_warning():
    row = {"XM": "王示例", "YXDM": "10001", "XWMC": "工学学士", "HDXWRQ": "20100630"}
    assert warnings_of(row | {"XWZSBH": "1000142010000001"}, "degrees") == set()
    assert warnings_of(row | {"XWZSBH": "1000132010000001"}, "degrees") == {
        ("XWZSBH", "number_unusual")
    }


@pytest.mark.parametrize("number", ["无", "000", "1" * 41])
def test_a_certificate_number_that_cannot_be_compared_is_refused(number):
    assert problems_of(a_row(ZSBH=number)) == {("ZSBH", "certificate_number_invalid")}


def test_an_unknown_kind_of_document_is_kept_and_files_nobody():
    reading = read_row("credentials", a_row(ZJLX="军官证", SFZH="0123"), today=TODAY)
    assert (reading.facts.document_type, reading.facts.document_number) == ("军官证", "0123")
    assert reading.person_number is None
    assert [(one.field, one.code) for one in reading.warnings] == [("ZJLX", "word_unusual")]


@pytest.mark.parametrize(
    ("written", "sex"), [("1", "男"), ("2", "女"), ("男", "男"), ("0", None), ("9", None)]
)
def test_sex_is_a_word_or_a_code(written, sex):
    assert credential(XB=written).sex == sex


@pytest.mark.parametrize(
    ("written", "ethnicity"),
    [
        ("01", "汉族"),
        ("1", "汉族"),
        ("05", "维吾尔族"),
        ("56", "基诺族"),
        ("97", "其他"),
        ("回", "回族"),
        ("回族", "回族"),
    ],
)
def test_ethnicity_is_a_word_or_a_code(written, ethnicity):
    assert credential(MZ=written).ethnicity == ethnicity


def test_ethnicity_beyond_the_codes_is_refused_and_unknown_words_are_kept():
    assert problems_of(a_row(MZ="57")) == {("MZ", "value_invalid")}
    assert problems_of(a_row(MZ="00")) == {("MZ", "value_invalid")}
    assert warnings_of(a_row(MZ="穿青人")) == {("MZ", "word_unusual")}


def test_unusual_words_are_kept_with_a_warning():
    row = a_row(CC="专升本", XLLB="普通", XXXS="自考")
    facts = facts_from_row("credentials", row, today=TODAY)
    assert isinstance(facts, Credential)
    assert (facts.level, facts.category, facts.study_form) == ("专升本", "普通", "自考")
    assert warnings_of(row) == {(name, "word_unusual") for name in ("CC", "XLLB", "XXXS")}


def test_standard_words_do_not_depend_on_the_width_of_brackets():
    assert credential(CC="高职(专科)").level == "高职（专科）"
    assert warnings_of(a_row(CC="高职(专科)", ZSBH="100011201006000001")) == set()


def test_an_unfinished_course_is_no_credential():
    assert problems_of(a_row(BJYJL="肄业")) == {("BJYJL", "value_invalid")}


def test_an_uncertain_name_is_kept():
    assert credential(XM="王??").name == "王??"


@pytest.mark.parametrize(
    "rare", ["王𬱖", "林𠅤", "阿依古丽·吐尔逊", "李\ue000", "张\u4e00\U000e0100"]
)
def test_rare_names_are_kept(rare):
    assert credential(XM=rare).name == rare


@pytest.mark.parametrize(
    "hidden",
    ["\u202e", "\x00", "\u200b", "\n", "\x1f", "\u2028", "\u2029"],
)
def test_control_and_invisible_characters_are_refused(hidden):
    assert problems_of(a_row(XM=f"王{hidden}示")) == {("XM", "text_invalid")}


def test_a_cell_has_at_most_two_hundred_characters():
    assert credential(BZ="注" * 200).note == "注" * 200
    assert problems_of(a_row(BZ="注" * 201)) == {("BZ", "too_long")}


@pytest.mark.parametrize(("written", "years"), [("4", 4.0), ("2.5", 2.5), ("5年", 5.0)])
def test_length_is_in_years(written, years):
    assert credential(XZ=written).length_years == years


@pytest.mark.parametrize("written", ["0", "11", "-1", "NaN", "Infinity", "四"])
def test_impossible_lengths_are_refused(written):
    assert problems_of(a_row(XZ=written)) == {("XZ", "number_invalid")}


def test_flags_and_holds():
    row = a_row(YSZF="是", ZSCX="0", BFZSBH="100011201005500001", YCYY="待核实")
    reading = read_row("credentials", row, today=TODAY)
    assert isinstance(reading.facts, Credential)
    assert (reading.facts.lost_void, reading.facts.revoked) == (True, False)
    assert reading.facts.replaced_by == "100011201005500001"
    assert reading.hold_reason == "待核实"
    assert problems_of(a_row(YSZF="perhaps")) == {("YSZF", "value_invalid")}


@pytest.mark.parametrize("code", ["1000", "100011", "A0001", "١٠٠٠١"])
def test_an_institution_code_has_five_digits(code):
    assert problems_of(a_row(YXDM=code)) == {("YXDM", "value_invalid")}


def test_of_two_columns_for_one_field_the_first_known_counts():
    assert credential(SFZH="＊", 证件号码="11010519491231002X").document_number is not None
    assert credential(院校代码="10002").institution_code == "10001"


def test_an_exam_has_subjects_and_scores():
    row = {"XM": "王示例", "NF": "2010", "KSH": "10110105150001", "KMCJ": "语文：128；数学:135.5"}
    facts = facts_from_row("exams", row, today=TODAY)
    assert facts.subjects == (
        SubjectScore(subject="语文", score=128),
        SubjectScore(subject="数学", score=135.5),
    )
    assert problems_of(row | {"KMCJ": "语文"}, "exams") == {("KMCJ", "value_invalid")}
    assert problems_of(row | {"ZF": "1000.5"}, "exams") == {("ZF", "number_invalid")}
    assert problems_of(row | {"NF": "1899"}, "exams") == {("NF", "year_invalid")}
    assert problems_of(row | {"NF": "2028"}, "exams") == {("NF", "year_invalid")}


@pytest.mark.parametrize(
    ("written", "amount"), [("8000", "8000.00"), ("12,000.5", "12000.50"), ("0", "0.00")]
)
def test_amounts_are_yuan_with_two_decimals(written, amount):
    row = {"XM": "王示例", "HTBH": "DK1", "DKJE": written}
    assert facts_from_row("loans", row, today=TODAY).amount == amount


@pytest.mark.parametrize("written", ["1.005", "-1", "1e9", "很多"])
def test_impossible_amounts_are_refused(written):
    row = {"XM": "王示例", "HTBH": "DK1", "DKJE": written}
    assert problems_of(row, "loans") == {("DKJE", "number_invalid")}


@pytest.mark.req("R-75")
@given(st.dictionaries(st.sampled_from([*a_row(), "XZ", "MZ", "YSZF", "ZJLX", "BZ"]), st.text()))
def test_any_text_is_read_or_refused(row):
    assert all(problem.detail("zh") for problem in every_problem_of(row))


def every_problem_of(row):
    try:
        return read_row("credentials", row, today=TODAY).warnings
    except InvalidInput as refused:
        return refused.problems
