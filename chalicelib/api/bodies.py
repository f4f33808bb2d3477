"""Reading request bodies and queries: odd input is refused before any rule sees it (A-17)."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from csv import Error as CsvError
from csv import reader
from typing import Any, TypeVar

import msgspec

from chalicelib.domain.errors import FieldProblem, InvalidInput, Refusal, invalid

CSV = "text/csv"
MOST_BYTES = 65_536
MOST_DEPTH = 20
MOST_MEMBERS = 200
MOST_CHARACTERS = 1024

T = TypeVar("T", bound=msgspec.Struct)

_AT = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
"""Unicode categories that no typed field needs: controls, bidi and other format characters,
surrogates, private use, line separators."""


def read_body(
    raw: bytes,
    content_type: str,
    kind: type[T],
    *,
    optional: bool = False,
    csv: str | None = None,
    most_members: int = MOST_MEMBERS,
) -> T:
    """The body as `kind`. An empty body reads as `{}` where it is optional.

    A `text/csv` body lists the member `csv`, where there is one: the first cell of each line.

    Raises `too_large`, `unsupported_media_type`, `malformed_json`, or `InvalidInput` naming every
    missing, unknown or wrong member.
    """
    if len(raw) > MOST_BYTES:
        raise Refusal("too_large")
    if not raw.strip() and optional:
        return _converted({}, kind)
    media_type = media_type_of(content_type)
    if csv is not None and media_type == CSV:
        return _converted({csv: _first_cells(raw, csv)}, kind)
    if media_type != "application/json":
        raise Refusal("unsupported_media_type")
    return _converted(_parsed(raw, most_members), kind)


def media_type_of(content_type: str) -> str:
    """The media type alone, without parameters."""
    return content_type.partition(";")[0].strip().casefold()


def read_query(parameters: Mapping[str, str], kind: type[T]) -> T:
    """The query parameters `kind` knows; others are ignored. Raises `InvalidInput`."""
    known = {field.encode_name for field in msgspec.structs.fields(kind)}
    wanted = {name: _clean_text(value, name) for name, value in parameters.items() if name in known}
    _require_members(wanted, kind)
    return _typed(wanted, kind, strict=False)


def _first_cells(raw: bytes, heading: str) -> list[str]:
    """The first cell of each line that has one; a line of headings is left out."""
    try:
        rows = list(reader(raw.decode("utf-8-sig").splitlines(), strict=True))
    except (UnicodeDecodeError, CsvError):
        raise invalid(heading, "text_invalid") from None
    cells = [row[0].strip() for row in rows if row and row[0].strip()]
    listed = cells[1:] if cells and cells[0].casefold() in {heading, heading[:-1]} else cells
    return [_clean_text(cell, f"{heading}[{place}]") for place, cell in enumerate(listed)]


def _parsed(raw: bytes, most_members: int) -> dict[str, Any]:
    try:
        body = json.loads(raw.decode(), object_pairs_hook=_object, parse_constant=_no_constant)
    except RecursionError:
        raise invalid("$", "too_deep") from None
    except ValueError:
        raise Refusal("malformed_json") from None
    if not isinstance(body, dict):
        raise Refusal("malformed_json")
    _require_modest(body, most_members)
    cleaned = _cleaned(body, "")
    return cleaned if isinstance(cleaned, dict) else {}


def _object(members: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names differ: two readers of a repeated name may believe two things."""
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a name is repeated")
    return found


def _no_constant(name: str) -> None:
    """Refuse `NaN` and `Infinity`, which are no JSON."""
    raise ValueError(name)


def _require_modest(body: object, most_members: int) -> None:
    """Walk level by level, so that a deep body costs no recursion."""
    level: list[object] = [body]
    members = 0
    for _ in range(MOST_DEPTH):
        following = [child for value in level for child in _children(value)]
        members += len(following)
        if members > most_members:
            raise invalid("$", "too_many_members")
        if not following:
            return
        level = following
    if any(isinstance(value, dict | list) for value in level):
        raise invalid("$", "too_deep")


def _children(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _cleaned(value: object, path: str) -> object:
    if isinstance(value, str):
        return _clean_text(value, path)
    if isinstance(value, dict):
        return {
            _clean_text(name, path or "$"): _cleaned(child, f"{path}.{name}" if path else name)
            for name, child in value.items()
        }
    if isinstance(value, list):
        return [_cleaned(child, f"{path}[{place}]") for place, child in enumerate(value)]
    return value


def _clean_text(text: str, path: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise invalid(path[:100] or "$", "too_long")
    if any(unicodedata.category(character) in _INVISIBLE for character in text):
        raise invalid(_printable(path), "text_invalid")
    return unicodedata.normalize("NFC", text)


def _printable(path: str) -> str:
    """A path to show: a member's name may itself hold what is refused."""
    shown = "".join(c for c in path[:100] if unicodedata.category(c) not in _INVISIBLE)
    return shown or "$"


def _converted(body: dict[str, Any], kind: type[T]) -> T:
    _require_members(body, kind)
    return _typed(body, kind, strict=True)


def _require_members(found: Mapping[str, Any], kind: type[msgspec.Struct]) -> None:
    """Raise `InvalidInput` naming every missing and every unknown member."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    problems = [
        FieldProblem(name, "required")
        for name, field in fields.items()
        if field.required and found.get(name) is None
    ]
    problems.extend(
        FieldProblem(name[:100] or "$", "unknown_member") for name in found if name not in fields
    )
    if problems:
        raise InvalidInput(*problems)


def _typed(body: Mapping[str, Any], kind: type[T], *, strict: bool) -> T:
    """Convert; msgspec's text may quote the value, so only the path and a code leave here."""
    try:
        return msgspec.convert(body, kind, strict=strict)
    except msgspec.ValidationError as error:
        message = str(error)
        found = _AT.search(message)
        path = (found["path"] if found else "") or "$"
        raise invalid(path[:100], _code_of(message)) from None


def _code_of(message: str) -> str:
    if "missing required field" in message:
        return "required"
    if "unknown field" in message:
        return "unknown_member"
    if message.startswith("Expected") and "got" in message:
        return "type_invalid"
    return "value_invalid"
