"""Checking the signatures of audit seals: ECDSA on P-256 over SHA-256, in DER, as KMS signs."""

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key


def is_signed(public_key: bytes | None, message: bytes, signature: bytes) -> bool:
    """Whether the key (DER, SubjectPublicKeyInfo) signed the message; False without a key."""
    if public_key is None:
        return False
    try:
        key = load_der_public_key(public_key)
        if not isinstance(key, ec.EllipticCurvePublicKey):
            return False
        key.verify(signature, message, ec.ECDSA(SHA256()))
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
