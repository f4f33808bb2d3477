"""Whose address a request has when CloudFront stands between the person and the gateway.

The gateway then sees an address of CloudFront's as the request's source, and the limits per network
would count everybody as one. CloudFront therefore adds the person's address, and beside it a secret
that only it and the operator's account know. The functions know the secret's digest: whoever sends
the address without the secret is counted by where the request really came from.
"""

import hmac
import ipaddress
from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any

ADDRESS_HEADER = "X-Viewer-Address"
SECRET_HEADER = "X-Origin-Secret"  # noqa: S105 -- the header's name

_OWN = {ADDRESS_HEADER.casefold(), SECRET_HEADER.casefold()}


def with_client_address(event: Mapping[str, Any], digests: Collection[str]) -> dict[str, Any]:
    """The gateway event with the person's own address as its source, and without both headers.

    `digests` are SHA-256 in hex, of the secrets that count at present.
    """
    headers = event.get("headers") or {}
    sent = {name.casefold(): str(value) for name, value in headers.items()}
    kept = {name: value for name, value in headers.items() if name.casefold() not in _OWN}
    changed = {**event, "headers": kept}
    address = _address(sent.get(ADDRESS_HEADER.casefold(), ""))
    if address is None or not _is_known(sent.get(SECRET_HEADER.casefold(), ""), digests):
        return changed
    context = event["requestContext"]
    identity = {**(context.get("identity") or {}), "sourceIp": address}
    return {**changed, "requestContext": {**context, "identity": identity}}


def digest_of(secret: str) -> str:
    """What the functions know of a secret. It has 256 bits: nobody guesses it from this."""
    return sha256(secret.encode()).hexdigest()


def _is_known(secret: str, digests: Collection[str]) -> bool:
    found = digest_of(secret)
    return any(hmac.compare_digest(found, digest) for digest in digests)


def _address(text: str) -> str | None:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None
