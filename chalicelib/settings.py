"""What a deployment may set, read from environment variables once and checked before any work."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar, get_args
from urllib.parse import urlsplit

Stage = Literal["local", "test", "dev", "staging", "prod"]
LimitSet = Literal["standard", "local", "strict"]
LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
Word = TypeVar("Word", bound=str)

_ON_ONE_MACHINE: tuple[Stage, ...] = ("local", "test")
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)
_PARAMETER = re.compile(r"(/[A-Za-z0-9_.-]+){2,15}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SUFFIX = re.compile(r"-r[0-9]{14}", re.ASCII)
_FUNCTION = re.compile(r"[a-z][a-z_]*", re.ASCII)


class SettingInvalid(Exception):  # noqa: N818 -- tells the operator what to set
    """A variable is missing or not allowed. The text names the variable, never its value."""

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(f"{variable} {problem}")
        self.variable = variable


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one deployment.

    `function` is the Lambda function whose routes to load (None: all, as on a local run).
    `identity_checker` is `demo:<path of people.json>` or the `https` address of a checker;
    `identity_checker_token` then names the parameter (SSM, SecureString) that holds its token.
    `mail_configuration_set` is SES's, which reports mail that comes back. `origin_digests` tell
    which secrets prove that a request came through CloudFront.
    `data_suffix` ends the names of restored tables (`infra/restore`); empty for the stage's own.
    `public_origin` (no path, no slash at the end) begins the links in messages and QR codes.
    `endpoint` is set where AWS is an emulator. `clock_file` says by how many seconds the clock is
    ahead, on one machine only: what comes of waiting can be looked at without waiting.
    """

    stage: Stage
    function: str | None
    region: str
    endpoint: str | None
    table_prefix: str
    data_suffix: str
    deliver_queue: str
    photos_bucket: str
    quarantine_bucket: str
    key_alias_prefix: str
    mail_sender: str
    mail_configuration_set: str | None
    public_origin: str
    cors_origins: tuple[str, ...]
    origin_digests: tuple[str, ...]
    limits: LimitSet
    identity_checker: str
    identity_checker_token: str | None
    operator_name_zh: str
    operator_name_en: str
    operator_domain: str
    operator_contact: str
    sms_daily_budget: int
    log_level: LogLevel
    clock_file: Path | None

    @property
    def specimen(self) -> bool:
        """Whether pages and PDFs carry the 演示 / SPECIMEN mark: everywhere but in production."""
        return self.stage != "prod"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """The settings that the variables tell. Raises `SettingInvalid`."""
        read = _Variables(environ)
        stage = read.word("STAGE", get_args(Stage))
        on_one_machine = stage in _ON_ONE_MACHINE
        checker = read.checker("IDENTITY_CHECKER", demo_allowed=stage != "prod")
        origin = read.origin("PUBLIC_ORIGIN", encrypted=not on_one_machine)
        domain = read.text("OPERATOR_DOMAIN", urlsplit(origin).hostname)
        return cls(
            stage=stage,
            function=read.function("ARCHIVE_FUNCTION"),
            region=read.text("AWS_REGION", environ.get("AWS_DEFAULT_REGION")),
            endpoint=environ.get("AWS_ENDPOINT_URL") or None,
            table_prefix=read.text("TABLE_PREFIX", f"archive-{stage}"),
            data_suffix=read.suffix("DATA_SUFFIX"),
            deliver_queue=read.text("DELIVER_QUEUE", f"archive-{stage}-deliver"),
            photos_bucket=read.text("PHOTOS_BUCKET"),
            quarantine_bucket=read.text("QUARANTINE_BUCKET"),
            key_alias_prefix=read.text("KEY_ALIAS_PREFIX", f"alias/archive-{stage}"),
            mail_sender=read.text("MAIL_SENDER"),
            mail_configuration_set=environ.get("MAIL_CONFIGURATION_SET") or None,
            public_origin=origin,
            cors_origins=read.origins("CORS_ORIGINS", encrypted=not on_one_machine),
            origin_digests=read.digests("ORIGIN_DIGESTS"),
            limits=read.limits("LIMITS", stage),
            identity_checker=checker,
            identity_checker_token=read.parameter("IDENTITY_CHECKER_TOKEN", needed_by=checker),
            operator_name_zh=read.text("OPERATOR_NAME_ZH", "学籍档案"),
            operator_name_en=read.text("OPERATOR_NAME_EN", "Student Archive"),
            operator_domain=domain,
            operator_contact=read.text("OPERATOR_CONTACT", f"privacy@{domain}"),
            sms_daily_budget=read.whole_number("SMS_DAILY_BUDGET", 10_000),
            log_level=read.word("LOG_LEVEL", get_args(LogLevel), "INFO"),
            clock_file=read.clock("CLOCK_FILE", stage),
        )


class _Variables:
    """Reads and checks variables; an empty one counts as not set."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def text(self, variable: str, default: str | None = None) -> str:
        value = self._environ.get(variable, "").strip() or default
        if not value:
            raise SettingInvalid(variable, "is not set")
        return value

    def word(self, variable: str, words: tuple[Word, ...], default: Word | None = None) -> Word:
        value = self.text(variable, default)
        if value not in words:
            raise SettingInvalid(variable, f"must be one of {', '.join(words)}")
        return value

    def whole_number(self, variable: str, default: int) -> int:
        value = self.text(variable, str(default))
        if not (value.isascii() and value.isdigit()):
            raise SettingInvalid(variable, "must be a whole number, zero or more")
        return int(value)

    def function(self, variable: str) -> str | None:
        value = self._environ.get(variable) or None
        if value is not None and not _FUNCTION.fullmatch(value):
            raise SettingInvalid(variable, "must be a function's name, as in verify_code")
        return value

    def suffix(self, variable: str) -> str:
        value = self._environ.get(variable, "")
        if value and not _SUFFIX.fullmatch(value):
            raise SettingInvalid(variable, "must be the suffix of restored tables")
        return value

    def limits(self, variable: str, stage: Stage) -> LimitSet:
        relaxed = stage in _ON_ONE_MACHINE
        default: LimitSet = "local" if stage == "local" else "standard"
        limits: LimitSet = self.word(variable, get_args(LimitSet), default)
        if limits == "local" and not relaxed:
            raise SettingInvalid(variable, "must not be local in a deployed stage")
        return limits

    def clock(self, variable: str, stage: Stage) -> Path | None:
        value = self._environ.get(variable) or None
        if value is not None and stage not in _ON_ONE_MACHINE:
            raise SettingInvalid(variable, "must not be set in a deployed stage")
        return Path(value) if value else None

    def checker(self, variable: str, *, demo_allowed: bool) -> str:
        value = self.text(variable)
        if value.startswith("https://") or (demo_allowed and value.removeprefix("demo:") != value):
            return value
        kinds = "an https address" + (" or demo:<path>" if demo_allowed else "")
        raise SettingInvalid(variable, f"must be {kinds}")

    def parameter(self, variable: str, *, needed_by: str) -> str | None:
        """The name of a parameter, never the secret itself: variables are shown in consoles."""
        if not needed_by.startswith("https://"):
            return None
        name = self.text(variable)
        if not _PARAMETER.fullmatch(name):
            raise SettingInvalid(variable, "must be a parameter's name, as in /archive/prod/token")
        return name

    def digests(self, variable: str) -> tuple[str, ...]:
        listed = tuple(part for part in self._environ.get(variable, "").split(",") if part)
        if not all(_DIGEST.fullmatch(part) for part in listed):
            raise SettingInvalid(variable, "must be SHA-256 digests in hex, parted by commas")
        return listed

    def origin(self, variable: str, *, encrypted: bool) -> str:
        return _origin(variable, self.text(variable), encrypted=encrypted)

    def origins(self, variable: str, *, encrypted: bool) -> tuple[str, ...]:
        listed = (part.strip() for part in self._environ.get(variable, "").split(","))
        return tuple(_origin(variable, part, encrypted=encrypted) for part in listed if part)


def _origin(variable: str, value: str, *, encrypted: bool) -> str:
    if not _ORIGIN.fullmatch(value) or (encrypted and not value.startswith("https://")):
        scheme = "https" if encrypted else "http or https"
        raise SettingInvalid(variable, f"must be an {scheme} origin: scheme, host, no path")
    return value
