"""Signing in, staying in, seeing and ending sessions."""

from typing import Any

import pytest

from chalicelib.stores.codes import Proof
from chalicelib.stores.sessions import DEVICE_SECONDS, MOST_SESSIONS
from tests.api.steps import (
    but_request_id,
    known,
    second_step,
    sent_to,
    sign_in,
    use_up,
    with_token,
    wrong,
)
from tests.records import LI, WANG
from tests.world import PASSWORD, Answer, Client, World

HERE, ELSEWHERE = "203.0.113.7", "198.51.100.9"
MINUTE, DAY = 60, 86_400
IDLE, WHOLE = 1800, 43_200


@pytest.fixture
def archive(archive: World) -> World:
    """An archive with one student, whose codes so far are forgotten."""
    archive.register(known(archive, WANG))
    archive.deliver()
    archive.sms.sent.clear()
    archive.mail.sent.clear()
    archive.clock.advance(3600)
    return archive


def started(archive: World, **body: object) -> Answer:
    """A session, with both steps."""
    first = sign_in(archive)
    session = second_step(archive, first, archive.last_code(WANG.phone), **body)
    assert session.status == 201, session.content
    return session


def refresh(archive: World, refresh_token: str) -> Answer:
    return archive.client.call("POST", "/sessions/refresh", {"refresh_token": refresh_token})


def works(archive: World, session: Answer) -> bool:
    """Whether the session's access token serves."""
    return with_token(archive, session.json["access_token"]).call("GET", "/account").status == 200


def fail(archive: World, times: int, **how: Any) -> None:
    for _ in range(times):
        assert sign_in(archive, password="wrong-horse-8", **how).code == "credentials_invalid"


# Both steps


def test_an_unknown_device_needs_a_second_step(archive):
    first = sign_in(archive)
    assert first.status == 202
    assert first.json == {
        "status": "second_step_required",
        "challenge_id": first.json["challenge_id"],
        "channel": "sms",
        "destination_hint": "*******0001",
        "expires_at": "2026-11-23T03:05:00Z",
    }
    second = second_step(archive, first, archive.last_code(WANG.phone))
    assert second.status == 201
    assert second.json.keys() == {"access_token", "refresh_token", "expires_in", "account"}
    assert second.json["expires_in"] == 900
    assert second.json["account"]["username"] == WANG.email
    assert works(archive, second)


@pytest.mark.parametrize(
    "username", ["wang@example.com", "WANG@Example.com", "19900000001", "+86 199-0000-0001"]
)
def test_the_user_name_is_the_mail_address_or_the_phone(archive, username):
    assert sign_in(archive, username=username).status == 202


def test_the_owner_is_told_of_a_new_device(archive):
    started(archive)
    assert "新设备登录" in sent_to(archive, WANG.email)[-1]


def test_a_remembered_device_needs_no_second_step(archive):
    device = started(archive, remember_device=True).json["device_token"]
    archive.clock.advance(DEVICE_SECONDS - 1)
    session = sign_in(archive, device_token=device)
    assert session.status == 201
    assert "device_token" not in session.json
    assert works(archive, session)
    archive.clock.advance(1)
    assert sign_in(archive, device_token=device).status == 202


def test_a_device_is_remembered_for_its_account_only(archive):
    archive.register(known(archive, LI))
    device = started(archive, remember_device=True).json["device_token"]
    assert sign_in(archive, LI, device_token=device).status == 202


def test_a_known_device_does_not_replace_the_password(archive):
    device = started(archive, remember_device=True).json["device_token"]
    refused = sign_in(archive, device_token=device, password="wrong-horse-8")
    assert refused.code == "credentials_invalid"


@pytest.mark.req("R-21")
@pytest.mark.parametrize(("wrong_tries", "status"), [(4, 201), (5, 422)])
def test_the_second_step_allows_five_tries(archive, wrong_tries, status):
    first = sign_in(archive)
    code = archive.last_code(WANG.phone)
    for _ in range(wrong_tries):
        assert second_step(archive, first, wrong(code)).code == "code_invalid"
    assert second_step(archive, first, code).status == status


@pytest.mark.req("R-22")
def test_the_second_steps_code_works_once(archive):
    first = sign_in(archive)
    code = archive.last_code(WANG.phone)
    assert second_step(archive, first, code).status == 201
    assert second_step(archive, first, code).code == "code_invalid"


@pytest.mark.req("R-23")
@pytest.mark.parametrize(("seconds", "status"), [(299, 201), (300, 422)])
def test_the_second_steps_code_lives_five_minutes(archive, seconds, status):
    first = sign_in(archive)
    code = archive.last_code(WANG.phone)
    archive.clock.advance(seconds)
    assert second_step(archive, first, code).status == status


@pytest.mark.req("R-24")
def test_a_code_of_another_purpose_is_no_second_step(archive):
    body = {"purpose": "reset_password", "channel": "sms", "destination": WANG.phone}
    asked = archive.client.call("POST", "/verification-codes", body)
    assert second_step(archive, asked, archive.last_code(WANG.phone)).code == "code_invalid"


@pytest.mark.req("R-24")
def test_a_code_for_the_account_but_not_for_signing_in_is_no_second_step(archive):
    holder = str(archive.ports.accounts.holder("phone", WANG.phone))
    proof = Proof(purpose="close_account", channel="sms", destination=WANG.phone, account_id=holder)
    challenge_id, until = archive.ports.random.identifier(), archive.clock() + 60
    archive.ports.tables.commit(archive.ports.codes.sending(challenge_id, proof, "123456", until))
    body = {"challenge_id": challenge_id, "code": "123456"}
    assert archive.client.call("POST", "/sessions/second-step", body).code == "code_invalid"


@pytest.mark.req("R-24")
def test_a_code_belongs_to_the_sign_in_it_was_sent_for(archive):
    archive.register(known(archive, LI))
    mine, hers = sign_in(archive), sign_in(archive, LI)
    my_code = archive.last_code(WANG.phone)
    assert second_step(archive, hers, my_code).code == "code_invalid"
    assert second_step(archive, mine, my_code).status == 201


@pytest.mark.req("A-03")
def test_ten_wrong_codes_a_day_for_an_account(archive):
    for _ in range(2):
        first = sign_in(archive)
        code = archive.last_code(WANG.phone)
        for _ in range(5):
            assert second_step(archive, first, wrong(code)).code == "code_invalid"
        archive.clock.advance(MINUTE)
    first = sign_in(archive)
    limited = second_step(archive, first, archive.last_code(WANG.phone))
    assert (limited.status, limited.code) == (429, "rate_limited")
    assert int(limited.headers["Retry-After"]) == DAY - 2 * MINUTE
    archive.clock.advance(DAY - 2 * MINUTE)
    first = sign_in(archive)
    assert second_step(archive, first, archive.last_code(WANG.phone)).status == 201


@pytest.mark.req("A-01")
def test_signing_in_again_within_a_minute_points_to_the_code_on_its_way(archive):
    first = sign_in(archive)
    archive.clock.advance(59)
    again = sign_in(archive)
    assert (again.status, again.json) == (202, first.json)
    code = archive.last_code(WANG.phone)
    assert len(archive.sms.sent) == 1
    assert second_step(archive, again, code).status == 201


def test_signing_in_again_after_a_minute_voids_the_older_code(archive):
    first = sign_in(archive)
    old = archive.last_code(WANG.phone)
    archive.clock.advance(60)
    again = sign_in(archive)
    assert second_step(archive, first, old).code == "code_invalid"
    assert second_step(archive, again, archive.last_code(WANG.phone)).status == 201


@pytest.mark.req("A-01")
def test_a_code_too_many_is_not_sent_and_nobody_sees_it(archive):
    for _ in range(3):
        sent = sign_in(archive)
        archive.deliver()
        archive.clock.advance(300)
    unsent = sign_in(archive)
    archive.deliver()
    assert len(archive.sms.sent) == 3
    assert (unsent.status, unsent.json.keys()) == (202, sent.json.keys())


def test_a_password_of_older_settings_is_hashed_anew(archive, monkeypatch):
    accounts = archive.ports.accounts

    def stored() -> str:
        return str(accounts.get(accounts.holder("email", WANG.email)).password)

    before = stored()
    monkeypatch.setattr(archive.ports.hasher, "needs_rehash", lambda held: held == before)
    for _ in range(2):
        assert sign_in(archive).status == 202
    assert stored() != before


# Guessing passwords


@pytest.mark.req("A-05")
def test_whatever_is_wrong_the_answer_is_the_same(archive):
    refused = [
        sign_in(archive, password="wrong-horse-8"),
        sign_in(archive, password=""),
        sign_in(archive, username="nobody@example.com"),
        sign_in(archive, username="13800138000"),
        sign_in(archive, username="neither"),
        sign_in(archive, username=""),
        sign_in(archive, username=WANG.document_number),
    ]
    fail(archive, 5)
    refused.append(sign_in(archive))
    use_up(archive, "password.accounts.ip", ELSEWHERE)
    refused.append(sign_in(archive, ip=ELSEWHERE))
    assert refused[0].status == 401
    assert refused[0].headers["WWW-Authenticate"] == "Bearer"
    for answer in refused:
        assert but_request_id(answer) == but_request_id(refused[0])


@pytest.mark.req("A-05")
def test_whatever_is_wrong_one_password_is_compared(archive, monkeypatch):
    hasher, compared = archive.ports.hasher, []

    def watch(method: str) -> None:
        original = getattr(hasher, method)

        def watched(*arguments: str) -> object:
            compared.append(method)
            return original(*arguments)

        monkeypatch.setattr(hasher, method, watched)

    fail(archive, 4)
    use_up(archive, "password.accounts.ip", ELSEWHERE)
    watch("verify")
    watch("verify_nothing")
    fail(archive, 1)  # wrong
    fail(archive, 1)  # too soon
    fail(archive, 1, username="nobody@example.com")
    fail(archive, 1, ip=ELSEWHERE)
    assert compared == ["verify", "verify_nothing", "verify_nothing", "verify_nothing"]


@pytest.mark.req("A-04")
@pytest.mark.parametrize(("failures", "wait"), [(4, 0), (5, 1), (6, 2), (7, 4), (14, 512)])
def test_each_failure_from_the_fifth_doubles_the_wait(archive, failures, wait):
    for _ in range(failures):
        fail(archive, 1)
        archive.clock.advance(900)
    archive.clock.advance(wait - 900 - 1 if wait else -900)
    if wait:
        assert sign_in(archive).code == "credentials_invalid"
        archive.clock.advance(1)
    assert sign_in(archive).status == 202


@pytest.mark.req("A-04")
def test_the_wait_is_a_quarter_of_an_hour_at_most(archive):
    for _ in range(17):
        fail(archive, 1)
        archive.clock.advance(900)
    archive.clock.advance(-1)
    assert sign_in(archive).code == "credentials_invalid"
    archive.clock.advance(1)
    assert sign_in(archive).status == 202


@pytest.mark.req("A-04")
def test_tries_while_waiting_do_not_lengthen_the_wait(archive):
    fail(archive, 5 + 3)
    archive.clock.advance(1)
    assert sign_in(archive).status == 202


@pytest.mark.req("A-04")
def test_a_success_forgets_the_failures(archive):
    fail(archive, 4)
    assert sign_in(archive).status == 202
    fail(archive, 4)
    assert sign_in(archive).status == 202


@pytest.mark.req("A-04")
def test_the_wait_is_for_one_account_and_one_network(archive):
    archive.register(known(archive, LI))
    fail(archive, 5)
    assert sign_in(archive, ip=ELSEWHERE).status == 202
    assert sign_in(archive, LI).status == 202


@pytest.mark.req("A-04")
def test_mail_address_and_phone_name_one_account(archive):
    fail(archive, 3)
    fail(archive, 2, username=WANG.phone)
    assert sign_in(archive).code == "credentials_invalid"


@pytest.mark.req("A-04")
@pytest.mark.parametrize(("failures", "status"), [(99, 202), (100, 401)])
def test_after_a_hundred_failures_in_a_row_no_password_serves(archive, failures, status):
    account_id = archive.ports.accounts.holder("email", WANG.email)
    for place in range(failures):
        assert archive.ports.throttle.take_try(account_id, f"192.0.2.{place}", archive.clock())
    archive.clock.advance(400 * DAY)
    assert sign_in(archive).status == status


@pytest.mark.req("A-04")
def test_a_network_fails_on_fifty_accounts_in_twelve_hours(archive):
    use_up(archive, "password.accounts.ip", HERE, leaving=1)
    fail(archive, 2, username="nobody@example.com")
    assert sign_in(archive).code == "credentials_invalid"
    assert sign_in(archive, ip=ELSEWHERE).status == 202
    archive.clock.advance(WHOLE - 1)
    assert sign_in(archive).code == "credentials_invalid"
    archive.clock.advance(1)
    assert sign_in(archive).status == 202


@pytest.mark.req("A-04")
def test_one_account_counts_once_for_a_network(archive):
    use_up(archive, "password.accounts.ip", HERE, leaving=2)
    fail(archive, 4, username="nobody@example.com")
    assert sign_in(archive).status == 202


# Staying in


@pytest.mark.parametrize(("seconds", "works_still"), [(899, True), (900, False)])
def test_an_access_token_serves_for_a_quarter_of_an_hour(archive, seconds, works_still):
    session = started(archive)
    archive.clock.advance(seconds)
    assert works(archive, session) is works_still


def test_refreshing_gives_a_fresh_pair(archive):
    session = started(archive)
    archive.clock.advance(900)
    fresh = refresh(archive, session.json["refresh_token"])
    assert fresh.status == 200
    assert fresh.json.keys() == {"access_token", "refresh_token", "expires_in", "account"}
    assert fresh.json["refresh_token"] != session.json["refresh_token"]
    assert works(archive, fresh)
    assert not works(archive, session)


def test_refreshing_is_the_last_use(archive):
    session = started(archive)
    archive.clock.advance(600)
    fresh = with_token(
        archive, refresh(archive, session.json["refresh_token"]).json["access_token"]
    )
    [item] = listed(fresh)
    assert (item["created_at"], item["last_used_at"]) == (
        "2026-11-23T03:00:00Z",
        "2026-11-23T03:10:00Z",
    )


@pytest.mark.parametrize(("seconds", "status"), [(60, 200), (61, 401)])
def test_a_spent_token_serves_for_a_minute_more(archive, seconds, status):
    session = started(archive)
    fresh = refresh(archive, session.json["refresh_token"])
    archive.clock.advance(seconds)
    assert refresh(archive, session.json["refresh_token"]).status == status
    assert works(archive, fresh) is (status == 200)


def test_using_a_spent_token_late_ends_the_family_and_tells_the_owner(archive):
    other = started(archive)
    archive.clock.advance(MINUTE)
    session = started(archive)
    fresh = refresh(archive, session.json["refresh_token"])
    archive.clock.advance(61)
    assert refresh(archive, session.json["refresh_token"]).code == "unauthenticated"
    assert not works(archive, fresh)
    assert refresh(archive, fresh.json["refresh_token"]).code == "unauthenticated"
    assert works(archive, other)
    assert any("已退出一台设备的登录" in mail for mail in sent_to(archive, WANG.email))


def test_two_tabs_that_refresh_at_once_both_stay_in(archive):
    session = started(archive)
    tabs = [refresh(archive, session.json["refresh_token"]) for _ in range(2)]
    for _ in range(4):
        assert [works(archive, tab) for tab in tabs] == [True, True]
        archive.clock.advance(600)
        tabs = [refresh(archive, tab.json["refresh_token"]) for tab in tabs]


@pytest.mark.parametrize(("seconds", "status"), [(IDLE - 1, 200), (IDLE, 401), (IDLE + 1, 401)])
def test_an_idle_session_ends_after_half_an_hour(archive, seconds, status):
    session = started(archive)
    archive.clock.advance(seconds)
    assert refresh(archive, session.json["refresh_token"]).status == status


def test_a_session_ends_after_twelve_hours_however_busy(archive):
    session = started(archive)
    step = WHOLE // 32
    for _ in range(31):
        archive.clock.advance(step)
        session = refresh(archive, session.json["refresh_token"])
    archive.clock.advance(WHOLE - 31 * step - 1)
    last = refresh(archive, session.json["refresh_token"])
    assert (last.status, last.json["expires_in"]) == (200, 1)
    assert works(archive, last)
    archive.clock.advance(1)
    assert not works(archive, last)
    assert refresh(archive, last.json["refresh_token"]).code == "unauthenticated"


def test_each_token_serves_its_own_purpose(archive):
    session = started(archive)
    client = with_token(archive, session.json["refresh_token"])
    assert client.call("GET", "/account").code == "unauthenticated"
    assert refresh(archive, session.json["access_token"]).code == "unauthenticated"


@pytest.mark.parametrize("token", ["", "x", "r" * 88, "r" + "é" * 87])
def test_what_is_no_refresh_token_is_refused(archive, token):
    refused = refresh(archive, token)
    assert (refused.status, refused.code) == (401, "unauthenticated")


# Seeing and ending sessions


def listed(client: Client) -> list[dict[str, Any]]:
    return list(client.call("GET", "/sessions").json["items"])


def two_sessions(archive: World) -> tuple[Client, Client]:
    device = started(archive, remember_device=True)
    archive.clock.advance(MINUTE)
    body = {
        "username": WANG.email,
        "password": PASSWORD,
        "device_token": device.json["device_token"],
    }
    agent = {"User-Agent": "Pocket\x01 Browser 7" + "!" * 200}
    second = archive.client.call("POST", "/sessions", body, headers=agent, ip=ELSEWHERE)
    older, newer = (with_token(archive, one.json["access_token"]) for one in (device, second))
    return older, newer


def test_own_sessions_are_listed_the_newest_first(archive):
    first, second = two_sessions(archive)
    archive.clock.advance(30)
    newest, oldest = listed(second)
    assert newest == {
        "session_id": newest["session_id"],
        "device": ("Pocket Browser 7" + "!" * 200)[:119],
        "place": "198.51.0.0/16",
        "created_at": "2026-11-23T03:01:00Z",
        "last_used_at": "2026-11-23T03:01:00Z",
        "current": True,
    }
    assert (oldest["place"], oldest["current"]) == ("203.0.0.0/16", False)
    assert [one["current"] for one in listed(first)] == [False, True]


def test_sessions_are_listed_in_pages(archive):
    client, _ = two_sessions(archive)
    page = client.call("GET", "/sessions", query={"limit": "1"}).json
    rest = client.call("GET", "/sessions", query={"limit": "1", "cursor": page["next"]}).json
    assert [*page["items"], *rest["items"]] == listed(client)
    assert rest["next"] is None


def test_ended_and_lapsed_sessions_are_not_listed(archive):
    first, second = two_sessions(archive)
    second.call("DELETE", "/sessions/current")
    assert len(listed(first)) == 1
    archive.clock.advance(IDLE - MINUTE)
    third = with_token(archive, started(archive).json["access_token"])
    assert len(listed(third)) == 1


def test_signing_out_acts_on_the_next_request(archive):
    session = started(archive)
    client = with_token(archive, session.json["access_token"])
    assert client.call("DELETE", "/sessions/current").status == 204
    assert client.call("GET", "/account").code == "unauthenticated"
    assert refresh(archive, session.json["refresh_token"]).code == "unauthenticated"


def test_another_of_the_own_sessions_can_be_ended(archive):
    first, second = two_sessions(archive)
    session_id = next(one["session_id"] for one in listed(first) if not one["current"])
    assert first.call("DELETE", f"/sessions/{session_id}").status == 204
    assert second.call("GET", "/account").code == "unauthenticated"
    assert first.call("GET", "/account").status == 200


@pytest.mark.req("R-41")
def test_somebody_elses_session_does_not_exist(archive):
    client, _ = two_sessions(archive)
    hers = archive.registered(known(archive, LI))
    session_id = listed(hers)[0]["session_id"]
    refused = [
        client.call("DELETE", f"/sessions/{one}") for one in (session_id, "A" * len(session_id))
    ]
    assert refused[0].status == 404
    assert but_request_id(refused[0]) == but_request_id(refused[1])
    assert hers.call("GET", "/account").status == 200


def test_the_oldest_session_makes_room_for_the_21st(archive):
    first = started(archive, remember_device=True)
    for _ in range(MOST_SESSIONS - 1):
        archive.clock.advance(1)
        last = sign_in(archive, device_token=first.json["device_token"])
    assert works(archive, first)
    archive.clock.advance(1)
    assert sign_in(archive, device_token=first.json["device_token"]).status == 201
    assert not works(archive, first)
    assert works(archive, last)
