"""Filing records that an institution delivers, with what follows for reports on them."""

from collections.abc import Sequence

from chalicelib.operations.ports import Ports
from chalicelib.operations.withdraw_reports import state_for, withdraw_all
from chalicelib.stores.record_rows import Source
from chalicelib.stores.registry import SinkCounts


class RecordFiling:
    """A `RecordSink` that also withdraws the reports on a record's earlier version."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def put(self, sources: Sequence[Source], *, now: int, reason: str) -> SinkCounts:
        """File the records; see `Registry.put`."""
        counts = self._ports.registry.put(sources, now=now, reason=reason)
        for record_id, facts in counts.changed_records.items():
            withdraw_all(self._ports, record_id, state_for(facts))
        return counts
