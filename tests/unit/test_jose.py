"""Tokens as text are read in their one canonical form only."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.jose import TokenMalformed, canonical, decoded, encoded, parsed

TWICE = b'{"a":1,"a":2}'
HEADER = {"alg": "ES256", "kid": "k", "typ": "report+jwt"}


def token(header: object = None, claims: object = None, signature: bytes = bytes(64)) -> str:
    parts = (canonical(header or HEADER), canonical(claims or {"iat": 1}), signature)
    return ".".join(encoded(part) for part in parts)


@given(st.binary(min_size=1, max_size=80))
def test_base64url_is_the_standards_and_comes_back(content):
    text = encoded(content)
    assert text == base64.urlsafe_b64encode(content).decode().rstrip("=")
    assert decoded(text) == content


@given(st.binary(min_size=1, max_size=80), st.data())
def test_no_other_text_reads_as_the_same_bytes(content, data):
    text = encoded(content)
    place = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.characters(min_codepoint=1, max_codepoint=255))
    changed = text[:place] + other + text[place + 1 :]
    if changed == text:
        return
    try:
        assert decoded(changed) != content
    except TokenMalformed:
        return


@pytest.mark.parametrize("text", ["", "A", "AB==", "A B", "A+", "A/", "AB\n", "é", "QQ=", "QR"])
def test_what_is_not_canonical_base64url_is_refused(text):
    with pytest.raises(TokenMalformed):
        decoded(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": "中"}, '{"a":"中","b":1}'),
        ({"n": 4.0}, '{"n":4}'),
        ({"n": 2.5}, '{"n":2.5}'),
        ({"t": '"\\\n\t\x01/'}, '{"t":"\\"\\\\\\n\\t\\u0001/"}'),
        ([True, None, []], "[true,null,[]]"),
    ],
)
def test_canonical_json_is_that_of_rfc_8785(value, text):
    assert canonical(value).decode() == text


def test_a_token_comes_apart():
    found = parsed(token(), "report+jwt")
    assert (found.kid, dict(found.claims), found.signature) == ("k", {"iat": 1}, bytes(64))
    assert found.signed.decode() == token().rpartition(".")[0]


@pytest.mark.parametrize(
    "header",
    [
        {**HEADER, "alg": "none"},
        {**HEADER, "alg": "HS256"},
        {**HEADER, "alg": "ES384"},
        {**HEADER, "typ": "JWT"},
        {**HEADER, "typ": "statuslist+jwt"},
        {**HEADER, "kid": 7},
        {**HEADER, "jwk": {"kty": "EC"}},
        {**HEADER, "crit": ["b64"]},
        {"alg": "ES256", "typ": "report+jwt"},
        {"alg": "ES256", "kid": "k"},
    ],
)
def test_a_header_that_is_not_the_expected_one_is_refused(header):
    with pytest.raises(TokenMalformed):
        parsed(token(header), "report+jwt")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.b",
        token() + ".x",
        token(signature=bytes(63)),
        token(signature=bytes(65)),
        f"{encoded(b'[]')}.{encoded(b'{}')}.{encoded(bytes(64))}",
        f"{encoded(canonical(HEADER))}.{encoded(b'no JSON')}.{encoded(bytes(64))}",
        f"{encoded(canonical(HEADER))}.{encoded(TWICE)}.{encoded(bytes(64))}",
        "A" * 300_000,
    ],
)
def test_what_is_no_token_is_refused(text):
    with pytest.raises(TokenMalformed):
        parsed(text, "report+jwt")


def test_a_deep_object_is_refused():
    deep = "[" * 100_000 + "]" * 100_000
    with pytest.raises(TokenMalformed):
        parsed(f"{encoded(deep.encode())}.{encoded(json.dumps({}).encode())}.x", "report+jwt")
