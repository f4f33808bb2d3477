"""Faults at the tables, and clients that try again as the contract says.

At the port to the tables the six faults of a call come down to four: throttling and a failure
before it look alike, and so do a failure and a timeout after it.
"""

from collections.abc import Callable, Mapping
from typing import Literal, TypeVar, get_args

from chalicelib.domain.errors import Refusal
from tests.lab import Lab
from tests.wire import Killed
from tests.world import Answer

T = TypeVar("T")
TableFault = Literal["refused before", "refused after", "killed before", "killed after"]
TABLE_FAULTS: tuple[TableFault, ...] = get_args(TableFault)

MOST_SECONDS_STUCK = 120


class Faults:
    """Breaks the calls whose numbers (from 0) are in `plan`."""

    def __init__(self, plan: Mapping[int, TableFault]) -> None:
        self._plan = plan
        self.seen = 0

    def __call__(self, name: str, call: Callable[[], T]) -> T:
        fault = self._plan.get(self.seen)
        self.seen += 1
        if fault is None:
            return call()
        if fault.endswith("after"):
            call()
        if fault.startswith("killed"):
            raise Killed
        raise Refusal("unavailable", retry_after=2, cause="Injected")


def persist(archive: Lab, attempt: Callable[[], Answer]) -> Answer:
    """Attempt until there is an answer other than "try again", waiting as told.

    Every other answer than the last is a 503 or "still running", with `Retry-After`; and all is
    over within two minutes of the clock.
    """
    began = archive.clock()
    while True:
        wait = 1
        try:
            answer = attempt()
        except Killed:
            pass  # the client sees its connection cut
        else:
            if not _is_try_again(answer):
                return answer
            wait = int(answer.headers["Retry-After"])
        archive.clock.advance(wait)
        assert archive.clock() - began <= MOST_SECONDS_STUCK, "stuck"


def _is_try_again(answer: Answer) -> bool:
    if answer.status == 503:
        assert answer.code == "unavailable"
        return True
    return answer.status == 409 and answer.code == "request_in_progress"
