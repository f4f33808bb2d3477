"""Moving committed messages to the queue, and watching that they go."""

from chalicelib.operations.ports import Ports
from chalicelib.stores.outbox import SHARDS


def relay(ports: Ports) -> int:
    """Queue every message that is due; how many were. Safe to run twice and at once.

    A message that was queued and is still here later is queued again: it is never lost.
    """
    count = 0
    for shard in range(SHARDS):
        due = ports.outbox.due(shard, ports.now())
        for key in ports.queue.send(due) if due else ():
            ports.outbox.queued(key, ports.now())
            count += 1
    return count


def waiting_seconds(ports: Ports) -> int:
    """How long the oldest message has waited to be sent; zero when none waits."""
    oldest = ports.outbox.oldest()
    return 0 if oldest is None else max(0, ports.now() - oldest)
