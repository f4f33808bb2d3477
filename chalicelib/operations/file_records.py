"""Filing records that an institution delivers, with what follows for reports on them."""

from collections.abc import Sequence
from typing import Literal

from chalicelib.operations.ports import Ports
from chalicelib.stores.record_rows import Source
from chalicelib.stores.registry import SinkCounts


class RecordFiling:
    """A `RecordSink` that also withdraws the reports on a record's earlier version.

    They become `superseded`: the latest record prevails. A record that was revoked or lost takes
    its reports along: they become `revoked`.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def put(self, sources: Sequence[Source], *, now: int, reason: str) -> SinkCounts:
        """File the records; see `Registry.put`."""
        void = {self._ports.registry.record_id(source) for source in sources if _is_void(source)}
        counts = self._ports.registry.put(sources, now=now, reason=reason)
        for record_id in counts.changed_records:
            self._withdraw(record_id, "revoked" if record_id in void else "superseded", now)
        return counts

    def _withdraw(self, record_id: str, state: Literal["superseded", "revoked"], now: int) -> None:
        for report in self._ports.reports.withdraw_for_record(record_id, state, now):
            line = self._ports.audited(
                report.account_id, f"report_{state}", "system", report_id=report.report_id
            )
            self._ports.tables.commit([line])


def _is_void(source: Source) -> bool:
    facts = source.facts
    return bool(getattr(facts, "revoked", False) or getattr(facts, "lost_void", False))
