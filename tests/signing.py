"""Signing keys in memory, certified as a development stage's are."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from chalicelib.stores.signatures import SigningKey
from infra.signing_keys import development_chain


class MemorySigner:
    """`Signer` whose private keys are at hand; `rotate` makes a new one and retires the others."""

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._private: dict[str, ec.EllipticCurvePrivateKey] = {}
        self.keys: list[SigningKey] = []
        self.rotate()

    def rotate(self) -> SigningKey:
        private = ec.generate_private_key(ec.SECP256R1())
        start = datetime.fromtimestamp(self._clock(), UTC)
        chain = development_chain(private.public_key(), "Test Archive", now=start)
        key = SigningKey(
            key_id=f"key-{len(self.keys) + 1}",
            point=private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint),
            chain=tuple(each.public_bytes(Encoding.DER) for each in chain),
            not_before=int(chain[0].not_valid_before_utc.timestamp()),
            not_after=int(chain[0].not_valid_after_utc.timestamp()),
        )
        self._private[key.key_id] = private
        retired = [msgspec.structs.replace(old, state="retired") for old in self.keys]
        self.keys = [key, *retired]
        return key

    def published(self) -> Sequence[SigningKey]:
        return self.keys

    def sign(self, key: SigningKey, message: bytes) -> bytes:
        return self._private[key.key_id].sign(message, ec.ECDSA(SHA256()))

    def private(self, key: SigningKey) -> ec.EllipticCurvePrivateKey:
        return self._private[key.key_id]
