"""How a record of the registry is laid out in rows; see `chalicelib.stores.registry`."""

from collections.abc import Iterable, Mapping

import msgspec

from chalicelib.domain.record_numbers import Indexed, IndexedKind, NumberKind
from chalicelib.domain.records import FACTS_OF, FAMILIES, Facts, Family, PhotoKind, Record
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.tables import Key, Row

ALIAS = "alias"
"""State of a mark that leads to another: the record's number in its source was corrected."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it comes from its institution.

    `natural_key` is its stable identity there; `person_number` the normalised document number it
    is filed under (None when it has none that is valid); `numbers` those it can be found by. Empty
    `photos` say nothing: those that are filed stay.
    """

    family: Family
    natural_key: str
    facts: Facts
    person_number: str | None = None
    numbers: Mapping[IndexedKind, Indexed] = {}
    hold_reason: str | None = None
    photos: Mapping[PhotoKind, str] = {}


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A binding by hand: when (epoch seconds), and which number matched."""

    binding_id: str
    account_id: str
    bound_at: int
    matched_number: NumberKind


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A record and where it stands; `link` is set where it was bound by hand."""

    record: Record
    home: str
    imported_at: int
    link: Link | None = None


class KeptLink(msgspec.Struct, frozen=True, kw_only=True):
    """A binding by hand that ended, as it can be made again."""

    family: Family
    record_id: str
    home: str
    link: Link


class OldVersion(msgspec.Struct, frozen=True, kw_only=True):
    """An earlier version of a record: what it said, and who replaced it, when and why."""

    version: int
    facts: dict[str, object]
    replaced_at: int
    replaced_by: str
    reason: str


class _Stored(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A record's sealed document."""

    version: int
    updated_at: int
    imported_at: int
    facts: msgspec.Raw
    hold_reason: str | None = None
    photos: dict[PhotoKind, str] = {}


class RecordRows:
    """Rows of records, made and read."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def record_id(self, family: Family, natural_key: str) -> str:
        """The id of a record, the same for every delivery of it."""
        return self._keyring.permanent_id("record", f"{family}\n{natural_key}")

    def person(self, person_number: str) -> str:
        """The partition of a normalised document number."""
        return f"person#{self._keyring.index('registry.document', person_number)}"

    def home(self, record_id: str, person_number: str | None) -> str:
        """The partition where a record stands."""
        return self.person(person_number) if person_number else f"record#{record_id}"

    def number(self, family: Family, institution: str, number: str) -> str:
        """The partition that leads to the records of an institution with a normal number."""
        value = f"{family}\n{institution}\n{number}"
        return f"number#{self._keyring.index('certificate', value)}"

    # Making rows

    def record(self, held: Held) -> Row:
        """The record itself."""
        record = held.record
        key = record_key(held)
        stored = _Stored(
            version=record.version,
            updated_at=record.updated_at,
            imported_at=held.imported_at,
            facts=msgspec.Raw(msgspec.msgpack.encode(record.facts)),
            hold_reason=record.hold_reason,
            photos=dict(record.photos),
        )
        return {"pk": key.pk, "sk": key.sk, "sealed": self._keyring.seal_document(stored, key)}

    def old_version(self, record: Record, *, now: int, by: str, reason: str) -> Row:
        """What a record said before a change, by whom and why."""
        key = Key("registry", f"versions#{record.record_id}", f"{record.version:06d}")
        old = OldVersion(
            version=record.version,
            facts=msgspec.to_builtins(record.facts),
            replaced_at=now,
            replaced_by=by,
            reason=reason,
        )
        return {"pk": key.pk, "sk": key.sk, "sealed": self._keyring.seal_document(old, key)}

    def pointers(
        self, held: Held, numbers: Mapping[IndexedKind, Indexed]
    ) -> Iterable[dict[str, str]]:
        """The rows by which a record's numbers lead to it, one for each number."""
        record = held.record
        kinds = {(code, number): kind for kind, (code, _, number) in numbers.items()}
        for (institution, number), kind in kinds.items():
            yield {
                "pk": self.number(record.family, institution, number),
                "sk": f"{record.family}#{record.record_id}",
                "ref": held.home,
                "state": kind,
            }

    # Reading rows

    def held(self, row: Row) -> Held:
        """The record of a row."""
        key = key_of(row)
        family = family_of(row)
        if family is None:
            raise ValueError("not a record")
        stored = self._keyring.open_document(row["sealed"], key, _Stored)
        record = Record(
            record_id=key.sk.partition("#")[2],
            family=family,
            version=stored.version,
            updated_at=stored.updated_at,
            facts=msgspec.msgpack.decode(stored.facts, type=FACTS_OF[family]),
            hold_reason=stored.hold_reason,
            photos=stored.photos,
        )
        return Held(record=record, home=key.pk, imported_at=stored.imported_at)

    def link(self, row: Row) -> Link:
        """The binding by hand of a row."""
        return self._keyring.open_document(row["sealed"], key_of(row), Link)


def family_of(row: Row) -> Family | None:
    """The family of a record's row; None for a row that is no record."""
    word = str(row["sk"]).partition("#")[0]
    return next((family for family in FAMILIES if family == word), None)


def key_of(row: Row) -> Key:
    """The address of a row of the registry."""
    return Key("registry", str(row["pk"]), str(row["sk"]))


def target_of(row: Row) -> Key:
    """The record that a link or a number leads to."""
    return Key("registry", str(row["ref"]), str(row["sk"]).removeprefix("link#"))


def record_key(held: Held) -> Key:
    """Where a record stands."""
    return Key("registry", held.home, f"{held.record.family}#{held.record.record_id}")


def claim_key(held: Held) -> Key:
    """Where it stands who has bound a record by hand."""
    return Key("registry", held.home, f"claim#{held.record.record_id}")


def mark_key(record_id: str) -> Key:
    """Where it stands where a record is."""
    return Key("registry", f"where#{record_id}", "-")
