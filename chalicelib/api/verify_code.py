"""Verification codes: ask for one, exchange it for a token."""

from typing import Literal

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.routes import Function
from chalicelib.operations import verify_code

function = Function("verify_code")


class CodeRequestBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For what, and where to, a code is asked for."""

    purpose: verify_code.Purpose
    channel: Literal["sms", "email"]
    destination: str


class CodeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that was received."""

    code: str


@function.route(
    "POST",
    "/verification-codes",
    policy="public",
    body=CodeRequestBody,
    answers={202: verify_code.ChallengeSent},
    creating=True,
)
def request_code(call: Call) -> verify_code.ChallengeSent:
    """Ask for a code; the answer never depends on whether the destination is known."""
    body: CodeRequestBody = call.body
    return verify_code.request_code(
        call.ports,
        call.caller,
        purpose=body.purpose,
        channel=body.channel,
        destination=body.destination,
    )


@function.route(
    "POST",
    "/verification-codes/{challenge_id}/verify",
    policy="public",
    body=CodeBody,
    answers={200: verify_code.VerificationToken},
    creating=True,
    raises=("code_invalid", "rate_limited"),
)
def verify(call: Call, challenge_id: str) -> verify_code.VerificationToken:
    """Exchange a code for a verification token."""
    return verify_code.verify_code(
        call.ports, call.caller, challenge_id=challenge_id, code=call.body.code
    )
