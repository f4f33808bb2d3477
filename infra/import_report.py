"""How an import command tells its outcome on the terminal."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from chalicelib.domain.errors import InvalidInput
from chalicelib.operations.import_summary import ImportSummary, RowError

UNREADABLE = 2
"""Exit code for a file of which nothing can be imported."""


def run(file: Path, importing: Callable[[BinaryIO], ImportSummary]) -> int:
    """Import `file` and print what became of it; the exit code: 0, or 2 for an unreadable file."""
    try:
        with file.open("rb") as source:
            summary = importing(source)
    except OSError as error:
        print(f"{file}: {error.strerror}", file=sys.stderr)
        return UNREADABLE
    except InvalidInput as refusal:
        for problem in refusal.problems:
            print(f"{file}: {problem.field}: {problem.detail('en')}", file=sys.stderr)
        return UNREADABLE
    print_summary(summary)
    return 0


def show_progress(rows: int) -> None:
    """Rewrite the progress line, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r{rows:,} rows", end="", file=sys.stderr, flush=True)


def print_summary(summary: ImportSummary) -> None:
    """Print the counts, the refused rows as a table, and what was unusual, by column."""
    print(
        f"\r{summary.rows:,} rows: {summary.accepted:,} accepted ({summary.created:,} created, "
        f"{summary.changed:,} changed, {summary.unchanged:,} unchanged), "
        f"{summary.rejected:,} rejected, {summary.warning_count:,} warnings"
    )
    _print_table("refused", summary.errors, summary.error_count)
    _print_table("kept as recorded", summary.warnings[:20], summary.warning_count)


def _print_table(title: str, rows: Sequence[RowError], count: int) -> None:
    if not rows:
        return
    print(f"\n{title}\n{'row':>8}  {'column':<12}  {'code':<28}  what is wrong")
    for one in rows:
        print(f"{one.row:>8}  {one.column:<12}  {one.code:<28}  {one.detail_en}")
    if count > len(rows):
        print(f"{'':>8}  and {count - len(rows):,} more")
