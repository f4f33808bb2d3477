"""Signing with the stage's key, and checking with the published keys.

The private keys stay in KMS; the public ones are published as a JWK set (RFC 7517). Every kind of
token has its own `typ`, so that a token of one kind never passes for another (RFC 8725, 3.11).
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256

from chalicelib.domain.errors import Refusal
from chalicelib.domain.jose import ALGORITHM, canonical, encoded, parsed, signing_input

KID_CHARACTERS = 12
"""Of the key's thumbprint (RFC 7638): 72 bits, short enough for a QR code."""


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key that signs or has signed reports.

    `point` is the public key (65 bytes, uncompressed, on P-256), `key_id` what KMS calls it,
    `chain` its certificates (DER) from its own to the root. Instants in epoch seconds: what it
    signed outside of them does not count.
    """

    key_id: str
    point: bytes
    chain: tuple[bytes, ...]
    not_before: int
    not_after: int
    state: Literal["active", "retired"] = "active"

    @property
    def kid(self) -> str:
        """How tokens name the key."""
        return encoded(hashlib.sha256(canonical(self._jwk())).digest())[:KID_CHARACTERS]

    def jwk(self) -> dict[str, Any]:
        """The key as it is published."""
        return {
            **self._jwk(),
            "kid": self.kid,
            "alg": ALGORITHM,
            "use": "sig",
            "nbf": self.not_before,
            "exp": self.not_after,
            "x5c": [_base64(certificate) for certificate in self.chain],
        }

    def _jwk(self) -> dict[str, str]:
        x, y = self.point[1:33], self.point[33:]
        return {"crv": "P-256", "kty": "EC", "x": encoded(x), "y": encoded(y)}


class Signer(Protocol):
    """The keys, and the signing that KMS does."""

    def published(self) -> Sequence[SigningKey]:
        """Every key that has ever signed and is still trusted, the newest first."""

    def sign(self, key: SigningKey, message: bytes) -> bytes:
        """ECDSA over SHA-256 of the message, in DER. Raises `Refusal("unavailable")`."""


class SignatureBroken(Exception):  # noqa: N818 -- names what was found, not a failure of ours
    """A token was not signed by a published key while that could sign."""


class Signatures:
    """Makes and checks signed tokens."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def token(self, typ: str, claims: object, now: int, **header: object) -> str:
        """A signed token. Raises `Refusal("unavailable")`, also where no key is valid now."""
        key = current(self._signer, now)
        head = {name: value for name, value in header.items() if value is not None}
        text = signing_input(typ, key.kid, claims, **head)
        return f"{text}.{encoded(raw(self._signer.sign(key, text.encode())))}"

    def claims(self, token: str, typ: str) -> Mapping[str, Any]:
        """What a token says. Raises `SignatureBroken` and `TokenMalformed`."""
        return checked(token, typ, {key.kid: key for key in self._signer.published()})

    def published(self) -> dict[str, Any]:
        """The JWK set of the keys that are trusted."""
        return {"keys": [key.jwk() for key in self._signer.published()]}


def current(signer: Signer, now: int) -> SigningKey:
    """The key that signs now. Raises `Refusal("unavailable")` where there is none."""
    for key in signer.published():
        if key.state == "active" and key.not_before <= now < key.not_after:
            return key
    raise Refusal("unavailable", retry_after=30, cause="NoSigningKey")


def checked(token: str, typ: str, keys: Mapping[str, SigningKey]) -> Mapping[str, Any]:
    """What a token says that one of `keys` (by kid) signed. Raises as `Signatures.claims`."""
    parts = parsed(token, typ)
    key = keys.get(parts.kid)
    if key is None:
        raise SignatureBroken("unknown key")
    verify(key.point, parts.signature, parts.signed)
    issued = parts.claims.get("iat")
    if not isinstance(issued, int) or not key.not_before <= issued < key.not_after:
        raise SignatureBroken("the key could not sign then")
    return parts.claims


def verify(point: bytes, signature: bytes, message: bytes) -> None:
    """Check a signature of 64 bytes. Raises `SignatureBroken`."""
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
        public.verify(encode_dss_signature(r, s), message, ec.ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        raise SignatureBroken("signature") from None


def raw(der: bytes) -> bytes:
    """An ECDSA signature as JWS has it: r and s, 32 bytes each."""
    return b"".join(number.to_bytes(32, "big") for number in decode_dss_signature(der))


def _base64(content: bytes) -> str:
    """Plain base64, as `x5c` wants it (RFC 7517, 4.7)."""
    return base64.b64encode(content).decode()
