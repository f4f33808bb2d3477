"""The stand-in identity checker of local runs and tests: it knows the demo people."""

import json
from collections.abc import Mapping
from pathlib import Path

from chalicelib.domain.documents import comparable_number
from chalicelib.domain.errors import Refusal
from chalicelib.domain.names import same_name
from chalicelib.domain.phones import parse_phone
from chalicelib.stores.accounts import Person


class DemoIdentityChecker:
    """`IdentityChecker` over the list `people.json` that the demo registry comes with."""

    def __init__(self, people: Path) -> None:
        self._people = people
        self._known: dict[tuple[str, str], str] = {}
        self._read_at = 0.0

    def agrees(self, person: Person, phone: str) -> bool:
        """See `IdentityChecker.agrees`."""
        name = self._list().get((person.document_number, phone))
        return name is not None and same_name(name, person.name)

    def _list(self) -> dict[tuple[str, str], str]:
        """The list, read again when the demo registry was made anew."""
        try:
            changed_at = self._people.stat().st_mtime
            if changed_at != self._read_at:
                people = json.loads(self._people.read_text(encoding="utf-8"))
                self._known = {_key(one): one["name"] for one in people}
                self._read_at = changed_at
        except (OSError, ValueError, KeyError, Refusal):
            raise Refusal("unavailable", cause="DemoPeople") from None
        return self._known


def _key(one: Mapping[str, str]) -> tuple[str, str]:
    """Number and phone as an account holds them."""
    number = comparable_number(one["document_type"], one["document_number"])
    return number or one["document_number"], parse_phone(one["phone"])
