"""Passwords at rest: HMAC-SHA-256 with a pepper, then Argon2id (19 MiB, t=2, p=1).

Stored as `v<pepper version>` and the PHC string: `v1$argon2id$v=19$m=19456,t=2,p=1$…$…`. The
pepper is kept apart from the tables, so a dump alone cannot be guessed against. Parameters: OWASP
Password Storage Cheat Sheet; ASVS 5.0 §11.4.2.
"""

import contextlib
import hashlib
import hmac
import re
import unicodedata
from collections.abc import Callable

import argon2

PepperOf = Callable[[int | None], tuple[int, bytes]]
"""Version (None: the current one) → its number and pepper. Raises what the key store raises."""

DOMAIN = b"student-archive/password/v1\x00"
DUMMY_PHC = (
    "$argon2id$v=19$m=19456,t=2,p=1"
    "$c3R1ZGVudC1hcmNoaXZlIQ$9xzmrFM8kQLwCQxOnTnQ9xYvTmlsZk0oHWFxbWkqNfo"
)
"""No password's hash: verified against where there is no account, so that it takes as long."""

_STORED = re.compile(
    r"v([0-9]{1,9})(\$argon2id\$v=19\$m=[0-9]{1,6},t=[0-9]{1,2},p=[0-9]\$[\w+/]{1,99}\$[\w+/]{1,99})",
    re.ASCII,
)


class PasswordHasher:
    """Hashes passwords and verifies them, under the pepper that `pepper_of` gives."""

    def __init__(self, pepper_of: PepperOf) -> None:
        self._pepper_of = pepper_of
        self._argon2 = argon2.PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

    def hash(self, password: str) -> str:
        """The form to store, under the current pepper and a fresh salt."""
        version, pepper = self._pepper_of(None)
        return f"v{version}{self._argon2.hash(_peppered(pepper, password))}"

    def verify(self, stored: str, password: str) -> bool:
        """Whether `password` is the stored one.

        A malformed stored form is never right and takes as long as a wrong password. What
        `pepper_of` raises is passed on: keys out of reach are not a wrong password.
        """
        version, phc = _parsed(stored)
        if phc is None:
            self.verify_nothing(password)
            return False
        _, pepper = self._pepper_of(version)
        try:
            return self._argon2.verify(phc, _peppered(pepper, password))
        except argon2.exceptions.VerifyMismatchError:
            return False
        except argon2.exceptions.VerificationError:
            self.verify_nothing(password)
            return False

    def verify_nothing(self, password: str) -> None:
        """Take as long as `verify`, where there is no account to verify against."""
        _, pepper = self._pepper_of(None)
        with contextlib.suppress(argon2.exceptions.VerifyMismatchError):
            self._argon2.verify(DUMMY_PHC, _peppered(pepper, password))

    def needs_rehash(self, stored: str) -> bool:
        """Whether the stored form is of an older pepper or of other Argon2 parameters."""
        version, phc = _parsed(stored)
        current, _ = self._pepper_of(None)
        return phc is None or version != current or self._argon2.check_needs_rehash(phc)


def _peppered(pepper: bytes, password: str) -> bytes:
    message = DOMAIN + unicodedata.normalize("NFC", password).encode()
    return hmac.digest(pepper, message, hashlib.sha256)


def _parsed(stored: str) -> tuple[int | None, str | None]:
    """Pepper version and PHC string; (None, None) if it has another form."""
    match = _STORED.fullmatch(stored)
    return (int(match[1]), match[2]) if match else (None, None)
