"""Names of people: what one looks like, and when two are the same.

A Chinese name is Han characters, with `·` between the parts of a name that was transliterated; any
other name is Latin letters. Characters beyond the Basic Multilingual Plane (𬱖, 𠅤) are names like
any other. Two names are the same when they agree exactly after NFKC, with the dots people type
folded to one; letter case and the order of parts count.
"""

import re
import unicodedata

from chalicelib.domain.errors import invalid

DOT = "·"

_HAN = (
    "\u3007"  # 〇
    "\u3400-\u4dbf\u4e00-\u9fff"  # unified, extension A
    "\uf900-\ufaff"  # the few here that NFKC leaves alone are unified ideographs (﨑)
    "\U00020000-\U0003fffd"  # extensions B and later: planes 2 and 3 hold ideographs only
)
_LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff"
_HAN_NAME = f"[{_HAN}]+(?:{DOT}[{_HAN}]+)*"
_LATIN_NAME = f"[{_LATIN}](?:[{_LATIN} '’,.-]*[{_LATIN}.])?"
_HAN_CHARACTER = f"[{_HAN}]"
# `re` compiles these on first use and keeps them: 4 ms that most functions never need.
_OTHER_DOTS = re.compile("[・•.]")  # NFKC has made `．` a period
_RUN_OF_MARKS = re.compile(r"(\?+|\*+)")


def parse_name(raw: str, *, field: str = "name") -> str:
    """The name a person typed, in the form that is kept, shown and compared.

    2 to 50 characters of Han with `·`, or of Latin letters with space, hyphen, apostrophe, comma
    and period. Raises `InvalidInput` (`name_invalid`) for anything else.
    """
    name = comparable(raw)
    fits = 2 <= len(name) <= 50
    if fits and (re.fullmatch(_HAN_NAME, name) or re.fullmatch(_LATIN_NAME, name)):
        return name
    raise invalid(field, "name_invalid")


def comparable(name: str) -> str:
    """NFKC, trimmed, runs of white space as one space, the dots of a Han name folded to `·`.

    The full-width period is a dot in a Han name and a period in a Latin one.
    """
    text = " ".join(unicodedata.normalize("NFKC", name).split())
    return _OTHER_DOTS.sub(DOT, text) if re.search(_HAN_CHARACTER, text) else text


def same_name(one: str, other: str) -> bool:
    """Whether both are the same name, exactly as they are written."""
    return comparable(one) == comparable(other)


def holds_han(name: str) -> bool:
    """Whether the name is written in Han characters, wholly or in part."""
    return re.search(_HAN_CHARACTER, comparable(name)) is not None


def is_uncertain(name: str) -> bool:
    """Whether a register lost part of the name: it holds `?`, `？`, `*` or `＊`."""
    return _RUN_OF_MARKS.search(comparable(name)) is not None


def may_be(uncertain: str, name: str) -> bool:
    """Whether what is known of an uncertain name agrees with `name`.

    A rare character was lost as one or more `?` (one for each byte), so n of them stand for 1 to n
    characters; `＊` says that something is unknown, not how much.
    """
    text = comparable(name)
    reached = {0}
    for part in _RUN_OF_MARKS.split(comparable(uncertain)):
        reached = {end for start in reached for end in _ends(part, text, start)}
    return len(text) in reached


def _ends(part: str, text: str, start: int) -> range:
    """Where `part` (known characters or a run of marks) may end in `text`, begun at `start`."""
    if part.startswith("*"):
        return range(start + 1, len(text) + 1)
    if part.startswith("?"):
        return range(start + 1, min(start + len(part), len(text)) + 1)
    end = start + len(part)
    return range(end, end + 1) if text.startswith(part, start) else range(0)
