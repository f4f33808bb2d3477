import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.documents import (
    DOCUMENT_TYPES,
    PERMIT_REGIONS,
    PROVINCES,
    Document,
    birth_date_of,
    comparable_number,
    parse_document,
    sex_of,
)
from chalicelib.domain.errors import FieldProblem, InvalidInput

TODAY = dt.date(2026, 3, 1)
DIGITS = "0123456789"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


def checked(body):
    """GB 11643 as printed: weights and a table, independent of the library in use."""
    total = sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def number(document_type, raw, today=TODAY):
    return parse_document(document_type, raw, today=today).number


def fault(document_type, raw, today=TODAY):
    with pytest.raises(InvalidInput) as refused:
        parse_document(document_type, raw, today=today)
    (problem,) = refused.value.problems
    assert (problem.field, problem.code) == ("document_number", "document_number_invalid")
    return problem.reason


births = st.dates(dt.date(1800, 1, 1), TODAY).map(lambda day: day.strftime("%Y%m%d"))
sequences = st.integers(0, 999).map("{:03}".format)
resident_regions = st.builds(
    lambda province, rest: f"{province}{rest:04}",
    st.sampled_from(sorted(PROVINCES)),
    st.integers(0, 9999),
)


def numbers_of(regions):
    return st.builds(lambda *parts: checked("".join(parts)), regions, births, sequences)


resident_numbers = numbers_of(resident_regions)
permit_numbers = numbers_of(st.sampled_from(sorted(PERMIT_REGIONS)))
card_numbers = st.integers(0, 10**16 - 1).map(lambda rest: checked(f"9{rest:016}"))
checked_documents = st.one_of(
    st.tuples(st.just("resident_id"), resident_numbers),
    st.tuples(st.just("residence_permit"), permit_numbers),
    st.tuples(st.just("permanent_resident_card"), card_numbers),
)


@pytest.mark.req("R-06")
@pytest.mark.parametrize(
    ("document_type", "valid"),
    [
        ("resident_id", "610104196209276908"),
        ("resident_id", "11010519491231002X"),
        ("resident_id", "440308199901101512"),
        ("resident_id", "440524188001010014"),
        ("residence_permit", "810000199408230021"),
        ("residence_permit", "830000199201300022"),
        ("permanent_resident_card", "911124198108030024"),
        ("permanent_resident_card", "USA110075010120"),
        ("mainland_travel_permit_hk_mo", "H12345678"),
        ("mainland_travel_permit_hk_mo", "M1234567801"),
        ("mainland_travel_permit_tw", "12345678"),
        ("passport", "E1234"),
        ("passport", "A1234567890123456"),
    ],
)
def test_published_numbers_are_accepted_as_they_stand(document_type, valid):
    assert parse_document(document_type, valid, today=TODAY) == Document(document_type, valid)


@pytest.mark.req("R-06")
@given(checked_documents)
def test_every_valid_number_is_accepted(document):
    assert number(*document) == document[1]


@pytest.mark.req("R-06")
@given(checked_documents)
def test_every_wrong_digit_is_refused(document):
    document_type, valid = document
    for place, right in enumerate(valid):
        for wrong in (DIGITS + "X").replace(right, ""):
            fault(document_type, valid[:place] + wrong + valid[place + 1 :])


@pytest.mark.req("R-06")
@given(checked_documents)
def test_every_adjacent_swap_is_refused(document):
    document_type, valid = document
    for place in range(17):
        one, other = valid[place : place + 2]
        if one != other:
            fault(document_type, valid[:place] + other + one + valid[place + 2 :])


@pytest.mark.req("R-01")
@pytest.mark.parametrize(
    ("old", "full"),
    [("610104620927690", "610104196209276908"), ("110105491231002", "11010519491231002X")],
)
def test_an_old_number_of_15_digits_is_one_with_its_18_characters(old, full):
    assert number("resident_id", old) == full
    assert comparable_number("resident_id", old) == comparable_number(None, old) == full


@pytest.mark.req("R-01")
@given(
    resident_regions,
    st.dates(dt.date(1900, 1, 1), dt.date(1999, 12, 31)).map(lambda day: day.strftime("%y%m%d")),
    sequences,
)
def test_every_old_number_gets_its_full_form(region, birth, sequence):
    full = checked(f"{region}19{birth}{sequence}")
    assert number("resident_id", region + birth + sequence) == full


@pytest.mark.parametrize(
    "typed",
    [
        "  11010519491231002x\n",
        "110105 19491231 002X",
        "11010519491231002Ｘ",
        "１１０１０５１９４９１２３１００２ｘ",
        "11010519491231002Ⅹ",
    ],
)
def test_what_people_type_is_normalised(typed):
    assert number("resident_id", typed) == "11010519491231002X"


def test_letters_of_permits_cards_and_passports_are_upper_case():
    assert number("mainland_travel_permit_hk_mo", "h12345678") == "H12345678"
    assert number("permanent_resident_card", "usa110075010120") == "USA110075010120"
    assert number("passport", " e1234567 ") == "E1234567"


@pytest.mark.parametrize("length", [0, 1, 14, 16, 17, 19, 40])
def test_a_resident_number_of_another_length_is_told_so(length):
    assert fault("resident_id", ("11010519491231002X" * 3)[:length]) == "length"


@pytest.mark.parametrize(
    "wrong",
    [
        "1101051949123100AX",
        "X10105194912310020",
        "1101051949123100٢X",  # an Arabic digit is a digit to Unicode, not to the standard
        "61010462092769X",
        "１１０１０５-19491231002"[:15],
    ],
)
def test_a_resident_number_with_other_characters_is_told_so(wrong):
    assert fault("resident_id", wrong) == "format"


@pytest.mark.parametrize("region", ["000000", "101010", "160105", "830000", "910105", "990000"])
def test_a_region_outside_the_standard_is_told_so(region):
    assert fault("resident_id", checked(f"{region}19491231002")) == "region"


def test_the_provinces_are_those_of_the_standard():
    codes = "11-15 21-23 31-37 41-46 50-54 61-65 71-71 81-82"
    bounds = [part.split("-") for part in codes.split()]
    listed = {str(code) for low, high in bounds for code in range(int(low), int(high) + 1)}
    assert set(PROVINCES) == listed


def test_a_region_that_no_longer_exists_is_accepted():
    merged_in_2010 = checked("11010319491231002")
    assert number("resident_id", merged_in_2010) == merged_in_2010


@pytest.mark.parametrize("region", ["110105", "810001", "840000", "710000"])
def test_a_residence_permit_is_of_hong_kong_macao_or_taiwan(region):
    assert fault("residence_permit", checked(f"{region}19940823002")) == "region"


def test_a_residence_permit_has_no_form_of_15_digits():
    assert fault("residence_permit", "810000940823002") == "length"


@pytest.mark.parametrize(
    "birth",
    [
        "19490230",
        "19000229",
        "19491301",
        "19490001",
        "19490100",
        "19491232",
        "00001231",
        "17991231",
    ],
)
def test_a_birth_date_that_cannot_be_is_told_so(birth):
    assert fault("resident_id", checked(f"110105{birth}002")) == "date"


@pytest.mark.parametrize("birth", ["18000101", "20000229", "20260301"])
def test_a_birth_date_that_just_can_be_is_accepted(birth):
    valid = checked(f"110105{birth}002")
    assert number("resident_id", valid) == valid


def test_birth_dates_end_with_today():
    born = checked("11010520260302002")
    assert fault("resident_id", born) == "date"
    assert number("resident_id", born, today=TODAY + dt.timedelta(days=1)) == born


def test_an_impossible_date_in_an_old_number_is_told_so():
    assert fault("resident_id", "110105490230002") == "date"


def test_a_wrong_check_character_is_told_so():
    assert fault("resident_id", "110105194912310021") == "check_character"
    assert fault("residence_permit", "810000199408230022") == "check_character"
    assert fault("permanent_resident_card", "911124198108030025") == "check_character"


@pytest.mark.parametrize(
    ("document_type", "wrong", "reason"),
    [
        ("mainland_travel_permit_hk_mo", "H1234567", "length"),
        ("mainland_travel_permit_hk_mo", "H123456780", "length"),
        ("mainland_travel_permit_hk_mo", "H12345678012", "length"),
        ("mainland_travel_permit_hk_mo", "A12345678", "format"),
        ("mainland_travel_permit_hk_mo", "H1234567B", "format"),
        ("mainland_travel_permit_tw", "1234567", "length"),
        ("mainland_travel_permit_tw", "123456789", "length"),
        ("mainland_travel_permit_tw", "1234567A", "format"),
        ("passport", "E123", "length"),
        ("passport", "A12345678901234567", "length"),
        ("passport", "E1234-567", "format"),
        ("passport", "E12345é", "format"),
        ("passport", "straße1", "format"),  # upper-casing would make it STRASSE1
        ("permanent_resident_card", "USA11007501012", "length"),
        ("permanent_resident_card", "USA1100750101200", "length"),
        ("permanent_resident_card", "US1110075010120", "format"),
        ("permanent_resident_card", "811124198108030024", "format"),
        ("permanent_resident_card", "9111241981080300XX", "format"),
    ],
)
def test_each_type_validates_its_own_number(document_type, wrong, reason):
    assert fault(document_type, wrong) == reason


@pytest.mark.parametrize("unknown", ["", "driving_licence", "RESIDENT_ID", "resident_id "])
def test_an_unknown_type_is_refused_as_such(unknown):
    with pytest.raises(InvalidInput) as refused:
        parse_document(unknown, "11010519491231002X", today=TODAY)
    assert refused.value.problems == (FieldProblem("document_type", "value_invalid"),)


def test_the_refusal_names_the_field_and_never_the_number():
    with pytest.raises(InvalidInput) as refused:
        parse_document("resident_id", "110105194912310021", today=TODAY, field="holder.number")
    assert refused.value.problems[0].field == "holder.number"
    assert "1949" not in f"{refused.value!r}{refused.value}"


@pytest.mark.req("R-75")
@given(st.sampled_from(DOCUMENT_TYPES), st.text(max_size=30))
def test_any_text_is_a_normal_number_or_refused(document_type, text):
    try:
        document = parse_document(document_type, text, today=TODAY)
    except InvalidInput:
        return
    assert parse_document(document_type, document.number, today=TODAY) == document


@pytest.mark.parametrize(
    ("document_type", "raw", "birth_date", "sex"),
    [
        ("resident_id", "11010519491231002X", "1949-12-31", "女"),
        ("resident_id", "440308199901101512", "1999-01-10", "男"),
        ("resident_id", "610104620927690", "1962-09-27", "女"),
        ("residence_permit", "810000199408230021", "1994-08-23", "女"),
        ("passport", "440308199901101", None, None),
        ("permanent_resident_card", "911124198108030024", None, None),
        ("mainland_travel_permit_tw", "12345678", None, None),
    ],
)
def test_birth_date_and_sex_are_read_from_numbers_that_tell_them(
    document_type, raw, birth_date, sex
):
    document = parse_document(document_type, raw, today=TODAY)
    assert (birth_date_of(document), sex_of(document)) == (birth_date, sex)


@pytest.mark.parametrize(
    ("document_type", "raw", "comparable"),
    [
        ("resident_id", " 11010519491231002x", "11010519491231002X"),
        ("resident_id", "110105194912310021", None),
        ("resident_id", "", None),
        ("passport", "e1234567", "E1234567"),
        ("军官证", "12345678", None),
        (None, "e1234567", "E1234567"),
        (None, "11010519491231002x", "11010519491231002X"),
        (None, "110105194912310021", "110105194912310021"),
        (None, "  ", None),
    ],
)
def test_a_register_s_number_compares_in_its_normal_form(document_type, raw, comparable):
    assert comparable_number(document_type, raw) == comparable
