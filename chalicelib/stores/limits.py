"""Counters of the abuse limits: exact per key, and refusing when they cannot be read.

A window begins with its first event. Counting is a conditional write, so that of any number of
concurrent events exactly the allowed number passes.
"""

from collections.abc import Mapping, Sequence

import msgspec

from chalicelib.domain.limits import Rule
from chalicelib.stores.expiry import expiring
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.tables import (
    ConditionFailed,
    Key,
    Put,
    Row,
    Tables,
    Update,
    When,
    Write,
)

_CONTENTION_TRIES = 20


class Hit(msgspec.Struct, frozen=True):
    """One event, or several at once, to be counted: the rule's name and whom it concerns."""

    rule: str
    subject: str
    times: int = 1


class OverLimit(Exception):  # noqa: N818 -- an expected outcome the caller decides on
    """A limit is reached; `retry_after` seconds until its window ends."""

    def __init__(self, rule: str, retry_after: int) -> None:
        super().__init__(rule)
        self.rule = rule
        self.retry_after = retry_after


class Limits:
    """Counters in the `codes` table, keyed by a digest of the subject."""

    def __init__(self, tables: Tables, keyring: Keyring, rules: Mapping[str, Rule]) -> None:
        self._tables = tables
        self._keyring = keyring
        self._rules = rules

    def counting(self, hits: Sequence[Hit], now: int) -> list[Write]:
        """The writes that count all hits at once, for a commit. Raises `OverLimit`.

        The commit fails on one of `is_counter` keys when somebody else counted meanwhile: prepare
        again.
        """
        return self._counting(hits, self._tables.get_many(self.keys(hits)), now)

    def counting_alike(self, hits: Sequence[Hit], now: int) -> tuple[list[Write], OverLimit | None]:
        """As `counting`; but over a limit as many writes of the same kinds that count nothing.

        For answers whose time must not tell whether a limit was reached.
        """
        rows = self._tables.get_many(self.keys(hits))
        try:
            return self._counting(hits, rows, now), None
        except OverLimit as limit:
            return [_idle(key, rows.get(key), now) for key in self.keys(hits)], limit

    def takes(self, hits: Sequence[Hit], now: int) -> bool:
        """Count all hits or none, by the same calls; whether there was room."""
        for _ in range(_CONTENTION_TRIES):
            writes, limit = self.counting_alike(hits, now)
            try:
                self._tables.commit(writes)
            except ConditionFailed:
                continue
            return limit is None
        return False

    def keys(self, hits: Sequence[Hit]) -> list[Key]:
        """Where the counters stand, to be read together with something else."""
        return [self._key(hit) for hit in hits]

    def take(self, hits: Sequence[Hit], now: int) -> None:
        """Count all hits, or none and raise `OverLimit` of the first rule that has no room."""
        for _ in range(_CONTENTION_TRIES):
            writes = self.counting(hits, now)
            try:
                if len(writes) == 1 and isinstance(writes[0], Put | Update):
                    self._tables.write(writes[0])
                else:
                    self._tables.commit(writes)
            except ConditionFailed:
                continue
            return
        raise OverLimit("contention", 1)

    def require_room(
        self, hits: Sequence[Hit], now: int, rows: Mapping[Key, Row] | None = None
    ) -> None:
        """Raise `OverLimit` when one more event would be too many; counts nothing.

        `rows` are the counters where they were read already (see `keys`).
        """
        if rows is None:
            rows = self._tables.get_many(self.keys(hits))
        self._counting(hits, rows, now)

    def fresh(self, hits: Sequence[Hit], now: int) -> list[Hit]:
        """Those of the hits for which there is room, each looked at alone."""
        rows = self._tables.get_many(self.keys(hits))
        return [
            hit
            for hit, key in zip(hits, self.keys(hits), strict=True)
            if self._has_room(hit, rows.get(key), now)
        ]

    def _has_room(self, hit: Hit, row: Row | None, now: int) -> bool:
        lapsed = row is None or int(row["expires_at"]) <= now
        count = 0 if row is None or lapsed else int(row["count"])
        return count + hit.times <= self._rules[hit.rule].most

    def _counting(self, hits: Sequence[Hit], rows: Mapping[Key, Row], now: int) -> list[Write]:
        return [
            self._count(self._rules[hit.rule], key, rows.get(key), now, hit.times)
            for hit, key in zip(hits, self.keys(hits), strict=True)
        ]

    def _count(self, rule: Rule, key: Key, row: Row | None, now: int, times: int) -> Put | Update:
        if times > rule.most:
            raise OverLimit(rule.name, rule.seconds)
        if row is None or int(row["expires_at"]) <= now:
            fresh: Row = {"pk": key.pk, "sk": key.sk, "count": times}
            window = expiring(key.pk, now + rule.seconds)
            return Put("codes", {**fresh, **window}, When(lapsed_at=now))
        if int(row["count"]) + times > rule.most:
            raise OverLimit(rule.name, int(row["expires_at"]) - now)
        when = When(below={"count": rule.most - times + 1}, above={"expires_at": now})
        return Update(key, add={"count": times}, when=when)

    def _key(self, hit: Hit) -> Key:
        digest = self._keyring.mac("limit", hit.rule, hit.subject).hex()
        return Key("codes", f"limit#{hit.rule}#{digest}", "-")


def _idle(key: Key, row: Row | None, now: int) -> Put | Update:
    """A write like one that counts, after which the counter serves as before."""
    if row is None or int(row["expires_at"]) <= now:
        lapsed: Row = {"pk": key.pk, "sk": key.sk, "count": 1, **expiring(key.pk, now)}
        return Put("codes", lapsed, When(lapsed_at=now))
    return Update(key, add={"count": 0}, when=When(above={"expires_at": now}))


def is_counter(key: Key) -> bool:
    """Whether the row is one of these counters."""
    return key.table == "codes" and key.pk.startswith("limit#")
