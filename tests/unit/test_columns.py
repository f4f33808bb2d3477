import pytest

from chalicelib.domain.columns import (
    COLUMNS,
    HOLD_FIELD,
    REQUIRED,
    column_for,
    column_of_field,
)
from chalicelib.domain.records import FACTS_OF, FAMILIES
from infra.document_columns import DOCUMENT, render


@pytest.mark.parametrize("family", FAMILIES)
def test_every_field_of_a_family_has_one_column_and_every_column_a_field(family):
    columns = [column.field for column in COLUMNS[family]]
    assert len(columns) == len(set(columns))
    assert set(columns) - {HOLD_FIELD} == set(FACTS_OF[family].__struct_fields__)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_heading_names_two_columns(family):
    for column in COLUMNS[family]:
        for heading in column.headings:
            assert column_for(family, heading) is column


@pytest.mark.parametrize("family", FAMILIES)
def test_required_fields_exist_and_include_the_name(family):
    assert ("name",) in REQUIRED[family]
    for group in REQUIRED[family]:
        for field in group:
            assert column_of_field(family, field).field == field


@pytest.mark.parametrize(
    ("family", "heading", "field"),
    [
        ("credentials", "ZSBH", "certificate_number"),
        ("credentials", "zsbh ", "certificate_number"),
        ("credentials", "ＺＳＢＨ", "certificate_number"),
        ("credentials", "毕（结）业日期", "graduation_date"),
        ("credentials", "校(院)长姓名", "president_name"),
        ("enrollments", "ZJHM", "document_number"),
        ("enrollments", "身份证号", "document_number"),
        ("enrollments", "系（所、函授站）", "department"),
        ("degrees", "XWSYDWM", "institution_code"),
        ("degrees", "证书编号", "certificate_number"),
    ],
)
def test_headings_are_known_by_code_and_by_name(family, heading, field):
    assert column_for(family, heading).field == field


def test_an_unknown_heading_names_nothing():
    assert column_for("credentials", "政治面貌") is None
    assert column_for("credentials", "") is None


def test_the_documentation_is_current():
    assert DOCUMENT.read_text(encoding="utf-8") == render(), (
        "run python -m infra.document_columns and commit docs/columns.md"
    )
