"""What a password must be: 8 to 128 characters, not common, without the person's own data.

No composition rules and no expiry (NIST SP 800-63B-4 §3.1.1.2; OWASP ASVS 5.0 §6.2). Everything
is compared after NFKC and case folding, so `ＺＨＡＮＧ` is `zhang`.
"""

import unicodedata
from collections.abc import Callable, Collection, Iterator
from itertools import chain, product

from chalicelib.domain.errors import invalid

MIN_LENGTH = 8
MAX_LENGTH = 128
SPELLED_NAME_LENGTH = 6
"""A name in Latin letters counts from six letters: shorter ones (`lina`) are parts of words."""
SHORTEST_LATIN = 3
"""A local part or a Latin name counts from three characters: shorter ones are in most passwords."""
RUN_LENGTH = 6
"""So many consecutive characters of the document number or the phone give it away."""


def check_password(
    password: str,
    *,
    name: str,
    email: str,
    document_number: str,
    phone: str,
    is_common: Callable[[str], bool],
    field: str = "password",
) -> str:
    """The password in NFC, in which its characters are counted and it is to be hashed.

    `document_number` is in its normal form and `phone` in E.164; an empty one checks nothing.
    Raises `InvalidInput` on `field` with `password_too_short`, `password_too_long`,
    `password_too_common` or `password_contains_identity`, the first that applies.
    """
    normal = unicodedata.normalize("NFC", password)
    if len(normal) < MIN_LENGTH:
        raise invalid(field, "password_too_short")
    if len(normal) > MAX_LENGTH:
        raise invalid(field, "password_too_long")
    if is_common(normal):
        raise invalid(field, "password_too_common")
    folded = _fold(normal)
    if (
        _holds_local_part(folded, email)
        or _holds_run(folded, document_number)
        or _holds_run(folded, phone)
        or _holds_name(folded, name)
    ):
        raise invalid(field, "password_contains_identity")
    return normal


def _fold(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _letters_and_digits(folded: str) -> str:
    """The text without separators: `zhang.san` and `Zhang San` are spelled alike."""
    return "".join(filter(str.isalnum, folded))


def _holds_local_part(folded: str, email: str) -> bool:
    """Whether it holds what stands before the @, with or without a `+tag`."""
    local = _fold(email).partition("@")[0]
    parts = (local, local.partition("+")[0])
    return any(len(part) >= SHORTEST_LATIN and part in folded for part in parts)


def _holds_run(folded: str, number: str) -> bool:
    number = _fold(number)
    starts = range(len(number) - RUN_LENGTH + 1)
    return any(number[start : start + RUN_LENGTH] in folded for start in starts)


def _holds_name(folded: str, name: str) -> bool:
    """Whether it holds the name as written, or spelled in Latin letters in any rotation.

    Rotations cover both orders of surname and given name, whichever characters or words are the
    surname.
    """
    written = _fold(name)
    text = _letters_and_digits(folded)
    if _is_han(written):
        as_written = _letters_and_digits(written) in text
    else:
        as_written = len(written) >= SHORTEST_LATIN and written in folded
    return as_written or any(_spells(order, text) for order in _rotations(_syllables(written)))


def _is_han(written: str) -> bool:
    return any(map(_is_han_character, written))


def _is_han_character(character: str) -> bool:
    return "CJK UNIFIED IDEOGRAPH" in unicodedata.name(character, "")


def _syllables(written: str) -> list[Collection[str]]:
    """The parts in which the name is spelled, each with its possible spellings."""
    if _is_han(written):
        return [_readings(character) for character in written if _is_han_character(character)]
    return [(word,) for word in map(_letters_and_digits, written.split()) if word]


def _readings(character: str) -> Collection[str]:
    """Every pinyin of a Han character as people type it: no tones, ü as v, u, yu or ü.

    None for a character that has no known reading: such a name is compared as written only.
    """
    from pypinyin import Style, pinyin  # noqa: PLC0415 -- 30 to 130 ms, for Han names only

    readings = chain(*pinyin(character, style=Style.NORMAL, heteronym=True, errors="ignore"))
    return {
        reading.replace("v", typed) for reading, typed in product(readings, ("v", "u", "yu", "ü"))
    }


def _rotations(parts: list[Collection[str]]) -> Iterator[list[Collection[str]]]:
    return (parts[split:] + parts[:split] for split in range(len(parts)))


def _spells(parts: list[Collection[str]], text: str) -> bool:
    """Whether one spelling of all parts, six letters or more, stands in `text` without a gap."""
    spans = {(start, start) for start in range(len(text))}
    for spellings in parts:
        spans = {
            (start, end + len(spelling))
            for start, end in spans
            for spelling in spellings
            if text.startswith(spelling, end)
        }
    return any(end - start >= SPELLED_NAME_LENGTH for start, end in spans)
