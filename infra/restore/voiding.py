"""What must not survive going back to an earlier instant; every step is safe to repeat.

`codes`, `sessions` and `outbox` are not restored. Going back to what they were would let used
codes be used again and send messages a second time.
"""

from datetime import date
from typing import Any

from infra.restore.compare import Item, kind_of, scan

COUNTERS = ("limit", "throttle")
"""Rows of `codes` that count attempts: whoever was at a limit still is."""

_REMINDERS = "agenda#remind#"


def void_codes(dynamodb: Any, table: str) -> int:
    """Remove codes, verification tokens and kept replies: what they speak of may be undone."""
    return _remove(dynamodb, table, lambda item: kind_of(item) not in COUNTERS)


def void_sessions(dynamodb: Any, table: str) -> int:
    """Remove all sessions and remembered devices: everybody signs in again, with both steps."""
    return _remove(dynamodb, table, lambda _: True)


def drop_messages(dynamodb: Any, table: str, instant: int) -> int:
    """Remove unsent messages of what happened after the instant: it will not have happened.

    Earlier ones wait on; whatever has been sent is not in the table any more.
    """
    return _remove(dynamodb, table, lambda item: int(item["at"]["N"]) > instant)


def drop_sent_reminders(dynamodb: Any, live: str, restored: str, today: date) -> int:
    """Remove from the restored agenda the reminders that have been sent since.

    Sending takes a reminder off the live agenda; a day that is still to come has sent none.
    """
    waiting = {_key(item) for item in scan(dynamodb, live) if _is_reminder(item, today)}
    return _remove(
        dynamodb,
        restored,
        lambda item: _is_reminder(item, today) and _key(item) not in waiting,
    )


def _is_reminder(item: Item, today: date) -> bool:
    pk = str(item["pk"]["S"])
    return pk.startswith(_REMINDERS) and pk.removeprefix(_REMINDERS) <= today.isoformat()


def _remove(dynamodb: Any, table: str, unwanted: Any) -> int:
    """Remove the rows that are unwanted; how many."""
    removed = 0
    for item in scan(dynamodb, table):
        if unwanted(item):
            dynamodb.delete_item(TableName=table, Key={"pk": item["pk"], "sk": item["sk"]})
            removed += 1
    return removed


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]
