"""What was done to, and read from, one's own account."""

from collections.abc import Mapping, Sequence

import msgspec

from chalicelib.domain.instants import rfc3339
from chalicelib.operations.ports import Ports
from chalicelib.stores.sessions import Principal


class ActivityItem(msgspec.Struct, frozen=True, kw_only=True):
    """One line: what, by whom (`owner`, `verifier`, `staff`, `partner`, `system`), and when.

    `facts` name things of one's own and coarse origins; nobody else's data is ever in them.
    """

    action: str
    actor: str
    at: str
    facts: Mapping[str, str]


def list_activity(
    ports: Ports, principal: Principal, *, limit: int, after: str | None
) -> tuple[Sequence[ActivityItem], str | None]:
    """The account's activity, newest first, and where to go on."""
    lines, following = ports.audit.lines(principal.account_id, limit=limit, after=after)
    items = [
        ActivityItem(
            action=line.action,
            actor=line.actor.partition(":")[0],
            at=rfc3339(line.at),
            facts=line.facts,
        )
        for line in lines
    ]
    return items, following
