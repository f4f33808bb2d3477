"""What differs between deployed stages: `infra/stages/<stage>.json`, checked before any work.

No secret stands here: keys live in KMS, credentials with the operator.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, get_args

import msgspec

from infra.packaging.functions import FunctionSettings, InvalidSettings, Memory

FOLDER = Path(__file__).parents[1] / "stages"

DeployedStage = Literal["dev", "staging", "prod"]
STAGES: tuple[DeployedStage, ...] = get_args(DeployedStage)
DEMO_PEOPLE = "demo/people.json"
"""Where a package carries the people that the stand-in for the identity checker knows."""

Origin = Annotated[str, msgspec.Meta(pattern=r"^https://[a-z0-9.-]+(:[0-9]{1,5})?$")]
Email = Annotated[str, msgspec.Meta(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
Certificate = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(arn:aws:acm:us-east-1:[0-9]{12}:certificate/[0-9a-f-]+|ASC[A-Z0-9]{13,})$"
    ),
]
Text = Annotated[str, msgspec.Meta(min_length=1)]
Positive = Annotated[int, msgspec.Meta(ge=1)]


class Operator(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Who runs the archive, as pages and reports name it."""

    name_zh: Text
    name_en: Text
    domain: Text


class Throttling(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many requests the API takes: steadily per second, at once, and from one address."""

    requests_per_second: Positive
    burst: Positive
    address_requests_per_five_minutes: Annotated[int, msgspec.Meta(ge=100)]


class Sms(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What text messages may cost: messages a day, and the month's dollars that raise an alarm."""

    daily_budget: Annotated[int, msgspec.Meta(ge=0)]
    monthly_dollars: Positive


class Warmth(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the functions that a person waits for start: by SnapStart, or kept running."""

    snap_start: bool
    provisioned: Mapping[str, Positive]


class StageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The settings of one stage. Every key must be there; an unknown one is refused.

    `identity_checker`: the `https` address of a checker, or `demo` for the stand-in, which knows
    `demo_people` invented people and is refused in production. `certificate`: for the domain of
    `public_origin`, by its ARN in ACM's us-east-1 as CloudFront wants it, or in China by its id
    in IAM; null leaves the pages at CloudFront's own domain. `gateway_log_role`: whether this
    stage makes the role by which all APIs of its account and region write their access logs.
    `memory` overrides `infra/functions.json`.
    """

    region: Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2}(-[a-z]+)+-[0-9]$")]
    public_origin: Origin
    cors_origins: list[Origin]
    certificate: Certificate | None
    mail_sender: Email
    alarm_email: Email
    gateway_log_role: bool
    identity_checker: Text
    demo_people: Annotated[int, msgspec.Meta(ge=0, le=2_000)]
    operator: Operator
    limits: Literal["standard", "strict"]
    sms: Sms
    throttling: Throttling
    log_level: Literal["INFO", "WARNING", "ERROR"]
    log_days: Literal[400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
    warmth: Warmth
    memory: Mapping[str, Memory]

    @property
    def demo_checker(self) -> bool:
        """Whether the stand-in for the identity checker is used."""
        return self.identity_checker == "demo"


def load_stage(
    stage: str, functions: Mapping[str, FunctionSettings], folder: Path = FOLDER
) -> StageSettings:
    """The settings of a stage, for these functions. Raises `InvalidSettings`."""
    if stage not in STAGES:
        raise InvalidSettings(f"STAGE must be one of {', '.join(STAGES)}")
    file = folder / f"{stage}.json"
    try:
        settings = msgspec.json.decode(file.read_bytes(), type=StageSettings)
    except FileNotFoundError:
        raise InvalidSettings(f"{file} is missing") from None
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise InvalidSettings(f"{file.name}: {error}") from None
    for problem in _problems(stage, settings, functions):
        raise InvalidSettings(f"{file.name}: {problem}")
    return settings


def _problems(
    stage: str, settings: StageSettings, functions: Mapping[str, FunctionSettings]
) -> list[str]:
    """What the types alone do not tell."""
    problems = []
    if not (settings.demo_checker or settings.identity_checker.startswith("https://")):
        problems.append("`identity_checker` must be `demo` or an https address")
    if settings.demo_checker and stage == "prod":
        problems.append("`identity_checker` must not be `demo` in production")
    if settings.demo_checker != (settings.demo_people > 0):
        problems.append("`demo_people` must be above 0 with the `demo` checker, and only then")
    if settings.region.startswith("cn-") and settings.certificate is None:
        problems.append("`certificate` is needed: CloudFront in China has no domain of its own")
    problems += [
        f"`memory.{name}`: there is no such function"
        for name in settings.memory
        if name not in functions
    ]
    problems += [
        f"`warmth.provisioned.{name}`: no function of that name that a person waits for"
        for name in settings.warmth.provisioned
        if name not in functions or not functions[name].waited_for
    ]
    if settings.warmth.snap_start and settings.warmth.provisioned:
        problems.append("`warmth`: SnapStart and provisioned concurrency exclude each other")
    if settings.warmth.snap_start and settings.region.startswith("cn-"):
        problems.append("`warmth.snap_start` is not offered for Python in this region")
    return problems
