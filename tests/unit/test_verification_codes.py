import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Refusal
from chalicelib.domain.verification_codes import grouped, make_code, parse_code

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
codes = st.binary(min_size=10, max_size=10).map(make_code)


def luhn_check(body):
    """Luhn mod 32 as its description reads, written independently of the library in use."""
    total, factor = 0, 2
    for symbol in reversed(body):
        product = ALPHABET.index(symbol) * factor
        total += product // 32 + product % 32
        factor = 3 - factor
    return ALPHABET[-total % 32]


def is_refused(text):
    try:
        parse_code(text)
    except Refusal as refusal:
        return refusal.code == "code_malformed"
    return False


@pytest.mark.req("R-50")
@pytest.mark.parametrize(
    ("random_bytes", "code"),
    [
        (bytes(10), "0000000000000000"),
        (b"\xff" * 10, "ZZZZZZZZZZZZZZZF"),
        (bytes(range(10)), "00G40R40M30E209B"),
        (b"\x04" + bytes(9), "G00000000000000Z"),
    ],
)
def test_known_bytes_make_known_codes(random_bytes, code):
    assert code[15] == luhn_check(code[:15])
    assert make_code(random_bytes) == code


@pytest.mark.req("R-50")
@given(st.binary(min_size=10, max_size=20))
def test_a_code_is_15_symbols_and_their_check(random_bytes):
    code = make_code(random_bytes)
    assert len(code) == 16
    assert set(code) <= set(ALPHABET)
    assert code[15] == luhn_check(code[:15])
    assert parse_code(code) == code


@pytest.mark.req("R-50")
def test_each_of_75_bits_makes_another_code():
    flipped = {make_code((1 << bit).to_bytes(10)) for bit in range(75)}
    assert len(flipped) == 75


def test_too_few_random_bytes_make_no_code():
    with pytest.raises(ValueError, match="10 random bytes"):
        make_code(bytes(9))


@pytest.mark.req("R-50")
@given(codes)
def test_every_wrong_symbol_is_refused(code):
    for place, right in enumerate(code):
        for wrong in ALPHABET.replace(right, ""):
            assert is_refused(code[:place] + wrong + code[place + 1 :])


@pytest.mark.req("R-50")
@given(codes)
def test_every_adjacent_swap_but_0_with_z_is_refused(code):
    for place in range(15):
        one, other = code[place : place + 2]
        if one != other and {one, other} != {"0", "Z"}:
            assert is_refused(code[:place] + other + one + code[place + 2 :])


@pytest.mark.parametrize(
    "typed",
    [
        "00G40R40M30E209B",
        "00g4-0r40-m30e-209b",
        " 00G4 0R40 M30E 209B\n",
        "OOG4OR4OM3OE2O9B",
        "oog4-or4o-m3oe-2o9b",
        "００Ｇ４０Ｒ４０Ｍ３０Ｅ２０９Ｂ",
        "00G4‐0R40–M30E－209B",
    ],
)
def test_case_spaces_hyphens_and_lookalikes_do_not_count(typed):
    assert parse_code(typed) == "00G40R40M30E209B"


def test_i_and_l_read_as_1():
    code = "111111111111111" + luhn_check("1" * 15)
    assert parse_code("ILil1" + code[5:]) == code


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "00G40R40M30E209",
        "00G40R40M30E209B3",
        "00G40R40M30E209C",
        "00G40R40M30E2U9B",
        "00G40R40M30E2_9B",
        "00G40R40M30E20٣B",
        "00G40R40M30E20éB",
        "-" * 16,
    ],
)
def test_another_length_alphabet_or_check_is_malformed(typed):
    assert is_refused(typed)


@pytest.mark.req("R-75")
@given(st.text(max_size=24))
def test_any_text_is_a_code_or_malformed(text):
    assert is_refused(text) or luhn_check(parse_code(text)[:15]) == parse_code(text)[15]


@given(codes)
def test_a_code_in_groups_reads_back(code):
    assert [len(group) for group in grouped(code).split("-")] == [4, 4, 4, 4]
    assert parse_code(grouped(code)) == code
