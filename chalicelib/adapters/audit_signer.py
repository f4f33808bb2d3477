"""The key that seals the audit trail: private in KMS, apart from the one that signs reports."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from chalicelib.adapters.failures import CALL_FAILED, unavailable

_NAME_DIGITS = 32
"""Of the digest of a public key, which names it in the seals."""


class KmsAuditSigner:
    """`AuditSigner` on a KMS client. `earlier` are keys that signed before the present one."""

    def __init__(self, kms: Callable[[], Any], alias: str, earlier: Sequence[str] = ()) -> None:
        self._kms = kms
        self._alias = alias
        self._earlier = earlier

    def sign(self, message: bytes) -> tuple[str, bytes]:
        """See `AuditSigner.sign`."""
        (name, *_) = self._public_keys
        try:
            answer = self._kms().sign(
                KeyId=self._alias,
                Message=message,
                MessageType="RAW",
                SigningAlgorithm="ECDSA_SHA_256",
            )
        except CALL_FAILED as error:
            raise unavailable("kms", error, retry_after=5) from None
        return name, bytes(answer["Signature"])

    def public_keys(self) -> Mapping[str, bytes]:
        """See `AuditSigner.public_keys`."""
        return self._public_keys

    @cached_property
    def _public_keys(self) -> Mapping[str, bytes]:
        return dict(self._public_key(name) for name in (self._alias, *self._earlier))

    def _public_key(self, name: str) -> tuple[str, bytes]:
        try:
            answer = self._kms().get_public_key(KeyId=name)
        except CALL_FAILED as error:
            raise unavailable("kms", error, retry_after=5) from None
        public = bytes(answer["PublicKey"])
        return hashlib.sha256(public).hexdigest()[:_NAME_DIGITS], public
