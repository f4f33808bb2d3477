"""Identity documents: which kinds there are, and what a valid number of each looks like.

Every function that hands out a number hands out the normalised one: NFKC, without white space,
upper case, and a 15-digit resident number in its 18-character form, so that one person has one
number. Source of the resident number: GB 11643 (check character: ISO 7064 MOD 11-2).
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable
from types import ModuleType
from typing import Literal, get_args

import msgspec

from chalicelib.domain.errors import InvalidInput, invalid

DocumentType = Literal[
    "resident_id",
    "residence_permit",
    "mainland_travel_permit_hk_mo",
    "mainland_travel_permit_tw",
    "passport",
    "permanent_resident_card",
]
DOCUMENT_TYPES: tuple[DocumentType, ...] = get_args(DocumentType)

Fault = Literal["length", "format", "region", "date", "check_character"]
"""What is wrong with a number, told to the person (`document_number_invalid`, its reason)."""

PROVINCES: dict[str, str] = {
    "11": "北京市",
    "12": "天津市",
    "13": "河北省",
    "14": "山西省",
    "15": "内蒙古自治区",
    "21": "辽宁省",
    "22": "吉林省",
    "23": "黑龙江省",
    "31": "上海市",
    "32": "江苏省",
    "33": "浙江省",
    "34": "安徽省",
    "35": "福建省",
    "36": "江西省",
    "37": "山东省",
    "41": "河南省",
    "42": "湖北省",
    "43": "湖南省",
    "44": "广东省",
    "45": "广西壮族自治区",
    "46": "海南省",
    "50": "重庆市",
    "51": "四川省",
    "52": "贵州省",
    "53": "云南省",
    "54": "西藏自治区",
    "61": "陕西省",
    "62": "甘肃省",
    "63": "青海省",
    "64": "宁夏回族自治区",
    "65": "新疆维吾尔自治区",
    "71": "台湾省",
    "81": "香港特别行政区",
    "82": "澳门特别行政区",
}
"""GB/T 2260: the first two digits of a region → the province."""

PERMIT_REGIONS = frozenset({"810000", "820000", "830000"})
"""Regions of residence permits: Hong Kong, Macao, Taiwan."""

EARLIEST_BIRTH_YEAR = 1800
"""GB 11643 numbers were first given in 1984: nobody who got one was born before this."""


class Document(msgspec.Struct, frozen=True):
    """One identity document; `number` is normalised (see the module)."""

    type: DocumentType
    number: str


def parse_document(
    document_type: str,
    raw: str,
    *,
    today: dt.date,
    field: str = "document_number",
) -> Document:
    """The document that a person typed.

    Raises `InvalidInput`: `document_type` (`value_invalid`) for a type that does not exist,
    `field` (`document_number_invalid`, its reason a `Fault`) for a number that cannot be. `today`
    is the date in China: nobody is born after it.
    """
    kind = next((known for known in DOCUMENT_TYPES if known == document_type), None)
    if kind is None:
        raise invalid("document_type", "value_invalid")
    number = _full_form(kind, _clean(raw))
    fault = _FAULT_OF[kind](number, today)
    if fault:
        raise invalid(field, "document_number_invalid", fault)
    return Document(kind, number)


def comparable_number(document_type: str | None, raw: str) -> str | None:
    """A record's number in the form that `Document.number` has, or None where it cannot be one.

    Registers hold numbers that were never checked. Where the type is unknown (None) anything that
    is not a resident number is only cleaned, because nothing says what it should look like.
    """
    try:
        return parse_document(document_type or "resident_id", raw, today=dt.date.max).number
    except InvalidInput:
        return None if document_type else _clean(raw) or None


def birth_date_of(document: Document) -> str | None:
    """The birth date (`YYYY-MM-DD`) that a resident number or residence permit tells."""
    if not _tells_birth(document):
        return None
    number = document.number
    return f"{number[6:10]}-{number[10:12]}-{number[12:14]}"


def sex_of(document: Document) -> str | None:
    """男 or 女, as a resident number or residence permit tells (GB 11643: odd is male)."""
    if not _tells_birth(document):
        return None
    return "男" if int(document.number[16]) % 2 else "女"


def _tells_birth(document: Document) -> bool:
    return document.type in {"resident_id", "residence_permit"}


def _clean(raw: str) -> str:
    """NFKC, without white space; upper case unless letters outside ASCII would change meaning."""
    text = "".join(unicodedata.normalize("NFKC", raw).split())
    return text.upper() if text.isascii() else text


def _full_form(kind: DocumentType, number: str) -> str:
    """A 15-digit resident number as 18 characters; every other number as it is.

    Numbers given before 1999 had a year of two digits and no check character.
    """
    if kind != "resident_id" or not re.fullmatch(r"[0-9]{15}", number):
        return number
    body = f"{number[:6]}19{number[6:]}"
    return body + str(_mod_11_2().calc_check_digit(body))


def _mod_11_2() -> ModuleType:
    """ISO 7064 MOD 11-2; most functions load this module for its types and never check a number."""
    from stdnum.iso7064 import mod_11_2  # noqa: PLC0415 -- loads 10 ms of what it does not use here

    return mod_11_2


def _resident_fault(number: str, today: dt.date) -> Fault | None:
    if len(number) == 15:  # fifteen digits were written out in full already
        return "format"
    return _checked_fault(number, today, known_region=number[:2] in PROVINCES)


def _permit_fault(number: str, today: dt.date) -> Fault | None:
    return _checked_fault(number, today, known_region=number[:6] in PERMIT_REGIONS)


def _checked_fault(number: str, today: dt.date, *, known_region: bool) -> Fault | None:
    """The first fault of an 18-character number, in the order in which a person reads it."""
    if len(number) != 18:
        return "length"
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        return "format"
    if not known_region:
        return "region"
    if not _is_birth_date(number[6:14], today):
        return "date"
    return None if _mod_11_2().is_valid(number) else "check_character"


def _is_birth_date(digits: str, today: dt.date) -> bool:
    try:
        born = dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return born.year >= EARLIEST_BIRTH_YEAR and born <= today


def _card_fault(number: str, _today: dt.date) -> Fault | None:
    """Foreign permanent resident cards: 3 letters and 12 digits, since 2023 18 characters."""
    if len(number) not in {15, 18}:
        return "length"
    if re.fullmatch(r"[A-Z]{3}[0-9]{12}", number):
        return None
    if not re.fullmatch(r"9[0-9]{16}[0-9X]", number):
        return "format"
    return None if _mod_11_2().is_valid(number) else "check_character"


def _shaped_fault(pattern: str, lengths: frozenset[int]) -> Callable[[str, dt.date], Fault | None]:
    """The rule for a number that has a shape but no check character."""

    def fault(number: str, _today: dt.date) -> Fault | None:
        if len(number) not in lengths:
            return "length"
        return None if re.fullmatch(pattern, number) else "format"

    return fault


_FAULT_OF: dict[DocumentType, Callable[[str, dt.date], Fault | None]] = {
    "resident_id": _resident_fault,
    "residence_permit": _permit_fault,
    "mainland_travel_permit_hk_mo": _shaped_fault(r"[HM][0-9]{8}(?:[0-9]{2})?", frozenset({9, 11})),
    "mainland_travel_permit_tw": _shaped_fault(r"[0-9]{8}", frozenset({8})),
    "passport": _shaped_fault(r"[A-Z0-9]{5,17}", frozenset(range(5, 18))),
    "permanent_resident_card": _card_fault,
}
