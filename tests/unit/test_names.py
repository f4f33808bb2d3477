import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import FieldProblem, InvalidInput
from chalicelib.domain.names import comparable, is_uncertain, may_be, parse_name, same_name

HAN = st.sampled_from("王芳欧阳娜〇㐀䶮﨑龥𠅤𬱖𰻝𱁬")


@pytest.mark.req("R-10")
@pytest.mark.parametrize(
    "name",
    [
        "王芳",
        "欧阳娜娜",
        "刘〇",
        "李䶮",
        "王𬱖",
        "𠅤𬱖",
        "迪丽热巴·迪力木拉提",
        "阿·卜·杜",
        "王" * 50,
        "Li",
        "Anna Li",
        "O'Brien, Mary-Jane",
        "José Núñez Jr.",
        "Nguyễn Văn Án",
        "A" * 50,
    ],
)
def test_a_name_as_documents_have_it_stays_as_it_is(name):
    assert parse_name(name) == name


@pytest.mark.req("R-10")
@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "王",
        "𬱖",
        "A",
        "王" * 51,
        "A" * 51,
        "王??",
        "王?",
        "王＊",
        "王芳1",
        "王 芳",
        "·王芳",
        "王芳·",
        "王··芳",
        "王A芳",
        "王-芳",
        "Anna7",
        "-Anna",
        "Anna·Li",
        "Anna\u200bLi",
        "Анна",
        "アンナ",
        "김철수",
        "王\ue863",
        "王芳\U0001f600",
        "王\U000e0100芳",
        "<b>Anna</b>",
        "=Anna",
    ],
)
def test_anything_else_is_refused_by_field(name):
    with pytest.raises(InvalidInput) as refused:
        parse_name(name, field="holder.name")
    assert refused.value.problems == (FieldProblem("holder.name", "name_invalid"),)


@pytest.mark.req("R-10")
@pytest.mark.parametrize("dot", "·・•．･.")
def test_the_dots_people_type_are_one(dot):
    typed = f"阿不都{dot}买买提"
    assert parse_name(typed) == "阿不都·买买提"
    assert same_name(typed, "阿不都·买买提")


def test_a_full_width_period_in_latin_letters_is_a_period():
    assert parse_name("Ｊ．　Ｓｍｉｔｈ") == "J. Smith"


def test_a_name_is_trimmed_and_its_white_space_made_single():
    assert parse_name("　王芳 ") == "王芳"
    assert parse_name("Anna \t Li\n") == "Anna Li"


@pytest.mark.req("R-10")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("王芳", "王芬"),
        ("王芳", "芳王"),
        ("王芳", "王 芳"),
        ("阿不都·买买提", "阿不都买买提"),
        ("Anna Li", "Li Anna"),
        ("Anna Li", "ANNA LI"),
        ("Anna Li", "AnnaLi"),
        ("José", "Jose"),
        ("𬱖王", "𬱗王"),
        ("髙明", "高明"),
        ("囯强", "国强"),
    ],
)
def test_names_compare_exactly_otherwise(one, other):
    assert not same_name(one, other)


@pytest.mark.req("R-10")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("王芳", "王芳"),
        ("王芳 ", "　王芳"),
        ("\uf9e1明", "李明"),  # a compatibility ideograph
        ("\u2f83明", "自明"),  # a Kangxi radical
        ("Ａｎｎａ Ｌｉ", "Anna Li"),
        ("Jose\u0301", "José"),
    ],
)
def test_names_compare_after_nfkc(one, other):
    assert same_name(one, other)


@given(st.text(HAN, min_size=2, max_size=50))
def test_every_name_of_han_characters_is_kept_to_the_letter(name):
    assert parse_name(name) == name


@pytest.mark.req("R-75")
@given(st.text(max_size=60))
def test_any_text_is_a_normal_name_or_refused(text):
    try:
        name = parse_name(text)
    except InvalidInput:
        return
    assert parse_name(name) == name == comparable(text)
    assert not is_uncertain(name)


@pytest.mark.parametrize("lost", ["王??", "王?", "王？？", "？？", "王＊", "*", "王⁇"])
def test_a_name_of_which_something_was_lost_is_uncertain(lost):
    assert is_uncertain(lost)


@pytest.mark.parametrize("whole", ["王芳", "王·芳", "王𬱖", "O'Brien", "王〇"])
def test_a_whole_name_is_certain(whole):
    assert not is_uncertain(whole)


@pytest.mark.parametrize(
    ("uncertain", "name"),
    [
        ("王??", "王𬱖"),
        ("王？？", "王𬱖"),
        ("??王", "𠅤王"),
        ("王??明", "王䶮明"),
        ("王??", "王𬱖𬱖"),
        ("王????", "王𬱖"),
        ("??・买买提", "𠅤𠅤·买买提"),
        ("王＊", "王芳"),
        ("王*", "王小芳"),
        ("＊", "王芳"),
        ("王*?", "王小芳"),
    ],
)
def test_an_uncertain_name_may_be_one_that_agrees_in_what_is_known(uncertain, name):
    assert may_be(uncertain, name)


@pytest.mark.parametrize(
    ("uncertain", "name"),
    [
        ("王??", "李𬱖"),
        ("王??", "王"),
        ("王??", "王一二三"),
        ("王??明", "王䶮"),
        ("??王", "王𠅤"),
        ("王?", "王小芳"),
        ("王＊", "王"),
        ("王.*", "王芳"),
        ("(王)?", "王"),
    ],
)
def test_an_uncertain_name_is_none_that_differs_in_what_is_known(uncertain, name):
    assert not may_be(uncertain, name)


def test_a_hostile_uncertain_name_is_judged_at_once():
    assert not may_be("*王" * 400 + "芳", "王" * 50)


@given(st.text(HAN, min_size=2, max_size=8), st.data())
def test_a_lost_character_never_hides_its_name(name, data):
    place = data.draw(st.integers(0, len(name) - 1))
    marks = data.draw(st.sampled_from(["?", "??", "????", "*", "＊", "？"]))
    assert may_be(name[:place] + marks + name[place + 1 :], name)
