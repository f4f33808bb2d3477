"""Registering: the draft, the review, the yes and the no."""

from itertools import product

import msgspec
import pytest

from chalicelib.domain.consents import CURRENT_VERSION, digest_of
from chalicelib.domain.errors import Refusal
from chalicelib.stores.accounts import Consent
from chalicelib.stores.tables import Key
from tests.api.steps import (
    apply,
    but_request_id,
    confirm,
    field_codes,
    known,
    sent_to,
    use_up,
    with_token,
)
from tests.records import LI, WANG, file_record
from tests.tables import RewindableTables
from tests.world import PASSWORD, START, Answer, Student, World, world

OLD = Student(document_number="610104196209276908", phone="+8619900000003", email="old@example.com")
OLD_FORM = "610104620927690"
MINUTE = 60


def at_another_time(archive: World, student: Student, **changes: object) -> Answer:
    """A draft once another code may be sent."""
    archive.clock.advance(MINUTE)
    return archive.draft(student, **changes)


# The draft


def test_a_draft_shows_what_the_person_has_to_check(archive):
    drafted = archive.draft(WANG)
    assert drafted.status == 201
    assert drafted.json == {
        "registration_id": drafted.json["registration_id"],
        "review": {
            "username": "wang@example.com",
            "name": "王小明",
            "document_type": "resident_id",
            "document_number": "11010519491231002X",
        },
        "expires_at": "2026-11-23T02:30:00Z",
    }
    assert len(drafted.json["registration_id"]) == 43


@pytest.mark.req("R-01")
@pytest.mark.parametrize(
    ("document_type", "typed", "kept"),
    [
        ("resident_id", OLD_FORM, "610104196209276908"),
        ("resident_id", "11010519491231002x", "11010519491231002X"),
        ("resident_id", " 11010519491231002X ", "11010519491231002X"),
        ("resident_id", "１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("residence_permit", "810000199408230021", "810000199408230021"),
        ("mainland_travel_permit_hk_mo", "h12345678", "H12345678"),
        ("mainland_travel_permit_tw", "12345678", "12345678"),
        ("passport", "e1234567", "E1234567"),
    ],
)
def test_the_review_shows_the_number_as_it_is_kept(archive, document_type, typed, kept):
    drafted = archive.draft(WANG, document_type=document_type, document_number=typed)
    assert drafted.status == 201, drafted.content
    assert drafted.json["review"]["document_number"] == kept


def test_the_review_shows_name_and_user_name_as_they_are_kept(archive):
    drafted = archive.draft(WANG, name=" 阿不都・买买提 ", email="Wang@EXAMPLE.com")
    review = drafted.json["review"]
    assert (review["name"], review["username"]) == ("阿不都·买买提", "Wang@example.com")


FIELDS = [
    ("name", "王", "name_invalid"),
    ("name", "王小明1", "name_invalid"),
    ("name", "王" * 51, "name_invalid"),
    ("document_number", "1101051949123100", "document_number_invalid"),
    ("document_number", "110105194912310021", "document_number_invalid"),
    ("document_number", "11010519490231002X", "document_number_invalid"),
    ("document_number", "110105203012310027", "document_number_invalid"),
    ("document_type", "library_card", "value_invalid"),
    ("email", "wang", "email_invalid"),
    ("email", "wang@example.com,li@example.com", "email_invalid"),
    ("password", "short-7", "password_too_short"),
    ("password", "p" * 129, "password_too_long"),
    ("password", "password1", "password_too_common"),
    ("password", "wangxiaoming-7", "password_contains_identity"),
    ("password", "my-wang-secret", "password_contains_identity"),
    ("password", "my-194912-secret", "password_contains_identity"),
    ("password", "my-990000-secret", "password_contains_identity"),
]


@pytest.mark.parametrize(("member", "value", "code"), FIELDS)
def test_every_wrong_member_is_named(archive, member, value, code):
    assert field_codes(archive.draft(WANG, **{member: value})) == {member: code}


@pytest.mark.req("R-06")
@pytest.mark.parametrize(
    ("number", "english"),
    [
        ("1101051949123100", "wrong length"),
        ("11010519490231002X", "birth date"),
        ("110105203012310027", "birth date"),
        ("110105194912310021", "check character"),
        ("990105194912310026", "region"),
    ],
)
def test_it_is_said_what_is_wrong_with_a_number(archive, number, english):
    token = archive.prove_phone(WANG.phone)
    english_please = {"Accept-Language": "en"}
    answer = apply(archive, token, document_number=number, headers=english_please)
    assert english in answer.json["errors"][0]["detail"]
    assert number not in answer.content.decode()


def test_all_wrong_members_are_named_at_once(archive):
    refused = archive.draft(
        WANG,
        name="?",
        document_number="1",
        email="@",
        password="1",
        consent={"version": CURRENT_VERSION, "accepted": False},
    )
    assert field_codes(refused) == {
        "name": "name_invalid",
        "document_number": "document_number_invalid",
        "email": "email_invalid",
        "password": "password_too_short",
        "consent": "consent_required",
    }


@pytest.mark.req("R-08")
@pytest.mark.parametrize(
    "consent",
    [{"version": CURRENT_VERSION, "accepted": False}, {"version": " ", "accepted": True}],
)
def test_the_terms_have_to_be_accepted(archive, consent):
    assert field_codes(archive.draft(WANG, consent=consent)) == {"consent": "consent_required"}
    assert archive.checker.asked == []


# The verification token


@pytest.mark.req("R-07")
@pytest.mark.parametrize("token", ["", "x", "x" * 43, "x" * 257])
def test_without_a_proved_phone_there_is_no_draft(archive, token):
    refused = archive.draft(WANG, verification_token=token)
    assert field_codes(refused).keys() == {"verification_token"}


@pytest.mark.req("R-22")
@pytest.mark.req("R-02")
def test_the_draft_spends_the_token(archive):
    token = archive.prove_phone(WANG.phone)
    assert apply(archive, token, WANG).status == 201
    refused = apply(archive, token, WANG)
    assert field_codes(refused) == {"verification_token": "verification_token_invalid"}


@pytest.mark.req("R-23")
@pytest.mark.parametrize(("seconds", "status"), [(599, 201), (600, 422), (601, 422)])
def test_the_token_lives_ten_minutes_although_nothing_tidies(archive, seconds, status):
    token = archive.prove_phone(WANG.phone)
    archive.clock.advance(seconds)
    assert apply(archive, token, WANG).status == status


def test_the_token_outlives_wrong_members(archive):
    token = archive.prove_phone(WANG.phone)
    assert apply(archive, token, WANG, name="?").status == 422
    assert apply(archive, token, WANG).status == 201


def test_the_token_outlives_a_checker_that_is_down(archive):
    token = archive.prove_phone(WANG.phone)
    archive.checker.down = True
    refused = apply(archive, token, WANG)
    assert (refused.status, refused.code) == (503, "unavailable")
    assert int(refused.headers["Retry-After"]) >= 1
    archive.checker.down = False
    assert apply(archive, token, WANG).status == 201


def test_the_token_outlives_a_number_that_is_taken(archive):
    archive.register(known(archive, WANG))
    squatter = known(archive, msgspec.structs.replace(LI, document_number=WANG.document_number))
    archive.checker.learn(WANG.name, WANG.document_number, LI.phone)
    token = archive.prove_phone(LI.phone)
    taken = apply(archive, token, squatter, name=WANG.name)
    assert taken.code == "identity_taken"
    own = apply(archive, token, LI)
    assert own.status == 201


# What a number's status depends on


@pytest.mark.req("R-05")
@pytest.mark.req("R-01")
@pytest.mark.parametrize("typed", [OLD.document_number, OLD_FORM])
def test_a_number_that_is_taken_is_told_after_code_and_checked_identity(archive, typed):
    archive.register(known(archive, OLD))
    archive.checker.learn(OLD.name, OLD.document_number, LI.phone)
    taken = archive.draft(LI, name=OLD.name, document_number=typed)
    assert (taken.status, taken.code) == (409, "identity_taken")
    assert taken.json["links"] == {
        "recover_username": "/api/username-recoveries",
        "reset_password": "/api/password-resets",
        "appeal": "/api/appeals",
    }
    assert "registration_id" not in taken.json


@pytest.mark.req("R-01")
def test_one_number_as_resident_id_and_as_permit_is_one(archive):
    specimen = msgspec.structs.replace(WANG, document_number="810000199408230021")
    archive.register(known(archive, specimen))
    archive.checker.learn(WANG.name, specimen.document_number, LI.phone)
    permit = {"document_type": "residence_permit", "document_number": specimen.document_number}
    assert archive.draft(LI, name=WANG.name, **permit).code == "identity_taken"


@pytest.mark.req("R-05")
def test_whoever_does_not_agree_learns_nothing_about_the_number(archive):
    archive.register(known(archive, WANG))
    stranger = archive.draft(LI, name=WANG.name, document_number=WANG.document_number)
    free = at_another_time(archive, LI, email="li2@example.com")
    assert stranger.status == free.status == 201
    assert stranger.json.keys() == free.json.keys()


@pytest.mark.req("R-04")
def test_a_disagreeing_identity_opens_an_account_that_shows_no_records(archive):
    file_record(archive, "credentials", WANG)
    confirmed = archive.register(WANG)
    assert confirmed.status == 201
    assert confirmed.json["account"]["proof_level"] == "phone"
    assert confirmed.json["bound"] == {}
    client = archive.sign_in(WANG)
    binding = {
        "family": "credentials",
        "certificate_number": "100011201505000123",
        "graduation_year": 2015,
        "institution": "10001",
    }
    report = {
        "kind": "credential",
        "record_id": "x",
        "language": "zh",
        "valid_months": 1,
        "disclosure": "full",
    }
    answers = [
        client.call("GET", "/archive"),
        client.call("GET", "/archive/credentials"),
        client.call("GET", "/archive/credentials/x"),
        client.call("POST", "/bindings", binding),
        client.call("GET", "/bindings"),
        client.call("POST", "/bindings/refresh"),
        client.call("POST", "/reports", report),
        client.call("GET", "/reports"),
    ]
    assert [(answer.status, answer.code) for answer in answers] == [(403, "proof_required")] * len(
        answers
    )


@pytest.mark.req("R-01")
@pytest.mark.req("R-04")
def test_a_disagreeing_identity_claims_no_number(archive):
    archive.register(LI)
    unproved = archive.draft(
        OLD, name=LI.name, document_number=LI.document_number, email="second@example.com"
    )
    assert confirm(archive, unproved).status == 201
    archive.checker.learn(LI.name, LI.document_number, WANG.phone)
    owner = archive.draft(WANG, name=LI.name, document_number=LI.document_number)
    confirmed = confirm(archive, owner)
    assert (confirmed.status, confirmed.json["account"]["proof_level"]) == (201, "identity")


@pytest.mark.req("A-06")
def test_a_phone_asks_about_three_numbers_in_thirty_days(archive):
    numbers = [WANG.document_number, LI.document_number, OLD_FORM, "440524188001010014"]
    for number in (*numbers[:3], OLD.document_number, numbers[0]):
        archive.clock.advance(3600)
        assert archive.draft(WANG, document_number=number).status == 201, number
    archive.clock.advance(3600)
    token = archive.prove_phone(WANG.phone)
    limited = apply(archive, token, document_number=numbers[3])
    assert (limited.status, limited.code) == (429, "rate_limited")
    assert int(limited.headers["Retry-After"]) == 30 * 86_400 - 5 * 3600
    assert apply(archive, token, document_number=numbers[0]).status == 201
    archive.clock.advance(30 * 86_400 - 5 * 3600)
    assert archive.draft(WANG, document_number=numbers[3]).status == 201


@pytest.mark.req("A-06")
def test_a_network_asks_about_500_numbers_a_day(archive):
    use_up(archive, "identity.ip.day", "203.0.113.7", leaving=1)
    assert archive.draft(WANG).status == 201
    limited = archive.draft(LI)
    assert (limited.status, limited.code) == (429, "rate_limited")


@pytest.mark.req("R-02")
@pytest.mark.req("R-08")
@pytest.mark.parametrize("fails", [Refusal("unavailable", retry_after=1), RuntimeError()])
def test_consent_is_stored_before_the_checker_is_asked(monkeypatch, fails):
    tables = RewindableTables()
    archive = world(tables=tables)

    def ask(*_: object) -> bool:
        raise fails

    monkeypatch.setattr(archive.checker, "agrees", ask)
    assert archive.draft(WANG).status in {500, 503}
    found = [(key, row) for key, row in tables.all_rows().items() if key.sk == "consent"]
    [(key, row)] = found
    consent = archive.ports.keyring.open_document(row["sealed"], key, Consent)
    assert consent == Consent(
        kind="terms",
        version=CURRENT_VERSION,
        in_force=CURRENT_VERSION,
        digest=digest_of(CURRENT_VERSION, "terms"),
        at=START,
    )


@pytest.mark.req("R-08")
def test_the_version_a_client_showed_is_kept_beside_the_one_in_force(archive):
    drafted = archive.draft(WANG, consent={"version": "campus-app-3.1", "accepted": True})
    draft = archive.ports.accounts.draft(drafted.json["registration_id"], START)
    assert (draft.consent.version, draft.consent.in_force) == ("campus-app-3.1", CURRENT_VERSION)


# The yes


def test_the_yes_opens_the_account(archive):
    for family in ("credentials", "degrees"):
        file_record(archive, family, WANG)
    confirmed = archive.register(known(archive, WANG))
    assert confirmed.status == 201
    account = confirmed.json["account"]
    assert confirmed.json["bound"] == {"credentials": 1, "degrees": 1}
    assert account == {
        "account_id": account["account_id"],
        "username": "wang@example.com",
        "name": "王小明",
        "document_type": "resident_id",
        "document_number": "1****************X",
        "phone": "*******0001",
        "email": "wang@example.com",
        "email_confirmed": False,
        "proof_level": "identity",
        "created_at": "2026-11-23T02:00:00Z",
    }


@pytest.mark.req("R-08")
def test_the_account_keeps_the_consent(archive):
    account_id = archive.register(WANG).json["account"]["account_id"]
    key = Key("accounts", f"account#{account_id}", "consent#terms")
    row = archive.ports.tables.get(key)
    assert row is not None
    consent = archive.ports.keyring.open_document(row["sealed"], key, Consent)
    assert consent.version == CURRENT_VERSION


@pytest.mark.parametrize(
    ("language", "word"),
    [("zh-CN", "请确认您的电子邮箱"), ("en-GB", "Confirm your e-mail address")],
)
def test_the_yes_sends_the_confirmation_mail(archive, language, word):
    token = archive.prove_phone(WANG.phone)
    drafted = apply(archive, token, headers={"Accept-Language": language})
    assert sent_to(archive, WANG.email) == []
    confirm(archive, drafted)
    [mail] = sent_to(archive, WANG.email)
    assert word in mail


@pytest.mark.req("R-03")
def test_the_yes_can_be_repeated_in_the_drafts_life(archive):
    drafted = archive.draft(known(archive, WANG))
    first = confirm(archive, drafted)
    archive.clock.advance(1799)
    again = confirm(archive, drafted)
    assert (again.status, again.content) == (201, first.content)
    assert len(sent_to(archive, WANG.email)) == 1
    archive.clock.advance(1)
    assert (confirm(archive, drafted).status, confirm(archive, drafted).code) == (404, "not_found")


@pytest.mark.req("R-23")
@pytest.mark.parametrize(("seconds", "status"), [(1799, 201), (1800, 404), (1801, 404)])
def test_a_draft_lives_half_an_hour_although_nothing_tidies(archive, seconds, status):
    drafted = archive.draft(WANG)
    archive.clock.advance(seconds)
    assert confirm(archive, drafted).status == status


@pytest.mark.req("R-01")
def test_of_two_drafts_for_a_number_one_becomes_an_account(archive):
    for phone in (WANG.phone, LI.phone):
        archive.checker.learn(WANG.name, WANG.document_number, phone)
    drafts = [
        archive.draft(WANG),
        archive.draft(LI, name=WANG.name, document_number=WANG.document_number),
    ]
    first, second = (confirm(archive, drafted) for drafted in drafts)
    assert first.status == 201
    assert (second.status, second.code) == (409, "identity_taken")
    assert second.json["links"].keys() == {"recover_username", "reset_password", "appeal"}


# Phone or e-mail in use


@pytest.mark.req("A-05")
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"email": WANG.email}, WANG.email),
        ({"email": WANG.email.upper()}, WANG.email),
        ({"phone": WANG.phone}, WANG.phone),
    ],
)
def test_a_contact_in_use_is_told_to_its_owner_only(archive, changes, told):
    archive.register(WANG)
    archive.clock.advance(MINUTE)
    other = known(archive, msgspec.structs.replace(LI, **changes))
    before = len(sent_to(archive, told))
    token = archive.prove_phone(other.phone)
    drafted = apply(archive, token, other, headers={"Accept-Language": "en"})
    assert drafted.status == 201
    assert drafted.json.keys() == {"registration_id", "review", "expires_at"}
    assert "注册时填写了您的" in sent_to(archive, told)[-1]
    assert len(sent_to(archive, told)) - before == (2 if told == other.phone else 1)
    taken = confirm(archive, drafted)
    assert (taken.status, taken.code) == (409, "contact_taken")
    assert "links" not in taken.json


def test_a_taken_contact_claims_nothing_else(archive):
    archive.register(WANG)
    known(archive, LI)
    assert confirm(archive, archive.draft(LI, email=WANG.email)).status == 409
    confirmed = confirm(archive, at_another_time(archive, LI))
    assert (confirmed.status, confirmed.json["account"]["proof_level"]) == (201, "identity")


# The no


def test_after_the_no_nothing_is_left(archive):
    drafted = archive.draft(known(archive, WANG))
    path = f"/registrations/{drafted.json['registration_id']}"
    assert (archive.client.call("DELETE", path).status) == 204
    assert confirm(archive, drafted).code == "not_found"
    assert archive.client.call("DELETE", path).code == "not_found"
    archive.clock.advance(MINUTE)
    assert archive.register(WANG).status == 201


@pytest.mark.req("R-02")
def test_the_no_keeps_no_row_of_the_draft():
    tables = RewindableTables()
    archive = world(tables=tables)
    drafted = archive.draft(WANG)
    archive.client.call("DELETE", f"/registrations/{drafted.json['registration_id']}")
    assert [key for key in tables.all_rows() if key.table == "accounts"] == []


def test_after_the_yes_there_is_no_no(archive):
    drafted = archive.draft(WANG)
    confirm(archive, drafted)
    path = f"/registrations/{drafted.json['registration_id']}"
    assert archive.client.call("DELETE", path).code == "not_found"
    assert archive.sign_in(WANG).token


@pytest.mark.req("R-07")
@pytest.mark.req("R-41")
def test_unknown_cancelled_and_lapsed_drafts_answer_the_same(archive):
    drafts = [archive.draft(WANG), archive.draft(LI)]
    paths = [f"/registrations/{one.json['registration_id']}" for one in drafts]
    archive.client.call("DELETE", paths[0])
    archive.clock.advance(1800)
    for method, tail in product(("DELETE", "POST"), ("", "/confirm")):
        if (method == "DELETE") == (tail == ""):
            answers = [
                archive.client.call(method, f"{path}{tail}")
                for path in (*paths, "/registrations/unknown")
            ]
            assert {str(but_request_id(answer)) for answer in answers} == {
                str(but_request_id(answers[0]))
            }
            assert answers[0].code == "not_found"


def test_no_draft_signs_in(archive):
    archive.draft(WANG)
    body = {"username": WANG.email, "password": PASSWORD}
    assert archive.client.call("POST", "/sessions", body).code == "credentials_invalid"


def test_a_registration_id_is_no_access_token(archive):
    drafted = archive.draft(WANG)
    client = with_token(archive, drafted.json["registration_id"])
    assert client.call("GET", "/account").code == "unauthenticated"
