import json
from collections import Counter
from itertools import product

import msgspec
import pytest

from chalicelib.domain.cells import ETHNICITIES, WORDS
from chalicelib.domain.columns import COLUMNS
from chalicelib.domain.documents import PROVINCES
from chalicelib.domain.names import holds_han
from chalicelib.domain.records import FACTS_OF, FAMILIES
from chalicelib.domain.terms import TERMS, english, label
from infra.demo import careers, words

COURSES = [value for value in vars(careers).values() if isinstance(value, careers.Course)]
DEMO_VALUES = {
    *((field, getattr(course, field)) for course in COURSES for field in ("level", "category")),
    *(("study_form", course.study_form) for course in COURSES),
    *(("level", course.degree) for course in COURSES if course.degree),
    *(
        ("degree_name", f"{major.discipline}{degree}")
        for major in words.MAJORS
        for degree in ("学士", "硕士", "博士")
    ),
    *(("institution_name", place.name) for place in words.UNIVERSITIES),
    *(("major_name", major.name) for major in words.MAJORS),
    *(("major_name", major.graduate_name) for major in words.MAJORS),
    *(("department", f"{major.name}系") for major in words.MAJORS),
}
STANDARD_VALUES = {
    *(("ethnicity", word) for word in (*ETHNICITIES, "其他", "外国血统")),
    *(("province", word) for word in PROVINCES.values()),
    *(("sex", word) for word in ("男", "女")),
    *(
        (column.field, word)
        for columns in COLUMNS.values()
        for column in columns
        for word in WORDS.get(column.reading, ())
    ),
}


def test_the_demo_words_are_found_at_all():
    """The two sets below are made by looking into modules: empty ones would test nothing."""
    assert len(COURSES) == 14
    assert len(STANDARD_VALUES) > 56 + 34 + 20


@pytest.mark.parametrize(("field", "value"), sorted(DEMO_VALUES | STANDARD_VALUES))
def test_every_standard_word_has_an_english_term(field, value):
    term = english(field, value)
    assert term
    assert not holds_han(term)


@pytest.mark.parametrize("field", ["ethnicity", "province", "level", "study_form", "status"])
def test_different_words_have_different_terms(field):
    values = sorted(value for name, value in STANDARD_VALUES if name == field)
    assert len({english(field, value) for value in values}) == len(values)


@pytest.mark.parametrize(
    ("name", "term"),
    [
        ("工学硕士", "Master of Engineering"),
        ("理学博士", "Doctor of Science"),
        ("文学学士", "Bachelor of Arts"),
        ("工程硕士", "Master of Engineering (Professional)"),
        ("工商管理硕士", "Master of Business Administration"),
        ("工商管理硕士专业学位", "Master of Business Administration"),
        ("工学硕士学位", "Master of Engineering"),
        ("法律硕士", "Juris Master"),
        ("博士", "Doctor"),
        ("炼金术硕士", None),
        ("工学", None),
        ("", None),
    ],
)
def test_degrees_are_composed_of_discipline_and_level(name, term):
    assert english("degree_name", name) == term


def test_no_two_degrees_have_the_same_english_name():
    """An English report must not turn a professional degree into an academic one."""
    degrees = json.loads((TERMS / "degrees.json").read_text("utf-8"))
    names = [f"{a}{b}" for a, b in product(degrees["disciplines"], degrees["levels"])]
    terms = {name: english("degree_name", name) for name in names}
    repeated = [term for term, count in Counter(terms.values()).items() if count > 1]
    assert repeated == []


@pytest.mark.parametrize(
    ("field", "value", "term"),
    [
        ("institution_name", "中山大学", "Sun Yat-sen University"),
        ("institution_name", "无锡职业技术学院", "Wuxi Zhiye Jishu Xueyuan"),
        ("major_name", "软件工程", "Software Engineering"),
        ("major_name", "动物医疗技术", "Dongwu Yiliao Jishu"),
        ("department", "软件工程学院", "School of Software Engineering"),
        ("department", "未名系", "Weimingxi"),
        ("department", "未名学院", "Weiming Xueyuan"),
        ("branch", "深圳分院", "Shenzhen Fenyuan"),
    ],
)
def test_names_without_a_term_are_spelled(field, value, term):
    assert english(field, value) == term


@pytest.mark.parametrize(
    ("major", "term"),
    [
        ("英语（师范类）", "English (Teacher Education)"),
        ("会计学(专升本)", "Accounting (Upgrade from Junior College)"),
        ("临床医学（5+3一体化）", "Clinical Medicine (Integrated 5+3 Programme)"),
        ("法学（民商方向）", "Law (Minshangfangxiang)"),
        ("英语（师范类）（专升本）", "English (Teacher Education) (Upgrade from Junior College)"),
        ("法学（\U000323af）", None),
        ("动物医疗技术（师范）", "Dongwu Yiliao Jishu (Shifan)"),
    ],
)
def test_a_major_keeps_its_term_before_a_direction_in_brackets(major, term):
    assert english("major_name", major) == term


@pytest.mark.parametrize(
    ("unit", "term"),
    [
        ("法学院", "School of Law"),
        ("数学系", "Department of Mathematics"),
        ("外国语学院", "School of Foreign Languages"),
        ("计算机学院", "School of Computer Science"),
    ],
)
def test_common_schools_and_departments_have_terms(unit, term):
    assert english("department", unit) == term


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("level", "某层次"),
        ("status", "某状态"),
        ("ethnicity", "穿青人"),
        ("birth_date", "2000-01-01"),
    ],
)
def test_other_words_without_a_term_have_no_english(field, value):
    assert english(field, value) is None


def test_a_spelling_that_cannot_be_made_is_none():
    assert english("major_name", "\U000323af学") is None


def test_the_width_of_brackets_does_not_matter():
    assert english("level", "高职(专科)") == english("level", "高职（专科）") is not None
    assert english("status", "在籍(注册学籍)") == "Enrolled (Registered)"


@pytest.mark.parametrize("family", FAMILIES)
def test_every_field_has_labels_in_both_languages(family):
    for field in FACTS_OF[family].__struct_fields__:
        text = label(field, family)
        assert holds_han(text.zh)
        assert not holds_han(text.en)


def test_labels_follow_the_family():
    assert label("level", "degrees").zh == "学位级别"
    assert label("level", "credentials").zh == "层次"
    with pytest.raises(KeyError):
        label("no_such_field", "degrees")


def _pairs_without_repetition(pairs):
    names = [name for name, _ in pairs]
    assert len(names) == len(set(names)), [n for n, count in Counter(names).items() if count > 1]
    return dict(pairs)


@pytest.mark.parametrize("path", sorted(TERMS.glob("*.json")), ids=lambda path: path.stem)
def test_the_tables_name_every_word_once_and_hold_plain_text(path):
    text = path.read_text("utf-8")
    json.loads(text, object_pairs_hook=_pairs_without_repetition)
    tables = msgspec.json.decode(text)
    for table in tables.values() if isinstance(next(iter(tables.values())), dict) else [tables]:
        for word, term in table.items():
            assert (word, term) == (word.strip(), term.strip() if isinstance(term, str) else term)
