"""The data keys: wrapped by KMS in the `keyring` table, unwrapped and cached for five minutes."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

from chalicelib.adapters.failures import CALL_FAILED, unavailable
from chalicelib.domain.errors import Refusal
from chalicelib.stores.keyring import Purpose, SealBroken
from chalicelib.stores.tables import ABSENT, ConditionFailed, Put, Tables

CACHE_SECONDS = 300
"""How long an unwrapped key may be kept (the quality page's section 3)."""

_ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class _Unwrapped:
    current: int
    keys: dict[int, bytes]
    until: float


class KmsDataKeys:
    """`DataKeys` over the `keyring` table and a KMS client.

    Rows: pk = purpose, sk = version, sealed = wrapped key, state = `active` for the one in use.
    """

    def __init__(
        self,
        *,
        tables: Tables,
        kms: Callable[[], Any],
        stage: str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._tables = tables
        self._kms = kms
        self._stage = stage
        self._monotonic = monotonic
        self._cache: dict[Purpose, _Unwrapped] = {}

    def current(self, purpose: Purpose) -> tuple[int, bytes]:
        """See `DataKeys.current`."""
        unwrapped = self._unwrapped(purpose)
        return unwrapped.current, unwrapped.keys[unwrapped.current]

    def of_version(self, purpose: Purpose, version: int) -> bytes:
        """See `DataKeys.of_version`."""
        try:
            return self._unwrapped(purpose).keys[version]
        except KeyError:
            raise SealBroken(f"no {purpose} key of version {version}") from None

    def _unwrapped(self, purpose: Purpose) -> _Unwrapped:
        cached = self._cache.get(purpose)
        if cached is None or cached.until <= self._monotonic():
            cached = self._cache[purpose] = self._load(purpose)
        return cached

    def _load(self, purpose: Purpose) -> _Unwrapped:
        rows = self._tables.query("keyring", purpose).rows
        active = [int(str(row["sk"])) for row in rows if row.get("state") == _ACTIVE]
        if not active:
            raise Refusal("unavailable", retry_after=30, cause="NoDataKey")
        keys = {
            int(str(row["sk"])): self._unwrap(purpose, row["sk"], row["sealed"]) for row in rows
        }
        return _Unwrapped(max(active), keys, self._monotonic() + CACHE_SECONDS)

    def _unwrap(self, purpose: Purpose, version: object, wrapped: object) -> bytes:
        try:
            answer = self._kms().decrypt(
                CiphertextBlob=wrapped, EncryptionContext=_context(self._stage, purpose, version)
            )
        except CALL_FAILED as error:
            raise unavailable("kms", error, retry_after=5) from None
        plain = answer["Plaintext"]
        return plain if isinstance(plain, bytes) else bytes(plain)


def create_data_keys(*, tables: Tables, kms: Any, stage: str, alias_prefix: str) -> None:
    """Make version 1 of each purpose's data key where there is none; safe to repeat."""
    for purpose in get_args(Purpose):
        if not tables.query("keyring", purpose).rows:
            create_data_key(tables, kms, stage, alias_prefix, purpose, 1)


def create_data_key(
    tables: Tables, kms: Any, stage: str, alias_prefix: str, purpose: Purpose, version: int
) -> None:
    """Make one version of a purpose's data key; an existing one stays as it is."""
    sk = f"{version:06d}"
    answer = kms.generate_data_key_without_plaintext(
        KeyId=f"{alias_prefix}-{purpose}",
        KeySpec="AES_256",
        EncryptionContext=_context(stage, purpose, sk),
    )
    row = {"pk": purpose, "sk": sk, "sealed": answer["CiphertextBlob"], "state": _ACTIVE}
    try:
        tables.write(Put("keyring", row, ABSENT))
    except ConditionFailed:
        return  # somebody else made it first: theirs is the key


def _context(stage: str, purpose: Purpose, version: object) -> dict[str, str]:
    """KMS binds the wrapped key to what it is for."""
    return {"stage": stage, "purpose": purpose, "version": str(version)}
