"""The signature of a PDF, checked so strictly that every byte of the file counts.

A certified report is one signature over the whole file but for the hexadecimal digits of the
signature itself; those must be the one encoding of the one CMS structure that is issued. Whatever
the file shows was therefore signed: there is no room for later revisions or hidden content.
"""

import hashlib
import re

from asn1crypto import tsp  # noqa: F401 -- makes `signing_certificate_v2` known to `cms`
from asn1crypto.cms import (
    CMSAttributes,
    ContentInfo,
    IssuerAndSerialNumber,
    SignedData,
    SignerInfo,
)
from asn1crypto.x509 import Certificate

from chalicelib.stores.signatures import SignatureBroken, SigningKey, raw, verify
from infra.verification.findings import Keys

_RANGE = re.compile(rb"/ByteRange \[0 (\d{1,9}) (\d{1,9}) (\d{1,9})\]")
_HEX = re.compile(rb"<((?:[0-9A-F]{2})+)>")
_ATTRIBUTES = ["content_type", "message_digest", "signing_certificate_v2"]


def check_pdf_signature(pdf: bytes, keys: Keys) -> SigningKey:
    """The key that signed the whole file. Raises `SignatureBroken` saying what is wrong."""
    signed, cms = _parts(pdf)
    try:
        return _checked(_signed_data(cms), hashlib.sha256(signed).digest(), keys)
    except SignatureBroken:
        raise
    except Exception as error:  # noqa: BLE001 -- the parser raises whatever odd bytes lead it to
        raise SignatureBroken(f"CMS: {type(error).__name__}") from None


def _signed_data(cms: bytes) -> SignedData:
    _require_der(cms)
    data = ContentInfo.load(cms, strict=True)["content"]
    if not isinstance(data, SignedData):
        raise SignatureBroken("CMS: another content")
    return data


def _require_der(content: bytes) -> None:
    """Tags of one byte, lengths in their shortest form, to the end (X.690, 10.1)."""
    while content:
        size, start = content[1], 2
        if size > 0x80:
            start += size - 0x80
            size = int.from_bytes(content[2:start], "big")
            if size < 0x80 or content[2] == 0:
                raise SignatureBroken("CMS: a length in another form")
        if content[0] & 0x1F == 0x1F or content[1] == 0x80 or start + size > len(content):
            raise SignatureBroken("CMS: no DER")
        if content[0] & 0x20:
            _require_der(content[start : start + size])
        content = content[start + size :]


def _parts(pdf: bytes) -> tuple[bytes, bytes]:
    """What is signed, and the CMS structure that fills the gap between."""
    found = _RANGE.findall(pdf)
    if len(found) != 1:
        raise SignatureBroken("there is not exactly one signature")
    first, start, rest = map(int, found[0])
    gap = _HEX.fullmatch(pdf[first:start])
    if gap is None or start + rest != len(pdf):
        raise SignatureBroken("the signature does not cover the whole file")
    content = bytes.fromhex(gap[1].decode())
    length = _der_length(content)
    if any(content[length:]):
        raise SignatureBroken("something stands after the signature")
    return pdf[:first] + pdf[start:], content[:length]


def _der_length(content: bytes) -> int:
    """Bytes of the DER structure at the beginning, a sequence of 256 to 65,535 bytes."""
    if content[:2] != b"\x30\x82":
        raise SignatureBroken("CMS: no structure")
    return 4 + int.from_bytes(content[2:4], "big")


def _checked(data: SignedData, digest: bytes, keys: Keys) -> SigningKey:
    (signer,) = data["signer_infos"]
    certificates = [each.chosen for each in data["certificates"]]
    key = _signing_key(certificates, keys)
    _require_profile(data, signer, key)
    attributes = signer["signed_attrs"]
    _require_attributes(attributes, digest, key)
    # Signed as the set that they are, not as the tagged field (RFC 5652, 5.4).
    verify(key.point, raw(signer["signature"].native), b"\x31" + attributes.dump()[1:])
    return key


def _signing_key(certificates: list[Certificate], keys: Keys) -> SigningKey:
    embedded = {each.dump() for each in certificates}
    for key in keys.values():
        if key.chain and key.chain[0] in embedded:
            if embedded <= set(key.chain) and len(embedded) == len(certificates):
                return key
            raise SignatureBroken("a certificate is not of the published chain")
    raise SignatureBroken("unknown key")


def _require_profile(data: SignedData, signer: SignerInfo, key: SigningKey) -> None:
    """Nothing outside of what is signed may be otherwise than it is issued."""
    own = Certificate.load(key.chain[0])
    expected = {
        "version": (data["version"].native, "v1"),
        "digests": ([each.native for each in data["digest_algorithms"]], [_SHA256]),
        "content": (data["encap_content_info"].native, {"content_type": "data", "content": None}),
        "revocation": (data["crls"].native, None),
        "signer's version": (signer["version"].native, "v1"),
        "signer": (signer["sid"].chosen.dump(), _issuer_and_serial(own)),
        "digest": (signer["digest_algorithm"].native, _SHA256),
        "algorithm": (signer["signature_algorithm"].native, _ECDSA),
        "unsigned attributes": (signer["unsigned_attrs"].native, None),
    }
    for what, (found, wanted) in expected.items():
        if found != wanted:
            raise SignatureBroken(f"CMS: {what}")


_SHA256 = {"algorithm": "sha256", "parameters": None}
_ECDSA = {"algorithm": "sha256_ecdsa", "parameters": None}


def _issuer_and_serial(certificate: Certificate) -> bytes:
    names = {"issuer": certificate.issuer, "serial_number": certificate.serial_number}
    return bytes(IssuerAndSerialNumber(names).dump())


def _require_attributes(attributes: CMSAttributes, digest: bytes, key: SigningKey) -> None:
    found = {each["type"].native: each["values"] for each in attributes}
    if sorted(found) != _ATTRIBUTES or len(attributes) != len(found):
        raise SignatureBroken("CMS: attributes")
    if found["message_digest"].native != [digest]:
        raise SignatureBroken("a byte of the file was changed")
    if found["content_type"].native != ["data"]:
        raise SignatureBroken("CMS: content type")
    (binding,) = found["signing_certificate_v2"]
    named = binding["certs"][0]["cert_hash"].native
    if named != hashlib.sha256(key.chain[0]).digest():
        raise SignatureBroken("the signature is bound to another certificate")
