"""What is to be done on which day: reminders, accounts to close, corrections to tidy.

agenda#<job>#<day>   <task>#<account id>#<subject>   due = the deadline that the task is about

A task is planned in the commit that makes it necessary, and taken off in the commit that does it,
so that it is done once. Rows hold ids only. A task whose deadline has moved is out of date: who
does it compares. Days are China's.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Literal

import msgspec

from chalicelib.domain.instants import china_date
from chalicelib.stores.tables import Delete, Key, Put, Row, Tables, When

Job = Literal["remind", "close", "tidy", "withdraw"]

LOOK_BACK_DAYS = 60
"""Days on which tasks may have been left undone, each a query of mostly nothing."""

_PAGE = 100


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do on the China day of `at`; `deadline` is what it is about (epoch seconds)."""

    job: Job
    name: str
    account_id: str
    deadline: int
    at: int
    subject: str = "-"


class Agenda:
    """The agenda's partitions of the `archive` table."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def planning(self, task: Task) -> Put:
        """The write that plans a task; planned twice for one day, it is one task."""
        key = _key(task)
        row: Row = {"pk": key.pk, "sk": key.sk, "due": task.deadline, "at": task.at}
        return Put("archive", row)

    def doing(self, task: Task) -> Delete:
        """The write that takes a task off: it fails when somebody was quicker."""
        return Delete(_key(task), When(equal={"due": task.deadline}))

    def due(self, job: Job, now: int) -> Iterator[Task]:
        """The job's tasks up to the end of today, the longest waiting day first."""
        today = china_date(now)
        for days in range(LOOK_BACK_DAYS, -1, -1):
            yield from self._of_day(job, f"agenda#{job}#{today - timedelta(days=days)}")

    def _of_day(self, job: Job, pk: str) -> Iterator[Task]:
        after: str | None = None
        while True:
            page = self._tables.query("archive", pk, after=after, limit=_PAGE)
            for row in page.rows:
                name, account_id, subject = str(row["sk"]).split("#")
                yield Task(
                    job=job,
                    name=name,
                    account_id=account_id,
                    subject=subject,
                    deadline=int(row["due"]),
                    at=int(row["at"]),
                )
            if page.next is None:
                return
            after = page.next


def _key(task: Task) -> Key:
    day = china_date(task.at)
    return Key(
        "archive", f"agenda#{task.job}#{day}", f"{task.name}#{task.account_id}#{task.subject}"
    )
