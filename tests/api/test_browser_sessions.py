"""Sessions that a browser keeps in cookies: they survive a reload, and no script reads them."""

import re

import pytest

from tests.api.steps import known, second_step, sign_in
from tests.records import WANG
from tests.world import PASSWORD, Answer, Client, World


@pytest.fixture
def session(archive: World) -> Answer:
    archive.register(known(archive, WANG))
    archive.deliver()
    archive.clock.advance(3600)
    first = sign_in(archive)
    return second_step(archive, first, archive.last_code(WANG.phone), remember_device=True)


def keep(archive: World, session: Answer, **more: str) -> Answer:
    body = {"refresh_token": session.json["refresh_token"], **more}
    return archive.client.call("PUT", "/sessions/browser", body, token=session.json["access_token"])


def cookie(answer: Answer) -> str:
    """Name and value, as the browser sends them back."""
    return answer.headers["Set-Cookie"].partition(";")[0]


def resume(client: Client, kept: str) -> Answer:
    return client.call("POST", "/sessions/browser/refresh", headers={"Cookie": kept})


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(archive, session):
    kept = keep(archive, session)
    assert kept.status == 204
    attributes = set(kept.headers["Set-Cookie"].split("; ")[1:])
    assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/api/sessions"} <= attributes


def test_keeping_needs_a_session(archive, session):
    body = {"refresh_token": session.json["refresh_token"]}
    assert archive.client.call("PUT", "/sessions/browser", body).code == "unauthenticated"


@pytest.mark.parametrize("token", ["a;b", "a b", "", 'a"', "a\r\nSet-Cookie: x=y"])
def test_what_would_break_a_cookie_is_refused(archive, session, token):
    body = {"refresh_token": token}
    refused = archive.client.call(
        "PUT", "/sessions/browser", body, token=session.json["access_token"]
    )
    assert refused.code == "invalid_request"
    assert "Set-Cookie" not in refused.headers


def test_the_cookie_gets_a_session_whose_refresh_token_stays_in_it(archive, session):
    kept = keep(archive, session)
    resumed = resume(archive.client, cookie(kept))
    assert resumed.status == 200
    assert set(resumed.json) == {"access_token", "expires_in", "account"}
    token = resumed.json["access_token"]
    assert archive.client.call("GET", "/account", token=token).status == 200
    assert cookie(resumed) != cookie(kept)
    assert resume(archive.client, cookie(resumed)).status == 200


def test_without_a_cookie_there_is_nobody_and_no_error(archive):
    assert archive.client.call("POST", "/sessions/browser/refresh").status == 204


@pytest.mark.parametrize("kept", ["archive_refresh=nothing", "archive_refresh=", "broken"])
def test_a_cookie_that_opens_nothing_is_no_error_either(archive, kept):
    answer = resume(archive.client, kept)
    assert answer.status == 204
    if kept.startswith("archive_refresh="):
        assert re.match("archive_refresh=; Max-Age=0; ", answer.headers["Set-Cookie"])


def test_a_spent_cookie_ends_the_session_once_the_minute_is_over(archive, session):
    kept = keep(archive, session)
    latest = resume(archive.client, cookie(kept))
    archive.clock.advance(61)
    assert resume(archive.client, cookie(kept)).status == 204
    token = latest.json["access_token"]
    assert archive.client.call("GET", "/account", token=token).code == "unauthenticated"


def test_signing_out_forgets_the_cookie(archive, session):
    kept = keep(archive, session)
    out = archive.client.call(
        "DELETE",
        "/sessions/current",
        token=session.json["access_token"],
        headers={"Cookie": cookie(kept)},
    )
    assert out.status == 204
    assert out.headers["Set-Cookie"].startswith("archive_refresh=; Max-Age=0")
    assert resume(archive.client, cookie(kept)).status == 204


def test_a_known_device_is_known_by_its_cookie(archive, session):
    device = session.json["device_token"]
    assert keep(archive, session, device_token=device).status == 204
    body = {"username": WANG.phone, "password": PASSWORD}
    sent = {"Cookie": f"other=1; archive_device={device}"}
    again = archive.client.call("POST", "/sessions", body, headers=sent)
    assert again.status == 201
    assert archive.client.call("POST", "/sessions", body).status == 202
