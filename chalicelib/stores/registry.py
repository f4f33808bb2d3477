"""The records of all families, found by person or by certificate number.

    person#<index>     <family>#<record id>        a record that carries this document number
    person#<index>     link#<family>#<record id>   a record bound by hand, ref = its home
    record#<id>        <family>#<record id>        a record without a document number
    (either of both)   claim#<record id>           ref = the account that bound it by hand
    number#<index>     <family>#<record id>        a number on it (state: kind), ref = its home
    where#<id>         -                           where the record stands, its version and digest
    versions#<id>      <version>                   an earlier version

Everything about one person is one query. An automatic binding is derived (name and number
agree), never stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

import msgspec

from chalicelib.domain.records import FACTS_OF, FAMILIES, Facts, Family, PhotoKind, Record
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.tables import ABSENT, Delete, Key, Put, Row, Tables, When, Write

NumberKind = Literal["certificate", "school", "serial"]


_NO_RECORD = Key("registry", "person#-", "-")
"""Read where a number names no record, so that its time does not tell that there is none (R-54)."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A record as it comes from its institution.

    `natural_key` is its stable identity there; `person_number` the normalised document number it
    is filed under (None when it has none that is valid); `numbers` the certificate numbers it can
    be bound by: (institution, year, normal number) by kind. Empty `photos` say nothing: those that
    are filed stay.
    """

    family: Family
    natural_key: str
    facts: Facts
    person_number: str | None = None
    numbers: Mapping[NumberKind, tuple[str, int, str]] = {}
    hold_reason: str | None = None
    photos: Mapping[PhotoKind, str] = {}


class SinkCounts(msgspec.Struct, frozen=True):
    """What an import changed; `changed_records` are the ids of those with a new version."""

    created: int
    changed: int
    unchanged: int
    changed_records: tuple[str, ...] = ()


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


class Registry:
    """The `registry` table."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring

    # Reading

    def of_person(self, person_number: str) -> list[Held]:
        """Every record filed under a document number or linked to it, in one query.

        Linked records cost one batch read more. Which of them the person may see is the caller's
        to decide (`chalicelib.domain.matching`).
        """
        rows = self._tables.query("registry", self.person(person_number)).rows
        own = [self._held(row) for row in rows if _family_of(row)]
        links = {self._target(row): row for row in rows if str(row["sk"]).startswith("link#")}
        found = self._tables.get_many(list(links))
        linked = [
            msgspec.structs.replace(self._held(row), link=self._link(links[key]))
            for key, row in found.items()
        ]
        return own + linked

    def by_number(
        self, family: Family, institution: str, year: int, number: str
    ) -> list[tuple[Held, NumberKind]]:
        """Records of an institution and year that carry this (normal) number."""
        pointers = self._tables.query(
            "registry", self._number(family, institution, year, number)
        ).rows
        kinds = {self._target(row): str(row["state"]) for row in pointers}
        found = self._tables.get_many(list(kinds) or [_NO_RECORD])
        return [
            (self._held(row), kind)
            for key, row in found.items()
            for kind in get_args(NumberKind)
            if kinds[key] == kind
        ]

    def versions(self, record_id: str) -> list[OldVersion]:
        """The record's earlier versions, the newest first."""
        pk = f"versions#{record_id}"
        rows = self._tables.query("registry", pk, newest_first=True).rows
        return [self._keyring.open_document(row["sealed"], _key(row), OldVersion) for row in rows]

    def person(self, person_number: str) -> str:
        """The partition of a normalised document number."""
        return f"person#{self._keyring.index('registry.document', person_number)}"

    # Binding

    def linking(self, held: Held, link: Link, person_number: str) -> list[Write]:
        """The writes that bind a record by hand: they fail when somebody has bound it."""
        record = held.record
        key = Key(
            "registry", self.person(person_number), f"link#{record.family}#{record.record_id}"
        )
        row: Row = {
            "pk": key.pk,
            "sk": key.sk,
            "ref": held.home,
            "sealed": self._keyring.seal_document(link, key),
        }
        claim = _claim(held)
        claim_row: Row = {
            "pk": claim.pk,
            "sk": claim.sk,
            "ref": link.account_id,
            "link": key.pk,
        }
        return [Put("registry", row, ABSENT), Put("registry", claim_row, ABSENT)]

    def unlinking(self, person_number: str, account_id: str) -> list[Delete]:
        """The writes that undo every binding by hand of an account, each on its own.

        A claim is given up before the link that finds it.
        """
        rows = self._tables.query("registry", self.person(person_number), prefix="link#").rows
        mine = [row for row in rows if self._link(row).account_id == account_id]
        claims = [
            Delete(
                Key("registry", str(row["ref"]), f"claim#{str(row['sk']).rpartition('#')[2]}"),
                When(equal={"ref": account_id}),
            )
            for row in mine
        ]
        return [*claims, *(Delete(_key(row)) for row in mine)]

    # Importing

    def put(self, sources: Sequence[Source], *, now: int, reason: str) -> SinkCounts:
        """File records; what is there already in the same words stays untouched.

        A changed record becomes its next version. The `where` row is written last: after a crash
        the same call does again what was not finished, with the same outcome.
        """
        latest = {self.record_id(source): source for source in sources}
        where = self._tables.get_many([_where(record_id) for record_id in latest])
        rows: list[Row] = []
        marks: list[Row] = []
        gone: list[Key] = []
        counts = {"created": 0, "changed": 0, "unchanged": 0}
        changed: list[str] = []
        for record_id, source in latest.items():
            known = where.get(_where(record_id))
            digest = self._digest(source)
            if known is not None and self._says_nothing_new(record_id, source, known, digest):
                counts["unchanged"] += 1
                continue
            counts["created" if known is None else "changed"] += 1
            if known is not None:
                changed.append(record_id)
                gone.extend(self._left_behind(record_id, source, known))
            rows.extend(self._filing(record_id, source, known, now=now, reason=reason))
            marks.append(self._mark(record_id, source, known, digest))
        self._tables.load("registry", rows)
        for key in gone:
            self._tables.write(Delete(key))
        self._tables.load("registry", marks)
        return SinkCounts(**counts, changed_records=tuple(changed))

    def _left_behind(self, record_id: str, source: Source, known: Row) -> list[Key]:
        """What a record leaves at its old home when its document number changes.

        A binding by hand ends with the move: under its right number the record binds by itself, or
        it is somebody else's.
        """
        home = str(known["ref"])
        if home == self._home(record_id, source):
            return []
        claim = Key("registry", home, f"claim#{record_id}")
        row = self._tables.get(claim)
        old = Key("registry", home, f"{source.family}#{record_id}")
        if row is None:
            return [old]
        return [old, Key("registry", str(row["link"]), f"link#{old.sk}"), claim]

    def _filing(
        self, record_id: str, source: Source, known: Row | None, *, now: int, reason: str
    ) -> Iterable[Row]:
        version, imported_at = 1, now
        old = self._present(record_id, source, known)
        if known is not None and old is not None:
            before = self._held(old)
            version, imported_at = int(known["version"]) + 1, before.imported_at
            source = msgspec.structs.replace(source, photos=source.photos or before.record.photos)
            if before.record.version < version:  # else filed before a crash, all but its mark
                yield self._old_version(before.record, now, reason)
        yield self._record_row(record_id, source, version, now, imported_at)
        for kind, (institution, year, number) in source.numbers.items():
            yield {
                "pk": self._number(source.family, institution, year, number),
                "sk": f"{source.family}#{record_id}",
                "ref": self._home(record_id, source),
                "state": kind,
            }

    def _present(self, record_id: str, source: Source, known: Row | None) -> Row | None:
        """The record as it is filed now: where its mark says, or already at its new home."""
        if known is None:
            return None
        sk = f"{source.family}#{record_id}"
        homes = dict.fromkeys((str(known["ref"]), self._home(record_id, source)))
        rows = (self._tables.get(Key("registry", home, sk)) for home in homes)
        return next((row for row in rows if row is not None), None)

    def _says_nothing_new(self, record_id: str, source: Source, known: Row, digest: bytes) -> bool:
        """Whether record and photos are filed as the source has them."""
        if known["digest"] != digest or not source.photos:
            return known["digest"] == digest
        old = self._present(record_id, source, known)
        return old is not None and self._held(old).record.photos == source.photos

    def _record_row(
        self, record_id: str, source: Source, version: int, now: int, imported_at: int
    ) -> Row:
        key = Key("registry", self._home(record_id, source), f"{source.family}#{record_id}")
        stored = _Stored(
            version=version,
            updated_at=now,
            imported_at=imported_at,
            facts=msgspec.Raw(msgspec.msgpack.encode(source.facts)),
            hold_reason=source.hold_reason,
            photos=dict(source.photos),
        )
        return {
            "pk": key.pk,
            "sk": key.sk,
            "sealed": self._keyring.seal_document(stored, key),
        }

    def _mark(self, record_id: str, source: Source, known: Row | None, digest: bytes) -> Row:
        return {
            "pk": _where(record_id).pk,
            "sk": "-",
            "ref": self._home(record_id, source),
            "version": 1 if known is None else int(known["version"]) + 1,
            "digest": digest,
        }

    def _old_version(self, record: Record, now: int, reason: str) -> Row:
        key = Key("registry", f"versions#{record.record_id}", f"{record.version:06d}")
        old = OldVersion(
            version=record.version,
            facts=msgspec.to_builtins(record.facts),
            replaced_at=now,
            replaced_by="institution",
            reason=reason,
        )
        return {
            "pk": key.pk,
            "sk": key.sk,
            "sealed": self._keyring.seal_document(old, key),
        }

    def record_id(self, source: Source) -> str:
        """The id of a record, the same for every delivery of it."""
        return self._keyring.permanent_id("record", f"{source.family}\n{source.natural_key}")

    def _home(self, record_id: str, source: Source) -> str:
        number = source.person_number
        return self.person(number) if number else f"record#{record_id}"

    def _digest(self, source: Source) -> bytes:
        told = msgspec.structs.replace(source, photos={})
        return self._keyring.mac("record", msgspec.json.encode(told).decode())

    def _number(self, family: Family, institution: str, year: int, number: str) -> str:
        value = "\n".join((family, institution, str(year), number))
        return f"number#{self._keyring.index('certificate', value)}"

    # Rows to records

    def _held(self, row: Row) -> Held:
        key = _key(row)
        family = _family_of(row)
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

    def _link(self, row: Row) -> Link:
        return self._keyring.open_document(row["sealed"], _key(row), Link)

    def _target(self, row: Row) -> Key:
        return Key("registry", str(row["ref"]), str(row["sk"]).removeprefix("link#"))


def _family_of(row: Row) -> Family | None:
    word = str(row["sk"]).partition("#")[0]
    return next((family for family in FAMILIES if family == word), None)


def _key(row: Row) -> Key:
    return Key("registry", str(row["pk"]), str(row["sk"]))


def _claim(held: Held) -> Key:
    return Key("registry", held.home, f"claim#{held.record.record_id}")


def _where(record_id: str) -> Key:
    return Key("registry", f"where#{record_id}", "-")
