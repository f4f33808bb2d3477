"""The web client's texts and fields: whole in both languages, and what the domain says."""

import re
from pathlib import Path

import pytest

from infra.document_fields import MODULE, render

APP = Path(__file__).parents[2] / "web" / "app"
_ENTRY = re.compile(r'^  (?:"([^"]+)"|(\w+)): "(.*)",$', re.MULTILINE)
_USED = re.compile(r'\b(?:t|hasText)\(\s*"([^"]+)"')
_CHOSEN = re.compile(r'\? "([a-zA-Z]+\.[a-zA-Z.]+)" : "([a-zA-Z]+\.[a-zA-Z.]+)"')


def texts(language: str) -> dict[str, str]:
    """Every dictionary of a language in one."""
    entries: dict[str, str] = {}
    for file in (APP / "texts").glob(f"*{language}.js"):
        source = file.read_text("utf-8")
        found = {quoted or bare: text for quoted, bare, text in _ENTRY.findall(source)}
        assert len(found) == len([line for line in source.splitlines() if line.startswith("  ")])
        assert not found.keys() & entries.keys()
        entries |= found
    return entries


def scripts() -> list[Path]:
    return [path for path in APP.rglob("*.js") if path.parent.name != "texts"]


def test_both_languages_say_the_same_things():
    assert set(texts("zh")) == set(texts("en"))


def test_the_same_values_stand_in_both_languages():
    zh, en = texts("zh"), texts("en")
    for key, text in zh.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", en[key])), key


@pytest.mark.parametrize("script", scripts(), ids=lambda path: path.name)
def test_every_text_that_is_used_exists(script):
    source = script.read_text("utf-8")
    used = {*_USED.findall(source), *(key for pair in _CHOSEN.findall(source) for key in pair)}
    assert used <= set(texts("zh"))


def test_the_committed_fields_are_the_domains():
    assert MODULE.read_text("utf-8") == render(), "run python -m infra.document_fields"
