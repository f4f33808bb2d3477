"""Publishing which reports are valid: once a minute, what has changed since."""

from collections import defaultdict
from collections.abc import Mapping

import msgspec

from chalicelib.domain.report_states import status_at
from chalicelib.domain.status_lists import (
    INVALID,
    RENEW_SECONDS,
    STATUS_LIST,
    VALID,
    list_claims,
    list_id,
    with_statuses,
)
from chalicelib.operations.ports import Ports
from chalicelib.stores.statuses import MINUTE, Change, SignedList
from chalicelib.stores.tables import ConditionFailed

LOOK_BACK_MINUTES = 5
"""Minutes that are looked at again: a commit may end after the minute in which it began."""
_MOST_MINUTES = 1500
"""A day and an hour at once, after a standstill; the next run goes on."""
_DAY_MINUTES = 1440
_MONTH_SECONDS = 32 * 86_400


class Published(msgspec.Struct, frozen=True):
    """How many lists were signed, and how many changes were looked at."""

    lists: int
    changes: int


def publish_statuses(ports: Ports) -> Published:
    """Bring the lists up to date and sign those that changed or grow old. Safe to run twice.

    What is looked at is not the change but the report as it is now.
    """
    now = ports.now()
    first, last = _minutes(ports.statuses.looked_at(), now // MINUTE)
    changes = [each for minute in range(first, last + 1) for each in ports.statuses.changes(minute)]
    wanted = _by_list(changes, ports, now)
    signed_at = ports.statuses.signed_at()
    for name in {list_id(now), list_id(now + _MONTH_SECONDS), *wanted}:
        signed_at.setdefault(name, 0)
    signed = 0
    for name, at in signed_at.items():
        is_old = now - at >= RENEW_SECONDS
        if name in wanted or is_old:
            signed += _publish(ports, name, wanted.get(name, {}), now, again=is_old)
    ports.statuses.look_on_from(last)
    for minute in range(first, last - LOOK_BACK_MINUTES):
        ports.statuses.forget(minute)
    return Published(signed, len(changes))


def _minutes(looked_at: int | None, this: int) -> tuple[int, int]:
    before = this - _DAY_MINUTES if looked_at is None else looked_at
    first = min(before, this) - LOOK_BACK_MINUTES
    return first, min(this, first + _MOST_MINUTES)


def _by_list(changes: list[Change], ports: Ports, now: int) -> Mapping[str, dict[int, int]]:
    rows = ports.statuses.reports(changes)
    found: dict[str, dict[int, int]] = defaultdict(dict)
    for change in changes:
        row = rows.get(change.report)
        if row is not None:
            status = status_at(str(row["state"]), int(row["due"]), now)
            found[change.list_id][change.index] = VALID if status == "valid" else INVALID
    return found


def _publish(ports: Ports, name: str, changes: Mapping[int, int], now: int, *, again: bool) -> bool:
    """Sign a list where that is needed; not when another run was quicker."""
    before = ports.statuses.read(name)
    bits = with_statuses(before.bits, changes)
    if bits == before.bits and not again:
        return False
    uri = f"{ports.public_origin}/api/status-lists/{name}"
    token = ports.signatures.token(STATUS_LIST, list_claims(uri, bits, now), now)
    made = SignedList(bits=bits, token=token, version=before.version)
    try:
        ports.statuses.keep(name, made, now)
    except ConditionFailed:
        return False
    return True
