"""What people consent to."""

import re
from typing import get_args

import pytest

from chalicelib.domain.consents import (
    CURRENT_VERSION,
    TEXTS,
    Kind,
    digest_of,
    require_consent,
    require_stated_consent,
    text_of,
)
from chalicelib.domain.errors import InvalidInput, Language

PUBLISHED = {
    ("2026-11", "terms"): ("2cc1b587a17c7350458600f94ee36dff621a7bab23363df9d41f8272723744ec"),
    ("2026-11", "document_scan"): (
        "a929aa59f7ea6c7f87bd2e4a8c86b42707ec1fd87f87617fd2d3f3e0a7b6544c"
    ),
}
"""Never change a line: a text that changes is a new version."""

OPERATOR = {"service": "学籍档案", "contact": "privacy@archive.example"}


@pytest.mark.req("R-08")
@pytest.mark.parametrize(("version", "kind"), PUBLISHED)
def test_a_published_text_never_changes(version, kind):
    assert digest_of(version, kind) == PUBLISHED[version, kind]


def test_every_text_is_published_in_every_language():
    files = {path.relative_to(TEXTS).as_posix() for path in TEXTS.rglob("*.md")}
    assert files == {
        f"{language}/{version}.{kind}.md"
        for version, kind in PUBLISHED
        for language in get_args(Language)
    }


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize("language", get_args(Language))
def test_the_current_text_names_its_version_and_the_operator(kind, language):
    text = text_of(CURRENT_VERSION, kind, language, **OPERATOR)
    assert CURRENT_VERSION in text
    assert all(fact in text for fact in OPERATOR.values())
    assert not re.search(r"[{}]|教育部|学信网|Ministry", text)


@pytest.mark.parametrize(
    ("kind", "periods"), [("terms", ["15", "30", "5"]), ("document_scan", ["24", "7"])]
)
@pytest.mark.parametrize("language", get_args(Language))
def test_the_texts_tell_how_long_things_are_kept(kind, language, periods):
    numbers = re.findall(r"\d+", text_of(CURRENT_VERSION, kind, language, **OPERATOR))
    assert set(periods) <= set(numbers)


def test_the_two_kinds_and_a_changed_text_have_different_digests():
    assert len({digest_of(CURRENT_VERSION, kind) for kind in get_args(Kind)}) == 2


@pytest.mark.parametrize("version", ["", "2026-10", "../2026-11", "2026-11.terms", "2026-11\n"])
def test_an_unknown_version_has_no_text(version):
    with pytest.raises(LookupError):
        digest_of(version, "terms")
    with pytest.raises(LookupError):
        text_of(version, "terms", "zh", **OPERATOR)


@pytest.mark.req("R-08")
def test_the_current_version_accepted_is_consent():
    assert require_consent(CURRENT_VERSION, accepted=True) == CURRENT_VERSION


@pytest.mark.req("R-08")
@pytest.mark.parametrize("accepted", [False, None, 1, "true", [True]])
def test_anything_but_true_is_no_consent(accepted):
    assert_refused(CURRENT_VERSION, accepted)


@pytest.mark.req("R-08")
@pytest.mark.parametrize("version", ["", "2026-10", "2026-12", "2026-11 "])
def test_another_version_is_no_consent(version):
    assert_refused(version, accepted=True)


def assert_refused(version, accepted):
    with pytest.raises(InvalidInput) as caught:
        require_consent(version, accepted)
    (problem,) = caught.value.problems
    assert (problem.field, problem.code) == ("consent", "consent_required")


@pytest.mark.req("R-08")
@pytest.mark.parametrize("version", [CURRENT_VERSION, "2020-01", "v1", "campus-app-3.1"])
def test_a_client_may_state_its_own_edition_of_the_terms(version):
    assert require_stated_consent(version, accepted=True) == version


@pytest.mark.req("R-08")
@pytest.mark.parametrize(
    ("version", "accepted"), [("v1", False), ("v1", 1), ("", True), (" ", True), ("x" * 41, True)]
)
def test_terms_need_a_version_and_a_yes(version, accepted):
    with pytest.raises(InvalidInput):
        require_stated_consent(version, accepted)
