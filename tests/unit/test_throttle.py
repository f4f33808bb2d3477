"""Waiting after failed passwords."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.adapters.memory_keys import MemoryDataKeys
from chalicelib.adapters.memory_tables import MemoryTables
from chalicelib.domain.limits import DAY
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.throttle import LONGEST_WAIT, MOST_CONSECUTIVE, PasswordThrottle, wait_after
from tests.tables import RewindableTables

NOW = 1_790_000_000
WHO, NETWORK = "account", "203.0.113.7"


@pytest.fixture
def tables():
    return MemoryTables()


@pytest.fixture
def throttle(tables):
    return PasswordThrottle(tables, Keyring("test", MemoryDataKeys()))


@pytest.mark.req("A-04")
@pytest.mark.parametrize(
    ("failures", "wait"),
    [(0, 0), (4, 0), (5, 1), (6, 2), (7, 4), (14, 512), (15, 900), (16, 900), (10_000, 900)],
)
def test_the_wait_doubles_from_the_fifth_failure_up_to_a_quarter_of_an_hour(failures, wait):
    assert wait_after(failures) == wait


@pytest.mark.req("A-04")
def test_guesses_at_once_gain_nothing(throttle):
    with ThreadPoolExecutor(16) as threads:
        taken = list(threads.map(lambda _: throttle.take_try(WHO, NETWORK, NOW), range(32)))
    assert sum(taken) == 5


@pytest.mark.req("A-04")
def test_from_many_networks_at_once_a_hundred_tries_pass(throttle):
    networks = [f"198.51.{place // 256}.{place % 256}" for place in range(300)]
    with ThreadPoolExecutor(4) as threads:
        taken = list(threads.map(lambda network: throttle.take_try(WHO, network, NOW), networks))
    # A try that meets too many others at once is refused: never more than allowed.
    assert 0 < sum(taken) <= MOST_CONSECUTIVE
    for place in range(MOST_CONSECUTIVE):
        throttle.take_try(WHO, f"192.0.2.{place}", NOW)
    assert not throttle.take_try(WHO, "2001:db8::/64", NOW + 365 * 86_400)


@pytest.mark.req("A-04")
def test_a_patient_guesser_gets_a_hundred_tries(throttle):
    taken = [
        throttle.take_try(WHO, NETWORK, NOW + place * LONGEST_WAIT)
        for place in range(MOST_CONSECUTIVE + 5)
    ]
    assert taken == [True] * MOST_CONSECUTIVE + [False] * 5


def test_a_success_forgets_everything(throttle, tables):
    for place in range(MOST_CONSECUTIVE):
        throttle.take_try(WHO, NETWORK, NOW + place * LONGEST_WAIT)
    later = NOW + MOST_CONSECUTIVE * LONGEST_WAIT
    tables.commit(throttle.clear(WHO, NETWORK))
    assert [throttle.take_try(WHO, NETWORK, later) for _ in range(6)] == [True] * 5 + [False]


def test_others_do_not_wait(throttle):
    for _ in range(5):
        throttle.take_try(WHO, NETWORK, NOW)
    assert not throttle.take_try(WHO, NETWORK, NOW)
    assert throttle.take_try("other", NETWORK, NOW)
    assert throttle.take_try(WHO, "198.51.100.9", NOW)


@pytest.mark.req("A-04")
def test_every_count_of_failures_is_forgotten_in_the_end():
    tables = RewindableTables()
    throttle = PasswordThrottle(tables, Keyring("test", MemoryDataKeys()))
    for place in range(3):
        throttle.take_try(WHO, NETWORK, NOW + place)
    kept = sorted(int(row["expires_at"]) - NOW - 2 for row in tables.all_rows().values())
    assert kept == [DAY, 366 * DAY]
