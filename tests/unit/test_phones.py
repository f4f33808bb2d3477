import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import FieldProblem, InvalidInput
from chalicelib.domain.phones import parse_phone, segment


@pytest.mark.parametrize(
    "typed",
    [
        "13800138000",
        "+8613800138000",
        "8613800138000",
        "008613800138000",
        "+86 138 0013 8000",
        " 138-0013-8000 ",
        "１３８００１３８０００",
        "＋86 13800138000",
    ],
)
def test_the_ways_to_write_a_number_are_one(typed):
    assert parse_phone(typed) == "+8613800138000"


@pytest.mark.req("A-01")
@pytest.mark.parametrize("prefix", ["130", "139", "147", "150", "159", "166", "173", "189", "199"])
def test_mobile_prefixes_of_the_mainland_are_taken(prefix):
    assert parse_phone(f"{prefix}12345678") == f"+86{prefix}12345678"


@pytest.mark.req("A-01")
@pytest.mark.parametrize(
    "typed",
    [
        "",
        "1380013800",
        "138001380000",
        "10012345678",
        "11012345678",
        "12012345678",
        "15412345678",
        "01012345678",
        "+861012345678",
        "4001234567",
        "95588",
        "+85291234567",
        "+85366123456",
        "+886912345678",
        "+12025550123",
        "+8801712345678",
        "+86+8613800138000",
        "13800138000;ext=5",
        "tel:13800138000",
        "1380013800A",
        "13８0013800ο",
        "١٣٨٠٠١٣٨٠٠٠",
        "13800138000,13900139000",
    ],
)
def test_any_other_number_is_refused_by_field(typed):
    with pytest.raises(InvalidInput) as refused:
        parse_phone(typed, field="phone")
    assert refused.value.problems == (FieldProblem("phone", "phone_invalid"),)


@pytest.mark.req("R-75")
@given(st.text(max_size=30) | st.from_regex(r"\A(\+?86)?1[0-9]{10}\Z"))
def test_any_text_is_a_normal_number_or_refused(text):
    try:
        phone = parse_phone(text)
    except InvalidInput:
        return
    assert parse_phone(phone) == phone
    assert len(phone) == 14


def test_a_segment_is_the_first_seven_digits():
    assert segment("+8613800138000") == "1380013"
