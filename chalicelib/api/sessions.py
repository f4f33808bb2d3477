"""Signing in and out."""

from typing import Annotated

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.cursors import Paging, page_of
from chalicelib.api.routes import Function, Listing
from chalicelib.operations import second_step as second_steps
from chalicelib.operations import sessions
from chalicelib.operations.second_step import SecondStep
from chalicelib.operations.start_session import SessionView

function = Function("sessions")

Text = Annotated[str, msgspec.Meta(max_length=256)]


class SignInBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """User name (e-mail or phone) and password."""

    username: str
    password: str
    device_token: Text | None = None


class SecondStepBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The code that was sent on signing in."""

    challenge_id: Text
    code: Text
    remember_device: bool = False


class RefreshBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A refresh token."""

    refresh_token: Text


@function.route(
    "POST",
    "/sessions",
    policy="public",
    body=SignInBody,
    answers={201: SessionView, 202: SecondStep},
    creating=True,
    raises=("credentials_invalid",),
)
def sign_in(call: Call) -> SessionView | SecondStep:
    """Sign in: a session on a known device, else a second step."""
    body: SignInBody = call.body
    return sessions.sign_in(
        call.ports,
        call.caller,
        username=body.username,
        password=body.password,
        device_token=body.device_token,
    )


@function.route(
    "POST",
    "/sessions/second-step",
    policy="public",
    body=SecondStepBody,
    answers={201: SessionView},
    creating=True,
    raises=("code_invalid", "rate_limited"),
)
def second_step(call: Call) -> SessionView:
    """Finish signing in with the code that was sent."""
    body: SecondStepBody = call.body
    return second_steps.second_step(
        call.ports,
        call.caller,
        challenge_id=body.challenge_id,
        code=body.code,
        remember_device=body.remember_device,
    )


@function.route(
    "POST",
    "/sessions/refresh",
    policy="public",
    body=RefreshBody,
    answers={200: SessionView},
    raises=("unauthenticated",),
)
def refresh(call: Call) -> SessionView:
    """A fresh pair of tokens for a refresh token."""
    return sessions.refresh(call.ports, refresh_token=call.body.refresh_token)


@function.route(
    "GET",
    "/sessions",
    policy="any_account",
    query=Paging,
    answers={200: list[sessions.SessionItem]},
)
def list_sessions(call: Call) -> Listing:
    """The account's own sessions."""
    return page_of(call, sessions.list_sessions(call.ports, call.principal))


@function.route(
    "DELETE",
    "/sessions/{session_id}",
    policy="any_account",
    answers={204: None},
    raises=("not_found",),
)
def end_session(call: Call, session_id: str) -> None:
    """End one of the own sessions; `current` ends this one."""
    sessions.end_session(call.ports, call.principal, session_id)
