"""The limits' table, what counts as one network, and counters that are exact."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.memory_keys import MemoryDataKeys
from chalicelib.adapters.memory_tables import MemoryTables
from chalicelib.domain.errors import Refusal
from chalicelib.domain.limits import RULES, Rule, coarse_origin, limit_table, network_of
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.limits import Hit, Limits, OverLimit
from tests.tables import InterceptedTables

NOW = 1_790_000_000
PAIR = {
    "few": Rule("few", "destination", 3, 60),
    "many": Rule("many", "destination", 100, 60),
}


def counters(*rules, tables=None):
    known = {**PAIR, **{rule.name: rule for rule in rules}}
    return Limits(tables or MemoryTables(), Keyring("test", MemoryDataKeys()), known)


def passes(limits, now=NOW, rule="few", subject="s"):
    try:
        limits.take([Hit(rule, subject)], now)
    except OverLimit:
        return False
    return True


# The table


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("", "unknown"),
        ("localhost", "unknown"),
        ("203.0.113.7, 10.0.0.1", "unknown"),
    ],
)
def test_what_counts_as_one_network(address, network):
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("address", "origin"),
    [
        ("203.0.113.7", "203.0.0.0/16"),
        ("::ffff:203.0.113.7", "203.0.0.0/16"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8::/32"),
        ("", "unknown"),
    ],
)
def test_an_origin_is_shown_coarsely(address, origin):
    assert coarse_origin(address) == origin


def test_a_local_run_raises_the_limits_per_address_only():
    standard, local = limit_table("standard"), limit_table("local")
    for rule in RULES:
        factor = 1000 if rule.scope == "ip" else 1
        assert local[rule.name].most == standard[rule.name].most * factor
    assert limit_table("strict") == standard


@pytest.mark.parametrize(
    ("name", "most", "seconds"),
    [
        ("code.segment.hour", 500, 3600),
        ("guess.ip.hour", 20, 3600),
        ("password.accounts.ip", 50, 12 * 3600),
        ("identity.ip.day", 500, 86_400),
    ],
)
def test_the_numbers_that_are_too_large_to_be_tried_out(name, most, seconds):
    rule = limit_table("standard")[name]
    assert (rule.most, rule.seconds) == (most, seconds)


def test_the_budget_is_a_setting():
    assert limit_table("standard", sms_daily_budget=7)["code.stage.day"].most == 7


# The counters


@pytest.mark.req("R-26")
@given(st.lists(st.integers(0, 45), max_size=40))
def test_a_window_begins_with_its_first_event(pauses):
    limits, now, start, count = counters(), NOW, NOW - 60, 0
    for pause in pauses:
        now += pause
        if now >= start + 60:
            start, count = now, 0
        expected = count < 3
        count += expected
        if expected and count == 1:
            start = now
        assert passes(limits, now) is expected


@pytest.mark.req("R-26")
def test_of_any_number_at_once_exactly_the_allowed_pass():
    limits = counters()
    with ThreadPoolExecutor(16) as threads:
        passed = list(threads.map(lambda _: passes(limits), range(64)))
    assert sum(passed) == 3


@pytest.mark.req("R-26")
def test_subjects_and_rules_count_by_themselves():
    limits = counters()
    assert [passes(limits) for _ in range(4)] == [True, True, True, False]
    assert passes(limits, subject="t")
    assert passes(limits, rule="many")


@pytest.mark.req("R-27")
@pytest.mark.parametrize("most", [0, 1, 7, 8, 9, 100])
def test_shared_counters_together_let_exactly_as_many_pass(most):
    limits = counters(Rule("spread", "stage", most, 60, shards=8))
    assert sum(passes(limits, rule="spread") for _ in range(most + 20)) == most
    with pytest.raises(OverLimit) as over:
        limits.take([Hit("spread", "s")], NOW + 20)
    assert (over.value.rule, over.value.retry_after) == ("spread", 40 if most else 60)
    assert sum(passes(limits, NOW + 60, rule="spread") for _ in range(most + 20)) == most


@pytest.mark.req("R-27")
def test_shared_counters_let_exactly_as_many_pass_at_once():
    limits = counters(Rule("spread", "stage", 21, 60, shards=8))
    with ThreadPoolExecutor(16) as threads:
        passed = list(threads.map(lambda _: passes(limits, rule="spread"), range(64)))
    assert sum(passed) == 21


@pytest.mark.req("R-28")
def test_over_a_shared_limit_as_much_is_written():
    limits = counters(Rule("spread", "stage", 3, 60, shards=2))
    hits = [Hit("many", "s"), Hit("spread", "s")]
    for _ in range(3):
        assert limits.takes(hits, NOW)
    writes, limit = limits.counting_alike(hits, NOW)
    assert (len(writes), limit.rule) == (2, "spread")


def test_over_one_limit_nothing_is_counted():
    limits = counters()
    both = [Hit("many", "s"), Hit("few", "s")]
    for _ in range(3):
        limits.take(both, NOW)
    for _ in range(5):
        with pytest.raises(OverLimit) as over:
            limits.take(both, NOW + 20)
        assert (over.value.rule, over.value.retry_after) == ("few", 40)
    assert sum(passes(limits, rule="many") for _ in range(100)) == 97


def test_asking_for_room_counts_nothing():
    limits = counters()
    for _ in range(10):
        limits.require_room([Hit("few", "s")], NOW)
    assert [passes(limits) for _ in range(4)] == [True, True, True, False]
    with pytest.raises(OverLimit):
        limits.require_room([Hit("few", "s")], NOW)


@pytest.mark.req("R-92")
def test_counters_out_of_reach_refuse():
    tables = InterceptedTables(MemoryTables())

    def down(name, call):
        raise Refusal("unavailable")

    tables.around = down
    with pytest.raises(Refusal):
        counters(tables=tables).take([Hit("few", "s")], NOW)
