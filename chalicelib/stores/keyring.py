"""Blind indexes, keyed digests and sealing, all under data keys that KMS keeps wrapped.

One data key per purpose and version: `index` (blind indexes), `seal` (documents), `code` (codes,
bodies, the password pepper). HKDF derives a key for each label or row. Every index and sealed
document names the version of its key, so that keys can be rotated while both are in use.
Sources: NIST SP 800-38D (AES-GCM, 96-bit nonces), RFC 5869 (HKDF), RFC 2104 (HMAC).
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from typing import Literal, Protocol, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from chalicelib.stores.tables import Key

Purpose = Literal["index", "seal", "code"]
T = TypeVar("T")

_FORMAT = 1
_HEADER = 3
_NONCE = 12


class DataKeys(Protocol):
    """The unwrapped data keys, 32 bytes each."""

    def current(self, purpose: Purpose) -> tuple[int, bytes]:
        """Version and key to be used for what is written now."""

    def of_version(self, purpose: Purpose, version: int) -> bytes:
        """The key of one version. Raises `SealBroken` when there is no such version."""


class SealBroken(Exception):  # noqa: N818 -- names what was found, not a failure of ours
    """A sealed document does not open here: altered, moved, or of an unknown key."""


class Keyring:
    """What the stores do with keys. `stage` separates deployments."""

    def __init__(
        self, stage: str, keys: DataKeys, *, nonce: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self._stage = stage
        self._keys = keys
        self._nonce = nonce

    @property
    def stage(self) -> str:
        """The deployment whose keys these are."""
        return self._stage

    def index(self, label: str, value: str) -> str:
        """The blind index of a normalised value: `<key version>.<43 characters>`.

        `label` names what is indexed (`document`, `phone` …): equal values of different kinds
        have different indexes.
        """
        version, key = self._keys.current("index")
        digest = _hmac(_derive(key, "index", self._stage, label), value.encode())
        return f"{version}.{_base64(digest)}"

    def permanent_id(self, label: str, value: str) -> str:
        """A keyed identifier (32 hexadecimal digits) that outlives key rotation.

        It uses the first index key, which is therefore retired but never destroyed.
        """
        key = _derive(self._keys.of_version("index", 1), "id", self._stage, label)
        return _hmac(key, value.encode())[:16].hex()

    def mac(self, label: str, *parts: str) -> bytes:
        """A keyed digest (32 bytes) over the parts, each length-prefixed; for comparing only."""
        _, key = self._keys.current("code")
        return _hmac(_derive(key, "mac", self._stage, label), _joined(parts))

    def pepper(self, version: int | None) -> tuple[int, bytes]:
        """Version and bytes of the password pepper (the current one for None)."""
        if version is None:
            version, key = self._keys.current("code")
        else:
            key = self._keys.of_version("code", version)
        return version, _derive(key, "pepper", self._stage)

    def seal(self, plain: bytes, place: Key, attribute: str = "sealed") -> bytes:
        """Encrypt for one place: it opens only in that stage, table, row and attribute."""
        version, key = self._keys.current("seal")
        header = bytes([_FORMAT]) + version.to_bytes(2, "big")
        nonce = self._nonce(_NONCE)
        context = self._context(place, attribute, header)
        return (
            header + nonce + AESGCM(_derive(key, *context)).encrypt(nonce, plain, _joined(context))
        )

    def open(self, sealed: bytes, place: Key, attribute: str = "sealed") -> bytes:
        """Decrypt what `seal` made for this place. Raises `SealBroken`."""
        header, nonce, body = (
            sealed[:_HEADER],
            sealed[_HEADER : _HEADER + _NONCE],
            sealed[_HEADER + _NONCE :],
        )
        if len(header) < _HEADER or header[0] != _FORMAT:
            raise SealBroken("format")
        key = self._keys.of_version("seal", int.from_bytes(header[1:], "big"))
        context = self._context(place, attribute, header)
        try:
            return AESGCM(_derive(key, *context)).decrypt(nonce, body, _joined(context))
        except (InvalidTag, ValueError):
            raise SealBroken("content") from None

    def seal_document(self, document: object, place: Key) -> bytes:
        """Seal a msgspec-encodable document."""
        return self.seal(msgspec.msgpack.encode(document), place)

    def open_document(self, sealed: object, place: Key, kind: type[T]) -> T:
        """Open and decode a sealed document. Raises `SealBroken`."""
        if not isinstance(sealed, bytes):
            raise SealBroken("missing")
        return msgspec.msgpack.decode(self.open(sealed, place), type=kind)

    def _context(self, place: Key, attribute: str, header: bytes) -> tuple[str, ...]:
        return ("seal", self._stage, place.table, place.pk, place.sk, attribute, header.hex())


def token_digest(token: str) -> str:
    """How a 256-bit random token is stored: its entropy needs no key, only one-wayness."""
    return _base64(hashlib.sha256(token.encode()).digest())


def same(one: str | bytes, other: str | bytes) -> bool:
    """Compare in constant time."""
    left = one.encode() if isinstance(one, str) else one
    right = other.encode() if isinstance(other, str) else other
    return hmac.compare_digest(left, right)


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _derive(key: bytes, *info: str) -> bytes:
    """HKDF-Expand only: the data keys are uniform already (RFC 5869, section 3.3)."""
    return HKDFExpand(algorithm=SHA256(), length=32, info=_joined(info)).derive(key)


def _joined(parts: tuple[str, ...]) -> bytes:
    """Unambiguous concatenation: each part after its length in bytes."""
    encoded = [part.encode() for part in parts]
    return b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def _base64(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
