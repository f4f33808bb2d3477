"""A signer of audit seals for tests, and the rows of the trail."""

from collections.abc import Mapping

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


class MemoryAuditSigner:
    """`AuditSigner` with a key of its own, which `name` stands for."""

    def __init__(self, name: str = "test-key") -> None:
        self.name = name
        self._key = ec.generate_private_key(ec.SECP256R1())

    def sign(self, message: bytes) -> tuple[str, bytes]:
        return self.name, self._key.sign(message, ec.ECDSA(SHA256()))

    def public_keys(self) -> Mapping[str, bytes]:
        public = self._key.public_key()
        return {
            self.name: public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        }
