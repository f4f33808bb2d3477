"""Lists of statuses: bits, places and names, as the IETF's draft has them."""

import random
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.jose import decoded, encoded
from chalicelib.domain.status_lists import (
    SIZE,
    bits_of,
    empty_list,
    entries,
    list_claims,
    list_id,
    status_in,
    with_statuses,
)
from tests.world import START

ORIGIN = "https://archive.example"
URI = f"{ORIGIN}/api/status-lists/202611-1"
CHANGES = st.dictionaries(st.integers(0, SIZE - 1), st.integers(0, 1), max_size=40)


def test_the_bits_of_the_drafts_example_stand_where_it_says():
    """draft-ietf-oauth-status-list, 4.1: statuses 1,0,0,1,1,1,0,1,1,1,0,0,0,1,0,1 are b9 a3."""
    statuses = [1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1]
    bits = with_statuses(empty_list(), dict(enumerate(statuses)))
    assert bits[:2].hex() == "b9a3"
    assert decoded("eNrbuRgAAhcBXQ") == zlib.compress(bytes.fromhex("b9a3"), 9)


@given(CHANGES, CHANGES)
def test_each_place_holds_what_was_set_last(first, second):
    bits = with_statuses(with_statuses(empty_list(), first), second)
    said = first | second
    assert all(status_in(bits, index) == status for index, status in said.items())
    assert sum(byte.bit_count() for byte in bits) == sum(said.values())


def test_a_list_has_at_least_131072_places():
    assert SIZE >= 131_072
    assert len(empty_list()) * 8 == SIZE
    with pytest.raises(IndexError):
        status_in(empty_list(), SIZE)


@given(CHANGES)
def test_a_signed_list_says_its_bits(changes):
    bits = with_statuses(empty_list(), changes)
    claims = list_claims(URI, bits, START)
    assert bits_of(claims) == bits
    assert (claims["sub"], claims["iat"]) == (URI, START)
    assert claims["exp"] > START + claims["ttl"]


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"status_list": None},
        {"status_list": {"bits": 2, "lst": encoded(zlib.compress(bytes(SIZE // 8)))}},
        {"status_list": {"bits": 1, "lst": encoded(zlib.compress(bytes(SIZE // 8 - 1)))}},
        {"status_list": {"bits": 1, "lst": encoded(zlib.compress(bytes(10**8)))}},
        {"status_list": {"bits": 1, "lst": encoded(zlib.compress(bytes(SIZE // 8))[:-4])}},
        {"status_list": {"bits": 1, "lst": encoded(zlib.compress(bytes(SIZE // 8)) + b"x")}},
        {"status_list": {"bits": 1, "lst": encoded(b"not compressed")}},
        {"status_list": {"bits": 1, "lst": "=="}},
        {"status_list": {"bits": 1}},
    ],
)
def test_what_is_no_such_list_is_refused(said):
    with pytest.raises(ValueError, match=r".+"):
        bits_of(said)


def test_places_are_random_and_go_on_to_the_next_list():
    source = random.Random(1)
    tried = list(entries(START, source.randbytes, ORIGIN))
    assert [each.list_id for each in tried[:7]] == ["202611-1"] * 3 + ["202611-2"] * 3 + [
        "202611-3"
    ]
    assert tried[0].uri == URI
    assert len({each.index for each in tried}) > len(tried) - 3
    assert all(0 <= each.index < SIZE for each in tried)


@pytest.mark.parametrize(("instant", "name"), [(1796054399, "202611-1"), (1796054400, "202612-1")])
def test_a_list_is_named_by_the_month_in_china(instant, name):
    assert list_id(instant) == name
