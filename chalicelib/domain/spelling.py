"""Chinese names and words in Latin letters, by pinyin.

A person's name follows GB/T 28039: surname, then given name, without tones; the surname stands in
capitals so that nobody takes it for the given name, and ü is written yu, as in passports.
Characters are read one by one, so the result does not depend on whether pypinyin has loaded its
table of phrases; surnames and words that are read otherwise stand in
`chalicelib/assets/terms/readings.json`.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from chalicelib.domain.names import DOT, comparable, holds_han, is_uncertain

READINGS = Path(__file__).parent.parent / "assets" / "terms" / "readings.json"

_WITHOUT_SURNAMES = frozenset(
    {"维吾尔族", "哈萨克族", "柯尔克孜族", "乌孜别克族", "塔吉克族", "塔塔尔族"}
)


def spelled_name(name: str, *, ethnicity: str | None = None) -> str | None:
    """A person's name: 张小明 → `ZHANG Xiaoming`, 艾尔肯·肉孜 → `AIERKEN ROUZI`.

    A name in Latin letters stays as it is. `ethnicity` helps to tell whether a name without `·`
    has a surname (古丽娜尔 → `GULINAER`). None where a character has no known reading, or the
    register lost one (`?`, `＊`).
    """
    text = comparable(name)
    if is_uncertain(text):
        return None
    if not holds_han(text):
        return text
    surname = _surname(text, ethnicity)
    if DOT in text or not surname:
        return _transliterated(text)
    family_name = _surname_reading(surname)
    given_name = _one_word(text.removeprefix(surname), _readings()["given"])
    if family_name is None or given_name is None:
        return None
    return f"{_passport(family_name).upper()} {_passport(given_name).capitalize()}".rstrip()


def spelled_text(text: str) -> str | None:
    """Words, each with a capital: 通信工程 → `Tongxin Gongcheng`; None as for names.

    Known words are found from the left, the longest first; what lies between them is one word.
    Latin letters, digits and marks stay.
    """
    words = [_spelled_word(part) for part in _words(comparable(text))]
    if None in words:
        return None
    return re.sub(r"(?<=\() | (?=[),])", "", " ".join(word for word in words if word))


def _surname(name: str, ethnicity: str | None) -> str:
    """The surname a name begins with (欧阳锋 has one of two characters, 欧阳 one of one).

    Empty for a transliterated name: those of some peoples, and any without a compound surname that
    is longer than names with a surname are (阿布都热合曼; 扎西多吉, unless a Han Chinese).
    """
    if ethnicity in _WITHOUT_SURNAMES:
        return ""
    if len(name) > 2 and name[:2] in _readings()["compound_surnames"]:
        return name[:2]
    longest = 4 if ethnicity in {None, "汉族"} else 3
    return name[0] if len(name) <= longest else ""


def _surname_reading(surname: str) -> str | None:
    readings = _readings()
    compound = readings["compound_surnames"].get(surname)
    return compound or _one_word(surname, readings["surnames"])


def _transliterated(name: str) -> str | None:
    """Each part in capitals; without apostrophes, as passports have it."""
    parts = [_syllables(part, _readings()["given"]) for part in name.split(DOT)]
    if None in parts:
        return None
    return " ".join(_passport("".join(syllables or ())) for syllables in parts).upper()


def _passport(spelling: str) -> str:
    """ü in a person's name is written yu: 吕 → LYU."""
    return spelling.replace("ü", "yu")


def _words(text: str) -> list[str]:
    """The text cut into known words and what lies between them."""
    parts = re.split(f"({'|'.join(_longest_first())}|[ (),、]+)", text)
    return [part.strip() for part in parts if part.strip()]


@cache
def _longest_first() -> list[str]:
    return sorted(_readings()["words"], key=len, reverse=True)


def _spelled_word(word: str) -> str | None:
    known = _readings()["words"].get(word)
    if known is not None or word == "、":
        return known or ","
    if word.isascii():
        return word
    spelling = _one_word(word, {})
    return spelling and spelling.capitalize()


def _one_word(text: str, exceptions: Mapping[str, str]) -> str | None:
    """The syllables together; an apostrophe before one that begins with a, e or o (Xi'an)."""
    syllables = _syllables(text, exceptions)
    if syllables is None:
        return None
    first, rest = syllables[:1], syllables[1:]
    return "".join([*first, *(f"'{each}" if each[0] in "aeo" else each for each in rest)])


def _syllables(text: str, exceptions: Mapping[str, str]) -> list[str] | None:
    found = [exceptions.get(character) or _syllable(character) for character in text]
    known = [syllable for syllable in found if syllable]
    return known if len(known) == len(found) else None


def _syllable(character: str) -> str | None:
    """The usual reading of one character; ASCII stays."""
    from pypinyin import Style, lazy_pinyin  # noqa: PLC0415 -- 30 to 130 ms, for English only

    if character.isascii():
        return character
    found: list[str] = lazy_pinyin(character, style=Style.NORMAL, errors="ignore", v_to_u=True)
    return found[0] if found else None


@cache
def _readings() -> dict[str, dict[str, str]]:
    readings: dict[str, dict[str, str]] = json.loads(READINGS.read_text("utf-8"))
    return readings
