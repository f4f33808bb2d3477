"""What a password must be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.passwords import check_password

NAME, EMAIL = "张晓明", "sunny.day@example.cn"
DOCUMENT_NUMBER, PHONE = "11010519491231002X", "+8613812345678"


def check(password, *, common=(), **person):
    facts = {"name": NAME, "email": EMAIL, "document_number": DOCUMENT_NUMBER, "phone": PHONE}
    return check_password(password, **facts | person, is_common=lambda word: word in common)


def refusal(password, **options):
    with pytest.raises(InvalidInput) as caught:
        check(password, **options)
    (problem,) = caught.value.problems
    assert problem.field == "password"
    return problem.code


def test_seven_characters_are_refused_and_eight_accepted():
    assert refusal("kw7#pzt") == "password_too_short"
    assert check("kw7#pzt!") == "kw7#pzt!"


def test_128_characters_are_accepted_and_129_refused():
    assert check("kw7#pzt!" * 16) == "kw7#pzt!" * 16
    assert refusal("kw7#pzt!" * 16 + "x") == "password_too_long"


def test_length_counts_characters_of_the_normal_form():
    decomposed = "e\u0301" * 4
    assert refusal(decomposed) == "password_too_short"
    assert check("e\u0301" * 8) == "é" * 8


def test_no_composition_is_asked_for():
    assert check("kwtpzbmf")
    assert check("春江潮水连海平月")
    assert check("        ")


def test_a_common_password_is_refused():
    assert refusal("kw7#pzt!", common={"kw7#pzt!"}) == "password_too_common"


@pytest.mark.parametrize(
    "password",
    [
        "我是张晓明2026",
        "zhangxiaoming",
        "77ZhangXiaoMing",
        "xiaomingzhang!",
        "zhang_xiao.ming",
        "Ｚｈａｎｇxiaoming",
    ],
)
def test_the_name_is_refused_in_characters_and_in_pinyin_whatever_the_order(password):
    assert refusal(password) == "password_contains_identity"


@pytest.mark.parametrize("password", ["zhangxiao2026", "xiaoming-2026", "zhangxiabming"])
def test_a_part_of_the_pinyin_is_accepted(password):
    assert check(password)


def test_a_name_of_two_characters_counts():
    assert refusal("爱吃鱼的李娜同学", name="李娜") == "password_contains_identity"
    assert refusal("爱吃鱼的李·娜同学", name="李娜") == "password_contains_identity"


def test_pinyin_counts_from_six_letters():
    assert check("carolina-kw7", name="李娜"), "lina: four letters"
    assert check("chenkw7pz", name="陈"), "a surname alone"
    assert check("wangekw7p", name="王鄂"), "five letters"
    assert refusal("wangankw7", name="王安") == "password_contains_identity", "six letters"


@pytest.mark.parametrize("password", ["lvjingkw7", "lujingkw7", "lyujingkw7", "lüjingkw7"])
def test_every_way_to_type_an_umlaut_counts(password):
    assert refusal(password, name="吕静") == "password_contains_identity"


@pytest.mark.parametrize("password", ["zengqiang7", "cengqiang7"])
def test_every_reading_of_a_character_counts(password):
    assert refusal(password, name="曾强") == "password_contains_identity"


@pytest.mark.parametrize(
    "password", ["欧阳文静kw7p", "ouyangwenjing", "wenjingouyang", "阿卜杜拉买买提77"]
)
def test_compound_surnames_and_middle_dots(password):
    name = "阿卜杜拉·买买提" if "买" in password else "欧阳文静"
    assert refusal(password, name=name) == "password_contains_identity"


def test_a_character_without_a_known_reading_is_compared_as_written():
    assert check("zhangkw7p", name="张\U0003106c")
    assert refusal("kw7张\U0003106cpzt", name="张\U0003106c") == "password_contains_identity"


@pytest.mark.parametrize("password", ["johnsmith7", "SmithJohn7", "john smith", "john-smith-7"])
def test_a_latin_name_is_refused_in_either_order(password):
    assert refusal(password, name="John Smith") == "password_contains_identity"


def test_a_short_latin_name_counts_only_as_written():
    assert check("carolina-kw7", name="Li Na")
    assert refusal("I am Li Na!", name="Li Na") == "password_contains_identity"
    assert check("strong-kw7", name="Ng")


@pytest.mark.parametrize("password", ["sunny.day7", "xSUNNY.DAYx"])
def test_the_local_part_is_refused(password):
    assert refusal(password) == "password_contains_identity"


def test_the_local_part_is_refused_without_its_tag():
    assert refusal("kw7sunnypz", email="sunny+list@example.cn") == "password_contains_identity"


def test_a_local_part_counts_from_three_characters():
    assert check("strong-kw7", email="ro@example.cn")
    assert refusal("strong-kw7", email="ron@example.cn") == "password_contains_identity"


@pytest.mark.parametrize("run", ["110105", "949123", "31002X", "31002x", "861381", "345678"])
def test_six_consecutive_characters_of_a_number_are_refused(run):
    assert refusal(f"kw{run}!z") == "password_contains_identity"


@pytest.mark.parametrize("run", ["11010", "1002X", "45678", "519941"])
def test_five_or_scattered_characters_of_a_number_are_accepted(run):
    assert check(f"kw{run}!zb")


def test_what_is_not_known_checks_nothing():
    assert check("kw7#pzt!", name="", email="", document_number="", phone="")


def test_the_field_is_named():
    with pytest.raises(InvalidInput) as caught:
        check_password(
            "short",
            name=NAME,
            email=EMAIL,
            document_number=DOCUMENT_NUMBER,
            phone=PHONE,
            is_common=lambda _: False,
            field="new_password",
        )
    assert caught.value.problems[0].field == "new_password"


@given(
    before=st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), max_size=40),
    start=st.integers(0, len(DOCUMENT_NUMBER) - 6),
)
def test_a_run_is_found_wherever_it_stands(before, start):
    run = DOCUMENT_NUMBER[start : start + 6]
    assert refusal(f"{before}{run}kw", name="", email="") == "password_contains_identity"
