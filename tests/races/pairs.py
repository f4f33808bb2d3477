"""Two requests at once, and what must hold in every order of their table calls.

`make test` runs a slice of the orders; `make schedules` (SCHEDULES=all) all of them, or many more
where there are too many.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tests.lab import Lab
from tests.races.scheduler import Operation, explore
from tests.tables import straight
from tests.world import Answer

MOST_SCHEDULES = 4000 if os.environ.get("SCHEDULES") == "all" else 60


@dataclass
class Pair:
    """Two steps at once, and what must hold whatever their order."""

    archive: Lab
    operations: Sequence[Operation]
    check: Callable[[list[Any]], None]


def statuses(answers: Sequence[Answer]) -> list[int]:
    return sorted(answer.status for answer in answers)


def hold(pair: Pair) -> None:
    """Run the pair in every order, from the state it was made in."""
    rewind = pair.archive.mark()

    def begin() -> Sequence[Operation]:
        rewind()
        return pair.operations

    def check(answers: list[Any]) -> None:
        pair.archive.tables.around = straight
        pair.check(answers)

    assert explore(pair.archive.tables, begin, check, most=MOST_SCHEDULES) > 1
