"""How the audit trail is chained and sealed: pure digests, all SHA-256 over length-prefixed parts.

A line's digest covers its address and its sealed content. A partition's chain goes through its
lines in order, and its head after an hour stands for all of them. The hour's seal signs a root
over the heads of the partitions that got lines in that hour, and names the seal before it.
"""

import hashlib
from collections.abc import Iterable

import msgspec

HOUR = 3600
FIRST = b"\0" * 32
"""What the first line of a partition and the first seal of a stage follow."""


class Head(msgspec.Struct, frozen=True):
    """A partition's chain after some of its lines: how many, and the last link."""

    count: int = 0
    link: bytes = FIRST


class Statement(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is signed of an hour (hours since 1970, UTC): `before` is the last seal's digest.

    `actions` counts the hour's lines by what they tell: figures without anybody's data.
    """

    stage: str
    hour: int
    partitions: int
    lines: int
    root: bytes
    before: bytes
    actions: dict[str, int] = {}

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        return b"student archive: audit seal 1\n" + msgspec.json.encode(self, order="sorted")

    @property
    def digest(self) -> bytes:
        """What the next seal names."""
        return hashlib.sha256(self.message).digest()


def line_digest(partition: str, place: str, sealed: bytes) -> bytes:
    """The digest of a line as it is stored."""
    return _digest(b"line", partition.encode(), place.encode(), sealed)


def following(head: Head, place: str, digest: bytes) -> Head:
    """The chain after one more line."""
    return Head(head.count + 1, _digest(b"link", head.link, place.encode(), digest))


def root_of(heads: Iterable[tuple[str, Head]]) -> bytes:
    """The root over partitions and their heads, in whatever order they come."""
    leaves = (
        _digest(b"leaf", partition.encode(), str(head.count).encode(), head.link)
        for partition, head in heads
    )
    return _digest(b"root", *sorted(leaves))


def hour_of(place: str) -> int:
    """The hour in which a line was added, from its place (its sort key)."""
    return int(place.partition("#")[0]) // HOUR


def _digest(*parts: bytes) -> bytes:
    hashed = hashlib.sha256()
    for part in parts:
        hashed.update(len(part).to_bytes(8, "big") + part)
    return hashed.digest()
