"""Signing in and out."""

from typing import Annotated

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.cookies import DEVICE, REFRESH, clearing, keeping
from chalicelib.api.cursors import Paging, page_of
from chalicelib.api.routes import Function, Listing, WithCookies
from chalicelib.domain.errors import Refusal
from chalicelib.operations import second_step as second_steps
from chalicelib.operations import sessions
from chalicelib.operations.second_step import SecondStep
from chalicelib.operations.start_session import SessionView
from chalicelib.operations.views import AccountView

function = Function("sessions")

Text = Annotated[str, msgspec.Meta(max_length=256)]
CookieText = Annotated[str, msgspec.Meta(max_length=256, pattern="^[A-Za-z0-9._-]+$")]


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


class BrowserBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The tokens that a browser keeps."""

    refresh_token: CookieText
    device_token: CookieText | None = None


class BrowserSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session whose refresh token stays in the cookie."""

    access_token: str
    expires_in: int
    account: AccountView


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
        device_token=body.device_token or call.cookies.get(DEVICE),
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
    "PUT", "/sessions/browser", policy="any_account", body=BrowserBody, answers={204: None}
)
def keep_in_browser(call: Call) -> WithCookies:
    """Keep the refresh token, and the device's, in cookies that no script can read."""
    body: BrowserBody = call.body
    cookies = [keeping(REFRESH, body.refresh_token)]
    if body.device_token:
        cookies.append(keeping(DEVICE, body.device_token))
    return WithCookies(None, tuple(cookies))


@function.route(
    "POST",
    "/sessions/browser/refresh",
    policy="public",
    answers={200: BrowserSession, 204: None},
)
def refresh_in_browser(call: Call) -> BrowserSession | WithCookies | None:
    """A fresh session by the browser's cookie; 204 where it holds none that is alive."""
    token = call.cookies.get(REFRESH)
    if token is None:
        return None
    try:
        view = sessions.refresh(call.ports, refresh_token=token)
    except Refusal as refusal:
        if refusal.code != "unauthenticated":
            raise
        return WithCookies(None, (clearing(REFRESH),))
    session = BrowserSession(
        access_token=view.access_token, expires_in=view.expires_in, account=view.account
    )
    return WithCookies(session, (keeping(REFRESH, view.refresh_token),))


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
def end_session(call: Call, session_id: str) -> WithCookies | None:
    """End one of the own sessions; `current` ends this one."""
    sessions.end_session(call.ports, call.principal, session_id)
    kept = session_id == "current" and REFRESH in call.cookies
    return WithCookies(None, (clearing(REFRESH),)) if kept else None
