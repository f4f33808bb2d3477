"""What people are told by SMS and e-mail, in Chinese and English.

The texts are `chalicelib/assets/messages/<language>/<kind>.<channel>.txt`; an e-mail's first line
is its subject, and `footer.txt`, with the address of the site, ends it. They hold no personal data
beyond their placeholders. A new kind is a line in `KINDS` and its texts.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal

from chalicelib.domain.errors import Language, Text
from chalicelib.domain.instants import CHINA

Channel = Literal["sms", "email"]

TEXTS = Path(__file__).parent.parent / "assets" / "messages"

SERVICE = Text("学籍档案", "Student Archive")
"""The operator's name unless the stage's settings give another: never a title of the Ministry."""


def _both(*placeholders: str) -> Mapping[Channel, frozenset[str]]:
    return {"sms": frozenset(placeholders), "email": frozenset(placeholders)}


def _email(*placeholders: str) -> Mapping[Channel, frozenset[str]]:
    return {"email": frozenset(placeholders)}


def _sms(*placeholders: str) -> Mapping[Channel, frozenset[str]]:
    return {"sms": frozenset(placeholders)}


KINDS: Mapping[str, Mapping[Channel, frozenset[str]]] = {
    "code": _both("code", "purpose"),
    "email_confirmation": _email("link"),
    "contact_already_used": _both(),
    "new_device": _both("time"),
    "session_reuse": _email("time"),
    "username_recovered": _both("username"),
    "password_reset_done": _both("time"),
    "password_changed": _both("time"),
    "authenticator_added": _both("time"),
    "authenticator_removed": _both("time"),
    "phone_changed": {"sms": frozenset({"time"}), "email": frozenset({"time", "undo_link"})},
    "email_changed": {"sms": frozenset({"time"}), "email": frozenset({"time", "undo_link"})},
    "contacts_restored": _both("time"),
    "consent_withdrawn": _both("time"),
    "consent_given": _both("time"),
    "appeal_received": _both("due_at"),
    "appeal_holder_warning": {
        "sms": frozenset({"due_at"}),
        "email": frozenset({"due_at", "link"}),
    },
    "appeal_holder_ended": _both(),
    "appeal_number_moved": _both(),
    "appeal_number_returned": _both(),
    "appeal_undone": _both(),
    "appeal_approved": {"sms": frozenset(), "email": frozenset({"link"})},
    "appeal_rejected": _both("reason"),
    "appeal_more_information": _both("reason"),
    "account_closing": {
        "sms": frozenset({"closes_at"}),
        "email": frozenset({"closes_at", "link"}),
    },
    "account_closing_cancelled": _both("time"),
    "account_closed": _both(),
    "email_unconfirmed": {"sms": frozenset(), "email": frozenset({"link"})},
    "mail_returned": _sms(),
    "report_expiring": _both("report_number", "valid_until"),
    "correction_decided": _both(),
    "binding_review_decided": _both(),
    "identity_decided": _both(),
    "record_changed": _both("family", "event"),
    "staff_invitation": _email("link"),
}
"""Kind → the channels it goes by → the placeholders of its text, beside those of `COMMON`."""

COMMON: Mapping[Channel, frozenset[str]] = {
    "sms": frozenset({"service"}),
    "email": frozenset({"service", "site"}),
}
"""What every text of a channel shows: the operator's name, and where its pages are."""

PURPOSES: Mapping[str, Text] = {
    "register": Text("注册账户", "register"),
    "sign_in": Text("登录", "sign in"),
    "recover_username": Text("找回用户名", "recover your user name"),
    "reset_password": Text("重置密码", "reset your password"),
    "change_phone": Text("更换手机号码", "change your phone"),
    "change_email": Text("更换电子邮箱", "change your e-mail"),
    "appeal": Text("提交申诉", "file an appeal"),
    "close_account": Text("注销账户", "close your account"),
}
"""Purpose of a verification code → what the person is about to do."""


RECORD_EVENTS: Mapping[str, Text] = {
    "changed": Text("已更改", "was changed"),
    "held": Text("已暂停查询", "is withheld"),
    "released": Text("已恢复查询", "is shown again"),
    "revoked": Text("已被撤销", "was revoked"),
    "replaced": Text("已挂失，由证明书代替", "was declared lost and replaced"),
}
"""What happened to a record → how its owner is told."""

FAMILIES: Mapping[str, Text] = {
    "enrollments": Text("学籍", "enrolment"),
    "credentials": Text("学历", "credential"),
    "degrees": Text("学位", "degree"),
    "admissions": Text("录取", "admission"),
    "exams": Text("考试成绩", "examination"),
    "loans": Text("助学贷款", "student loan"),
    "aids": Text("学生资助", "student aid"),
}
"""Family → what its record is called in a message."""

_WORDS: Mapping[str, Mapping[str, Text]] = {
    "purpose": PURPOSES,
    "event": RECORD_EVENTS,
    "family": FAMILIES,
}
"""Placeholders that are given as a code, and the words for it."""


@dataclass(frozen=True, slots=True)
class RenderedMessage:
    """What is sent. An SMS has no subject."""

    subject: str | None
    body: str


def render(
    kind: str, language: Language, channel: Channel, values: Mapping[str, str]
) -> RenderedMessage:
    """The message of that kind.

    `values` holds what is in `COMMON` and every placeholder of the kind; those that only its other
    channel shows are allowed. `purpose` is a code of `PURPOSES`, put into words here. Raises
    `ValueError`, which names the placeholder and never its value, for an unknown kind, channel or
    purpose, for a missing or unknown placeholder, and for control characters in a value (A-20).
    """
    text = template(kind, language, channel).format_map(_checked(kind, language, channel, values))
    if channel == "sms":
        return RenderedMessage(None, text)
    subject, _, body = text.partition("\n\n")
    return RenderedMessage(subject, body)


@cache
def template(kind: str, language: Language, channel: Channel) -> str:
    """The text with its placeholders; an e-mail's subject and footer included."""
    if channel not in KINDS.get(kind, ()):
        raise ValueError(f"no such message: {kind} by {channel}")
    text = _read(language, f"{kind}.{channel}")
    return text if channel == "sms" else f"{text}\n\n{_read(language, 'footer')}"


def local_time(instant: int, language: Language) -> str:
    """An instant (epoch seconds) in China Standard Time, to the minute, as people read it."""
    at = datetime.fromtimestamp(instant, CHINA)
    if language == "zh":
        return f"{at.year}年{at.month}月{at.day}日{at:%H:%M}（北京时间）"
    return f"{at:%Y-%m-%d %H:%M} CST (UTC+8)"


def _read(language: Language, name: str) -> str:
    return (TEXTS / language / f"{name}.txt").read_text(encoding="utf-8").strip()


def _checked(
    kind: str, language: Language, channel: Channel, values: Mapping[str, str]
) -> Mapping[str, str]:
    """The values ready to be put in."""
    channels = KINDS[kind]
    _refuse("missing", (channels[channel] | COMMON[channel]) - values.keys())
    _refuse("unknown", values.keys() - COMMON["email"].union(*channels.values()))
    _refuse("not plain text", {name for name, value in values.items() if not _is_plain(value)})
    words = {name: _word(name, values[name], language) for name in _WORDS if name in values}
    return {**values, **words}


def _refuse(problem: str, names: frozenset[str] | set[str]) -> None:
    if names:
        raise ValueError(f"{problem}: {', '.join(sorted(names))}")


def _is_plain(value: str) -> bool:
    """No line breaks, control characters, bidirectional overrides or lone surrogates."""
    return not any(unicodedata.category(character) in _NOT_PLAIN for character in value)


_NOT_PLAIN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def _word(placeholder: str, code: str, language: Language) -> str:
    if code not in _WORDS[placeholder]:
        raise ValueError(f"unknown {placeholder}")
    return _WORDS[placeholder][code].in_language(language)
