"""Restoring tables beside the live ones, with the same settings."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

from botocore.exceptions import ClientError

_POLL_SECONDS = 5.0


class CannotRestore(Exception):  # noqa: N818 -- tells the operator what is wrong
    """A table cannot be brought back to the instant."""


class Restorer(Protocol):
    """How a table comes back."""

    def require(self, source: str, instant: int) -> None:
        """Raise `CannotRestore` unless the table can be brought back to the instant."""

    def begin(self, source: str, target: str, instant: int) -> None:
        """Begin to restore `source` as it was at an instant (epoch seconds) into `target`."""


class PointInTime:
    """`Restorer` by DynamoDB's point-in-time recovery."""

    def __init__(self, dynamodb: Any) -> None:
        self._dynamodb = dynamodb

    def require(self, source: str, instant: int) -> None:
        """See `Restorer.require`."""
        backups = self._dynamodb.describe_continuous_backups(TableName=source)
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        if recovery["PointInTimeRecoveryStatus"] != "ENABLED":
            raise CannotRestore(f"{source} has no point-in-time recovery")
        first = recovery["EarliestRestorableDateTime"].timestamp()
        last = recovery["LatestRestorableDateTime"].timestamp()
        if not first <= instant <= last:
            raise CannotRestore(f"{source} can be restored from {_at(first)} to {_at(last)}")

    def begin(self, source: str, target: str, instant: int) -> None:
        """See `Restorer.begin`."""
        self._dynamodb.restore_table_to_point_in_time(
            SourceTableName=source,
            TargetTableName=target,
            RestoreDateTime=datetime.fromtimestamp(instant, UTC),
        )


def status(dynamodb: Any, table: str) -> str | None:
    """The table's status, or None where there is no such table."""
    try:
        return str(dynamodb.describe_table(TableName=table)["Table"]["TableStatus"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        return None


def wait(dynamodb: Any, table: str, pause: Callable[[float], None] = time.sleep) -> None:
    """Wait until a table is restored: minutes, and hours for a large one."""
    while status(dynamodb, table) != "ACTIVE":
        pause(_POLL_SECONDS)


def settle(dynamodb: Any, source: str, target: str) -> None:
    """Give a restored table the settings that do not come with the rows; safe to repeat."""
    expiry = dynamodb.describe_time_to_live(TableName=source)["TimeToLiveDescription"]
    present = dynamodb.describe_time_to_live(TableName=target)["TimeToLiveDescription"]
    if expiry["TimeToLiveStatus"] == "ENABLED" and present["TimeToLiveStatus"] == "DISABLED":
        dynamodb.update_time_to_live(
            TableName=target,
            TimeToLiveSpecification={"AttributeName": expiry["AttributeName"], "Enabled": True},
        )
    dynamodb.update_continuous_backups(
        TableName=target, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
    )
    if not dynamodb.describe_table(TableName=target)["Table"].get("DeletionProtectionEnabled"):
        dynamodb.update_table(TableName=target, DeletionProtectionEnabled=True)


def _at(instant: float) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
