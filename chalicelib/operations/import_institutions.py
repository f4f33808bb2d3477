"""Import the Ministry's list of institutions into the directory."""

from collections.abc import Mapping, Sequence
from typing import BinaryIO, Protocol

from chalicelib.domain.errors import FieldProblem, InvalidInput
from chalicelib.domain.institutions import Institution, institution_from_row
from chalicelib.operations.csv_rows import read_rows
from chalicelib.operations.import_summary import ImportSummary
from chalicelib.stores.registry import SinkCounts

REQUIRED = ("学校名称", "学校标识码", "主管部门", "所在地", "办学层次")
"""Columns of the list that every row fills."""


class InstitutionSink(Protocol):
    """Where institutions go: `chalicelib.stores.institutions.Institutions`."""

    def merge(self, institutions: Sequence[Institution]) -> tuple[int, int]:
        """Add or replace institutions by code; how many were (created, changed)."""
        ...


def import_institutions(source: BinaryIO, *, directory: InstitutionSink) -> ImportSummary:
    """Import every good row; a malformed one is reported with its number and reason.

    The list has the Ministry's Chinese headings (全国高等学校名单). Raises InvalidInput for a file
    that is not readable or lacks a required column.
    """
    summary = ImportSummary()
    institutions: dict[str, Institution] = {}
    for row_number, row in read_rows(source):
        _check_headings(row)
        summary.rows += 1
        try:
            institution = institution_from_row(row)
        except InvalidInput as refusal:
            summary.reject(row_number, *refusal.problems)
            continue
        if institution.code in institutions:
            summary.reject(row_number, FieldProblem("row", "row_repeated"))
            continue
        summary.accept(row_number)
        institutions[institution.code] = institution
    created, changed = directory.merge(list(institutions.values()))
    summary.add(SinkCounts(created, changed, len(institutions) - created - changed))
    return summary


def _check_headings(row: Mapping[str, str]) -> None:
    missing = [FieldProblem(name, "column_missing") for name in REQUIRED if name not in row]
    if missing:
        raise InvalidInput(*missing)
