"""Lists of report statuses: a bit for each report, 0 while it is valid, 1 when it is not.

Source: the IETF's Token Status List (draft-ietf-oauth-status-list), with one bit a token. A list is
named by its month and a number; places in it are random, so that neighbours tell nothing, and
asking for a list tells nothing about whose report is checked.
"""

import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

import msgspec

from chalicelib.domain.instants import CHINA
from chalicelib.domain.jose import decoded, encoded

STATUS_LIST = "statuslist+jwt"
SIZE = 2**17
"""Places in a list: 16 KiB, and company enough for everybody in it."""

LIFETIME_SECONDS = 3600
RENEW_SECONDS = 1800
"""How long a signed list is valid, and when it is signed again though nothing has changed: an old
list with a report still valid in it cannot be shown for longer."""
TTL_SECONDS = 60

VALID, INVALID = 0, 1

_TRIES_A_LIST = 3
_MOST_LISTS = 60


class StatusEntry(msgspec.Struct, frozen=True):
    """A report's place in a list, and where that is published."""

    list_id: str
    index: int
    uri: str


def entries(now: int, random: Callable[[int], bytes], origin: str) -> Iterator[StatusEntry]:
    """Places to try for a report that is issued now, until one is free.

    Three in the month's first list, three in its second …: the fuller a list is, the more likely
    the next one takes over.
    """
    for number in range(1, _MOST_LISTS + 1):
        name = list_id(now, number)
        for _ in range(_TRIES_A_LIST):
            index = int.from_bytes(random(4)) % SIZE
            yield StatusEntry(name, index, f"{origin}/api/status-lists/{name}")


def list_id(now: int, number: int = 1) -> str:
    """The name of a list of the month."""
    return f"{datetime.fromtimestamp(now, CHINA):%Y%m}-{number}"


def empty_list() -> bytes:
    """A list in which everything is valid."""
    return bytes(SIZE // 8)


def with_statuses(bits: bytes, changes: Mapping[int, int]) -> bytes:
    """The list with these places set; the first place is a byte's lowest bit."""
    changed = bytearray(bits)
    for index, status in changes.items():
        place, bit = divmod(index, 8)
        changed[place] = changed[place] & ~(1 << bit) | status << bit
    return bytes(changed)


def status_in(bits: bytes, index: int) -> int:
    """The status at a place. Raises `IndexError` for one that the list does not have."""
    place, bit = divmod(index, 8)
    return bits[place] >> bit & 1


def list_claims(uri: str, bits: bytes, now: int) -> dict[str, Any]:
    """What the signed list says."""
    return {
        "sub": uri,
        "iat": now,
        "exp": now + LIFETIME_SECONDS,
        "ttl": TTL_SECONDS,
        "status_list": {"bits": 1, "lst": encoded(zlib.compress(bits, 9))},
    }


def bits_of(claims: Mapping[str, Any]) -> bytes:
    """The bits of a signed list. Raises `ValueError` for what is no such list."""
    said = claims.get("status_list")
    if not isinstance(said, Mapping) or said.get("bits") != 1:
        raise ValueError("no list of single bits")
    try:
        inflating = zlib.decompressobj()
        bits = inflating.decompress(decoded(str(said.get("lst"))), SIZE // 8 + 1)
    except zlib.error:
        raise ValueError("not compressed so") from None
    if len(bits) != SIZE // 8 or not inflating.eof or inflating.unused_data:
        raise ValueError("another size")
    return bits
