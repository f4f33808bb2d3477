"""The separate consent to document scans, as it comes with a submission."""

import msgspec

from chalicelib.operations.document_scans import GivenConsent


class ScanConsentBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which text of the separate consent to document scans was agreed to."""

    version: str
    accepted: bool


class EvidenceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The separate consent; without it the current text counts as agreed to by submitting."""

    consent: ScanConsentBody | None = None


def given_consent(body: ScanConsentBody | None) -> GivenConsent | None:
    """The consent as the operations take it."""
    return None if body is None else GivenConsent(body.version, body.accepted)
