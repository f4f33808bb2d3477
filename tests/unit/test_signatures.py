"""Signed tokens: what a published key signed while it could, and nothing else."""

import json

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws
from joserfc.jwk import ECKey, KeySet

from chalicelib.domain.errors import Refusal
from chalicelib.domain.jose import TokenMalformed, encoded
from chalicelib.stores.signatures import SignatureBroken, Signatures, raw
from tests.signing import MemorySigner
from tests.world import START, Clock

TYP = "report+jwt"
DAY = 86_400


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def signer(clock: Clock) -> MemorySigner:
    return MemorySigner(clock)


@pytest.fixture
def signatures(signer: MemorySigner) -> Signatures:
    return Signatures(signer)


def test_a_token_says_what_was_signed(signatures):
    token = signatures.token(TYP, {"iat": START, "report": "1"}, START)
    assert signatures.claims(token, TYP) == {"iat": START, "report": "1"}


def test_another_library_verifies_it_with_the_published_keys(signatures):
    token = signatures.token(TYP, {"iat": START}, START)
    published = json.loads(json.dumps(signatures.published()))
    keys = KeySet.import_key_set(published)
    assert jws.deserialize_compact(token, keys, algorithms=["ES256"]).payload


@pytest.mark.req("R-53")
def test_every_changed_character_is_found(signatures):
    token = signatures.token(TYP, {"iat": START, "report": "1"}, START)
    for place, character in enumerate(token):
        for bit in range(7):
            changed = token[:place] + chr(ord(character) ^ 1 << bit) + token[place + 1 :]
            with pytest.raises((TokenMalformed, SignatureBroken)):
                signatures.claims(changed, TYP)


def test_a_token_of_another_kind_does_not_pass(signatures):
    token = signatures.token("statuslist+jwt", {"iat": START}, START)
    with pytest.raises(TokenMalformed):
        signatures.claims(token, TYP)


def test_a_token_of_another_stage_does_not_pass(signatures, clock):
    other = Signatures(MemorySigner(clock)).token(TYP, {"iat": START}, START)
    with pytest.raises(SignatureBroken, match="unknown key"):
        signatures.claims(other, TYP)


def test_a_foreign_key_under_a_published_name_does_not_pass(signatures, signer, clock):
    token = Signatures(MemorySigner(clock)).token(TYP, {"iat": START}, START)
    _, claims, signature = token.split(".")
    forged = encoded(f'{{"alg":"ES256","kid":"{signer.keys[0].kid}","typ":"{TYP}"}}'.encode())
    with pytest.raises(SignatureBroken, match="signature"):
        signatures.claims(f"{forged}.{claims}.{signature}", TYP)


def test_after_a_rotation_the_new_key_signs_and_the_old_one_still_verifies(signatures, signer):
    before = signatures.token(TYP, {"iat": START}, START)
    signer.rotate()
    after = signatures.token(TYP, {"iat": START}, START)
    assert before.split(".")[0] != after.split(".")[0]
    assert signatures.claims(before, TYP) == signatures.claims(after, TYP)
    assert [key["kid"] for key in signatures.published()["keys"]] == [k.kid for k in signer.keys]


def test_a_key_that_is_no_longer_published_proves_nothing(signatures, signer):
    token = signatures.token(TYP, {"iat": START}, START)
    signer.rotate()
    signer.keys = signer.keys[:1]
    with pytest.raises(SignatureBroken, match="unknown key"):
        signatures.claims(token, TYP)


@pytest.mark.parametrize(("claim", "holds"), [(-1, False), (0, True), (1, True)])
def test_a_key_counts_from_the_beginning_of_its_certificate(signatures, signer, claim, holds):
    issued = signer.keys[0].not_before + claim
    expect(signatures, signatures.token(TYP, {"iat": issued}, START), holds)


@pytest.mark.parametrize(("claim", "holds"), [(-1, True), (0, False), (1, False)])
def test_a_key_counts_to_the_end_of_its_certificate(signatures, signer, claim, holds):
    issued = signer.keys[0].not_after + claim
    expect(signatures, signatures.token(TYP, {"iat": issued}, START), holds)


@pytest.mark.parametrize("issued", [None, "1795420800", 1.5])
def test_a_token_without_its_time_proves_nothing(signatures, issued):
    expect(signatures, signatures.token(TYP, {"iat": issued}, START), holds=False)


def test_an_expired_key_does_not_sign(signatures, signer):
    with pytest.raises(Refusal) as refused:
        signatures.token(TYP, {"iat": START}, signer.keys[0].not_after)
    assert refused.value.code == "unavailable"


def test_a_retired_key_does_not_sign(signatures, signer):
    signer.keys = [msgspec.structs.replace(signer.keys[0], state="retired")]
    with pytest.raises(Refusal):
        signatures.token(TYP, {"iat": START}, START)


def test_published_keys_hold_no_private_part(signatures):
    (key,) = signatures.published()["keys"]
    assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use", "nbf", "exp", "x5c"}


def test_a_signature_is_two_numbers_of_32_bytes():
    key = ec.derive_private_key(7, ec.SECP256R1())
    assert all(len(raw(key.sign(b"m", ec.ECDSA(SHA256())))) == 64 for _ in range(300))


def expect(signatures: Signatures, token: str, holds: bool) -> None:
    if holds:
        assert signatures.claims(token, TYP)
        return
    with pytest.raises(SignatureBroken):
        signatures.claims(token, TYP)


def test_the_name_of_a_key_is_the_beginning_of_its_thumbprint(signer):
    published = signer.keys[0].jwk()
    public = {name: published[name] for name in ("kty", "crv", "x", "y")}
    assert ECKey.import_key(public).thumbprint().startswith(published["kid"])
    assert len(published["kid"]) == 12
