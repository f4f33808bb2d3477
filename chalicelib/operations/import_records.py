"""Import one family's records from an institution's file.

Rows are read, checked and put in batches; a refused row is reported and the others load. Putting
the same file again changes nothing: a record is known by its natural key.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import BinaryIO, Protocol

from chalicelib.domain.columns import REQUIRED, column_for, column_of_field
from chalicelib.domain.errors import FieldProblem, InvalidInput
from chalicelib.domain.natural_keys import natural_key
from chalicelib.domain.record_numbers import record_numbers
from chalicelib.domain.records import Family, PhotoKind
from chalicelib.domain.registry_rows import SURPLUS, read_row
from chalicelib.operations.csv_rows import read_rows
from chalicelib.operations.import_summary import ImportSummary
from chalicelib.stores.record_rows import Source
from chalicelib.stores.registry import SinkCounts

BATCH = 100
"""Records handed to the store at a time."""

REASON = "import"
"""Why a record has a new version."""


class RecordSink(Protocol):
    """Where imported records go: `chalicelib.stores.registry.Registry`."""

    def put(self, sources: Sequence[Source], *, now: int, reason: str) -> SinkCounts:
        """Create or change what differs; at most BATCH records, no natural key twice."""
        ...


Photos = Mapping[str, Mapping[PhotoKind, str]]
"""Natural key → kind → address of an image that the archive has sealed.

Addresses never come from the file: a file could otherwise name somebody else's image.
"""


def import_records(
    source: BinaryIO,
    *,
    family: Family,
    registry: RecordSink,
    today: date,
    now: int,
    photos: Photos | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> ImportSummary:
    """Import every good row of `source` and say what became of each.

    `now` is in epoch seconds. `on_progress` is told the number of rows read after every batch.
    Raises InvalidInput for a file that is not readable or lacks a required column. If the registry
    fails, what was put stays, and importing again completes it.
    """
    summary = ImportSummary()
    records = _records(source, family, today, photos or {}, summary)
    for batch in _batches(records):
        summary.add(registry.put(batch, now=now, reason=REASON))
        if on_progress is not None:
            on_progress(summary.rows)
    return summary


def _records(
    source: BinaryIO, family: Family, today: date, photos: Photos, summary: ImportSummary
) -> Iterator[Source]:
    seen: set[str] = set()
    for row_number, row in _checked_rows(source, family, summary):
        summary.rows += 1
        try:
            reading = read_row(family, row, today=today)
        except InvalidInput as refusal:
            summary.reject(row_number, *refusal.problems)
            continue
        key = natural_key(family, reading.facts)
        if key in seen:
            summary.reject(row_number, FieldProblem("row", "row_repeated"))
            continue
        seen.add(key)
        summary.accept(row_number, *reading.warnings)
        yield Source(
            family=family,
            natural_key=key,
            facts=reading.facts,
            person_number=reading.person_number,
            numbers=record_numbers(reading.facts),
            photos=photos.get(key, {}),
            hold_reason=reading.hold_reason,
        )


def _checked_rows(
    source: BinaryIO, family: Family, summary: ImportSummary
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows, after the headings were checked once."""
    headings: Sequence[str] | None = None
    for row_number, row in read_rows(source):
        if headings is None:
            headings = [heading for heading in row if heading != SURPLUS]
            summary.warn(1, *_check_headings(family, headings))
        yield row_number, row


def _check_headings(family: Family, headings: Iterable[str]) -> list[FieldProblem]:
    """Warnings for unknown headings; raises InvalidInput naming each required column missing."""
    columns = {heading: column_for(family, heading) for heading in headings}
    fields = {column.field for column in columns.values() if column is not None}
    missing = [
        FieldProblem(_names(family, group), "column_missing")
        for group in REQUIRED[family]
        if fields.isdisjoint(group)
    ]
    if missing:
        raise InvalidInput(*missing)
    return [
        FieldProblem(heading, "column_unknown")
        for heading, column in columns.items()
        if column is None
    ]


def _names(family: Family, group: Iterable[str]) -> str:
    columns = (column_of_field(family, field) for field in group)
    return " / ".join(f"{column.code} {column.chinese}" for column in columns)


def _batches(records: Iterator[Source]) -> Iterator[list[Source]]:
    batch: list[Source] = []
    for record in records:
        batch.append(record)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
