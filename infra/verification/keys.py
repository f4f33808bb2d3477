"""The published keys, as whoever checks a report has them."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from chalicelib.domain.jose import decoded
from chalicelib.stores.signatures import SigningKey
from infra.verification.findings import Keys


class KeysInvalid(Exception):  # noqa: N818 -- says what was found
    """A file is no JWK set of keys on P-256."""


def read_keys(content: bytes) -> Keys:
    """The keys of a JWK set, by their names. Raises `KeysInvalid`."""
    try:
        keys = [_key(each) for each in json.loads(content)["keys"]]
    except (ValueError, KeyError, TypeError) as error:
        raise KeysInvalid(f"no JWK set: {type(error).__name__}") from None
    return {key.kid: key for key in keys}


def _key(jwk: Mapping[str, Any]) -> SigningKey:
    x, y = decoded(jwk["x"]), decoded(jwk["y"])
    if (jwk["kty"], jwk["crv"], len(x), len(y)) != ("EC", "P-256", 32, 32):
        raise ValueError("another kind of key")
    return SigningKey(
        key_id=str(jwk["kid"]),
        point=b"\x04" + x + y,
        chain=tuple(base64.b64decode(each) for each in jwk.get("x5c", ())),
        not_before=int(jwk["nbf"]),
        not_after=int(jwk["exp"]),
    )
