"""Sealing, indexes and digests (R-61 to R-63)."""

import pytest

from chalicelib.adapters.memory_keys import MemoryDataKeys
from chalicelib.stores.keyring import Keyring, SealBroken
from chalicelib.stores.tables import Key

PLACE = Key("accounts", "account#1", "-")


def keyring(stage: str = "test", keys: MemoryDataKeys | None = None) -> Keyring:
    return Keyring(stage, keys or MemoryDataKeys())


@pytest.mark.req("R-61")
@pytest.mark.parametrize(
    ("stage", "place", "attribute"),
    [
        ("prod", PLACE, "sealed"),
        ("test", Key("sessions", PLACE.pk, PLACE.sk), "sealed"),
        ("test", Key("accounts", "account#2", "-"), "sealed"),
        ("test", Key("accounts", "account#1", "x"), "sealed"),
        ("test", PLACE, "other"),
    ],
)
def test_sealed_opens_only_in_its_place(stage: str, place: Key, attribute: str) -> None:
    sealed = keyring().seal(b"secret", PLACE)
    assert keyring().open(sealed, PLACE) == b"secret"
    with pytest.raises(SealBroken):
        keyring(stage).open(sealed, place, attribute)


@pytest.mark.req("R-61")
def test_every_changed_byte_is_found() -> None:
    sealed = keyring().seal(b"secret", PLACE)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        with pytest.raises(SealBroken):
            keyring().open(bytes(changed), PLACE)
    for length in range(len(sealed)):
        with pytest.raises(SealBroken):
            keyring().open(sealed[:length], PLACE)


@pytest.mark.req("R-62")
def test_nonces_differ() -> None:
    ring = keyring()
    assert len({ring.seal(b"same", PLACE)[3:15] for _ in range(1000)}) == 1000


@pytest.mark.req("R-63")
def test_what_an_older_key_sealed_still_opens_after_rotation() -> None:
    keys = MemoryDataKeys()
    ring = keyring(keys=keys)
    before = ring.seal(b"before", PLACE)
    index = ring.index("phone", "+8613800000000")
    keys.rotate("seal")
    keys.rotate("index")
    after = ring.seal(b"after", PLACE)
    assert ring.open(before, PLACE) == b"before"
    assert ring.open(after, PLACE) == b"after"
    assert before[1:3] != after[1:3], "the key's version is named"
    assert ring.index("phone", "+8613800000000").split(".")[0] == "2"
    assert index.split(".")[0] == "1"


def test_an_identifier_survives_rotation() -> None:
    keys = MemoryDataKeys()
    ring = keyring(keys=keys)
    before = ring.permanent_id("record", "a")
    keys.rotate("index")
    assert ring.permanent_id("record", "a") == before
    assert ring.permanent_id("record", "b") != before


def test_labels_stages_and_parts_are_kept_apart() -> None:
    ring = keyring()
    assert ring.index("phone", "1") != ring.index("email", "1")
    assert ring.index("phone", "1") != keyring("prod").index("phone", "1")
    assert ring.mac("code", "ab", "c") != ring.mac("code", "a", "bc")
    assert ring.mac("code", "a") != ring.mac("limit", "a")
    assert ring.index("phone", "1") == keyring().index("phone", "1")
