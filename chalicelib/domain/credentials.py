"""A report as a credential that its owner can show in parts: an SD-JWT VC.

Sources: RFC 9901 (SD-JWT), draft-ietf-oauth-sd-jwt-vc. Every fact is a disclosure of its own, under
a salt of its own; the owner leaves out what is not to be shown, and the rest still verifies.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec

from chalicelib.domain.errors import invalid
from chalicelib.domain.jose import TokenMalformed, decoded, encoded
from chalicelib.domain.statements import Statement, signed_view

CREDENTIAL = "dc+sd-jwt"

_ALWAYS = ("kind", "title", "title_en", "report_number", "language", "issued_at")
"""What names the report and cannot be left out."""
_IN_CLAIMS = ("valid_until", "salt", "status_list")
"""What a credential says by claims of its own: `exp`, salts of the disclosures, `status`."""

_SALT_BYTES = 16


class Credential(msgspec.Struct, frozen=True):
    """What is signed, and the disclosures that go with it."""

    claims: Mapping[str, Any]
    disclosures: tuple[str, ...]


def credential(
    statement: Statement,
    *,
    issuer: str,
    now: int,
    random: Callable[[int], bytes],
    holder: Mapping[str, str] | None = None,
) -> Credential:
    """The credential of a report; `holder` is the public key that it is bound to, if any."""
    said = signed_view(statement)
    english = said.pop("english", None)
    facts = {name: said[name] for name in said if name not in {*_ALWAYS, *_IN_CLAIMS}}
    named = _concealed(facts, random)
    claims: dict[str, Any] = {
        "iss": issuer,
        "iat": now,
        "exp": statement.valid_until,
        "vct": f"{issuer}/credentials/{statement.kind}",
        **{name: said[name] for name in _ALWAYS if name in said},
        "_sd_alg": "sha-256",
        "_sd": _digests(named),
    }
    translated = _concealed(english, random) if isinstance(english, Mapping) else []
    if translated:
        claims["english"] = {"_sd": _digests(translated)}
    if "status_list" in said:
        claims["status"] = {"status_list": said["status_list"]}
    if holder is not None:
        claims["cnf"] = {"jwk": dict(holder)}
    return Credential(claims, (*named, *translated))


def presented(token: str, disclosures: Iterable[str]) -> str:
    """The text of a credential: the token and the disclosures, each followed by a tilde."""
    return "".join(f"{part}~" for part in (token, *disclosures))


def taken_apart(text: str) -> tuple[str, tuple[str, ...], str]:
    """Token, disclosures and key binding (empty where there is none) of a credential's text.

    Raises `TokenMalformed`.
    """
    token, *rest = text.split("~")
    if not rest:
        raise TokenMalformed("no credential: the tilde is missing")
    *disclosures, binding = rest
    return token, tuple(disclosures), binding


def shown(claims: Mapping[str, Any], disclosures: Iterable[str]) -> dict[str, Any]:
    """What a credential says with these disclosures. Raises `TokenMalformed`.

    Every disclosure must belong to it, once, and may not say what is said already.
    """
    if claims.get("_sd_alg", "sha-256") != "sha-256":
        raise TokenMalformed("another digest")
    listed = list(disclosures)
    facts = {_digest(each): _disclosure(each) for each in listed}
    if len(facts) != len(listed):
        raise TokenMalformed("a disclosure is repeated")
    said = _revealed(claims, facts)
    if facts:
        raise TokenMalformed("a disclosure does not belong to it")
    return said


def holder_key(text: str) -> dict[str, str]:
    """A holder's public key (EC, P-256), given as a JWK in base64url. Raises `InvalidInput`."""
    try:
        found = json.loads(decoded(text))
        x, y = decoded(found["x"]), decoded(found["y"])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise invalid("holder", "value_invalid") from None
    is_key = (found.get("kty"), found.get("crv")) == ("EC", "P-256") and "d" not in found
    if not is_key or len(x) != 32 or len(y) != 32:
        raise invalid("holder", "value_invalid")
    return {"kty": "EC", "crv": "P-256", "x": found["x"], "y": found["y"]}


def _concealed(facts: Mapping[str, Any], random: Callable[[int], bytes]) -> list[str]:
    return [
        encoded(msgspec.json.encode([encoded(random(_SALT_BYTES)), name, value]))
        for name, value in facts.items()
    ]


def _digests(disclosures: Iterable[str]) -> list[str]:
    """In the order of the digests, which tells nothing of the facts."""
    return sorted(_digest(each) for each in disclosures)


def _digest(disclosure: str) -> str:
    return encoded(hashlib.sha256(disclosure.encode()).digest())


def _disclosure(text: str) -> tuple[str, Any]:
    try:
        salt, name, value = json.loads(decoded(text))
    except (ValueError, TypeError, RecursionError):
        raise TokenMalformed("disclosure") from None
    if not isinstance(salt, str) or not isinstance(name, str) or name in {"_sd", "..."}:
        raise TokenMalformed("disclosure")
    return name, value


def _revealed(claims: Mapping[str, Any], facts: dict[str, tuple[str, Any]]) -> dict[str, Any]:
    """The claims with the facts whose digests they hold; those are taken out of `facts`."""
    said = {name: value for name, value in claims.items() if name not in {"_sd", "_sd_alg"}}
    for name, value in said.items():
        if isinstance(value, Mapping):
            said[name] = _revealed(value, facts)
    for digest in claims.get("_sd", ()):
        if digest in facts:
            name, value = facts.pop(digest)
            if name in said:
                raise TokenMalformed("said twice")
            said[name] = value
    return said
