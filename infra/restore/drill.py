"""Taking a stage back to an earlier instant, step by step; run again, it goes on where it ended.

1. Each table of `RESTORED` is restored beside the live one, to the same instant, and compared.
2. With the operator's yes the stage is stopped, pointed to the restored tables by a change set,
   and what must not survive is made void (`infra.restore.voiding`); then it is started again.

Until the yes nothing that people use is touched. After it nothing is deleted of the tables that
were live: going forward again is one more change set.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.domain.instants import china_date
from chalicelib.stores.tables import RESTORED
from infra.deployment import changes
from infra.deployment.cloud import Cloud, DeploymentFailed, function_names
from infra.deployment.deploy import carry_out, upload_template
from infra.deployment.pointing import pointed, present_suffix, suffix_of
from infra.packaging.functions import FunctionSettings
from infra.restore import doors, tables, voiding
from infra.restore.compare import compare, shown
from infra.restore.tables import CannotRestore, Restorer

DRAIN_SECONDS = 30.0
"""Longer than any request runs (API Gateway ends one after 29 s)."""

Confirm = Callable[[Sequence[str]], bool]
Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drill:
    """One restoration: which stage, and to which instant (epoch seconds)."""

    cloud: Cloud
    instant: int
    restorer: Restorer
    functions: Mapping[str, FunctionSettings]
    tell: Tell
    pause: Callable[[float], None] = time.sleep

    @property
    def suffix(self) -> str:
        """The restored tables' suffix."""
        return suffix_of(self.instant)

    @property
    def dynamodb(self) -> Any:
        """The client of the tables."""
        return self.cloud.client("dynamodb")

    @property
    def names(self) -> Mapping[str, str]:
        """The deployed functions by their names in the application."""
        return function_names(self.cloud.stage, self.functions)

    def source(self, table: str) -> str:
        """The live table's name."""
        return f"{self.cloud.stack}-{table}{present_suffix(self.cloud.outputs())}"

    def target(self, table: str) -> str:
        """The restored table's name."""
        return f"{self.cloud.stack}-{table}{self.suffix}"

    @property
    def is_pointed(self) -> bool:
        """Whether the stage uses the restored tables already."""
        return present_suffix(self.cloud.outputs()) == self.suffix


def plan(drill: Drill) -> None:
    """Tell what would be done; do nothing. Raises `CannotRestore`."""
    _require(drill)
    for table in RESTORED:
        there = tables.status(drill.dynamodb, drill.target(table))
        drill.tell(f"restore {drill.source(table)} into {drill.target(table)}: {there or 'to do'}")
    drill.tell("compare them; ask; stop the functions; point them to the restored tables")
    drill.tell("void codes, verification tokens, kept replies, sessions and remembered devices")
    drill.tell("drop unsent messages of what happened after the instant; start the functions")
    drill.tell("nothing was done: GO=1 restores and compares, and asks before the rest")


def restore(drill: Drill, confirm: Confirm) -> bool:
    """Restore, compare and, when confirmed, point the stage to the restored tables.

    False when it was not confirmed: the restored tables stay, for a look or for another run.
    Raises `CannotRestore`; `DeploymentFailed` when CloudFormation refuses or fails, after which
    the stage runs on the tables it had.
    """
    if drill.is_pointed:
        return _finish_left(drill)
    _require(drill)
    report = _restore_beside(drill)
    made = pointed(_deployed_template(drill.cloud), drill.suffix)
    address = upload_template(drill.cloud, made)
    planned = changes.prepare(drill.cloud, address, dict.fromkeys(made["Parameters"]))
    if planned is None:
        raise DeploymentFailed("CloudFormation sees nothing to change")
    if not confirm([*report, *changes.shown(planned)]):
        changes.discard(drill.cloud)
        return False
    _close(drill)
    _drop_sent_reminders(drill)
    try:
        carry_out(drill.cloud, drill.tell)
    except DeploymentFailed:
        _open(drill)
        raise
    _finish(drill)
    return True


def _require(drill: Drill) -> None:
    if drill.cloud.status() is None:
        raise CannotRestore(f"there is no stack {drill.cloud.stack}")
    for table in RESTORED:
        if tables.status(drill.dynamodb, drill.target(table)) is None:
            drill.restorer.require(drill.source(table), drill.instant)


def _restore_beside(drill: Drill) -> list[str]:
    """Restore what is not yet restored; the comparison as lines."""
    for table in RESTORED:
        if tables.status(drill.dynamodb, drill.target(table)) is None:
            drill.tell(f"restoring {drill.target(table)}")
            drill.restorer.begin(drill.source(table), drill.target(table), drill.instant)
    report = []
    for table in RESTORED:
        source, target = drill.source(table), drill.target(table)
        tables.wait(drill.dynamodb, target, drill.pause)
        tables.settle(drill.dynamodb, source, target)
        lines = list(shown(table, compare(drill.dynamodb, source, target)))
        for line in lines:
            drill.tell(line)
        report += lines
    return report


def _deployed_template(cloud: Cloud) -> Mapping[str, Any]:
    """The stack's template as it was sent."""
    answer = cloud.client("cloudformation").get_template(
        StackName=cloud.stack, TemplateStage="Original"
    )
    body: Any = answer["TemplateBody"]
    template: Mapping[str, Any] = json.loads(body) if isinstance(body, str) else body
    return template


def _drop_sent_reminders(drill: Drill) -> None:
    today = china_date(int(time.time()))
    count = voiding.drop_sent_reminders(
        drill.dynamodb, drill.source("archive"), drill.target("archive"), today
    )
    drill.tell(f"{count} reminders were sent since and are not sent again")


def _finish_left(drill: Drill) -> bool:
    """The stage is pointed already: the rest of a run that was ended, or nothing."""
    if doors.any_closed(drill.cloud.client("lambda"), drill.names):
        _finish(drill)
    else:
        drill.tell(f"{drill.cloud.stage} uses the tables of this instant already")
    return True


def _finish(drill: Drill) -> None:
    """Void what must not survive, then let people in. Killed before, the stage stays stopped."""
    dynamodb, stack = drill.dynamodb, drill.cloud.stack
    codes = voiding.void_codes(dynamodb, f"{stack}-codes")
    sessions = voiding.void_sessions(dynamodb, f"{stack}-sessions")
    messages = voiding.drop_messages(dynamodb, f"{stack}-outbox", drill.instant)
    drill.tell(f"void: {codes} codes, tokens and kept replies; {sessions} sessions and devices")
    drill.tell(f"dropped: {messages} unsent messages of what happened after the instant")
    _open(drill)


def _close(drill: Drill) -> None:
    drill.tell("stopping the functions")
    doors.close(drill.cloud.client("lambda"), drill.names)
    drill.pause(DRAIN_SECONDS)


def _open(drill: Drill) -> None:
    doors.open_again(drill.cloud.client("lambda"), drill.names, drill.functions)
    drill.tell("the functions run again")
