"""The shipped list of common passwords, as sorted digests that need no parsing.

The file holds the first 5 bytes of SHA-256 of each entry, sorted, nothing else: it is read in one
go and searched by bisection. Truncation lets about one uncommon password in six million through
as common, whose owner then chooses another.
"""

import hashlib
import unicodedata
from bisect import bisect_left
from functools import cache
from pathlib import Path

BLOCKLIST = Path(__file__).parent.parent / "assets" / "passwords" / "common.sha256-40"
DIGEST_BYTES = 5
SHORTEST = 8
"""Entries shorter than this are left out: the length rule refuses them anyway."""


def folded(password: str) -> str:
    """The form in which entries are compared: compatibility characters and case folded."""
    return unicodedata.normalize("NFKC", password).casefold()


def digest(entry: str) -> bytes:
    """The digest of a folded entry, as the file holds it."""
    return hashlib.sha256(entry.encode()).digest()[:DIGEST_BYTES]


def is_common(password: str) -> bool:
    """Whether the password is on the list, without regard to case."""
    digests, wanted = _digests(), digest(folded(password))
    at = bisect_left(range(len(digests) // DIGEST_BYTES), wanted, key=lambda n: _nth(digests, n))
    return _nth(digests, at) == wanted


def _nth(digests: bytes, position: int) -> bytes:
    return digests[position * DIGEST_BYTES : (position + 1) * DIGEST_BYTES]


@cache
def _digests() -> bytes:
    return BLOCKLIST.read_bytes()
