"""What a check of a report finds, and the rules that all its forms share."""

from collections.abc import Mapping
from typing import Any

import msgspec

from chalicelib.domain.jose import TokenMalformed
from chalicelib.domain.report_states import Checks, Outcome
from chalicelib.domain.status_lists import STATUS_LIST, bits_of, status_in
from chalicelib.stores.signatures import SignatureBroken, SigningKey, checked

Keys = Mapping[str, SigningKey]
"""The keys that are trusted, by their names."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was found: each check on its own, and what the report says if its signature holds.

    `problem` says why the signature does not.
    """

    form: str
    checks: Checks
    report: Mapping[str, Any] = {}
    problem: str = ""

    @property
    def failed(self) -> bool:
        """Whether any check failed."""
        return "failed" in msgspec.structs.asdict(self.checks).values()


def broken(form: str, problem: str) -> Finding:
    """Nothing is believed of what is not signed: no other check is made."""
    nothing: Outcome = "not_checked"
    checks = Checks(signature="failed", validity=nothing, status=nothing, currency=nothing)
    return Finding(form=form, checks=checks, problem=problem)


def holding(
    form: str, report: Mapping[str, Any], *, valid_until: int, now: int, published: Outcome
) -> Finding:
    """A report whose signature holds; `published` is what its status list says."""
    checks = Checks(
        signature="passed",
        validity="passed" if now < valid_until else "failed",
        status=published,
        currency="passed" if published == "passed" else "not_checked",
    )
    return Finding(form=form, checks=checks, report=report)


def status_from(
    token: str | None, pointer: Mapping[str, Any] | None, keys: Keys, now: int
) -> Outcome:
    """What a signed status list says of a place. No list, an old or a foreign one says nothing."""
    if token is None or pointer is None:
        return "not_checked"
    try:
        claims = checked(token, STATUS_LIST, keys)
        bits = bits_of(claims)
    except (TokenMalformed, SignatureBroken, ValueError):
        return "not_checked"
    current = int(claims["iat"]) <= now < int(claims.get("exp", 0))
    index = pointer.get("idx")
    if not current or claims.get("sub") != pointer.get("uri") or not isinstance(index, int):
        return "not_checked"
    if not 0 <= index < len(bits) * 8:
        return "not_checked"
    return "failed" if status_in(bits, index) else "passed"
