"""Moving committed messages to the queue, and watching that they go."""

from collections.abc import Sequence

from chalicelib.operations.ports import Ports
from chalicelib.stores.outbox import SHARDS
from chalicelib.stores.tables import Key


def relay(ports: Ports) -> int:
    """Queue every message that is due; how many were. Safe to run twice and at once.

    A message that was queued and is still here later is queued again: it is never lost.
    """
    return sum(queue(ports, ports.outbox.due(shard, ports.now())) for shard in range(SHARDS))


def queue(ports: Ports, keys: Sequence[Key]) -> int:
    """Queue messages by their addresses; how many. What the queue did not take stays due."""
    taken = ports.queue.send(keys) if keys else ()
    for key in taken:
        ports.outbox.queued(key, ports.now())
    return len(taken)


def waiting_seconds(ports: Ports) -> int:
    """How long the oldest message has waited to be sent; zero when none waits."""
    oldest = ports.outbox.oldest()
    return 0 if oldest is None else max(0, ports.now() - oldest)
