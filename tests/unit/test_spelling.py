import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.spelling import READINGS, spelled_name, spelled_text

READ = json.loads(READINGS.read_text("utf-8"))


@pytest.mark.parametrize(
    ("name", "spelling"),
    [
        ("张小明", "ZHANG Xiaoming"),
        ("李娜", "LI Na"),
        ("欧阳锋", "OUYANG Feng"),
        ("司马相如", "SIMA Xiangru"),
        ("欧阳", "OU Yang"),
        ("单田芳", "SHAN Tianfang"),
        ("仇英", "QIU Ying"),
        ("解晓东", "XIE Xiaodong"),
        ("查良镛", "ZHA Liangyong"),
        ("任我行", "REN Woxing"),
        ("王珩", "WANG Heng"),
        ("曾国藩", "ZENG Guofan"),
        ("朴一生", "PIAO Yisheng"),
        ("区小明", "OU Xiaoming"),
        ("盖小明", "GE Xiaoming"),
        ("翟小明", "ZHAI Xiaoming"),
        ("尉迟恭", "YUCHI Gong"),
        ("万俟卨", "MOQI Xie"),
    ],
)
def test_surname_in_capitals_then_given_name(name, spelling):
    assert spelled_name(name) == spelling


@pytest.mark.parametrize(
    ("name", "spelling"), [("吕布", "LYU Bu"), ("王绿", "WANG Lyu"), ("闾丘女", "LYUQIU Nyu")]
)
def test_u_with_dots_is_yu_as_in_passports(name, spelling):
    assert spelled_name(name) == spelling


@pytest.mark.parametrize(
    ("name", "spelling"),
    [("李西安", "LI Xi'an"), ("吕恩", "LYU En"), ("王小娥", "WANG Xiao'e")],
)
def test_an_apostrophe_keeps_syllables_apart_within_a_given_name(name, spelling):
    assert spelled_name(name) == spelling


@pytest.mark.parametrize(
    ("name", "ethnicity", "spelling"),
    [
        ("艾尔肯·肉孜", None, "AIERKEN ROUZI"),
        ("艾尔肯・肉孜", "维吾尔族", "AIERKEN ROUZI"),
        ("阿布都热合曼", None, "ABUDUREHEMAN"),
        ("古丽娜尔", "维吾尔族", "GULINAER"),
        ("艾尔肯", "维吾尔族", "AIERKEN"),
        ("阿卜杜热合曼·阿不都外力", None, "ABUDUREHEMAN ABUDUWAILI"),
        ("巴勒江·帕尔哈提", "哈萨克族", "BALEJIANG PAERHATI"),
        ("什姆西努尔", None, "SHIMUXINUER"),
        ("阿都呷的", "彝族", "ADUGADI"),
        ("扎西多吉", "藏族", "ZHAXIDUOJI"),
        ("扎西多吉", "汉族", "ZHA Xiduoji"),
        ("王小明", "藏族", "WANG Xiaoming"),
        ("欧阳小明", "苗族", "OUYANG Xiaoming"),
    ],
)
def test_transliterated_names_have_no_surname(name, ethnicity, spelling):
    assert spelled_name(name, ethnicity=ethnicity) == spelling


@pytest.mark.parametrize("name", ["ANNA SPECIMEN", "Jean-Luc O’Neil", "José Müller"])
def test_latin_names_stay(name):
    assert spelled_name(name) == name


@pytest.mark.parametrize(
    "name", ["王??", "??", "王＊", "王\ue123", "王\U000323af", "\U000323af明", "艾·\U000323af"]
)
def test_a_name_that_cannot_be_read_has_no_spelling(name):
    assert spelled_name(name) is None


def test_a_rare_character_with_a_known_reading_is_spelled():
    assert spelled_name("王𬱖") == "WANG Di"


@pytest.mark.parametrize(
    ("text", "spelling"),
    [
        ("通信工程", "Tongxin Gongcheng"),
        ("陕西音乐学院", "Shaanxi Yinyue Xueyuan"),
        ("长沙财会学校", "Changsha Caikuai Xuexiao"),
        ("某某大学（西安）", "Moumou Daxue (Xi'an)"),
        ("资源与环境、法律", "Ziyuan yu Huanjing, Falü"),
        ("3D技术", "3D Jishu"),
        ("MBA", "MBA"),
        ("\U000323af学", None),
    ],
)
def test_words_are_spelled_word_by_word(text, spelling):
    assert spelled_text(text) == spelling


@pytest.mark.parametrize("table", ["surnames", "compound_surnames", "given", "words"])
def test_readings_are_spelled_in_letters(table):
    letters = "".join(READ[table].values()).replace("'", "").replace(" ", "")
    assert letters.isalpha()
    assert {len(word) for word in READ["compound_surnames"]} == {2}


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=2))
def test_a_spelling_holds_latin_letters_only(name):
    spelling = spelled_name(name)
    assert spelling is None or all(
        character.isascii() and (character.isalpha() or character in " '") for character in spelling
    )


@given(st.text(max_size=30))
def test_any_text_is_spelled_or_not(text):
    for spell in (spelled_name, spelled_text):
        assert isinstance(spell(text), str | None)


@pytest.mark.parametrize("no_phrases", ["true", ""])
def test_spellings_do_not_depend_on_the_table_of_phrases(no_phrases):
    program = (
        "import sys; from chalicelib.domain.spelling import spelled_name, spelled_text;"
        "assert 'pypinyin' not in sys.modules;"
        "print(ascii([spelled_name('单长安'), spelled_text('长城大学银行')]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYPINYIN_NO_PHRASES": no_phrases},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == ascii(["SHAN Chang'an", "Changcheng Daxue Yinhang"])
