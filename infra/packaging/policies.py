"""What each function may do: `.chalice/policies/<function>.json`, in IAM's own language.

A resource is an ARN with CloudFormation's references (`${AWS::Partition}`, `${Stage}`,
`${IndexKey.Arn}`), so that one file is exact in every stage, account and partition. Reading its
own log group is added for every function when the template is written.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from infra.packaging.checkout import ROOT
from infra.packaging.functions import InvalidSettings, require_same

FOLDER = ROOT / ".chalice" / "policies"

ALL_PHONES = "TextMessagesGoToAnyPhone"
"""The one statement that may name every resource: SNS has no ARN for a phone number."""

_ACTION = re.compile(r"[a-z0-9-]+:[A-Z][A-Za-z]+")
_REFERENCE = re.compile(r"\$\{([A-Za-z0-9]+)(?:\.\w+)?\}")


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    """One statement, always with its purpose as `Sid`."""

    sid: str
    effect: Literal["Allow", "Deny"]
    action: list[str]
    resource: list[str]
    condition: Mapping[str, Any] | None = None


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="pascal"):
    """One function's file."""

    version: Literal["2012-10-17"]
    statement: list[Statement]


def load_policies(
    functions: Collection[str], known: Collection[str], folder: Path = FOLDER
) -> Mapping[str, Policy]:
    """The policies of exactly these functions; `known` are the template's resources.

    Raises `InvalidSettings`: a file is missing, surplus, not exact, or names what is not there.
    """
    files = {file.stem: file for file in sorted(folder.glob("*.json"))}
    where = folder.relative_to(ROOT) if folder.is_relative_to(ROOT) else folder
    require_same(functions, files, f"{where} has no policy for", f"{where} has a policy for")
    return {name: _load(file, known) for name, file in files.items()}


def document(policy: Policy) -> Mapping[str, Any]:
    """The policy as the template holds it."""
    return {
        "Version": policy.version,
        "Statement": [_rendered(statement) for statement in policy.statement],
    }


def _rendered(statement: Statement) -> Mapping[str, Any]:
    rendered: dict[str, Any] = {
        "Sid": statement.sid,
        "Effect": statement.effect,
        "Action": statement.action,
        "Resource": [substituted(resource) for resource in statement.resource],
    }
    if statement.condition:
        rendered["Condition"] = json.loads(
            json.dumps(statement.condition), object_hook=_substituted_members
        )
    return rendered


def substituted(text: str) -> Any:
    """A text as CloudFormation fills it in."""
    return {"Fn::Sub": text} if "${" in text else text


def _substituted_members(part: dict[str, Any]) -> dict[str, Any]:
    return {
        name: substituted(value) if isinstance(value, str) else value
        for name, value in part.items()
    }


def _load(file: Path, known: Collection[str]) -> Policy:
    try:
        policy = msgspec.json.decode(file.read_bytes(), type=Policy)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise InvalidSettings(f"{file.name}: {error}") from None
    for problem in _problems(policy, known):
        raise InvalidSettings(f"{file.name}: {problem}")
    return policy


def _problems(policy: Policy, known: Collection[str]) -> Iterator[str]:
    sids = [statement.sid for statement in policy.statement]
    if len(sids) != len(set(sids)):
        yield "two statements have the same `Sid`"
    for statement in policy.statement:
        yield from (f"{statement.sid}: {problem}" for problem in _inexact(statement, known))


def _inexact(statement: Statement, known: Collection[str]) -> Iterator[str]:
    for action in statement.action:
        if not _ACTION.fullmatch(action):
            yield f"`Action` {action} is not one exact action"
    for resource in statement.resource:
        if resource == "*" and statement.sid != ALL_PHONES:
            yield "`Resource` is `*`"
        if resource != "*" and not resource.startswith(("arn:${AWS::Partition}:", "${")):
            yield f"`Resource` {resource} does not begin with arn:${{AWS::Partition}}:"
        for name in _REFERENCE.findall(resource):
            if name not in known:
                yield f"`Resource` {resource} names {name}, which the template does not have"
    if statement.sid == ALL_PHONES and not statement.condition:
        yield "needs a `Condition`"
