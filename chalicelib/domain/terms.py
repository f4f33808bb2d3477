"""English terms for the words of the Chinese registers, and labels of every field.

The tables are `chalicelib/assets/terms/*.json`. Ethnicities are romanised as in GB/T 3304;
institutions have the English names that they give themselves; majors and degrees are named as
universities commonly do. What has no term is spelled in Latin letters where that helps a reader.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from chalicelib.domain.errors import Text
from chalicelib.domain.names import comparable
from chalicelib.domain.records import Family
from chalicelib.domain.spelling import spelled_text

TERMS = Path(__file__).parent.parent / "assets" / "terms"

_SPELLED = frozenset({"institution_name", "major_name", "branch", "department"})
"""Fields whose words have no closed list: what no table knows is spelled in pinyin."""

_UNITS = {"系": "Department of", "学院": "School of", "研究所": "Institute of"}
"""How a department's name ends, and how that begins in English."""

_DIRECTED = re.compile(r"(?P<major>[^()]+)(?P<directions>(\([^()]+\))+)")
"""A major and one or more directions in (folded) brackets."""


def label(field: str, family: Family) -> Text:
    """What a field is called on that family's records. KeyError if there is no such field."""
    labels = _table("labels")
    zh, en = labels.get(f"{family}.{field}") or labels[field]
    return Text(zh, en)


def english(field: str, value: str) -> str | None:
    """The English text for a value as recorded; None where there is none.

    Names of people are not for this function: see `spelling.spelled_name`.
    """
    word = comparable(value)
    if field == "degree_name":
        return _degree(word)
    term = _terms(field).get(word) or _composed(field, word)
    return spelled_text(word) if term is None and field in _SPELLED else term


def _composed(field: str, word: str) -> str | None:
    if field == "major_name":
        return _major_with_direction(word)
    return _department(word) if field == "department" else None


def _major_with_direction(name: str) -> str | None:
    """英语(师范类) is a major that has a term, and a direction or form of it in brackets."""
    parts = _DIRECTED.fullmatch(name)
    term = _terms("major_name").get(parts["major"]) if parts else None
    if not (parts and term):
        return None
    directions = parts["directions"][1:-1].split(")(")
    known = _terms("major_direction")
    spelled = [known.get(each) or spelled_text(each) for each in directions]
    return None if None in spelled else " ".join([term, *(f"({each})" for each in spelled)])


def _degree(name: str) -> str | None:
    """工学硕士 is a discipline and a level; 工商管理硕士专业学位 means the same without its end."""
    degrees: Mapping[str, Mapping[str, str]] = _table("degrees")
    short = name.removesuffix("学位").removesuffix("专业")
    discipline, level = degrees["disciplines"].get(short[:-2]), degrees["levels"].get(short[-2:])
    named = f"{level} of {discipline}" if level and discipline else None
    return degrees["whole"].get(short, named)


def _department(name: str) -> str | None:
    """通信工程系 is the department of a major or field that has a term."""
    for ending, beginning in _UNITS.items():
        word = name.removesuffix(ending)
        studied = _terms("department_field").get(word) or _terms("major_name").get(word)
        if name.endswith(ending) and studied:
            return f"{beginning} {studied}"
    return None


@cache
def _terms(field: str) -> Mapping[str, str]:
    """A field's table; its words are compared without regard to the width of brackets."""
    tables = {"major_name": "majors", "institution_name": "institutions"}
    table = _table(tables[field]) if field in tables else _table("words").get(field, {})
    return {comparable(word): term for word, term in table.items()}


@cache
def _table(name: str) -> dict[str, Any]:
    table: dict[str, Any] = json.loads((TERMS / f"{name}.json").read_text("utf-8"))
    return table
