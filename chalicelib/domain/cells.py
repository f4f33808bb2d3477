"""Reading one cell of an institution's file: from text as delivered to a value as we keep it.

A reader answers a `Cell`, its value and perhaps a doubt (a public code that warns, the value being
kept as recorded), or raises `Unreadable` where nothing sensible can be kept.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from chalicelib.domain.certificates import normal_number
from chalicelib.domain.columns import Reading
from chalicelib.domain.errors import InvalidInput
from chalicelib.domain.records import SubjectScore

MAX_CELL = 200
"""Characters in one cell; longer ones are refused."""


class Unreadable(Exception):  # noqa: N818 -- says what the cell is, as Refusal does
    """Nothing can be made of a cell: the public `code` says what is wrong with it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Cell:
    """A value, and the code of a warning where it is unusual."""

    value: object
    doubt: str | None = None


_UNKNOWN = frozenset({"", "*", "＊", "**", "＊＊"})
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def known_text(raw: str) -> str | None:
    """The trimmed text in NFC; None where the cell says *unknown* (empty, `*` or `＊`).

    Raises Unreadable for control, bidirectional and other invisible characters, and for a text
    longer than MAX_CELL. Private and unassigned characters stay: rare names are written with them.
    """
    text = unicodedata.normalize("NFC", raw.strip())
    if text in _UNKNOWN:
        return None
    if not text.isprintable() and any(unicodedata.category(char) in _INVISIBLE for char in text):
        raise Unreadable("text_invalid")
    if len(text) > MAX_CELL:
        raise Unreadable("too_long")
    return text


def read_cell(reading: Reading, text: str, *, today: date) -> Cell:
    """The cell's value; `text` comes from `known_text`. Raises Unreadable.

    Document types and numbers are plain codes here: what they mean takes both together.
    """
    return _READERS[reading](text, today)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()


def _text(text: str, _today: date) -> Cell:
    return Cell(text)


def _code(text: str, _today: date) -> Cell:
    return Cell(_folded(text))


def _certificate_number(text: str, _today: date) -> Cell:
    """Kept as recorded; it must have a form in which it can be compared."""
    try:
        normal_number(text)
    except InvalidInput:
        raise Unreadable("certificate_number_invalid") from None
    return Cell(_folded(text))


_SEXES = {
    **dict.fromkeys(("1", "男", "男性"), "男"),
    **dict.fromkeys(("2", "女", "女性"), "女"),
    **dict.fromkeys(("0", "9", "未知", "未说明"), None),
}


def _sex(text: str, _today: date) -> Cell:
    if (word := _folded(text)) not in _SEXES:
        raise Unreadable("value_invalid")
    return Cell(_SEXES[word])


ETHNICITIES = (
    *("汉族", "蒙古族", "回族", "藏族", "维吾尔族", "苗族", "彝族", "壮族", "布依族", "朝鲜族"),
    *("满族", "侗族", "瑶族", "白族", "土家族", "哈尼族", "哈萨克族", "傣族", "黎族", "傈僳族"),
    *("佤族", "畲族", "高山族", "拉祜族", "水族", "东乡族", "纳西族", "景颇族", "柯尔克孜族"),
    *("土族", "达斡尔族", "仫佬族", "羌族", "布朗族", "撒拉族", "毛南族", "仡佬族", "锡伯族"),
    *("阿昌族", "普米族", "塔吉克族", "怒族", "乌孜别克族", "俄罗斯族", "鄂温克族", "德昂族"),
    *("保安族", "裕固族", "京族", "塔塔尔族", "独龙族", "鄂伦春族", "赫哲族", "门巴族"),
    *("珞巴族", "基诺族"),
)
"""GB/T 3304: the first is 01, the last 56."""

_FURTHER_ETHNICITIES = {"97": "其他", "98": "外国血统"}
_ETHNICITY_WORDS = {word: word for word in (*ETHNICITIES, *_FURTHER_ETHNICITIES.values())} | {
    word.removesuffix("族"): word for word in ETHNICITIES
}


def _ethnicity(text: str, _today: date) -> Cell:
    word = _folded(text)
    if word in _ETHNICITY_WORDS:
        return Cell(_ETHNICITY_WORDS[word])
    if not word.isdecimal():
        return Cell(text, "word_unusual")
    if word in _FURTHER_ETHNICITIES:
        return Cell(_FURTHER_ETHNICITIES[word])
    if not 1 <= int(word) <= len(ETHNICITIES):
        raise Unreadable("value_invalid")
    return Cell(ETHNICITIES[int(word) - 1])


_DATE = re.compile(
    r"(?P<year>\d{4})(?:"
    r"(?P<month>\d{2})(?P<day>\d{2})?"
    r"|(?P<separator>[-/.])(?P<month2>\d{1,2})(?:(?P=separator)(?P<day2>\d{1,2}))?"
    r"|年(?P<month3>\d{1,2})月(?:(?P<day3>\d{1,2})日)?"
    r")",
    re.ASCII,
)
"""Written together, with one kind of separator, or in Chinese; the day may be missing."""


def _date_parts(text: str) -> tuple[int, int, int | None]:
    match = _DATE.fullmatch(_folded(text))
    if match is None:
        raise Unreadable("date_invalid")
    year, month, day = (
        next((part for part in match.group(*names) if part is not None), None)
        for names in (
            ("year", "year"),
            ("month", "month2", "month3"),
            ("day", "day2", "day3"),
        )
    )
    return int(year or 0), int(month or 0), None if day is None else int(day)


def _existing(year: int, month: int, day: int) -> date:
    if not 1900 <= year <= 2100:
        raise Unreadable("date_invalid")
    try:
        return date(year, month, day)
    except ValueError:
        raise Unreadable("date_invalid") from None


def _study_date(text: str, _today: date) -> Cell:
    """Registers of degrees and of older diplomas give year and month only (RXNY, BYNY)."""
    year, month, day = _date_parts(text)
    value = _existing(year, month, 1 if day is None else day).isoformat()
    return Cell(value, "day_assumed" if day is None else None)


def _birth_date(text: str, today: date) -> Cell:
    year, month, day = _date_parts(text)
    if day is None:
        raise Unreadable("date_invalid")
    born = _existing(year, month, day)
    if born > today:
        raise Unreadable("date_invalid")
    return Cell(born.isoformat())


def _year(text: str, today: date) -> Cell:
    digits = _folded(text).removesuffix("年")
    if not (digits.isdecimal() and 1900 <= int(digits) <= today.year + 1):
        raise Unreadable("year_invalid")
    return Cell(int(digits))


def _decimal(text: str) -> Decimal:
    try:
        number = Decimal(_folded(text))
    except InvalidOperation:
        raise Unreadable("number_invalid") from None
    if not number.is_finite() or number < 0:
        raise Unreadable("number_invalid")
    return number


def _length(text: str, _today: date) -> Cell:
    """Courses last from half a year to ten years."""
    years = _decimal(_folded(text).removesuffix("年"))
    if not Decimal("0.5") <= years <= 10:
        raise Unreadable("number_invalid")
    return Cell(float(years))


def _points(text: str) -> float:
    if (points := _decimal(text)) > 1000:
        raise Unreadable("number_invalid")
    return float(points)


def _score(text: str, _today: date) -> Cell:
    return Cell(_points(text))


def _amount(text: str, _today: date) -> Cell:
    """Yuan with two decimals; more decimals are a mistake, not something to round."""
    yuan = _decimal(_folded(text).replace(",", ""))
    if yuan >= 10**9 or yuan != yuan.quantize(Decimal("0.01")):
        raise Unreadable("number_invalid")
    return Cell(f"{yuan:.2f}")


_FLAGS = {
    **dict.fromkeys(("1", "是", "Y", "TRUE"), True),
    **dict.fromkeys(("0", "否", "N", "FALSE"), False),
}


def _flag(text: str, _today: date) -> Cell:
    if (word := _folded(text).upper()) not in _FLAGS:
        raise Unreadable("value_invalid")
    return Cell(_FLAGS[word])


def _subjects(text: str, _today: date) -> Cell:
    return Cell(
        tuple(_subject(part) for part in re.split(r"[;,、]", _folded(text)) if part.strip())
    )


def _subject(part: str) -> SubjectScore:
    subject, separator, points = part.partition(":")
    if not separator or not subject.strip():
        raise Unreadable("value_invalid")
    return SubjectScore(subject=subject.strip(), score=_points(points))


def _institution_code(text: str, _today: date) -> Cell:
    """学校代码 has five digits; they end the identifier 学校标识码 of ten."""
    code = _folded(text)
    if not (code.isascii() and code.isdecimal() and len(code) in {5, 10}):
        raise Unreadable("value_invalid")
    return Cell(code[-5:])


WORDS: Mapping[Reading, tuple[str, ...]] = {
    Reading.LEVEL: (
        *("博士研究生", "硕士研究生", "第二学士学位", "本科", "专科", "高职（专科）"),
        "专科起点本科",
    ),
    Reading.DEGREE_LEVEL: ("博士", "硕士", "学士"),
    Reading.CATEGORY: (
        *("研究生", "普通高等教育", "成人高等教育", "网络教育", "开放教育"),
        *("高等教育自学考试", "学历文凭考试"),
    ),
    Reading.STUDY_FORM: (
        *("普通全日制", "全日制", "非全日制", "脱产", "业余", "函授", "网络教育", "开放教育"),
        "夜大学",
    ),
    Reading.STATUS: (
        *("在籍（注册学籍）", "休学", "保留学籍", "保留入学资格", "转学", "退学", "毕业"),
        *("结业", "不在籍"),
    ),
    Reading.CONCLUSION: ("毕业", "结业"),
}
"""The registers' standard words; others are kept as recorded."""


def _word_reader(reading: Reading) -> Callable[[str, date], Cell]:
    standard = {_folded(word): word for word in WORDS[reading]}

    def read(text: str, _today: date) -> Cell:
        word = standard.get(_folded(text))
        return Cell(text, "word_unusual") if word is None else Cell(word)

    return read


_usual_conclusion = _word_reader(Reading.CONCLUSION)


def _conclusion(text: str, today: date) -> Cell:
    """肄业 has no number and is not registered: it is no credential."""
    if _folded(text) == "肄业":
        raise Unreadable("value_invalid")
    return _usual_conclusion(text, today)


_READERS: Mapping[Reading, Callable[[str, date], Cell]] = {
    Reading.TEXT: _text,
    Reading.CODE: _code,
    Reading.CERTIFICATE_NUMBER: _certificate_number,
    Reading.NAME: _text,
    Reading.SEX: _sex,
    Reading.ETHNICITY: _ethnicity,
    Reading.DOCUMENT_TYPE: _code,
    Reading.DOCUMENT_NUMBER: _code,
    Reading.BIRTH_DATE: _birth_date,
    Reading.DATE: _study_date,
    Reading.YEAR: _year,
    Reading.LENGTH: _length,
    Reading.SCORE: _score,
    Reading.AMOUNT: _amount,
    Reading.FLAG: _flag,
    Reading.SUBJECTS: _subjects,
    Reading.INSTITUTION_CODE: _institution_code,
    Reading.LEVEL: _word_reader(Reading.LEVEL),
    Reading.DEGREE_LEVEL: _word_reader(Reading.DEGREE_LEVEL),
    Reading.CATEGORY: _word_reader(Reading.CATEGORY),
    Reading.STUDY_FORM: _word_reader(Reading.STUDY_FORM),
    Reading.STATUS: _word_reader(Reading.STATUS),
    Reading.CONCLUSION: _conclusion,
}
