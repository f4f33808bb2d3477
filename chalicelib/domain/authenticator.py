"""Time-based one-time passwords (RFC 6238): 6 digits, 30 seconds, one step of tolerance."""

import hmac

STEP_SECONDS = 30
_TOLERANCE = 1


def matching_step(secret: str, code: str, *, now: int, after: int) -> int | None:
    """The time step whose code this is, or None.

    Only steps later than `after` count, so that no code works twice (RFC 6238, section 5.2). All
    candidates are compared in constant time.
    """
    import pyotp  # noqa: PLC0415 -- only the functions that sign in need it

    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    found = None
    present = now // STEP_SECONDS
    for step in range(present - _TOLERANCE, present + _TOLERANCE + 1):
        expected = totp.at(step * STEP_SECONDS)
        if hmac.compare_digest(expected.encode(), code.encode()) and step > after:
            found = step
    return found


def setup_address(secret: str, *, account: str, service: str) -> str:
    """The `otpauth` address that an authenticator app reads from a QR code."""
    import pyotp  # noqa: PLC0415 -- only the functions that sign in need it

    totp = pyotp.TOTP(secret, interval=STEP_SECONDS)
    return totp.provisioning_uri(name=account, issuer_name=service)
