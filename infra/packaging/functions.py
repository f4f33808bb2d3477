"""What each Lambda function may have: `infra/functions.json`, checked against the application."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

FILE = Path(__file__).parents[1] / "functions.json"

Package = Literal["lean", "report"]
Memory = Annotated[int, msgspec.Meta(ge=128, le=10_240)]


class InvalidSettings(Exception):  # noqa: N818 -- tells the operator what to correct
    """A file of settings is missing something or holds something it may not."""


class FunctionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One function. `memory` in MB, `timeout` in seconds.

    `package` names the zip: only `report` carries the typesetter and its fonts. `waited_for`: a
    person waits for it, so a stage may keep it warm.
    """

    memory: Memory
    timeout: Annotated[int, msgspec.Meta(ge=1, le=900)]
    package: Package = "lean"
    waited_for: bool = False
    reserved_concurrency: Annotated[int, msgspec.Meta(ge=1)] | None = None


def read_functions(file: Path = FILE) -> Mapping[str, FunctionSettings]:
    """The settings by function. Raises `InvalidSettings`."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, FunctionSettings])
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise InvalidSettings(f"{file.name}: {error}") from None


def require_same(
    wanted: Collection[str], found: Collection[str], lacking: str, unknown: str
) -> None:
    """Raise `InvalidSettings` unless both name the same functions."""
    missing, surplus = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if missing:
        raise InvalidSettings(f"{lacking} {', '.join(missing)}")
    if surplus:
        raise InvalidSettings(f"{unknown} {', '.join(surplus)}: there is no such function")
