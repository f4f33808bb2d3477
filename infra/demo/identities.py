"""Who an invented person is: name, document, birth, phone. Each follows from seed and index alone.

Document numbers and phones are unique for the first MAX_PEOPLE people: the sequence digits of a
resident number count the people of one region, and the day of birth moves on when they run out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Literal

from stdnum.iso7064 import mod_11_2

from chalicelib.domain.documents import DocumentType
from infra.demo.words import (
    GIVEN_FEMALE,
    GIVEN_MALE,
    LATIN_FAMILY,
    LATIN_GIVEN,
    RARE_CHARACTERS,
    REGIONS,
    SURNAMES,
    UYGHUR_FATHERS,
    UYGHUR_FEMALE,
    UYGHUR_MALE,
)

MAX_PEOPLE = 40_000
"""Beyond it, sequence and day of birth together would repeat (28 days of the shortest period)."""

NameKind = Literal["han", "rare", "minority", "latin"]


@dataclass(frozen=True, slots=True)
class Identity:
    """An invented person, as the documents say it."""

    index: int
    name: str
    spelling: str | None
    sex: str
    ethnicity: str | None
    birth_date: date
    document_type: DocumentType
    document_number: str
    phone: str


def identity(
    index: int, rng: Random, *, birth_year: int, document: DocumentType, name: NameKind
) -> Identity:
    """The person with this index."""
    sex = rng.choice("男女")
    born = date(birth_year, rng.randint(1, 12), _birth_day(index, document))
    written, spelling = _NAMES[name](rng, sex)
    return Identity(
        index=index,
        name=written,
        spelling=spelling,
        sex=sex,
        ethnicity=_ethnicity(document, name),
        birth_date=born,
        document_type=document,
        document_number=_NUMBERS[document](index, born, sex),
        phone=phone(index),
    )


def phone(index: int) -> str:
    """A mobile number of eleven digits, plainly invented, spread over a thousand segments."""
    return f"1990{index % 1000:03d}{index // 1000:04d}"


def with_check_character(digits: str) -> str:
    """Seventeen digits and their check character (GB 11643, ISO 7064 MOD 11-2)."""
    return digits + str(mod_11_2.calc_check_digit(digits))


def fifteen_digits(number: str) -> str:
    """The form before 1999 of a resident number born before 2000."""
    return number[:6] + number[8:17]


def _ethnicity(document: DocumentType, name: NameKind) -> str | None:
    if name == "minority":
        return "维吾尔族"
    return "汉族" if document == "resident_id" else None


# Names


def _han(rng: Random, sex: str) -> tuple[str, None]:
    given = GIVEN_MALE if sex == "男" else GIVEN_FEMALE
    return rng.choice(SURNAMES) + "".join(rng.sample(given, rng.choice((1, 2, 2)))), None


def _rare(rng: Random, _sex: str) -> tuple[str, None]:
    return rng.choice(SURNAMES) + rng.choice(RARE_CHARACTERS), None


def _minority(rng: Random, sex: str) -> tuple[str, str]:
    given = rng.choice(UYGHUR_MALE if sex == "男" else UYGHUR_FEMALE)
    father = rng.choice(UYGHUR_FATHERS)
    return f"{given[0]}·{father[0]}", f"{given[1]} {father[1]}"


def _latin(rng: Random, _sex: str) -> tuple[str, str]:
    name = f"{rng.choice(LATIN_GIVEN)} {rng.choice(LATIN_FAMILY)}"
    return name, name


_NAMES: Mapping[NameKind, Callable[[Random, str], tuple[str, str | None]]] = {
    "han": _han,
    "rare": _rare,
    "minority": _minority,
    "latin": _latin,
}


# Numbers


_PERIODS = {"resident_id": len(REGIONS) * 500, "residence_permit": 3 * 500}
"""People after which region and sequence repeat."""


def _birth_day(index: int, document: DocumentType) -> int:
    """Spread over the month, and different for people who share region and sequence."""
    period = _PERIODS.get(document, 2000)
    return 1 + (index % period * 17 + index // period) % 28


def _in_region(region: str, ordinal: int, born: date, sex: str) -> str:
    sequence = ordinal % 500 * 2 + (sex == "男")
    return with_check_character(f"{region}{born:%Y%m%d}{sequence:03d}")


def _resident_id(index: int, born: date, sex: str) -> str:
    return _in_region(REGIONS[index % len(REGIONS)], index // len(REGIONS), born, sex)


def _residence_permit(index: int, born: date, sex: str) -> str:
    region = ("810000", "820000", "830000")[index % 3]
    return _in_region(region, index // 3, born, sex)


def _permanent_resident_card(index: int, born: date, _sex: str) -> str:
    """The old form of 15, or the form of 2023: 9, region, country, birth date, sequence."""
    if index % 2:
        return f"DEU{index:012d}"
    return with_check_character(f"911276{born:%Y%m%d}{index // 2 % 1000:03d}")


_NUMBERS: Mapping[DocumentType, Callable[[int, date, str], str]] = {
    "resident_id": _resident_id,
    "residence_permit": _residence_permit,
    "mainland_travel_permit_hk_mo": lambda index, _born, _sex: f"{'HM'[index % 2]}{index:08d}",
    "mainland_travel_permit_tw": lambda index, _born, _sex: f"{index:08d}",
    "passport": lambda index, _born, _sex: f"SP{index:07d}",
    "permanent_resident_card": _permanent_resident_card,
}
