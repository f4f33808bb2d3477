"""Counters of the abuse limits: exact per key, and refusing when they cannot be read.

A window begins with its first event. Counting is a conditional write, so that of any number of
concurrent events exactly the allowed number passes.
"""

import random
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
            idle = [random.choice(self._shards(hit)) for hit in hits]  # noqa: S311 -- spreads load
            return [_idle(key, rows.get(key), now) for key in idle], limit

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
        return [key for hit in hits for key in self._shards(hit)]

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
        return [hit for hit in hits if self._has_room(hit, rows, now)]

    def _has_room(self, hit: Hit, rows: Mapping[Key, Row], now: int) -> bool:
        try:
            self._counted(hit, rows, now)
        except OverLimit:
            return False
        return True

    def _counting(self, hits: Sequence[Hit], rows: Mapping[Key, Row], now: int) -> list[Write]:
        return [self._counted(hit, rows, now) for hit in hits]

    def _counted(self, hit: Hit, rows: Mapping[Key, Row], now: int) -> Write:
        """The write that counts a hit in one of the rule's counters that has room, any of them."""
        rule, keys = self._rules[hit.rule], self._shards(hit)
        waits = []
        for shard in random.sample(range(rule.shards), rule.shards):
            key = keys[shard]
            try:
                return _count(rule, rule.share(shard), key, rows.get(key), now, hit.times)
            except OverLimit as limit:
                waits.append(limit.retry_after)
        raise OverLimit(rule.name, min(waits))

    def _shards(self, hit: Hit) -> list[Key]:
        """Where the counters of a hit stand."""
        shards = self._rules[hit.rule].shards
        if shards == 1:
            return [self._key(hit.rule, hit.subject)]
        return [self._key(hit.rule, hit.subject, str(shard)) for shard in range(shards)]

    def _key(self, rule: str, *subject: str) -> Key:
        digest = self._keyring.mac("limit", rule, *subject).hex()
        return Key("codes", f"limit#{rule}#{digest}", "-")


def _count(rule: Rule, most: int, key: Key, row: Row | None, now: int, times: int) -> Put | Update:
    """The write that counts so many more events of at most so many. Raises `OverLimit`."""
    if times > most:
        raise OverLimit(rule.name, rule.seconds)
    if row is None or int(row["expires_at"]) <= now:
        fresh: Row = {"pk": key.pk, "sk": key.sk, "count": times}
        return Put("codes", {**fresh, **expiring(key.pk, now + rule.seconds)}, When(lapsed_at=now))
    if int(row["count"]) + times > most:
        raise OverLimit(rule.name, int(row["expires_at"]) - now)
    when = When(below={"count": most - times + 1}, above={"expires_at": now})
    return Update(key, add={"count": times}, when=when)


def _idle(key: Key, row: Row | None, now: int) -> Put | Update:
    """A write like one that counts, after which the counter serves as before."""
    if row is None or int(row["expires_at"]) <= now:
        lapsed: Row = {"pk": key.pk, "sk": key.sk, "count": 1, **expiring(key.pk, now)}
        return Put("codes", lapsed, When(lapsed_at=now))
    return Update(key, add={"count": 0}, when=When(above={"expires_at": now}))


def is_counter(key: Key) -> bool:
    """Whether the row is one of these counters."""
    return key.table == "codes" and key.pk.startswith("limit#")
