import pytest

from chalicelib.domain.errors import FieldProblem, InvalidInput
from chalicelib.domain.institutions import (
    Identifier,
    Institution,
    institution_from_row,
    normal_institution_name,
    parse_identifier,
    search,
)

ROW = {
    "序号": "1",
    "学校名称": "云岭大学",
    "学校标识码": "4153019901",
    "主管部门": "云南省",
    "所在地": "昆明市",
    "办学层次": "本科",
    "备注": "",
}


def row(**changes):
    return ROW | changes


def test_a_row_of_the_list_becomes_an_institution():
    assert institution_from_row(row(备注="民办")) == Institution(
        identifier="4153019901",
        code="19901",
        name="云岭大学",
        province="云南省",
        location="昆明市",
        level="本科",
        department="云南省",
        note="民办",
    )


def test_the_province_is_the_identifiers_and_need_not_be_the_seats():
    institution = institution_from_row(row(学校标识码="4113019902", 所在地="天津市"))
    assert (institution.province, institution.location) == ("河北省", "天津市")


@pytest.mark.parametrize("wrap", ["\\n", "\n", " "])
def test_a_line_break_of_the_layout_is_no_part_of_a_name(wrap):
    institution = institution_from_row(
        row(学校名称=f"云岭幼儿师范{wrap}高等专科学校", 所在地=f"大理白族{wrap}自治州")
    )
    assert institution.name == "云岭幼儿师范高等专科学校"
    assert institution.location == "大理白族自治州"


@pytest.mark.parametrize("wrap", ["\\n", "\n"])
def test_departments_on_two_lines_are_two(wrap):
    institution = institution_from_row(row(主管部门=f"上海市{wrap}中国科学院      "))
    assert institution.department == "上海市、中国科学院"


def test_the_brackets_of_a_name_are_kept_for_display():
    assert institution_from_row(row(学校名称="云岭大学（临沧）")).name == "云岭大学（临沧）"


@pytest.mark.parametrize("kind", ["41", "42", "36", "91", "92"])
def test_every_class_of_institution_loads(kind):
    assert institution_from_row(row(学校标识码=f"{kind}22000335")).code == "00335"


def test_a_row_may_lack_the_note():
    assert institution_from_row({k: v for k, v in ROW.items() if k != "备注"}).note == ""


@pytest.mark.parametrize("column", ["学校名称", "学校标识码", "主管部门", "所在地", "办学层次"])
@pytest.mark.parametrize("cell", ["", "  ", "\\n", None])
def test_an_empty_cell_is_refused_by_its_column(column, cell):
    with pytest.raises(InvalidInput) as refused:
        institution_from_row(row(**{column: cell}))
    assert refused.value.problems == (FieldProblem(column, "required"),)


def test_every_missing_column_is_named():
    with pytest.raises(InvalidInput) as refused:
        institution_from_row({"学校名称": "云岭大学"})
    fields = {problem.field for problem in refused.value.problems}
    assert fields == {"学校标识码", "主管部门", "所在地", "办学层次"}


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("学校标识码", "415301990"),
        ("学校标识码", "41530199011"),
        ("学校标识码", "415301990X"),
        ("学校标识码", "4199019901"),
        ("学校标识码", "4153119901"),
        ("办学层次", "研究生"),
    ],
)
def test_a_wrong_cell_is_refused_by_its_column(column, cell):
    with pytest.raises(InvalidInput) as refused:
        institution_from_row(row(**{column: cell}))
    assert refused.value.problems == (FieldProblem(column, "value_invalid"),)


def test_an_identifier_falls_into_its_parts():
    assert parse_identifier("4111010001") == Identifier("41", "北京市", "10001")
    assert parse_identifier(" ３６22000335 ") == Identifier("36", "吉林省", "00335")


def test_a_wrong_identifier_is_refused_by_field():
    with pytest.raises(InvalidInput) as refused:
        parse_identifier("10001", field="institution")
    assert refused.value.problems == (FieldProblem("institution", "value_invalid"),)


@pytest.mark.parametrize(
    "typed", ["云岭大学（临沧）", "云岭大学(临沧)", " 云岭大学 （临沧） ", "云岭大学﹙临沧﹚"]
)
def test_brackets_and_white_space_make_no_other_name(typed):
    assert normal_institution_name(typed) == normal_institution_name("云岭大学（临沧）")


def institution(code, name):
    return institution_from_row(row(学校名称=name, 学校标识码=f"41530{code}"))


DIRECTORY = [
    institution("19905", "新云岭学院"),
    institution("19901", "云岭大学（临沧）"),
    institution("19902", "云岭大学"),
    institution("19911", "滇池 ABC 学院"),
    institution("29902", "云岭职业学院"),
]


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        ("19902", ["19902"]),
        ("4153019902", ["19902"]),
        ("199", ["19905", "19901", "19902", "19911"]),
        ("1990", ["19905", "19901", "19902"]),
        ("云岭大学", ["19902", "19901"]),
        ("云岭", ["19901", "19902", "29902", "19905"]),
        ("(临沧", ["19901"]),
        ("云岭大学(临沧)", ["19901"]),
        ("滇池ａｂｃ", ["19911"]),
        ("学院", ["19905", "19911", "29902"]),
        ("９９０２", []),
        ("１９９０２", ["19902"]),
        ("没有", []),
        (" ", ["19905", "19901", "19902", "19911", "29902"]),
    ],
)
def test_the_likeliest_institution_comes_first(query, codes):
    assert [found.code for found in search(DIRECTORY, query)] == codes
