"""Asking for codes, and exchanging them for verification tokens."""

from itertools import count, product

import pytest

from chalicelib.stores.tables import ConditionFailed, Key
from tests.api.steps import ask, but_request_id, field_codes, sent_to, use_up, verify, wrong
from tests.lab import lab
from tests.records import WANG
from tests.tables import straight
from tests.world import Answer, World

OTHER_PHONE = "+8619900000002"
MAILBOX = "somebody@example.com"
CHANNELS = {
    "register": {"sms"},
    "recover_username": {"sms", "email"},
    "reset_password": {"sms", "email"},
    "change_phone": {"sms"},
    "change_email": {"email"},
    "appeal": {"sms", "email"},
    "close_account": {"sms", "email"},
}
BY_SMS = [purpose for purpose, channels in CHANNELS.items() if "sms" in channels]
DESTINATION = {"sms": WANG.phone, "email": MAILBOX}


def ask_elsewhere(archive: World, place: int, **changes: str) -> Answer:
    """Ask from an address of one's own, for a phone of one's own."""
    destination = {"destination": f"+86199{place:08d}"} | changes
    return ask(archive, ip=f"198.51.{place // 250}.{place % 250}", **destination)


def texts(archive: World) -> int:
    archive.deliver()
    return len(archive.sms.sent)


# Asking


def test_the_answer_tells_what_comes_next(archive):
    answer = ask(archive)
    assert answer.status == 202
    assert answer.json == {
        "challenge_id": answer.json["challenge_id"],
        "channel": "sms",
        "destination_hint": "*******0001",
        "expires_at": "2026-11-23T02:05:00Z",
        "resend_at": "2026-11-23T02:01:00Z",
    }
    assert len(archive.last_code(WANG.phone)) == 6


@pytest.mark.parametrize(("purpose", "channel"), list(product(CHANNELS, ["sms", "email"])))
def test_each_purpose_has_its_channels(archive, purpose, channel):
    destination = DESTINATION[channel]
    answer = ask(archive, purpose=purpose, channel=channel, destination=destination)
    if channel in CHANNELS[purpose]:
        assert (answer.status, answer.json["channel"]) == (202, channel)
        assert archive.last_code(destination)
    else:
        assert field_codes(answer) == {"channel": "channel_not_allowed"}
        assert sent_to(archive, destination) == []


@pytest.mark.req("R-07")
@pytest.mark.parametrize("channel", ["sms", "email"])
def test_sign_in_codes_are_not_asked_for_here(archive, channel):
    answer = ask(archive, purpose="sign_in", channel=channel, destination=DESTINATION[channel])
    assert field_codes(answer) == {"purpose": "purpose_not_allowed"}


@pytest.mark.parametrize(
    ("member", "value"), [("purpose", "gossip"), ("channel", "pigeon"), ("channel", "SMS")]
)
def test_unknown_purposes_and_channels_are_named(archive, member, value):
    assert field_codes(ask(archive, **{member: value})) == {member: "value_invalid"}


@pytest.mark.req("A-01")
@pytest.mark.parametrize(
    "phone",
    ["", "1380013800", "138001380001", "01012345678", "+85291234567", "+12025550123", "+8610000"],
)
def test_only_mainland_mobile_phones_get_a_text(archive, phone):
    assert field_codes(ask(archive, destination=phone)) == {"destination": "phone_invalid"}


@pytest.mark.parametrize(
    "address", ["", "a", "a@", "@b.cn", "a b@example.com", "a@example.com\r\n"]
)
def test_a_bad_address_is_named(archive, address):
    answer = ask(archive, purpose="appeal", channel="email", destination=address)
    code = "text_invalid" if "\r" in address else "email_invalid"
    assert field_codes(answer) == {"destination": code}


@pytest.mark.parametrize(
    "typed", ["19900000001", "8619900000001", "+86 199-0000-0001", "１９９００００００01"]
)
def test_a_phone_may_be_typed_in_many_ways(archive, typed):
    assert ask(archive, destination=typed).status == 202
    assert archive.last_code(WANG.phone)


@pytest.mark.req("R-28")
@pytest.mark.parametrize("purpose", BY_SMS)
def test_the_answer_is_the_same_whether_or_not_the_phone_is_known(archive, purpose):
    archive.register(WANG)
    answers = [ask(archive, purpose=purpose, destination=p) for p in (WANG.phone, OTHER_PHONE)]
    one, other = (answer.json | {"challenge_id": "", "destination_hint": ""} for answer in answers)
    assert one == other
    assert {answer.status for answer in answers} == {202}


@pytest.mark.parametrize(("language", "word"), [("zh-CN", "验证码"), ("en", "is your code to")])
def test_the_text_is_in_the_persons_language(archive, language, word):
    ask(archive, headers={"Accept-Language": language})
    assert word in sent_to(archive, WANG.phone)[-1]


def test_a_code_by_mail_proves_the_mailbox(archive):
    asked = ask(archive, purpose="appeal", channel="email", destination=MAILBOX)
    assert asked.json["destination_hint"] == "s***@example.com"
    assert verify(archive, asked.json["challenge_id"], archive.last_code(MAILBOX)).status == 200


# Exchanging a code


def test_the_right_code_gives_a_token_for_ten_minutes(archive):
    asked = ask(archive)
    answer = verify(archive, asked.json["challenge_id"], archive.last_code(WANG.phone))
    assert answer.status == 200
    assert answer.json.keys() == {"verification_token", "expires_at"}
    assert len(answer.json["verification_token"]) >= 43
    assert answer.json["expires_at"] == "2026-11-23T02:10:00Z"


@pytest.mark.req("R-22")
def test_a_code_works_once(archive):
    asked = ask(archive)
    code = archive.last_code(WANG.phone)
    answers = [verify(archive, asked.json["challenge_id"], code) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 422]
    assert answers[1].code == "code_invalid"


@pytest.mark.req("R-21")
@pytest.mark.req("A-03")
@pytest.mark.parametrize(("wrong_tries", "status"), [(4, 200), (5, 422)])
def test_a_code_allows_five_tries(archive, wrong_tries, status):
    asked = ask(archive)
    code = archive.last_code(WANG.phone)
    for _ in range(wrong_tries):
        assert verify(archive, asked.json["challenge_id"], wrong(code)).code == "code_invalid"
    assert verify(archive, asked.json["challenge_id"], code).status == status


@pytest.mark.req("R-23")
@pytest.mark.parametrize(("seconds", "status"), [(299, 200), (300, 422), (301, 422)])
def test_a_code_lives_five_minutes_although_nothing_tidies(archive, seconds, status):
    asked = ask(archive)
    code = archive.last_code(WANG.phone)
    archive.clock.advance(seconds)
    assert verify(archive, asked.json["challenge_id"], code).status == status


def test_a_code_that_comes_too_late_is_not_sent(archive):
    ask(archive)
    archive.clock.advance(300)
    assert sent_to(archive, WANG.phone) == []


def test_a_new_code_voids_the_old(archive):
    first = ask(archive)
    old = archive.last_code(WANG.phone)
    archive.clock.advance(60)
    second = ask(archive)
    new = archive.last_code(WANG.phone)
    assert verify(archive, first.json["challenge_id"], old).code == "code_invalid"
    assert verify(archive, second.json["challenge_id"], new).status == 200


@pytest.mark.parametrize("code", ["", "12345", "1234567", "abcdef", "１２３４５６", " 123456"])
def test_what_is_no_code_is_invalid_like_a_wrong_one(archive, code):
    asked = ask(archive)
    right = archive.last_code(WANG.phone)
    refused = verify(archive, asked.json["challenge_id"], code)
    compared = verify(archive, asked.json["challenge_id"], wrong(right))
    assert but_request_id(refused) == but_request_id(compared)


def test_whatever_is_wrong_with_a_code_the_answer_is_the_same(archive):
    challenge_id = ask(archive).json["challenge_id"]
    code = archive.last_code(WANG.phone)
    answers = [
        verify(archive, "unknown", code),
        verify(archive, challenge_id, wrong(code)),
        *(verify(archive, challenge_id, code) for _ in range(2)),
    ]
    used = answers.pop()
    assert answers.pop().status == 200
    archive.clock.advance(300)
    answers.append(verify(archive, challenge_id, code))
    for answer in answers:
        assert but_request_id(answer) == but_request_id(used)


@pytest.mark.req("R-24")
def test_a_code_is_bound_to_challenge_purpose_and_destination(archive, monkeypatch):
    codes = count(100_000)
    monkeypatch.setattr(archive.ports.random, "digits", lambda _: str(next(codes)))
    challenges = {}
    for place, (purpose, phone) in enumerate(product(BY_SMS[:2], [WANG.phone, OTHER_PHONE])):
        asked = ask(archive, purpose=purpose, destination=phone)
        challenges[asked.json["challenge_id"]] = str(100_000 + place)
    for own, code in product(challenges, challenges.values()):
        if challenges[own] != code:
            assert verify(archive, own, code).code == "code_invalid", (own, code)
    for own, code in challenges.items():
        assert verify(archive, own, code).status == 200


@pytest.mark.req("R-24")
def test_a_sign_in_code_is_no_verification_code(archive):
    archive.register(WANG)
    archive.clock.advance(60)
    body = {"username": WANG.email, "password": "correct-horse-7"}
    first = archive.client.call("POST", "/sessions", body)
    code = archive.last_code(WANG.phone)
    assert verify(archive, first.json["challenge_id"], code).code == "code_invalid"
    step = {"challenge_id": first.json["challenge_id"], "code": code}
    assert archive.client.call("POST", "/sessions/second-step", step).status == 201


@pytest.mark.req("R-24")
@pytest.mark.parametrize("purpose", [one for one in BY_SMS if one != "register"])
def test_a_token_is_bound_to_its_purpose(archive, purpose):
    token = archive.prove_phone(WANG.phone, purpose)
    refused = archive.draft(WANG, verification_token=token)
    assert field_codes(refused) == {"verification_token": "verification_token_invalid"}


# Limits on sending


@pytest.mark.req("A-01")
@pytest.mark.parametrize(("seconds", "texts_sent"), [(59, 1), (60, 2)])
def test_one_code_a_minute_for_a_phone_and_purpose(archive, seconds, texts_sent):
    first = ask(archive)
    code = archive.last_code(WANG.phone)
    archive.clock.advance(seconds)
    second = ask(archive)
    assert (second.status, second.json.keys()) == (202, first.json.keys())
    assert texts(archive) == texts_sent
    voided = verify(archive, first.json["challenge_id"], code)
    assert voided.status == (200 if texts_sent == 1 else 422)


@pytest.mark.req("A-01")
def test_another_purpose_of_the_phone_counts_by_itself(archive):
    ask(archive)
    ask(archive, purpose="appeal")
    assert texts(archive) == 2


@pytest.mark.req("A-01")
def test_three_codes_an_hour_for_a_phone_and_purpose(archive):
    for _ in range(3):
        ask(archive)
        archive.clock.advance(60)
    assert ask(archive).status == 202
    assert texts(archive) == 3
    archive.clock.advance(3600 - 180 - 1)
    ask(archive)
    assert texts(archive) == 3
    archive.clock.advance(1)
    ask(archive)
    archive.deliver()
    assert texts(archive) == 4


@pytest.mark.req("A-01")
@pytest.mark.req("R-26")
def test_ten_codes_a_day_for_a_phone(archive):
    for place in range(11):
        ask_elsewhere(archive, place, destination=WANG.phone, purpose=BY_SMS[place % 4])
        archive.deliver()
        archive.clock.advance(3600)
    assert texts(archive) == 10
    archive.clock.advance(86_400 - 11 * 3600)
    ask(archive)
    assert texts(archive) == 11


@pytest.mark.req("A-01")
@pytest.mark.req("R-26")
@pytest.mark.parametrize(
    ("first", "second", "shared"),
    [
        ("203.0.113.7", "203.0.113.7", True),
        ("203.0.113.7", "203.0.113.8", False),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
    ],
)
def test_ten_codes_an_hour_for_a_network(archive, first, second, shared):
    for place in range(11):
        ask(archive, destination=f"+86199{place:08d}", ip=first)
    assert texts(archive) == 10
    ask(archive, destination=WANG.phone.replace("0001", "9999"), ip=second)
    assert texts(archive) == (10 if shared else 11)


@pytest.mark.req("A-01")
def test_thirty_codes_a_day_for_a_network(archive):
    for place in range(40):
        if place % 10 == 0:
            archive.clock.advance(3600)
        ask(archive, destination=f"+86199{place:08d}")
        archive.deliver()
    assert texts(archive) == 30


@pytest.mark.req("A-01")
def test_a_segment_of_phones_has_a_limit_of_its_own(archive):
    use_up(archive, "code.segment.hour", "1990000", leaving=1)
    ask_elsewhere(archive, 1)
    ask_elsewhere(archive, 2)
    assert texts(archive) == 1
    ask(archive, destination="+8619900010003")
    assert texts(archive) == 2


@pytest.mark.req("R-27")
@pytest.mark.req("A-01")
def test_the_budget_breaker_opens_for_a_day(archive):
    use_up(archive, "code.stage.day", "sms", leaving=1)
    ask_elsewhere(archive, 1)
    assert ask_elsewhere(archive, 2).status == 202
    assert texts(archive) == 1
    mailed = ask(archive, purpose="appeal", channel="email", destination=MAILBOX)
    assert mailed.status == 202
    assert sent_to(archive, MAILBOX)
    archive.clock.advance(86_400)
    ask_elsewhere(archive, 3)
    assert texts(archive) == 2


@pytest.mark.req("A-01")
def test_mailboxes_have_limits_too(archive):
    for _ in range(2):
        ask(archive, purpose="appeal", channel="email", destination=MAILBOX)
    ask(archive, purpose="appeal", channel="email", destination=MAILBOX.upper())
    assert len(sent_to(archive, MAILBOX)) == 1


# Limits on guessing


@pytest.mark.req("A-03")
def test_twenty_wrong_codes_an_hour_from_a_network(archive):
    guesser = "192.0.2.66"
    for place in range(4):
        asked = ask_elsewhere(archive, place)
        code = archive.last_code(f"+86199{place:08d}")
        for _ in range(5):
            refused = verify(archive, asked.json["challenge_id"], wrong(code), ip=guesser)
            assert refused.code == "code_invalid"
    last = ask_elsewhere(archive, 5).json["challenge_id"]
    code = archive.last_code("+8619900000005")
    limited = verify(archive, last, code, ip=guesser)
    assert (limited.status, limited.code) == (429, "rate_limited")
    assert int(limited.headers["Retry-After"]) == 3600
    assert verify(archive, last, code, ip="192.0.2.67").status == 200


@pytest.mark.req("A-03")
def test_the_wait_after_guessing_ends_with_the_hour(archive):
    guesser = "192.0.2.66"
    use_up(archive, "guess.ip.hour", guesser)
    archive.clock.advance(3599)
    asked = ask(archive)
    code = archive.last_code(WANG.phone)
    limited = verify(archive, asked.json["challenge_id"], code, ip=guesser)
    assert limited.headers["Retry-After"] == "1"
    archive.clock.advance(1)
    assert verify(archive, asked.json["challenge_id"], code, ip=guesser).status == 200


@pytest.mark.req("R-92")
def test_who_is_outrun_again_and_again_is_told_to_come_back():
    archive = lab()

    def outrun(name, call):
        if name == "commit":
            raise ConditionFailed([Key("codes", "limit#code.ip.hour#x", "-")], {})
        return call()

    archive.tables.around = outrun
    answer = ask(archive)
    assert (answer.status, answer.json["code"]) == (503, "unavailable")
    assert answer.headers["Retry-After"] == "1"
    archive.tables.around = straight
    assert ask(archive).status == 202
    assert texts(archive) == 1
