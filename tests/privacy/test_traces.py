"""The search finds what it is there to find."""

import base64
import gzip
import hashlib
import json
import zlib
from urllib.parse import quote

import pytest

from tests.privacy.traces import digests, found_in, traces

NAME = "欧阳鹭鸶"
NUMBER = "440304197707075299"


@pytest.mark.parametrize("value", [NAME, NUMBER, "heron@canary.example"])
@pytest.mark.parametrize(
    "hide",
    [
        lambda text: text.encode(),
        lambda text: text.encode("utf-16"),
        lambda text: text.encode("gb18030"),
        lambda text: json.dumps({"a": text}).encode(),
        lambda text: repr(text.encode()).encode(),
        lambda text: quote(text).encode(),
        lambda text: text.encode().hex().encode(),
        lambda text: base64.b64encode(b"" + text.encode() + b"tail"),
        lambda text: base64.b64encode(b"x" + text.encode() + b"ta"),
        lambda text: base64.urlsafe_b64encode(b"xy" + text.encode() + b"t"),
        lambda text: text[::-1].encode(),
        lambda text: text.upper().encode(),
        lambda text: b"head" + gzip.compress(text.encode()) + b"tail",
        lambda text: b"head" + zlib.compress(text.encode()),
    ],
)
def test_a_hidden_value_is_found(value, hide):
    assert found_in({"it": traces(value)}, [("there", b"before " + hide(value) + b" after")])


def test_nothing_is_found_where_nothing_is():
    other = hashlib.sha512(b"other").digest() * 2000
    assert not found_in({"it": traces(NAME) | traces(NUMBER)}, [("there", other)])


@pytest.mark.parametrize("name", ["md5", "sha1", "sha256", "sha512"])
def test_a_plain_digest_is_found(name):
    digest = hashlib.new(name, NUMBER.encode()).digest()
    for form in (digest, digest.hex().encode(), base64.urlsafe_b64encode(digest)):
        assert found_in({"it": digests(NUMBER)}, [("there", b"row " + form)])
