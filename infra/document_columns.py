"""Write `docs/columns.md`: the columns that an import file may have.

Run `python -m infra.document_columns` after a change of `chalicelib/domain/columns.py`.
"""

from pathlib import Path

from chalicelib.domain.columns import COLUMNS, REQUIRED, Column, column_of_field
from chalicelib.domain.records import FACTS_OF, FAMILIES, Family

DOCUMENT = Path(__file__).parent.parent / "docs" / "columns.md"

_INTRODUCTION = """\
# Columns of an import file

This page is made by `python -m infra.document_columns` from `chalicelib/domain/columns.py`.

A file holds the records of one family as CSV: UTF-8 (with or without byte order mark) or GB18030,
a heading row first, then one record a row. A heading is a code or a Chinese name from the tables
below; case, spaces and full-width forms do not matter. Unknown columns are left out and reported
once. An empty cell, `*` and `＊` mean *unknown*. Where two columns of a file name the same field,
the first that is not unknown counts.

Dates are `YYYYMMDD`, `YYYY-MM-DD`, `YYYY/MM/DD`, `YYYY.MM.DD` or `YYYY年MM月DD日`. Unusual words
and numbers are kept as recorded and reported as warnings; impossible dates and missing required
fields refuse the row, and only that row. Importing the same file again changes nothing.
"""


def _row(column: Column) -> str:
    further = ", ".join(column.aliases) or "–"
    return (
        f"| `{column.code}` | {column.chinese} | `{column.field}` | {column.reading.value} "
        f"| {further} |"
    )


def _needed(family: Family) -> str:
    groups = (
        " or ".join(f"`{column_of_field(family, field).code}`" for field in group)
        for group in REQUIRED[family]
    )
    return "; ".join(groups)


def _section(family: Family) -> str:
    purpose = (FACTS_OF[family].__doc__ or "").splitlines()[0]
    return "\n".join(
        [
            f"## `{family}`",
            "",
            purpose,
            "",
            f"Required: {_needed(family)}.",
            "",
            "| code | name | field | read as | also accepted |",
            "| --- | --- | --- | --- | --- |",
            *(_row(column) for column in COLUMNS[family]),
            "",
        ]
    )


def render() -> str:
    """The whole page, as Markdown."""
    return "\n".join([_INTRODUCTION, *(_section(family) for family in FAMILIES)])


if __name__ == "__main__":
    DOCUMENT.write_text(render(), encoding="utf-8")
    print(f"wrote {DOCUMENT}")
