"""Every interleaving of concurrent operations, at the level of table calls.

Operations run in threads, of which one at a time is let run up to its next table call. A table
call is atomic on DynamoDB, so the order of these calls is all that concurrency can change.
"""

import random
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from tests.tables import InterceptedTables

T = TypeVar("T")
Operation = Callable[[], Any]
Choose = Callable[[Sequence[int]], int]
"""Picks the next worker among those that wait before a table call."""

_PATIENCE_SECONDS = 60.0


class _Worker:
    """One operation in a thread that waits before each of its table calls."""

    def __init__(self, operation: Operation, parked: threading.Semaphore) -> None:
        self.go = threading.Semaphore(0)
        self.done = False
        self.result: Any = None
        self.error: BaseException | None = None
        self._operation = operation
        self._parked = parked
        self.thread = threading.Thread(target=self._work, daemon=True)

    def pause(self) -> None:
        self._parked.release()
        assert self.go.acquire(timeout=_PATIENCE_SECONDS)

    def _work(self) -> None:
        try:
            self.result = self._operation()
        except BaseException as error:  # noqa: BLE001 -- raised again where it is waited for
            self.error = error
        finally:
            self.done = True
            self._parked.release()


class Run:
    """One run of operations under a schedule."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        self._parked = threading.Semaphore(0)
        self._workers = [_Worker(operation, self._parked) for operation in operations]

    def go(self, choose: Choose) -> list[Any]:
        """Run to the end; answers what the operations answered."""
        for worker in self._workers:
            worker.thread.start()
            self._wait()
        while waiting := [place for place, one in enumerate(self._workers) if not one.done]:
            self._workers[choose(waiting)].go.release()
            self._wait()
        for worker in self._workers:
            worker.thread.join(_PATIENCE_SECONDS)
            if worker.error is not None:
                raise worker.error
        return [worker.result for worker in self._workers]

    def around(self, name: str, call: Callable[[], T]) -> T:
        """Stand before a table call until it is this operation's turn."""
        current = threading.current_thread()
        for worker in self._workers:
            if worker.thread is current:
                worker.pause()
        return call()

    def _wait(self) -> None:
        assert self._parked.acquire(timeout=_PATIENCE_SECONDS), "a worker hangs"


def explore(
    tables: InterceptedTables,
    begin: Callable[[], Sequence[Operation]],
    check: Callable[[list[Any]], None],
    *,
    most: int,
) -> int:
    """Run `begin`'s operations under every schedule, or under `most` seeded ones of more.

    `begin` brings the state back and answers the operations; `check` raises when what they
    answered or left behind is wrong. Answers the number of schedules.
    """

    def once(choose: Choose) -> None:
        run = Run(begin())
        tables.around = run.around
        taken: list[int] = []

        def choose_and_note(waiting: Sequence[int]) -> int:
            taken.append(choose(waiting))
            return taken[-1]

        try:
            check(run.go(choose_and_note))
        except BaseException as error:
            error.add_note(f"schedule: {taken}")
            raise

    return _enumerated(once, most) or _sampled(once, most)


def _sampled(once: Callable[[Choose], object], most: int) -> int:
    for seed in range(most):
        once(random.Random(seed).choice)
    return most


def _enumerated(once: Callable[[Choose], object], most: int) -> int | None:
    """Depth first over the choices; None when there are more than `most`."""
    prefix: Sequence[int] = ()
    for count in range(1, most + 1):
        trace: list[tuple[int, int]] = []
        once(partial(_follow, prefix, trace))
        while trace and trace[-1][0] + 1 == trace[-1][1]:
            trace.pop()
        if not trace:
            return count
        prefix = [*(pick for pick, _ in trace[:-1]), trace[-1][0] + 1]
    return None


def _follow(prefix: Sequence[int], trace: list[tuple[int, int]], waiting: Sequence[int]) -> int:
    """Choose as `prefix` says, then the first; note what was chosen of how many."""
    pick = prefix[len(trace)] if len(trace) < len(prefix) else 0
    trace.append((pick, len(waiting)))
    return waiting[pick]
