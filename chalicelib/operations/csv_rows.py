"""Reading a CSV file of unknown encoding row by row, in constant memory."""

import codecs
import csv
import io
from collections.abc import Iterator
from typing import BinaryIO

from chalicelib.domain.errors import invalid
from chalicelib.domain.registry_rows import SURPLUS

_SNIFFED = 64 * 1024


def read_rows(source: BinaryIO) -> Iterator[tuple[int, dict[str, str]]]:
    """(row number, heading → cell) for each row that is not blank.

    Row numbers are those a spreadsheet shows: the headings are row 1. UTF-8 with or without byte
    order mark and GB18030 are told apart by the first 64 KiB. Missing cells read as empty; cells
    beyond the last column stand under SURPLUS. Raises InvalidInput for a file that is not text in
    one of these encodings, is no CSV, or repeats a heading.
    """
    try:
        yield from _rows(csv.reader(_text_of(source)))
    except UnicodeDecodeError:
        raise invalid("file", "encoding_invalid") from None
    except csv.Error:
        raise invalid("file", "file_unreadable") from None


def _rows(lines: Iterator[list[str]]) -> Iterator[tuple[int, dict[str, str]]]:
    headings = _headings(next(lines, []))
    for row_number, cells in enumerate(lines, start=2):
        if any(cells):
            yield row_number, _row(headings, cells)


def _headings(cells: list[str]) -> list[str]:
    headings = [cell.strip() for cell in cells]
    named = [heading for heading in headings if heading]
    if not named:
        raise invalid("file", "file_unreadable")
    for heading in set(named):
        if named.count(heading) > 1:
            raise invalid(heading, "column_repeated")
    return headings


def _row(headings: list[str], cells: list[str]) -> dict[str, str]:
    """Columns without a heading count as surplus, where a cell of them is filled."""
    row = dict.fromkeys(filter(None, headings), "")
    row.update(zip(headings, cells, strict=False))
    unnamed = [cell for heading, cell in zip(headings, cells, strict=False) if not heading]
    surplus = "".join((*unnamed, *cells[len(headings) :])).strip()
    row.pop(SURPLUS, None)
    return row | {SURPLUS: surplus} if surplus else row


class _Readable(io.RawIOBase):
    """Any object with `read`, as the buffered text reader wants it."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed's Buffer has no len()
        chunk = self._source.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)


def _text_of(source: BinaryIO) -> io.TextIOWrapper:
    buffered = io.BufferedReader(_Readable(source), _SNIFFED)
    return io.TextIOWrapper(buffered, encoding=_encoding(buffered.peek()), newline="")


def _encoding(start: bytes) -> str:
    """UTF-8 proves itself; anything else is GB18030, which fails later if it is not."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8-sig"
