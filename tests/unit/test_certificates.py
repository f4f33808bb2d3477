import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.certificates import (
    credential_deviations,
    degree_deviations,
    normal_number,
    parse_year,
)
from chalicelib.domain.errors import FieldProblem, InvalidInput

TODAY = dt.date(2026, 3, 1)


@pytest.mark.parametrize(
    ("raw", "normal"),
    [
        ("100011201505001234", "100011201505001234"),
        ("298959", "298959"),
        ("00298959", "298959"),
        ("NO.00298959", "298959"),
        ("No 00298959", "298959"),
        ("no：00298959", "298959"),
        ("№00298959", "298959"),
        ("第982456号", "982456"),
        ("第 0982456 号", "982456"),
        ("京大证字（91）第982456号", "982456"),
        ("证书编号：100011201505001234", "100011201505001234"),
        ("１０００１１２０１５０５００１２３４", "100011201505001234"),
        ("10001 1 2015 05 001234", "100011201505001234"),
        ("10001-1-2015-05-001234", "100011201505001234"),
        (" 1000142015a00123 ", "1000142015A00123"),
        ("Z1000142015000123", "Z1000142015000123"),
        ("(1998)0123", "19980123"),
        ("1" * 40, "1" * 40),
        ("0" * 10 + "1" * 40, "1" * 40),
    ],
)
def test_decoration_case_and_leading_zeros_do_not_count(raw, normal):
    assert normal_number(raw) == normal


@pytest.mark.parametrize("raw", ["", "  ", "NO.", "第号", "000", "-", "张三", "ABC", "1" * 41])
def test_what_holds_no_number_or_too_much_is_refused_by_field(raw):
    with pytest.raises(InvalidInput) as refused:
        normal_number(raw, field="school_number")
    assert refused.value.problems == (FieldProblem("school_number", "certificate_number_invalid"),)


@pytest.mark.req("R-75")
@given(st.text(max_size=60))
def test_a_normal_number_is_its_own_normal_form(text):
    try:
        number = normal_number(text)
    except InvalidInput:
        return
    assert normal_number(number) == number


@given(st.integers(1, 10**18), st.integers(0, 8))
def test_zeros_in_front_never_make_another_number(number, zeros):
    assert normal_number("0" * zeros + str(number)) == str(number)


def credential(number: str, **changes: Any) -> tuple[str, ...]:
    record: dict[str, Any] = {"institution_code": "10001", "year": 2015, "level": "本科"} | changes
    return credential_deviations(number, **record)


@pytest.mark.parametrize("number", ["100011201505001234", "10001120150500123"])
def test_a_credential_number_of_18_or_17_digits_fits_its_record(number):
    assert credential(number) == ()


@pytest.mark.parametrize(
    ("level", "digits"),
    [
        ("博士研究生", "01"),
        ("硕士研究生", "02"),
        ("第二学士学位", "04"),
        ("专科起点本科", "05"),
        ("专科", "06"),
        ("高职（专科）", "06"),
    ],
)
def test_each_level_has_its_digits(level, digits):
    assert credential(f"1000112015{digits}001234", level=level) == ()
    assert credential("100011201599001234", level=level) == ("level",)


@pytest.mark.parametrize(
    ("number", "deviations"),
    [
        ("100021201505001234", ("institution",)),
        ("100011201405001234", ("year",)),
        ("100011201506001234", ("level",)),
        ("100022201406001234", ("institution", "year", "level")),
        ("1000112015050012345", ("structure",)),
        ("1000112015050012", ("structure",)),
        ("10001120150500123A", ("structure",)),
    ],
)
def test_a_credential_number_that_departs_is_named_by_what_differs(number, deviations):
    assert credential(number) == deviations


def test_what_the_record_does_not_know_is_not_compared():
    unknown = {"institution_code": None, "year": None, "level": None}
    assert credential("999991999999001234", **unknown) == ()
    assert credential("100011201505001234", level="中专") == ()


def degree(number: str, **changes: Any) -> tuple[str, ...]:
    record: dict[str, Any] = {
        "institution_code": "10001",
        "year": 2015,
        "degree_name": "工学学士",
    } | changes
    return degree_deviations(number, **record)


@pytest.mark.parametrize("number", ["1000142015000123", "1000142015A00123", "Z1000142015000123"])
def test_a_degree_number_fits_its_record(number):
    assert degree(number) == ()


@pytest.mark.parametrize(
    ("number", "deviations"),
    [
        ("1000242015000123", ("institution",)),
        ("1000132015000123", ("level",)),
        ("1000142016000123", ("year",)),
        ("100014201500012", ("structure",)),
        ("Q1000142015000123", ("structure",)),
        ("10001420150A0123", ("structure",)),
    ],
)
def test_a_degree_number_that_departs_is_named_by_what_differs(number, deviations):
    assert degree(number) == deviations


@pytest.mark.parametrize(("name", "digit"), [("理学博士", "2"), ("工程硕士", "3"), ("学士", "4")])
def test_each_degree_has_its_digit(name, digit):
    assert degree(f"10001{digit}2015000123", degree_name=name) == ()


def test_a_degree_number_is_judged_without_a_known_degree():
    assert degree("1000192015000123", degree_name=None) == ()
    assert degree("1000192015000123", degree_name="名誉") == ()


@pytest.mark.parametrize(
    ("raw", "year"),
    [(1949, 1949), (2026, 2026), ("2015", 2015), (" 2015年 ", 2015), ("２０１５", 2015)],
)
def test_a_year_is_read(raw, year):
    assert parse_year(raw, TODAY) == year


@pytest.mark.parametrize(
    "raw",
    [1948, 2027, 0, -2015, 15, 20150, True, "", "15", "2015.0", "二〇一五", "٢٠١٥", "2015-06"],
)
def test_a_year_that_cannot_be_is_refused_by_field(raw):
    with pytest.raises(InvalidInput) as refused:
        parse_year(raw, TODAY, field="year")
    assert refused.value.problems == (FieldProblem("year", "year_invalid"),)
