"""Institutions of higher education: their identifiers and the Ministry's published list.

An identifier (学校标识码) is ten digits: class 2, province 2, a zero, institution code 5.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence

import msgspec

from chalicelib.domain.documents import PROVINCES
from chalicelib.domain.errors import FieldProblem, InvalidInput, invalid

LEVELS = frozenset({"本科", "专科"})

_REQUIRED_COLUMNS = ("学校名称", "学校标识码", "主管部门", "所在地", "办学层次")


class Identifier(msgspec.Struct, frozen=True):
    """A 学校标识码 in its parts: `kind` (41 regular, 42 adult …), `province`, 5-digit `code`."""

    kind: str
    province: str
    code: str


class Institution(msgspec.Struct, frozen=True, kw_only=True):
    """One institution.

    `identifier` is None for one that is known by its code only. `province` is the one that the
    identifier names, which need not be that of `location`, the seat (河北工业大学 is in Tianjin).
    `note` says 民办 and the like.
    """

    identifier: str | None
    code: str
    name: str
    province: str
    location: str = ""
    level: str
    department: str
    note: str = ""


def parse_identifier(raw: str, *, field: str = "identifier") -> Identifier:
    """An identifier's parts. Raises `InvalidInput` (`value_invalid`)."""
    digits = re.fullmatch(
        r"([0-9]{2})([0-9]{2})0([0-9]{5})", unicodedata.normalize("NFKC", raw).strip()
    )
    if digits is None or digits[2] not in PROVINCES:
        raise invalid(field, "value_invalid")
    return Identifier(kind=digits[1], province=PROVINCES[digits[2]], code=digits[3])


def institution_from_row(row: Mapping[str, str]) -> Institution:
    """One row of the Ministry's list, by its Chinese column names.

    Raises `InvalidInput` whose fields are the columns: `required` for the empty or missing ones,
    else `value_invalid` for the identifier or the level.
    """
    cells = {column: _cell(row.get(column) or "") for column in _REQUIRED_COLUMNS}
    missing = [FieldProblem(column, "required") for column, cell in cells.items() if not cell]
    if missing:
        raise InvalidInput(*missing)
    identifier = parse_identifier(cells["学校标识码"], field="学校标识码")
    if cells["办学层次"] not in LEVELS:
        raise invalid("办学层次", "value_invalid")
    return Institution(
        identifier=unicodedata.normalize("NFKC", cells["学校标识码"]),
        code=identifier.code,
        name=cells["学校名称"],
        province=identifier.province,
        location=cells["所在地"],
        level=cells["办学层次"],
        department=_departments(row["主管部门"]),
        note=_cell(row.get("备注") or ""),
    )


def normal_institution_name(name: str) -> str:
    """The form in which names are compared: NFKC (brackets too), no white space, one case."""
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()


def search(directory: Sequence[Institution], query: str) -> list[Institution]:
    """The institutions that a person typing `query` may mean, likeliest first.

    First the one with that code, identifier or name, then those whose code, then whose name begins
    so, then whose name holds it; otherwise in the directory's order. All for an empty query.
    """
    wanted = normal_institution_name(query)
    ranked = ((_rank(institution, wanted), institution) for institution in directory)
    found = [(rank, institution) for rank, institution in ranked if rank is not None]
    found.sort(key=lambda pair: pair[0])
    return [institution for _, institution in found]


def _rank(institution: Institution, wanted: str) -> int | None:
    """How well the institution fits (0 is best), None where it does not."""
    name = normal_institution_name(institution.name)
    fits = (
        wanted in {institution.code, institution.identifier, name},
        institution.code.startswith(wanted),
        name.startswith(wanted),
        wanted in name,
    )
    return fits.index(True) if any(fits) else None


def _cell(text: str) -> str:
    """A cell without the line breaks that the list's layout put into it (written `\\n` or real)."""
    return "".join(text.replace("\\n", "").split())


def _departments(text: str) -> str:
    """Departments that run an institution together stand on lines of their own."""
    return "、".join(_cell(line) for line in re.split(r"\\n|\n", text) if line.strip())
