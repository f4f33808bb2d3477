"""What people are told by SMS and e-mail."""

import re
from string import Formatter
from typing import get_args

import pytest

from chalicelib.domain.errors import Language
from chalicelib.domain.messages import (
    COMMON,
    KINDS,
    PURPOSES,
    SERVICE,
    TEXTS,
    local_time,
    render,
    template,
)
from infra.message_gallery import ORIGIN, sample_values, samples, write_gallery

MESSAGES = [
    (kind, language, channel)
    for kind, channels in KINDS.items()
    for channel in channels
    for language in get_args(Language)
]
GSM_7 = re.compile(r"[ -_a-z¡£¤¥§ÄÅÆÇÉÑÖØÜßàäåæèéìñòöøùü\n]*")


def fits_one_segment(body, language):
    """70 characters of UCS-2, or 160 of the GSM alphabet."""
    return len(body) <= 70 if language == "zh" else len(body) <= 160 and GSM_7.fullmatch(body)


def values_of(kind, language, **changes):
    return sample_values(kind, language) | changes


def rendered(kind, language, channel, **changes):
    return render(kind, language, channel, values_of(kind, language, **changes))


@pytest.mark.parametrize(("kind", "language", "channel"), MESSAGES)
def test_every_text_uses_exactly_the_declared_placeholders(kind, language, channel):
    used = {name for _, name, _, _ in Formatter().parse(template(kind, language, channel)) if name}
    assert used == KINDS[kind][channel] | COMMON[channel]


@pytest.mark.parametrize(("kind", "language", "channel"), MESSAGES)
def test_every_text_renders(kind, language, channel):
    message = rendered(kind, language, channel)
    shown = KINDS[kind][channel] - {"purpose", "family", "event"}
    assert not re.search(
        r"[{}]|\bNone\b", f"{message.subject}{message.body}".replace("None", "", 1)
    )
    assert all(values_of(kind, language)[name] in message.body for name in shown)
    assert SERVICE.in_language(language) in message.body


@pytest.mark.parametrize(("kind", "language", "channel"), MESSAGES)
def test_mail_has_a_subject_of_one_line_and_sms_has_none(kind, language, channel):
    message = rendered(kind, language, channel)
    if channel == "sms":
        assert message.subject is None
        assert "\n" not in message.body
    else:
        assert message.subject
        assert re.fullmatch(r"[^\r\n]{2,60}", message.subject)


@pytest.mark.parametrize(("kind", "language", "channel"), MESSAGES)
def test_each_language_is_its_own(kind, language, channel):
    has_han = bool(re.search("[\u4e00-\u9fff]", template(kind, language, channel)))
    assert has_han == (language == "zh")


def test_no_text_without_a_kind():
    files = {path.relative_to(TEXTS).as_posix() for path in TEXTS.rglob("*.txt")}
    expected = {f"{language}/{kind}.{channel}.txt" for kind, language, channel in MESSAGES}
    assert files == expected | {"zh/footer.txt", "en/footer.txt"}


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_code_sms_holds_one_run_of_six_digits_and_fits_one_segment(purpose, language):
    body = rendered("code", language, "sms", purpose=purpose).body
    assert re.findall(r"\d{6,}", body) == ["604173"]
    assert re.search("(?<![0-9])5 ?(分钟|minutes)", body)
    assert "请勿转发" in body or "Never pass it on" in body
    assert fits_one_segment(body, language)


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("channel", ["sms", "email"])
def test_a_code_says_what_it_is_for(purpose, language, channel):
    body = rendered("code", language, channel, purpose=purpose).body
    assert PURPOSES[purpose].in_language(language) in body


def test_the_code_is_not_in_the_subject():
    assert "604173" not in rendered("code", "zh", "email").subject


@pytest.mark.parametrize(
    ("kind", "language"), [(kind, lang) for kind, lang, by in MESSAGES if by == "sms"]
)
def test_an_sms_fits_one_segment(kind, language):
    body = rendered(kind, language, "sms").body
    assert fits_one_segment(body, language)


@pytest.mark.req("A-20")
@pytest.mark.parametrize(
    "odd",
    ["\r", "\n", "\r\nBcc: x@example.cn", "\x00", "\x1b[0m", "\x85", "\u2028", "\u202e", "\ud800"],
)
@pytest.mark.parametrize("name", ["service", "username"])
def test_values_with_control_characters_are_refused(odd, name):
    with pytest.raises(ValueError, match=f"not plain text: {name}$"):
        rendered("username_recovered", "zh", "email", **{name: f"lin{odd}"})


@pytest.mark.req("A-17")
@pytest.mark.parametrize("odd", ["\u2028", "\u202e", "\u200b", "\ud800"])
def test_values_that_would_change_how_a_text_reads_are_refused(odd):
    with pytest.raises(ValueError, match="not plain text"):
        rendered("username_recovered", "zh", "sms", username=f"lin{odd}")


def test_values_are_never_read_as_templates():
    assert (
        "{service.__class__}"
        in rendered("appeal_rejected", "en", "email", reason="{service.__class__}").body
    )


def test_a_missing_an_unknown_and_a_bad_value_are_told_by_name():
    values = values_of("code", "zh")
    with pytest.raises(ValueError, match=r"missing: code$"):
        render("code", "zh", "sms", {k: v for k, v in values.items() if k != "code"})
    with pytest.raises(ValueError, match=r"unknown: password$"):
        render("code", "zh", "sms", values | {"password": "kw7#pzt!"})
    with pytest.raises(ValueError, match="unknown purpose"):
        render("code", "zh", "sms", values | {"purpose": "gossip"})


def test_an_unknown_kind_or_channel_is_refused():
    with pytest.raises(ValueError, match="no such message: gossip by sms"):
        render("gossip", "zh", "sms", {"service": "学籍档案"})
    with pytest.raises(ValueError, match="no such message: session_reuse by sms"):
        render("session_reuse", "zh", "sms", values_of("session_reuse", "zh"))


def test_one_set_of_values_serves_both_channels():
    link = values_of("email_changed", "zh")["undo_link"]
    assert link not in rendered("email_changed", "zh", "sms").body
    assert link in rendered("email_changed", "zh", "email").body


def test_no_text_borrows_a_title_of_the_ministry():
    texts = "".join(path.read_text(encoding="utf-8") for path in TEXTS.rglob("*.txt"))
    assert not re.search("教育部|学信网|CHSI|Ministry", texts)


@pytest.mark.parametrize(
    ("language", "shown"),
    [("zh", "2026年11月23日01:05（北京时间）"), ("en", "2026-11-23 01:05 CST (UTC+8)")],
)
def test_times_are_chinas(language, shown):
    assert local_time(1_795_367_100, language) == shown


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_message_with_every_reason_and_purpose_fits(language):
    for title, channel, message in samples(language):
        assert channel == "email" or fits_one_segment(message.body, language), title


@pytest.mark.parametrize(("kind", "language", "channel"), MESSAGES)
def test_a_mail_says_where_the_pages_are(kind, language, channel):
    assert (ORIGIN in rendered(kind, language, channel).body) == (channel == "email")


def test_the_gallery_shows_every_message(tmp_path):
    pages = [page.read_text(encoding="utf-8") for page in write_gallery(tmp_path)]
    assert len(pages) == 2
    for kind in KINDS:
        assert all(f">{kind}" in page for page in pages)
