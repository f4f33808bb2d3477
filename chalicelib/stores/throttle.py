"""Slowing down the guessing of passwords (A-04).

A try is counted before the password is compared, so that concurrent guesses gain nothing: from the
fifth failure in a row each network waits 2^(n-5) seconds, up to a quarter of an hour, and after a
hundred failures in a row from anywhere only a password reset helps (NIST SP 800-63B-4, 3.2.2).
"""

from chalicelib.domain.limits import DAY
from chalicelib.stores.expiry import expiring
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.tables import (
    ABSENT,
    ConditionFailed,
    Delete,
    Key,
    Put,
    Row,
    Tables,
    Update,
    When,
    Write,
)

MOST_CONSECUTIVE = 100
LONGEST_WAIT = 900
_FREE_FAILURES = 5
_FORGOTTEN_AFTER = 366 * DAY
"""So long after the last of them failures in a row are kept: not for ever for a name nobody has."""
_CONTENTION_TRIES = 10


class PasswordThrottle:
    """Counters in the `codes` table, keyed by digests of subject and network.

    The subject is the account's id, or the user name as typed where there is no such account.
    """

    def __init__(self, tables: Tables, keyring: Keyring) -> None:
        self._tables = tables
        self._keyring = keyring

    def take_try(self, subject: str, network: str, now: int) -> bool:
        """Count a try; False when it must not be compared, found by the same calls."""
        keys = self._keys(subject, network)
        for _ in range(_CONTENTION_TRIES):
            rows = self._tables.get_many(keys)
            near, far = rows.get(keys[0]), rows.get(keys[1])
            allowed = _may_try(near, far, now)
            write = _counted if allowed else _idle
            try:
                self._tables.commit([write(keys[0], near, now), write(keys[1], far, now)])
            except ConditionFailed:
                continue
            return allowed
        return False

    def clear(self, subject: str, network: str) -> list[Write]:
        """The writes that forget failures, on this network and in all, after a success."""
        return [Delete(key) for key in self._keys(subject, network)]

    def _keys(self, subject: str, network: str) -> tuple[Key, Key]:
        near = self._keyring.mac("throttle", subject, network).hex()
        far = self._keyring.mac("throttle", subject).hex()
        return (
            Key("codes", f"throttle#{near}", "-"),
            Key("codes", f"throttle#{far}", "consecutive"),
        )


def wait_after(failures: int) -> int:
    """Seconds to wait after that many failures in a row."""
    if failures < _FREE_FAILURES:
        return 0
    return min(LONGEST_WAIT, 1 << min(failures - _FREE_FAILURES, 10))


def _may_try(near: Row | None, far: Row | None, now: int) -> bool:
    waiting = near is not None and int(near["lease"]) > now
    return not waiting and (far is None or int(far["count"]) < MOST_CONSECUTIVE)


def _idle(key: Key, row: Row | None, now: int) -> Write:
    """A write like one that counts, after which the counter stands as before."""
    if row is None:
        nothing: Row = {"pk": key.pk, "sk": key.sk, "count": 0, "lease": 0}
        return Put("codes", {**nothing, **expiring(key.pk, now)}, ABSENT)
    return Update(key, set={"lease": row["lease"]}, when=When(equal={"count": row["count"]}))


def _counted(key: Key, row: Row | None, now: int) -> Write:
    count = 1 if row is None else int(row["count"]) + 1
    columns: Row = {"count": count, "lease": now + wait_after(count)}
    if key.sk == "-":
        columns = {**columns, **expiring(key.pk, now + DAY)}
    else:
        columns = {**columns, "expires_at": now + _FORGOTTEN_AFTER}
    if row is None:
        return Put("codes", {"pk": key.pk, "sk": key.sk, **columns}, ABSENT)
    return Update(key, set=columns, when=When(equal={"count": row["count"]}))
