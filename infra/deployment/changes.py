"""The change set: what CloudFormation would do, shown before it is done."""

import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra.deployment.cloud import Cloud, DeploymentFailed

_NAME = "deploy"
_NOTHING = ("didn't contain changes", "No updates are to be performed")
_POLL_SECONDS = 1.0
_MARKS = {"Add": "+", "Remove": "-", "Modify": "~", "Import": ">", "Dynamic": "?"}
_STATEFUL = (
    "AWS::DynamoDB::Table", "AWS::KMS::Key", "AWS::S3::Bucket", "AWS::SQS::Queue",
)  # fmt: skip


def prepare(
    cloud: Cloud, template_url: str, parameters: Mapping[str, str | None]
) -> Sequence[Any] | None:
    """Make the change set; its changes, or None when nothing would change.

    A parameter of None keeps the value that the stack has.

    Raises `DeploymentFailed` when CloudFormation refuses the template.
    """
    present = cloud.status()
    if present:
        discard(cloud)  # one that was left behind, or carried out
    cloud.client("cloudformation").create_change_set(
        StackName=cloud.stack,
        ChangeSetName=_NAME,
        ChangeSetType="UPDATE" if present else "CREATE",
        TemplateURL=template_url,
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
        Parameters=[_parameter(name, value) for name, value in parameters.items()],
    )
    made = _settled(cloud)
    if made["Status"] == "CREATE_COMPLETE":
        return list(_changes(cloud))
    discard(cloud)
    reason = made.get("StatusReason", "")
    if any(text in reason for text in _NOTHING):
        return None
    raise DeploymentFailed(f"the template is refused: {reason}")


def _parameter(name: str, value: str | None) -> Mapping[str, Any]:
    kept = {"UsePreviousValue": True}
    return {"ParameterKey": name, **(kept if value is None else {"ParameterValue": value})}


def execute(cloud: Cloud) -> None:
    """Begin to carry the change set out."""
    cloud.client("cloudformation").execute_change_set(StackName=cloud.stack, ChangeSetName=_NAME)


def discard(cloud: Cloud) -> None:
    """Forget the change set; nothing has happened."""
    cloud.client("cloudformation").delete_change_set(StackName=cloud.stack, ChangeSetName=_NAME)


def shown(changes: Sequence[Any]) -> Iterator[str]:
    """The changes as lines of a diff, and last a warning for data that would be replaced."""
    for change in sorted(changes, key=_order):
        yield _line(change["ResourceChange"])
    for change in changes:
        one = change["ResourceChange"]
        lost = one["Action"] == "Remove" or one.get("Replacement") == "True"
        if lost and one["ResourceType"] in _STATEFUL:
            yield f"! {one['LogicalResourceId']} holds data: it would be kept but no longer used"


def _line(one: Mapping[str, Any]) -> str:
    mark = _MARKS.get(one["Action"], "?")
    replaced = " (replaced)" if one.get("Replacement") == "True" else ""
    parts = sorted({detail["Target"].get("Name") or "" for detail in one.get("Details", [])} - {""})
    about = f": {', '.join(parts)}" if parts else ""
    kind = one["ResourceType"].removeprefix("AWS::")
    return f"{mark} {one['LogicalResourceId']} ({kind}){about}{replaced}"


def _order(change: Mapping[str, Any]) -> tuple[str, str]:
    return change["ResourceChange"]["Action"], change["ResourceChange"]["LogicalResourceId"]


def _settled(cloud: Cloud) -> Mapping[str, Any]:
    cloudformation = cloud.client("cloudformation")
    while True:
        made: Mapping[str, Any] = cloudformation.describe_change_set(
            StackName=cloud.stack, ChangeSetName=_NAME
        )
        if made["Status"] not in {"CREATE_PENDING", "CREATE_IN_PROGRESS"}:
            return made
        time.sleep(_POLL_SECONDS)


def _changes(cloud: Cloud) -> Iterator[Any]:
    more: dict[str, str] = {}
    while True:
        page = cloud.client("cloudformation").describe_change_set(
            StackName=cloud.stack, ChangeSetName=_NAME, **more
        )
        yield from page["Changes"]
        if "NextToken" not in page:
            return
        more = {"NextToken": page["NextToken"]}
