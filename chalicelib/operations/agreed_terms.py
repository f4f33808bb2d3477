"""What is kept of somebody's consent to the terms (R-08)."""

from chalicelib.domain.consents import CURRENT_VERSION, digest_of
from chalicelib.stores.accounts import Consent


def agreed_terms(version: str, at: int) -> Consent:
    """The consent to the text that a client showed as `version`, with what was in force then."""
    return Consent(
        kind="terms",
        version=version,
        in_force=CURRENT_VERSION,
        digest=digest_of(CURRENT_VERSION, "terms"),
        at=at,
    )
