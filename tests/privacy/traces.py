"""What a value leaves behind, in any encoding, and where it is found."""

import base64
import contextlib
import hashlib
import html
import quopri
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

_SHORTEST = 6
"""Bytes below which a form would be found by chance."""
_COMPRESSED = re.compile(rb"\x1f\x8b\x08|\x78[\x01\x5e\x9c\xda]")
_GZIP_OR_ZLIB = 47
"""zlib's window bits for "find out which"."""


def traces(value: str) -> set[bytes]:
    """The value as it would read in plain, escaped, encoded or reversed."""
    found: set[bytes] = set()
    for text in {value, value[::-1], value.upper(), value.casefold()}:
        found.update(_plain(text))
        found.update(_escaped(text))
        for plain in (text.encode(), text.encode("utf-16-le"), text.encode("gb18030")):
            found.update(_base64_at_any_offset(plain))
    return {form for form in found if len(form) >= _SHORTEST}


def digests(value: str) -> set[bytes]:
    """Unkeyed digests of the value, as bytes, hexadecimal and base64."""
    found: set[bytes] = set()
    for name in ("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "blake2b"):
        digest = hashlib.new(name, value.encode(), usedforsecurity=False).digest()
        found |= {
            digest,
            digest.hex().encode(),
            digest.hex().upper().encode(),
            base64.b64encode(digest).rstrip(b"="),
            base64.urlsafe_b64encode(digest).rstrip(b"="),
            digest[:16],
            digest[:16].hex().encode(),
        }
    return found


def found_in(
    needles: Mapping[str, Iterable[bytes]], blobs: Iterable[tuple[str, bytes]]
) -> set[str]:
    """`<what> in <where>` for every needle found, also inside what is compressed."""
    return {
        f"{what} in {where}"
        for where, blob in blobs
        for layer in _layers(blob)
        for what, forms in needles.items()
        if any(form in layer for form in forms)
    }


def _plain(text: str) -> Iterator[bytes]:
    for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "gb18030"):
        encoded = text.encode(encoding)
        yield encoded
        yield encoded.hex().encode()
        yield encoded.hex().upper().encode()


def _escaped(text: str) -> Iterator[bytes]:
    utf8 = text.encode()
    yield quote(text, safe="").encode()
    yield quote(text, safe="").lower().encode()
    yield quote(quote(text, safe=""), safe="").encode()
    yield "".join(f"%{byte:02X}" for byte in utf8).encode()
    yield "".join(f"\\x{byte:02x}" for byte in utf8).encode()
    yield "".join(f"\\{byte:03o}" for byte in utf8).encode()
    yield text.encode("ascii", "xmlcharrefreplace")
    yield html.escape(text).encode()
    yield quopri.encodestring(utf8)
    for code in ("\\u%04x", "\\u%04X", "\\u{%x}", "&#x%x;"):
        yield "".join(code % ord(character) for character in text).encode()
        yield "".join(c if c.isascii() else code % ord(c) for c in text).encode()


def _base64_at_any_offset(plain: bytes) -> Iterator[bytes]:
    """What stays the same of the encoding, wherever the value begins and whatever follows."""
    for offset, unsure in ((0, 0), (1, 2), (2, 3)):
        sure = (offset + len(plain)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            yield encode(b"\0" * offset + plain)[unsure:sure]


def _layers(blob: bytes) -> Iterator[bytes]:
    """The bytes, and what their compressed parts hold."""
    yield blob
    for begin in _COMPRESSED.finditer(blob):
        with contextlib.suppress(zlib.error):
            yield zlib.decompressobj(_GZIP_OR_ZLIB).decompress(blob[begin.start() :], 10_000_000)
