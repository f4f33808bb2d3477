"""Verification codes of reports: 15 symbols of Crockford's base 32 and a check character.

The check is Luhn mod 32 over the same alphabet. It finds every wrong symbol and every swap of two
neighbours but `0Z` with `Z0`.
"""

import unicodedata

from stdnum import luhn

from chalicelib.domain.errors import Refusal

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16
RANDOM_BYTES = 10
"""How many random bytes a code takes (it uses 75 bits of them)."""

_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"} | dict.fromkeys("-‐‑‒–—−"))


def make_code(random_bytes: bytes) -> str:
    """The code that `random_bytes` stand for; they come from a secure source, 10 or more.

    Raises `ValueError` for fewer.
    """
    if len(random_bytes) < RANDOM_BYTES:
        raise ValueError(f"a code takes {RANDOM_BYTES} random bytes")
    bits = int.from_bytes(random_bytes[:RANDOM_BYTES])
    body = "".join(ALPHABET[bits >> shift & 31] for shift in range(70, -1, -5))
    return body + str(luhn.calc_check_digit(body, ALPHABET))


def parse_code(raw: str) -> str:
    """The 16 characters that a person typed or scanned, as they were made.

    Case, spaces and hyphens do not count; `O` reads as `0`, `I` and `L` as `1`. Raises `Refusal`
    (`code_malformed`) for another length or alphabet or a wrong check character.
    """
    text = "".join(unicodedata.normalize("NFKC", raw).split()).upper().translate(_READ_AS)
    if len(text) != LENGTH or not luhn.is_valid(text, ALPHABET):
        raise Refusal("code_malformed")
    return text


def grouped(code: str) -> str:
    """The code in groups of four, as people read it."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))
