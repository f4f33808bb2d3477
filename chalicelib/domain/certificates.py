"""Numbers of credentials (学历证书编号) and degrees (学位证书编号).

Numbers are compared in their normal form and shown as they were recorded. Institutions deviate
from the published structure, so a deviation is a warning to the registrar, never a refusal.
"""

import datetime as dt
import re
import unicodedata

from chalicelib.domain.errors import invalid

FIRST_YEAR = 1949

CREDENTIAL_LEVELS = {
    "博士研究生": "01",
    "硕士研究生": "02",
    "第二学士学位": "04",
    "本科": "05",
    "专科起点本科": "05",
    "专科": "06",
    "高职（专科）": "06",
    "高职(专科)": "06",
}
"""Level 层次 → the two digits of a credential number."""

DEGREE_LEVELS = {"博士": "2", "硕士": "3", "学士": "4"}
"""How a degree's name ends → the digit of a degree number."""

_CREDENTIAL = re.compile(
    r"(?P<institution>[0-9]{5})[0-9](?P<year>[0-9]{4})(?P<level>[0-9]{2})[0-9]{5,6}"
)
_DEGREE = re.compile(
    r"[CTZ]?(?P<institution>[0-9]{5})(?P<level>[0-9])(?P<year>[0-9]{4})[0-9A-Z][0-9]{5}"
)


def normal_number(raw: str, *, field: str = "certificate_number") -> str:
    """The form in which numbers are compared: ASCII letters and digits, no leading zeros.

    Decoration (`NO.`, `№`, `第…号`, brackets, spaces, hyphens) and case do not count. Raises
    `InvalidInput` (`certificate_number_invalid`) where no digit but zero is left or more than 40
    characters are.
    """
    text = unicodedata.normalize("NFKC", raw).upper()
    framed = re.search(r"第(.+?)号", text)
    symbols = re.sub(r"[^0-9A-Z]", "", framed[1] if framed else text)
    number = re.sub(r"^NO(?=[0-9])", "", symbols).lstrip("0")
    if len(number) > 40 or not re.search(r"[0-9]", number):
        raise invalid(field, "certificate_number_invalid")
    return number


def credential_deviations(
    number: str, *, institution_code: str | None, year: int | None, level: str | None
) -> tuple[str, ...]:
    """How a credential number departs from `SSSSS K YYYY LL NNNNNN` and from its record.

    `number` is in the normal form; numbers of 2001 and some of 2002 have one digit less. The
    answer names what differs: `structure` alone, or any of `institution`, `year`, `level`; what
    the record does not know (None) is not compared.
    """
    level_digits = CREDENTIAL_LEVELS.get(level) if level else None
    return _deviations(_CREDENTIAL.fullmatch(number), institution_code, year, level_digits)


def degree_deviations(
    number: str, *, institution_code: str | None, year: int | None, degree_name: str | None
) -> tuple[str, ...]:
    """The same for a degree number: unit 5, level 1, year 4, serial 6, maybe after C, T or Z."""
    level_digit = DEGREE_LEVELS.get(degree_name[-2:]) if degree_name else None
    return _deviations(_DEGREE.fullmatch(number), institution_code, year, level_digit)


def parse_year(raw: int | str, today: dt.date, *, field: str = "graduation_year") -> int:
    """A year of graduation or award, from 1949 to this one; `2015年` is read too.

    Raises `InvalidInput` (`year_invalid`).
    """
    digits = re.fullmatch(r"\s*([0-9]{4})\s*年?\s*", unicodedata.normalize("NFKC", str(raw)))
    if digits is None or not FIRST_YEAR <= int(digits[1]) <= today.year:
        raise invalid(field, "year_invalid")
    return int(digits[1])


def _deviations(
    parts: re.Match[str] | None,
    institution_code: str | None,
    year: int | None,
    level_digits: str | None,
) -> tuple[str, ...]:
    if parts is None:
        return ("structure",)
    recorded = {
        "institution": institution_code,
        "year": str(year) if year is not None else None,
        "level": level_digits,
    }
    return tuple(
        part for part, value in recorded.items() if value is not None and parts[part] != value
    )
