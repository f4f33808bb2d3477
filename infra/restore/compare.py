"""What differs between two tables, told without anything personal.

Every row counts: each is digested into one of many bins by its key, first in both tables bin by
bin, then again row by row for the bins that differ. So two tables of any size compare in little
memory, in two passes at most.
"""

import hashlib
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

BINS = 4096
_WIDTH = 1 << 128

Item = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """How many rows each of two tables has, and by kind of row how many differ.

    `only_live` would be gone after going back, `only_restored` would be there again.
    """

    live: int
    restored: int
    only_live: Counter[str] = field(default_factory=Counter)
    only_restored: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)

    @property
    def none(self) -> bool:
        """Whether both tables hold the same."""
        return not (self.only_live or self.only_restored or self.changed)


def compare(dynamodb: Any, live: str, restored: str) -> Difference:
    """Compare two tables, named; reads both of them wholly."""
    here, there = _bins(dynamodb, live), _bins(dynamodb, restored)
    differing = {number for number in range(BINS) if here[number] != there[number]}
    made = Difference(_count(here), _count(there))
    if differing:
        _tell_apart(made, _rows(dynamodb, live, differing), _rows(dynamodb, restored, differing))
    return made


def shown(table: str, difference: Difference) -> Iterator[str]:
    """The difference as lines for people."""
    yield f"{table:10} {difference.live:>9} rows now, {difference.restored:>9} restored"
    if difference.none:
        yield "           the same, row by row"
    for what, counts in (
        ("will be gone", difference.only_live),
        ("will be back", difference.only_restored),
        ("will be as before", difference.changed),
    ):
        for kind, count in sorted(counts.items()):
            yield f"           {count:>9} of {kind}#… {what}"


def scan(dynamodb: Any, table: str) -> Iterator[Item]:
    """Every row of a table, as the low-level API has it."""
    for page in dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        yield from page["Items"]


def kind_of(item: Item) -> str:
    """What a row is of, by the first word of its partition key."""
    return str(item["pk"]["S"]).partition("#")[0]


def _bins(dynamodb: Any, table: str) -> list[tuple[int, int]]:
    """Count and sum of the digests in each bin: the same in whatever order rows come."""
    counts, sums = [0] * BINS, [0] * BINS
    for item in scan(dynamodb, table):
        number = _bin(item)
        counts[number] += 1
        sums[number] = (sums[number] + int.from_bytes(_digest(item))) % _WIDTH
    return list(zip(counts, sums, strict=True))


def _rows(
    dynamodb: Any, table: str, bins: Collection[int]
) -> dict[tuple[str, str], tuple[str, bytes]]:
    return {
        _key(item): (kind_of(item), _digest(item))
        for item in scan(dynamodb, table)
        if _bin(item) in bins
    }


def _tell_apart(
    made: Difference,
    live: Mapping[tuple[str, str], tuple[str, bytes]],
    restored: Mapping[tuple[str, str], tuple[str, bytes]],
) -> None:
    made.only_live.update(live[key][0] for key in live.keys() - restored.keys())
    made.only_restored.update(restored[key][0] for key in restored.keys() - live.keys())
    made.changed.update(
        live[key][0] for key in live.keys() & restored.keys() if live[key] != restored[key]
    )


def _count(bins: list[tuple[int, int]]) -> int:
    return sum(count for count, _ in bins)


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _bin(item: Item) -> int:
    key = "\0".join(_key(item)).encode()
    return int.from_bytes(hashlib.blake2b(key, digest_size=2).digest()) % BINS


def _digest(item: Item) -> bytes:
    return hashlib.blake2b(repr(sorted(item.items())).encode(), digest_size=16).digest()
