"""Passwords at rest."""

import re

import argon2
import pytest

from chalicelib.adapters.password_hasher import DUMMY_PHC, PasswordHasher

PEPPERS = {1: b"first pepper of 32 bytes exactly", 2: b"other pepper of 32 bytes exactly"}
PASSWORD = "kw7#pzt!你好"
PARAMETERS = "$argon2id$v=19$m=19456,t=2,p=1$"


def hasher(current=1, peppers=PEPPERS):
    return PasswordHasher(lambda version: (version or current, peppers[version or current]))


@pytest.fixture(scope="module")
def stored():
    return hasher().hash(PASSWORD)


@pytest.mark.req("R-30")
def test_stored_form_names_pepper_and_parameters(stored):
    assert stored.startswith(f"v1{PARAMETERS}")
    assert re.fullmatch(r"[!-~]+", stored)
    assert "kw7" not in stored


def test_only_the_password_verifies(stored):
    assert hasher().verify(stored, PASSWORD)
    assert not hasher().verify(stored, PASSWORD + "x")
    assert not hasher().verify(stored, "")


def test_salts_differ(stored):
    assert hasher().hash(PASSWORD) != stored


def test_decomposed_characters_are_the_same_password():
    assert hasher().verify(hasher().hash("caf\u00e9 kw7#"), "cafe\u0301 kw7#")


def test_another_pepper_does_not_verify(stored):
    assert not hasher(peppers={1: PEPPERS[2]}).verify(stored, PASSWORD)


def test_an_older_pepper_verifies_and_asks_for_a_rehash(stored):
    rotated = hasher(current=2)
    assert rotated.verify(stored, PASSWORD)
    assert rotated.needs_rehash(stored)
    assert not rotated.needs_rehash(rotated.hash(PASSWORD))


def test_other_parameters_ask_for_a_rehash(stored):
    weaker = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    assert hasher().needs_rehash(f"v1{weaker}")
    assert not hasher().needs_rehash(stored)


def test_plain_argon2_of_the_password_does_not_verify():
    plain = argon2.PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1).hash(PASSWORD)
    assert not hasher().verify(f"v1{plain}", PASSWORD)


def malformed(stored):
    yield from ("", "garbage", stored.removeprefix("v1"), stored[:-60], f"v1{PARAMETERS}x$y")
    yield f"v1{PARAMETERS}c2FsdA$é"
    yield stored.replace("m=19456", "m=99999999")
    yield stored.replace("argon2id", "argon2i")


def test_a_malformed_stored_form_is_never_right_and_never_raises(stored):
    for form in malformed(stored):
        assert hasher().verify(form, PASSWORD) is False, form
        assert isinstance(hasher().needs_rehash(form), bool)


@pytest.mark.req("A-05")
def test_without_an_account_the_same_work_is_done(monkeypatch, stored):
    verified = []
    real = argon2.PasswordHasher.verify

    def counting(self, phc, secret):
        verified.append(argon2.extract_parameters(phc))
        return real(self, phc, secret)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", counting)
    assert hasher().verify(stored, "wrong password") is False
    hasher().verify_nothing(PASSWORD)
    assert hasher().verify("garbage", PASSWORD) is False
    assert verified[0] == verified[1] == verified[2]


def test_the_dummy_has_the_current_parameters():
    assert argon2.extract_parameters(DUMMY_PHC) == argon2.extract_parameters(
        hasher().hash(PASSWORD).removeprefix("v1")
    )


@pytest.mark.req("R-91")
def test_keys_out_of_reach_are_not_a_wrong_password(stored):
    def unreachable(_version):
        raise ConnectionError

    with pytest.raises(ConnectionError):
        PasswordHasher(unreachable).verify(stored, PASSWORD)
    with pytest.raises(ConnectionError):
        PasswordHasher(unreachable).verify_nothing(PASSWORD)
