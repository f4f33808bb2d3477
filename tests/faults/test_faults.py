"""Every flow, broken at every table call in every way, then repeated by its client.

`make test` breaks one call at a time and some pairs of calls; `make faults` (FAULTS=all) all pairs,
and outages that begin at any call.
"""

import os
import random
from collections.abc import Callable, Mapping
from itertools import combinations, product

import pytest

from tests.faults import flows
from tests.faults.flows import Flow
from tests.faults.injection import TABLE_FAULTS, Faults, TableFault, persist
from tests.faults.staff_flows import STAFF_FLOWS
from tests.lab import Lab, lab
from tests.tables import straight

FLOWS = {**flows.FLOWS, **STAFF_FLOWS}
THOROUGH = os.environ.get("FAULTS") == "all"


@pytest.mark.req("R-02")
@pytest.mark.req("R-03")
@pytest.mark.req("R-85")
@pytest.mark.req("R-90")
@pytest.mark.parametrize("name", FLOWS)
def test_one_effect_whatever_breaks(name: str) -> None:
    experiment = Experiment(FLOWS[name])
    for place, fault in product(range(experiment.calls), TABLE_FAULTS):
        experiment.with_faults({place: fault})


@pytest.mark.req("R-90")
@pytest.mark.parametrize("name", FLOWS)
@pytest.mark.parametrize("fault", ["refused before", "refused after"])
def test_one_effect_after_an_outage(name: str, fault: TableFault) -> None:
    experiment = Experiment(FLOWS[name])
    places = range(experiment.calls) if THOROUGH else (0, experiment.calls - 1)
    for place in places:
        experiment.with_faults(dict.fromkeys(range(place, place + 12), fault))


@pytest.mark.parametrize("name", FLOWS)
def test_one_effect_when_two_calls_break(name: str) -> None:
    experiment = Experiment(FLOWS[name])
    pairs = product(combinations(range(experiment.calls + 6), 2), product(TABLE_FAULTS, repeat=2))
    plans = [dict(zip(places, faults, strict=True)) for places, faults in pairs]
    for plan in plans if THOROUGH else random.Random(name).sample(plans, 40):
        experiment.with_faults(plan)


class Experiment:
    """A flow at its beginning, to be run again and again."""

    def __init__(self, prepare: Callable[[Lab], Flow]) -> None:
        self._archive = lab()
        self._flow = prepare(self._archive)
        self._rewind = self._archive.mark()
        undisturbed = Faults({})
        self._attempt(undisturbed)
        self.calls = undisturbed.seen
        self._census = self._archive.census()

    def with_faults(self, plan: Mapping[int, TableFault]) -> None:
        """Run with faults: the outcome is that of a run without."""
        try:
            self._rewind()
            self._attempt(Faults(plan))
            assert self._flow.reads or self._archive.census() == self._census
            self._flow.check(self._last)
        except BaseException as error:
            error.add_note(f"faults: {plan}")
            raise

    def _attempt(self, faults: Faults) -> None:
        self._archive.tables.around = faults
        self._last = persist(self._archive, self._flow.attempt)
        self._archive.tables.around = straight
        assert self._last.status == self._flow.status, self._last.content
