"""Checking a report in any of its forms: the signed PDF, the token of its QR code, a credential."""

import hashlib
import io
import json
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader

from chalicelib.domain.credentials import CREDENTIAL, shown, taken_apart
from chalicelib.domain.errors import Refusal
from chalicelib.domain.jose import TokenMalformed, decoded, encoded, parsed
from chalicelib.domain.report_tokens import REPORT_TOKEN, ReportClaims, facts_digest
from chalicelib.domain.verification_codes import parse_code
from chalicelib.stores.signatures import SignatureBroken, checked, verify
from infra.verification.findings import Finding, Keys, broken, holding, status_from
from infra.verification.pdf_signature import check_pdf_signature

ATTACHMENT = "statement.json"
KEY_BINDING = "kb+jwt"
MOST_BYTES = 5_000_000

_ADDRESS = re.compile(r"(https?://[A-Za-z0-9.:-]+)/verify/#(.+)")


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What a check may rely on: keys, time, the site's origin, and status lists by their address.

    `audience` and `nonce` are what a holder's key binding must name.
    """

    keys: Keys
    now: int
    origin: str | None = None
    lists: Mapping[str, str] = {}
    audience: str | None = None
    nonce: str | None = None


def check(content: bytes, context: Context) -> Finding:
    """What there is to say of a file or text. Never raises for what it holds."""
    if len(content) > MOST_BYTES:
        return broken("unknown", "too large")
    if content.startswith(b"%PDF-"):
        return check_pdf(content, context)
    try:
        text = content.decode("ascii").strip()
    except UnicodeDecodeError:
        return broken("unknown", "neither a PDF nor a token")
    return check_credential(text, context) if "~" in text else check_token(text, context)


def check_pdf(pdf: bytes, context: Context) -> Finding:
    """The signature over the file, then the signed statement inside it, by the same key."""
    try:
        report, claims = _signed_statement(pdf, context.keys)
    except (SignatureBroken, TokenMalformed) as problem:
        return broken("pdf", str(problem))
    except (PdfError, ValueError, KeyError, TypeError, RecursionError) as error:
        return broken("pdf", f"no signed statement: {type(error).__name__}")
    return _of_report("pdf", report, claims.exp, context)


def _signed_statement(pdf: bytes, keys: Keys) -> tuple[Mapping[str, Any], ReportClaims]:
    key = check_pdf_signature(pdf, keys)
    attached = json.loads(_attachment(pdf))
    claims = _token_claims(attached["token"], {key.kid: key})
    if claims.facts != facts_digest(attached["report"]):
        raise SignatureBroken("the attached facts are not those of the token")
    return attached["report"], claims


def check_token(text: str, context: Context) -> Finding:
    """The token of a QR code, alone or in its address. It has the facts' digest, not the facts."""
    token = text
    address = _ADDRESS.fullmatch(text)
    if address is not None:
        if context.origin is not None and address[1] != context.origin:
            return broken("token", f"the address is not of {context.origin}")
        code, _, token = address[2].partition(".")
        try:
            parse_code(code)
        except Refusal:
            return broken("token", "no verification code")
    try:
        claims = _token_claims(token, context.keys)
    except (SignatureBroken, TokenMalformed) as problem:
        return broken("token", str(problem))
    said = {"report_number": claims.report, "facts_sha256": claims.facts}
    return _of_report("token", said, claims.exp, context)


def check_credential(text: str, context: Context) -> Finding:
    """An SD-JWT VC with what its holder discloses, and the holder's key binding where asked."""
    try:
        claims, said = _shown_credential(text, context)
        valid_until = int(claims["exp"])
    except (SignatureBroken, TokenMalformed) as problem:
        return broken("credential", str(problem))
    except (KeyError, ValueError, TypeError) as error:
        return broken("credential", f"no such credential: {type(error).__name__}")
    pointer = claims.get("status", {}).get("status_list")
    published = status_from(_list_of(pointer, context), pointer, context.keys, context.now)
    return holding(
        "credential", said, valid_until=valid_until, now=context.now, published=published
    )


def _shown_credential(text: str, context: Context) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    token, disclosures, binding = taken_apart(text)
    claims = checked(token, CREDENTIAL, context.keys)
    if context.origin is not None and claims.get("iss") != context.origin:
        raise SignatureBroken("another issuer")
    _check_binding(text, binding, claims, context)
    return claims, shown(claims, disclosures)


def _of_report(form: str, report: Mapping[str, Any], valid_until: int, context: Context) -> Finding:
    pointer = report.get("status_list")
    published = status_from(_list_of(pointer, context), pointer, context.keys, context.now)
    return holding(form, report, valid_until=valid_until, now=context.now, published=published)


def _list_of(pointer: Mapping[str, Any] | None, context: Context) -> str | None:
    return context.lists.get(str(pointer.get("uri"))) if pointer else None


def _token_claims(token: str, keys: Keys) -> ReportClaims:
    try:
        return msgspec.convert(checked(token, REPORT_TOKEN, keys), ReportClaims)
    except msgspec.ValidationError:
        raise TokenMalformed("claims") from None


def _attachment(pdf: bytes) -> bytes:
    names = PdfFileReader(io.BytesIO(pdf)).root["/Names"]["/EmbeddedFiles"]["/Names"]
    files = {str(names[at]): names[at + 1] for at in range(0, len(names), 2)}
    return bytes(files[ATTACHMENT]["/EF"]["/F"].data)


def _check_binding(text: str, binding: str, claims: Mapping[str, Any], context: Context) -> None:
    """RFC 9901, 4.3: signed by the key in `cnf`, over exactly what is shown, for this verifier."""
    if not binding:
        if context.audience is not None:
            raise SignatureBroken("the holder's key binding is missing")
        return
    holder = claims["cnf"]["jwk"]
    parts = parsed(binding, KEY_BINDING, named=False)
    verify(b"\x04" + decoded(holder["x"]) + decoded(holder["y"]), parts.signature, parts.signed)
    said = parts.claims
    presented = text[: len(text) - len(binding)].encode()
    if said.get("sd_hash") != encoded(hashlib.sha256(presented).digest()):
        raise SignatureBroken("the holder bound something else")
    meant = (said.get("aud"), said.get("nonce"))
    if context.audience is not None and meant != (context.audience, context.nonce):
        raise SignatureBroken("the holder bound it for somebody else")
