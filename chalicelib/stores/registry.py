"""The records of all families, found by person or by certificate number.

    person#<index>     <family>#<record id>        a record that carries this document number
    person#<index>     link#<family>#<record id>   a record bound by hand, ref = its home
    record#<id>        <family>#<record id>        a record without a document number
    (either of both)   claim#<record id>           ref = the account that bound it by hand
    number#<index>     <family>#<record id>        a number on it (state: kind), ref = its home
    where#<id>         -                           where the record stands, its version and digest;
                                                   or (state: alias) the id it has kept
    versions#<id>      <version>                   an earlier version

Everything about one person is one query. An automatic binding is derived (name and number
agree), never stored. A number leads to records of an institution, whatever their year.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import get_args

import msgspec

from chalicelib.domain.record_numbers import NumberKind, record_numbers
from chalicelib.domain.records import Facts, Family, Record
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.record_rows import (
    ALIAS,
    Held,
    KeptLink,
    Link,
    OldVersion,
    RecordRows,
    Source,
    claim_key,
    family_of,
    key_of,
    mark_key,
    record_key,
    target_of,
)
from chalicelib.stores.tables import (
    ABSENT,
    PRESENT,
    Check,
    ConditionFailed,
    Delete,
    Key,
    Put,
    Row,
    Tables,
    When,
    Write,
)

_NO_RECORD = Key("registry", "person#-", "-")
"""Read where a number names no record, so that its time does not tell that there is none (R-54)."""


class SinkCounts(msgspec.Struct, frozen=True):
    """What an import changed; `changed_records` says what those with a new version say now."""

    created: int
    changed: int
    unchanged: int
    changed_records: Mapping[str, Facts] = {}


class Registry:
    """The `registry` table."""

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring
        self._rows = RecordRows(keyring)

    # Reading

    def of_person(self, person_number: str) -> list[Held]:
        """Every record filed under a document number or linked to it, in one query.

        Linked records cost one batch read more. Which of them the person may see is the caller's
        to decide (`chalicelib.domain.matching`).
        """
        rows = self._tables.query("registry", self._rows.person(person_number)).rows
        own = [self._rows.held(row) for row in rows if family_of(row)]
        links = {target_of(row): row for row in rows if str(row["sk"]).startswith("link#")}
        found = self._tables.get_many(list(links))
        linked = [
            msgspec.structs.replace(self._rows.held(row), link=self._rows.link(links[key]))
            for key, row in found.items()
        ]
        return own + linked

    def by_number(
        self, family: Family, institution: str, year: int, number: str
    ) -> list[tuple[Held, NumberKind]]:
        """Records of an institution and year that carry this (normal) number."""
        wanted = (institution, year, number)
        found: list[tuple[Held, NumberKind]] = []
        for held in self.with_number(family, institution, number):
            numbers = record_numbers(held.record.facts)
            kinds = (kind for kind in get_args(NumberKind) if numbers.get(kind) == wanted)
            found.extend((held, kind) for kind in kinds)
        return found

    def with_number(self, family: Family, institution: str, number: str) -> list[Held]:
        """Records of an institution that carry this (normal) number, of whatever kind and year."""
        pointers = self._tables.query(
            "registry", self._rows.number(family, institution, number)
        ).rows
        found = self._tables.get_many([target_of(row) for row in pointers] or [_NO_RECORD])
        return [self._rows.held(row) for row in found.values()]

    def versions(self, record_id: str) -> list[OldVersion]:
        """The record's earlier versions, the newest first."""
        pk = f"versions#{record_id}"
        rows = self._tables.query("registry", pk, newest_first=True).rows
        return [self._keyring.open_document(row["sealed"], key_of(row), OldVersion) for row in rows]

    def filed(self, home: str, family: Family, record_id: str) -> Held | None:
        """One record where it is filed."""
        row = self._tables.get(Key("registry", home, f"{family}#{record_id}"))
        return self._rows.held(row) if row else None

    def unchanged(self, record: Record) -> Check:
        """The check that no later version of a record is filed."""
        return Check(mark_key(record.record_id), When(below={"version": record.version + 1}))

    # Binding

    def linking(self, held: Held, link: Link, person_number: str) -> list[Write]:
        """The writes that bind a record by hand: they fail when somebody has bound it."""
        record = held.record
        key = Key(
            "registry",
            self._rows.person(person_number),
            f"link#{record.family}#{record.record_id}",
        )
        row: Row = {
            "pk": key.pk,
            "sk": key.sk,
            "ref": held.home,
            "sealed": self._keyring.seal_document(link, key),
        }
        claim = claim_key(held)
        claim_row: Row = {
            "pk": claim.pk,
            "sk": claim.sk,
            "ref": link.account_id,
            "link": key.pk,
        }
        still_there = Check(record_key(held), PRESENT)
        return [Put("registry", row, ABSENT), Put("registry", claim_row, ABSENT), still_there]

    def links(self, person_number: str, account_id: str) -> list[KeptLink]:
        """The bindings by hand that an account has under a number."""
        rows = self._tables.query("registry", self._rows.person(person_number), prefix="link#").rows
        found = ((target_of(row), self._rows.link(row)) for row in rows)
        return [
            KeptLink(family=family, record_id=key.sk.partition("#")[2], home=key.pk, link=link)
            for key, link in found
            if (family := family_of({"sk": key.sk})) and link.account_id == account_id
        ]

    def unlinking(self, person_number: str, account_id: str) -> list[Delete]:
        """The writes that undo every binding by hand of an account, each on its own.

        A claim is given up before the link that finds it.
        """
        rows = self._tables.query("registry", self._rows.person(person_number), prefix="link#").rows
        mine = [row for row in rows if self._rows.link(row).account_id == account_id]
        claims = [
            Delete(
                Key("registry", str(row["ref"]), f"claim#{str(row['sk']).rpartition('#')[2]}"),
                When(equal={"ref": account_id}),
            )
            for row in mine
        ]
        return [*claims, *(Delete(key_of(row)) for row in mine)]

    # Importing

    def put(self, sources: Sequence[Source], *, now: int, reason: str) -> SinkCounts:
        """File records; what is there already in the same words stays untouched.

        A changed record becomes its next version in a commit of its own, and what staff changes at
        the same time is not lost. New records are loaded, each one's `where` row last: after a
        crash the same call does again what was not finished, with the same outcome.
        """
        latest, where = self._known(sources)
        rows: list[Row] = []
        marks: list[Row] = []
        counts = {"created": 0, "changed": 0, "unchanged": 0}
        changed: dict[str, Facts] = {}
        again: list[Source] = []
        for record_id, source in latest.items():
            known = where.get(mark_key(record_id))
            digest = self._digest(source)
            if known is not None and known["digest"] == digest and not source.photos:
                counts["unchanged"] += 1
                continue
            before = self._present(record_id, source, known)
            if known is not None and self._says_the_same(record_id, source, known, before):
                counts["unchanged"] += 1
                marks.append({**known, "digest": digest})
                continue
            filing = self._filing(record_id, source, known, before, now=now, reason=reason)
            mark = self._mark(record_id, source, known, digest)
            if known is None:
                counts["created"] += 1
                rows.extend(filing)
                marks.append(mark)
            elif self._replaced(record_id, source, known, [*filing], mark):
                counts["changed"] += 1
                changed[record_id] = source.facts
            else:
                again.append(source)
        self._tables.load("registry", rows)
        self._tables.load("registry", marks)
        counted = SinkCounts(**counts, changed_records=changed)
        return counted if not again else self._put_again(counted, again, now=now, reason=reason)

    def _replaced(
        self, record_id: str, source: Source, known: Row, rows: Sequence[Row], mark: Row
    ) -> bool:
        """Make a filed record's next version; False when somebody was quicker."""
        as_read = When(equal={"version": known["version"], "ref": known["ref"]})
        left = (Delete(key) for key in self._left_behind(record_id, source, known))
        writes = [Put("registry", row) for row in rows]
        try:
            self._tables.commit([*writes, *left, Put("registry", mark, as_read)])
        except ConditionFailed:
            return False
        return True

    def _put_again(
        self, counted: SinkCounts, sources: Sequence[Source], *, now: int, reason: str
    ) -> SinkCounts:
        """File what was changed meanwhile, on top of that change."""
        more = self.put(sources, now=now, reason=reason)
        return SinkCounts(
            created=counted.created + more.created,
            changed=counted.changed + more.changed,
            unchanged=counted.unchanged + more.unchanged,
            changed_records={**counted.changed_records, **more.changed_records},
        )

    def _known(self, sources: Sequence[Source]) -> tuple[dict[str, Source], Mapping[Key, Row]]:
        """The sources by the id that each record has, and the marks of those filed before.

        A record whose number was corrected kept its id: the mark of its new one leads there.
        """
        delivered = {self.record_id(source): source for source in sources}
        found = self._tables.get_many([mark_key(record_id) for record_id in delivered])
        kept = {key: str(row["ref"]) for key, row in found.items() if row.get("state") == ALIAS}
        latest = {
            kept.get(mark_key(record_id), record_id): source
            for record_id, source in delivered.items()
        }
        return latest, {**found, **self._tables.get_many([mark_key(one) for one in kept.values()])}

    def _left_behind(self, record_id: str, source: Source, known: Row) -> list[Key]:
        """What a record leaves at its old home when its document number changes.

        A binding by hand ends with the move: under its right number the record binds by itself, or
        it is somebody else's.
        """
        home = str(known["ref"])
        if home == self._rows.home(record_id, source.person_number):
            return []
        claim = Key("registry", home, f"claim#{record_id}")
        row = self._tables.get(claim)
        old = Key("registry", home, f"{source.family}#{record_id}")
        if row is None:
            return [old]
        return [old, Key("registry", str(row["link"]), f"link#{old.sk}"), claim]

    def _filing(
        self,
        record_id: str,
        source: Source,
        known: Row | None,
        before: Held | None,
        *,
        now: int,
        reason: str,
    ) -> Iterable[Row]:
        held = self.new_record(record_id, source, now)
        if known is not None and before is not None:
            version = int(known["version"]) + 1
            if before.record.version < version:  # else filed before a crash, all but its mark
                yield self._rows.old_version(
                    before.record, now=now, by="institution", reason=reason
                )
            photos = {**(source.photos or before.record.photos)}
            record = msgspec.structs.replace(held.record, version=version, photos=photos)
            held = msgspec.structs.replace(held, record=record, imported_at=before.imported_at)
        yield self._rows.record(held)
        yield from self._rows.pointers(held, source.numbers)

    def new_record(self, record_id: str, source: Source, now: int) -> Held:
        """A record's first version, where it is to stand."""
        record = Record(
            record_id=record_id,
            family=source.family,
            version=1,
            updated_at=now,
            facts=source.facts,
            hold_reason=source.hold_reason,
            photos=dict(source.photos),
        )
        home = self._rows.home(record_id, source.person_number)
        return Held(record=record, home=home, imported_at=now)

    def _present(self, record_id: str, source: Source, known: Row | None) -> Held | None:
        """The record as it is filed now: where its mark says, or already at its new home."""
        if known is None:
            return None
        sk = f"{source.family}#{record_id}"
        homes = dict.fromkeys((str(known["ref"]), self._rows.home(record_id, source.person_number)))
        rows = (self._tables.get(Key("registry", home, sk)) for home in homes)
        return next((self._rows.held(row) for row in rows if row is not None), None)

    def _says_the_same(
        self, record_id: str, source: Source, known: Row, before: Held | None
    ) -> bool:
        """Whether the record is filed as the source has it, be it that staff corrected it so."""
        if before is None or before.record.version != int(known["version"]):
            return False
        record = before.record
        return (
            (record.facts, record.hold_reason) == (source.facts, source.hold_reason)
            and before.home == self._rows.home(record_id, source.person_number)
            and source.photos in ({}, record.photos)
        )

    def _mark(self, record_id: str, source: Source, known: Row | None, digest: bytes) -> Row:
        return {
            "pk": mark_key(record_id).pk,
            "sk": "-",
            "ref": self._rows.home(record_id, source.person_number),
            "version": 1 if known is None else int(known["version"]) + 1,
            "digest": digest,
        }

    def record_id(self, source: Source) -> str:
        """The id of a record, the same for every delivery of it."""
        return self._rows.record_id(source.family, source.natural_key)

    def _digest(self, source: Source) -> bytes:
        told = msgspec.structs.replace(source, photos={})
        return self._keyring.mac("record", msgspec.json.encode(told).decode())
