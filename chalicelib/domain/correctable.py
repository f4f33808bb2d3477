"""What a student may ask to have corrected, and which values can be right there.

The fields are those institutions deliver (`chalicelib.domain.columns`), but for what they decide
themselves: revocation, loss and replacement of a diploma, holds, notes, and which institution it
is. Values are read as an institution's cell is, and what would only be doubted there is refused.
"""

from collections.abc import Mapping
from datetime import date

from chalicelib.domain.cells import Unreadable, known_text, read_cell
from chalicelib.domain.columns import COLUMNS, HOLD_FIELD, Column, Reading
from chalicelib.domain.documents import comparable_number
from chalicelib.domain.errors import InvalidInput, invalid
from chalicelib.domain.names import parse_name
from chalicelib.domain.records import FAMILIES, Family

NOT_CORRECTABLE = frozenset(
    {
        *("document_type", "institution_code", "note", HOLD_FIELD),
        *("revoked", "lost_void", "replaced_by", "replaces"),
    }
)

FIELDS: Mapping[Family, Mapping[str, Column]] = {
    family: {
        column.field: column
        for column in COLUMNS[family]
        if column.field not in NOT_CORRECTABLE and column.reading is not Reading.SUBJECTS
    }
    for family in FAMILIES
}
"""Family → the fields that can be asked for."""

KEY_FIELDS = frozenset(
    {
        *("name", "sex", "birth_date", "document_number"),
        *("major_code", "major_name", "level", "study_form"),
    }
)
"""The fields that two people have to agree on (the domain page's key fields)."""

REGISTRAR_FIELDS: Mapping[Family, Mapping[str, Column]] = {
    family: {
        **FIELDS[family],
        **{column.field: column for column in COLUMNS[family] if column.field == "note"},
    }
    for family in FAMILIES
}
"""Family → the fields that a registrar may change: a note, too."""

_REFUSED_DOUBTS = {"word_unusual": "value_invalid", "day_assumed": "date_invalid"}


def parse_proposed(
    family: Family,
    field: str,
    text: str,
    *,
    at: str,
    today: date,
    document_type: str | None,
    fields: Mapping[Family, Mapping[str, Column]] = FIELDS,
) -> str | int | float:
    """The value proposed for one of the `fields`, as records hold it.

    `at` names the member in a refusal. Raises `InvalidInput`.
    """
    column = fields[family].get(field)
    if column is None:
        raise invalid(at, "value_invalid")
    if column.reading is Reading.NAME:
        return _named(text, at)
    try:
        known = known_text(text)
        if known is None:
            raise invalid(at, "required")
        cell = read_cell(column.reading, known, today=today)
    except Unreadable as problem:
        raise invalid(at, problem.code) from None
    if cell.doubt in _REFUSED_DOUBTS:
        raise invalid(at, _REFUSED_DOUBTS[cell.doubt])
    if column.reading is Reading.DOCUMENT_NUMBER:
        return _numbered(str(cell.value), document_type, at)
    if not isinstance(cell.value, str | int | float):
        raise invalid(at, "value_invalid")
    return cell.value


def _named(text: str, at: str) -> str:
    try:
        return parse_name(text)
    except InvalidInput:
        raise invalid(at, "name_invalid") from None


def _numbered(text: str, document_type: str | None, at: str) -> str:
    number = comparable_number(document_type, text)
    if number is None:
        raise invalid(at, "document_number_invalid")
    return number
