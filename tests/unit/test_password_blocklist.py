"""The shipped list of common passwords."""

import hashlib
import itertools
import random
import string
import tarfile

import pytest

from chalicelib.adapters.password_blocklist import (
    BLOCKLIST,
    DIGEST_BYTES,
    digest,
    folded,
    is_common,
)
from infra import blocklist

SHA256 = "ff99c5831b3e47dd41e8808971ed82e925f67bca405923b8208fb4d906977e1f"


def test_the_shipped_file_is_the_reviewed_one():
    assert hashlib.sha256(BLOCKLIST.read_bytes()).hexdigest() == SHA256


def test_it_holds_at_least_100_000_sorted_different_entries():
    content = BLOCKLIST.read_bytes()
    entries = [content[at : at + DIGEST_BYTES] for at in range(0, len(content), DIGEST_BYTES)]
    assert len(entries) >= 100_000
    assert len(content) % DIGEST_BYTES == 0
    assert all(left < right for left, right in itertools.pairwise(entries))


@pytest.mark.parametrize(
    "password",
    [
        "password", "12345678", "123456789", "qwertyuiop", "1234567890", "11111111", "iloveyou",
        "trustno1", "sunshine", "princess", "password1", "1qaz2wsx", "88888888", "a123456789",
        "woaini1314", "woaini520", "qq123456789", "wang123456", "5201314520", "19900101",
        "20151231", "147258369", "zxcvbnm123", "12341234", "1q2w3e4r",
    ],
)  # fmt: skip
def test_it_knows_the_top_passwords(password):
    assert is_common(password)


@pytest.mark.parametrize("password", ["PassWord", "ILOVEYOU", "WoAiNi1314", "１２３４５６７８"])
def test_case_and_width_make_no_difference(password):
    assert is_common(password)


def test_it_lets_random_passwords_pass():
    letters = random.Random(7)
    words = ["".join(letters.choices(string.printable[:62], k=10)) for _ in range(2000)]
    assert [word for word in words if is_common(word)] == []


def test_it_is_searched_to_both_ends():
    content = BLOCKLIST.read_bytes()
    assert is_not_beyond(content[:DIGEST_BYTES], content[-DIGEST_BYTES:])


def is_not_beyond(first, last):
    words = (f"word-{number}" for number in itertools.count())
    before = next(word for word in words if digest(word) < first)
    after = next(word for word in words if digest(word) > last)
    return not is_common(before) and not is_common(after)


def test_building_keeps_long_entries_once_in_their_order():
    words = ["Password", "short12", "password", "dragon99", "ｐａｓｓｗｏｒｄ"]
    assert list(blocklist.long_enough(words)) == ["password", "dragon99"]
    assert folded("ＰＡＳＳword") == "password"


def test_building_refuses_another_list_than_the_reviewed_one(tmp_path):
    package = tmp_path / "list.tgz"
    (tmp_path / "list.txt").write_text("password\n")
    with tarfile.open(package, "w:gz") as archive:
        archive.add(tmp_path / "list.txt", blocklist.SOURCE)
    with pytest.raises(SystemExit, match="not the file that was reviewed"):
        list(blocklist.published(package))
