"""The settings: defaults per stage, and a clear word about what is missing or not allowed."""

import dataclasses

import pytest

from chalicelib.settings import SettingInvalid, Settings

LOCAL = {
    "STAGE": "local",
    "AWS_REGION": "ap-southeast-1",
    "PHOTOS_BUCKET": "photos",
    "QUARANTINE_BUCKET": "quarantine",
    "MAIL_SENDER": "archive@archive.example",
    "PUBLIC_ORIGIN": "http://127.0.0.1:8000",
    "IDENTITY_CHECKER": "demo:people.json",
}
PRODUCTION = LOCAL | {
    "STAGE": "prod",
    "PUBLIC_ORIGIN": "https://archive.example",
    "IDENTITY_CHECKER": "https://checker.example/v1",
    "IDENTITY_CHECKER_TOKEN": "/archive/prod/identity-checker-token",
}


def settings(base=LOCAL, **variables):
    return Settings.from_environment(base | variables)


def refused(variable, base=LOCAL, **variables):
    with pytest.raises(SettingInvalid) as refusal:
        settings(base, **variables)
    assert refusal.value.variable == variable
    assert str(refusal.value).startswith(f"{variable} ")
    return str(refusal.value)


def test_names_follow_the_stage():
    made = settings()
    assert made.table_prefix == "archive-local"
    assert made.deliver_queue == "archive-local-deliver"
    assert made.key_alias_prefix == "alias/archive-local"
    assert made.function is None
    assert made.operator_domain == "127.0.0.1"


def test_settings_do_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings().stage = "prod"


@pytest.mark.parametrize("variable", [name for name in LOCAL if name != "AWS_REGION"])
def test_a_missing_variable_is_named(variable):
    variables = {name: value for name, value in LOCAL.items() if name != variable}
    with pytest.raises(SettingInvalid, match=f"^{variable} is not set"):
        Settings.from_environment(variables)


@pytest.mark.parametrize("value", ["", "s3cret-t0ken", "/one", "/a/b c", "/a//b", "a/b/c"])
def test_the_checkers_token_is_named_and_never_given(value):
    assert (
        value not in refused("IDENTITY_CHECKER_TOKEN", PRODUCTION, IDENTITY_CHECKER_TOKEN=value)
        or not value
    )
    assert settings(PRODUCTION).identity_checker_token == "/archive/prod/identity-checker-token"
    assert settings(IDENTITY_CHECKER_TOKEN=value).identity_checker_token is None


def test_an_empty_variable_counts_as_missing():
    assert refused("MAIL_SENDER", MAIL_SENDER=" ") == "MAIL_SENDER is not set"


def test_the_region_may_come_from_either_variable():
    variables = LOCAL | {"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"}
    assert Settings.from_environment(variables).region == "eu-west-1"
    refused("AWS_REGION", AWS_REGION="")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("STAGE", "production"),
        ("LIMITS", "none"),
        ("LOG_LEVEL", "debug"),
        ("SMS_DAILY_BUDGET", "-1"),
        ("SMS_DAILY_BUDGET", "many"),
        ("SMS_DAILY_BUDGET", "٣"),
        ("ARCHIVE_FUNCTION", "../register"),
        ("IDENTITY_CHECKER", "people.json"),
        ("IDENTITY_CHECKER", "http://checker.example"),
        ("PUBLIC_ORIGIN", "http://archive.example/"),
        ("PUBLIC_ORIGIN", "ftp://archive.example"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://a.example,null"),
    ],
)
def test_a_value_that_is_not_allowed_is_refused_without_being_told(variable, value):
    assert value not in refused(variable, **{variable: value}).removeprefix(variable)


@pytest.mark.parametrize(
    ("stage", "variables", "limits"),
    [
        ("local", {}, "local"),
        ("local", {"LIMITS": "strict"}, "strict"),
        ("test", {}, "standard"),
        ("prod", {}, "standard"),
    ],
)
def test_limits_follow_the_stage(stage, variables, limits):
    assert settings(PRODUCTION, STAGE=stage, **variables).limits == limits


def test_a_deployed_stage_refuses_what_is_only_safe_on_one_machine():
    refused("LIMITS", PRODUCTION, LIMITS="local")
    refused("PUBLIC_ORIGIN", PRODUCTION, PUBLIC_ORIGIN="http://archive.example")
    refused("CORS_ORIGINS", PRODUCTION, CORS_ORIGINS="http://archive.example")
    refused("IDENTITY_CHECKER", PRODUCTION, IDENTITY_CHECKER="demo:people.json")


def test_origins_are_a_list():
    listed = settings(CORS_ORIGINS="https://a.example, http://127.0.0.1:3000,").cors_origins
    assert listed == ("https://a.example", "http://127.0.0.1:3000")
    assert settings().cors_origins == ()


@pytest.mark.parametrize("stage", ["local", "test", "dev", "staging", "prod"])
def test_everything_but_production_is_a_specimen(stage):
    assert settings(PRODUCTION, STAGE=stage).specimen == (stage != "prod")


def test_the_clock_goes_ahead_on_one_machine_only(tmp_path):
    assert settings().clock_file is None
    assert settings(CLOCK_FILE=str(tmp_path / "clock")).clock_file == tmp_path / "clock"
    refused("CLOCK_FILE", PRODUCTION, CLOCK_FILE=str(tmp_path / "clock"))


def test_the_digests_of_origin_secrets_are_listed():
    first, second = "0" * 64, "ab" * 32
    assert settings(ORIGIN_DIGESTS=f"{first},{second}").origin_digests == (first, second)
    assert settings().origin_digests == ()


@pytest.mark.parametrize("value", ["0" * 63, "A" * 64, "a-secret-itself", f"{'0' * 64} "])
def test_an_origin_secret_itself_is_refused(value):
    assert value.strip() not in refused("ORIGIN_DIGESTS", ORIGIN_DIGESTS=value)
