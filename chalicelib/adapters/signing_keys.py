"""The keys that sign reports: private in KMS, public with their certificates in `keyring`.

Rows: pk = `signing`, sk = number of the key, sealed = the public `SigningKey` (nothing of it is
secret), state as in it.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from chalicelib.adapters.failures import CALL_FAILED, unavailable
from chalicelib.adapters.keys import CACHE_SECONDS
from chalicelib.stores.signatures import SigningKey
from chalicelib.stores.tables import ABSENT, Key, Put, Row, Tables, Update, When

_PARTITION = "signing"


class KmsSigner:
    """`Signer` over the `keyring` table and a KMS client."""

    def __init__(
        self,
        *,
        tables: Tables,
        kms: Callable[[], Any],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tables = tables
        self._kms = kms
        self._monotonic = monotonic
        self._cached: tuple[float, Sequence[SigningKey]] | None = None

    def published(self) -> Sequence[SigningKey]:
        """See `Signer.published`."""
        if self._cached is None or self._cached[0] <= self._monotonic():
            self._cached = self._monotonic() + CACHE_SECONDS, signing_keys(self._tables)
        return self._cached[1]

    def sign(self, key: SigningKey, message: bytes) -> bytes:
        """See `Signer.sign`."""
        try:
            return sign_with(self._kms(), key.key_id, message)
        except CALL_FAILED as error:
            raise unavailable("kms", error, retry_after=5) from None


def sign_with(kms: Any, key_id: str, message: bytes) -> bytes:
    """Let KMS sign the SHA-256 digest of a message: ECDSA on P-256, in DER."""
    answer = kms.sign(
        KeyId=key_id,
        Message=hashlib.sha256(message).digest(),
        MessageType="DIGEST",
        SigningAlgorithm="ECDSA_SHA_256",
    )
    return bytes(answer["Signature"])


def signing_keys(tables: Tables) -> Sequence[SigningKey]:
    """Every published key, the newest first."""
    rows = tables.query("keyring", _PARTITION, newest_first=True).rows
    return [
        msgspec.structs.replace(
            msgspec.json.decode(bytes(row["sealed"]), type=SigningKey), state=row["state"]
        )
        for row in rows
        if isinstance(row["sealed"], bytes)
    ]


def publish_signing_key(tables: Tables, key: SigningKey) -> None:
    """Let a key sign from now on; those before it only verify. A new chain replaces the old one.

    Functions that run keep the keys for up to five minutes.
    """
    rows = tables.query("keyring", _PARTITION).rows
    present = {str(row["sk"]): row for row in rows}
    same = [sk for sk, row in present.items() if _of(row) == key.key_id]
    number = same[0] if same else f"{len(rows) + 1:06d}"
    row: Row = {
        "pk": _PARTITION,
        "sk": number,
        "sealed": msgspec.json.encode(key),
        "state": key.state,
    }
    tables.write(Put("keyring", row, None if same else ABSENT))
    for sk in present.keys() - {number}:
        retired = Key("keyring", _PARTITION, sk)
        tables.write(Update(retired, set={"state": "retired"}, when=When(exists=True)))


def _of(row: Any) -> str:
    return msgspec.json.decode(row["sealed"], type=SigningKey).key_id
