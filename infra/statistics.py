"""Figures of each day, nobody's data: `python -m infra.statistics [--days N] [--html FILE]`.

Counted from the audit trail's seals, so up to the last sealed hour. Printed as bars; `--html`
writes a page that needs nothing else.
"""

import argparse
import html
import sys
from collections.abc import Iterator
from pathlib import Path

from chalicelib.operations.operate import Day, Statistics, statistics
from chalicelib.wiring import ports

FIGURES = ("registrations", "bindings", "reports", "verifications")
_WIDTH = 40
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem;color:#1b2430}"
    "table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "th,td{padding:.2rem .8rem;text-align:right;white-space:nowrap}th:first-child{text-align:left}"
    "td{background:linear-gradient(#9cc3e6,#9cc3e6) left/var(--part) 100% no-repeat}"
)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.statistics", description=__doc__)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--html", type=Path)
    options = parser.parse_args(arguments)
    found = statistics(ports(), options.days)
    if options.html is not None:
        options.html.write_text(page(found), encoding="utf-8")
        print(f"wrote {options.html}")
    else:
        print("\n".join(lines(found)))
    return 0


def lines(found: Statistics) -> Iterator[str]:
    """One block of bars for each figure."""
    for figure in FIGURES:
        most = _most(found, figure)
        yield f"{figure} (to {found.until or 'no sealed hour'})"
        for day in found.days:
            count = _count(day, figure)
            yield f"  {day.day} {'█' * round(_WIDTH * count / most):<{_WIDTH}} {count}"


def page(found: Statistics) -> str:
    """A page with a bar behind each number."""
    head = "".join(f"<th>{figure}</th>" for figure in FIGURES)
    rows = "".join(
        f"<tr><th>{html.escape(day.day)}</th>{''.join(_cell(found, day, one) for one in FIGURES)}"
        "</tr>"
        for day in reversed(found.days)
    )
    until = html.escape(found.until or "-")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Statistics</title>'
        f"<style>{_STYLE}</style><h1>Statistics</h1><p>To {until}.</p>"
        f"<table><tr><th>day</th>{head}</tr>{rows}</table></html>\n"
    )


def _cell(found: Statistics, day: Day, figure: str) -> str:
    count = _count(day, figure)
    return f'<td style="--part:{100 * count / _most(found, figure):.0f}%">{count}</td>'


def _most(found: Statistics, figure: str) -> int:
    return max(1, *(_count(day, figure) for day in found.days))


def _count(day: Day, figure: str) -> int:
    return int(getattr(day, figure))


if __name__ == "__main__":
    sys.exit(main())
