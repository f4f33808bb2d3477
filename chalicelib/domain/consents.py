"""What people consent to, by version: the texts, their digests, and the rule that one is needed.

The texts are `chalicelib/assets/consents/<language>/<version>.<kind>.md`. A published text never
changes: a change is a new version, and old ones stay readable. Sources: Personal Information
Protection Law (PIPL) articles 13 to 17 (informed consent), 23 (recipients) and 28 to 30 (separate
consent to sensitive data); R-08.
"""

import hashlib
import re
from pathlib import Path
from typing import Literal, get_args

from chalicelib.domain.errors import Language, invalid

Kind = Literal["terms", "document_scan"]
"""`terms`: terms of use and privacy notice in one; `document_scan`: the separate consent."""

CURRENT_VERSION = "2026-11"

TEXTS = Path(__file__).parent.parent / "assets" / "consents"

_STATED = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,39}")
_VERSION = re.compile(r"[0-9]{4}-[0-9]{2}(\.[0-9]{1,2})?")


def require_consent(version: str, accepted: object) -> str:
    """The version consented to, which is the current one.

    Raises `InvalidInput` on `consent` with `consent_required` unless `accepted` is True (not
    merely true) and `version` is the current one.
    """
    if accepted is not True or version != CURRENT_VERSION:
        raise invalid("consent", "consent_required")
    return version


def require_stated_consent(version: str, accepted: object) -> str:
    """The version that a client says it showed; any, since a client may name its own edition.

    What was in force is stored beside it. Raises `InvalidInput` on `consent` with
    `consent_required` unless `accepted` is True and `version` says something.
    """
    if accepted is not True or not _STATED.fullmatch(version):
        raise invalid("consent", "consent_required")
    return version


def text_of(version: str, kind: Kind, language: Language, *, service: str, contact: str) -> str:
    """The text as Markdown, with the operator's name and contact. Raises `LookupError`."""
    return _template(version, kind, language).format(service=service, contact=contact)


def digest_of(version: str, kind: Kind) -> str:
    """SHA-256 in hex over the text in all languages, as published. Raises `LookupError`.

    The operator's name and contact are not part of it.
    """
    published = hashlib.sha256()
    for language in get_args(Language):
        published.update(_template(version, kind, language).encode() + b"\x00")
    return published.hexdigest()


def _template(version: str, kind: Kind, language: Language) -> str:
    if not _VERSION.fullmatch(version) or kind not in get_args(Kind):
        raise LookupError("no such consent text")
    try:
        return (TEXTS / language / f"{version}.{kind}.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        raise LookupError("no such consent text") from None
