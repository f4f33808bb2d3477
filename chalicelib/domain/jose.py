"""Signed tokens as text: compact JWS (RFC 7515) and canonical JSON (RFC 8785), read strictly.

A signature covers the text of a token, so every byte must count: base64url is accepted in its one
canonical form only, JSON names may not repeat, and the header must be exactly the one expected.
"""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec

ALGORITHM = "ES256"
MOST_CHARACTERS = 262_144
"""More than any token that is issued here."""

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


class TokenMalformed(ValueError):  # noqa: N818 -- names what was found
    """A text is not a token of the kind that is asked for."""


class Token(msgspec.Struct, frozen=True):
    """A compact JWS taken apart: `signed` is what the signature (r and s, 64 bytes) covers."""

    kid: str
    claims: Mapping[str, Any]
    signed: bytes
    signature: bytes


def encoded(content: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of a base64url text. Raises `TokenMalformed` unless it is the canonical one."""
    if not _BASE64URL.fullmatch(text) or len(text) % 4 == 1:
        raise TokenMalformed("base64url")
    content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    if encoded(content) != text:
        raise TokenMalformed("base64url: unused bits")
    return content


def canonical(value: object) -> bytes:
    """Canonical JSON (RFC 8785) of texts, whole and decimal numbers, lists and objects."""
    plain = _plain(msgspec.to_builtins(value))
    return json.dumps(plain, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def signing_input(typ: str, kid: str, claims: object, **header: object) -> str:
    """What is signed of a token: its header and claims, each in base64url."""
    head = {"alg": ALGORITHM, "kid": kid, "typ": typ, **header}
    return f"{encoded(canonical(head))}.{encoded(canonical(claims))}"


def parsed(token: str, typ: str, *, named: bool = True) -> Token:
    """A token of the type `typ`, taken apart; nothing is verified yet.

    `named`: it names its key. Raises `TokenMalformed`: for another algorithm, type or header member
    too, so that no token passes for another.
    """
    parts = token.split(".") if len(token) <= MOST_CHARACTERS else []
    if len(parts) != 3:
        raise TokenMalformed("not three parts")
    header, claims, signature = _object(parts[0]), _object(parts[1]), decoded(parts[2])
    if header.keys() != {"alg", "typ", *(("kid",) if named else ())}:
        raise TokenMalformed("header")
    kid = header.get("kid", "")
    if header["alg"] != ALGORITHM or header["typ"] != typ or not isinstance(kid, str):
        raise TokenMalformed("algorithm or type")
    if len(signature) != 64:
        raise TokenMalformed("signature")
    return Token(kid, claims, f"{parts[0]}.{parts[1]}".encode(), signature)


def _object(part: str) -> dict[str, Any]:
    try:
        found = json.loads(decoded(part).decode(), object_pairs_hook=_distinct)
    except (ValueError, RecursionError):
        raise TokenMalformed("not JSON") from None
    if not isinstance(found, dict):
        raise TokenMalformed("not an object")
    return found


def _distinct(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) != len(members):
        raise ValueError("a name is repeated")
    return found


def _plain(value: Any) -> Any:
    """Numbers as ECMAScript writes them: 4.0 is `4`."""
    if isinstance(value, Mapping):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
