"""What an import did: counts, and which rows it refused or found unusual."""

from dataclasses import dataclass, field

from chalicelib.domain.errors import FieldProblem
from chalicelib.stores.registry import SinkCounts

MAX_KEPT = 1000
"""Errors and warnings kept of one import, each; all are counted."""


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong or unusual in one row; never a value of it.

    `row` is the number a spreadsheet shows; `column` the heading as it stands in the file.
    """

    row: int
    column: str
    code: str
    detail_zh: str
    detail_en: str


@dataclass(slots=True)
class ImportSummary:
    """Counts of rows and of what became of them; the first MAX_KEPT errors and warnings."""

    rows: int = 0
    accepted: int = 0
    rejected: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    error_count: int = 0
    warning_count: int = 0
    errors: list[RowError] = field(default_factory=list)
    warnings: list[RowError] = field(default_factory=list)

    def reject(self, row: int, *problems: FieldProblem) -> None:
        """Count a refused row and keep its problems."""
        self.rejected += 1
        self.error_count += len(problems)
        _keep(self.errors, row, problems)

    def accept(self, row: int, *warnings: FieldProblem) -> None:
        """Count an accepted row and keep what was unusual about it."""
        self.accepted += 1
        self.warn(row, *warnings)

    def warn(self, row: int, *warnings: FieldProblem) -> None:
        """Keep what is unusual about a row, or about the headings (row 1)."""
        self.warning_count += len(warnings)
        _keep(self.warnings, row, warnings)

    def add(self, counts: SinkCounts) -> None:
        """Add what the store did with a batch."""
        self.created += counts.created
        self.changed += counts.changed
        self.unchanged += counts.unchanged


def _keep(kept: list[RowError], row: int, problems: tuple[FieldProblem, ...]) -> None:
    kept.extend(
        RowError(row, problem.field, problem.code, problem.detail("zh"), problem.detail("en"))
        for problem in problems[: MAX_KEPT - len(kept)]
    )
