"""Pairs of tokens: which serve, which are spent, and what is kept of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.adapters.memory_keys import MemoryDataKeys
from chalicelib.adapters.randomness import SystemRandomness
from chalicelib.stores.keyring import Keyring, SealBroken
from chalicelib.stores.sessions import (
    GRACE_SECONDS,
    IDLE_SECONDS,
    Principal,
    Session,
    Sessions,
    with_fresh_pair,
)
from tests.tables import RewindableTables

NOW = 1_790_000_000
RANDOM = SystemRandomness()


class Held:
    """A session in a table, refreshed as its holder does."""

    def __init__(self):
        self.tables = RewindableTables()
        self.sessions = Sessions(self.tables, Keyring("test", MemoryDataKeys()))
        principal = Principal(
            account_id=RANDOM.identifier(), session_id=RANDOM.identifier(), proof_level="phone"
        )
        bare = Session(principal=principal, device="", place="", started_at=NOW, last_used_at=NOW)
        session, self.pair = self.fresh(bare, NOW)
        self.tables.write(self.sessions.starting(session))

    def fresh(self, session, now, used=None):
        secrets = (RANDOM.token(), RANDOM.token())
        return with_fresh_pair(session, secrets=secrets, now=now, used=used)

    def refresh(self, token, now):
        """A pair, or the verdict where there is none."""
        session, verdict = self.sessions.of_refresh_token(token, now)
        if session is None or verdict == "reused":
            return verdict
        changed, pair = self.fresh(session, now, token)
        assert self.sessions.change(changed)
        return pair


@pytest.fixture
def held():
    return Held()


STEPS = st.tuples(st.sampled_from(["newest", "oldest", "again", "look"]), st.integers(0, 70))


@given(st.lists(STEPS, max_size=25))
def test_a_fresh_token_serves_and_a_used_one_is_spent(steps):
    """Whichever of the live tokens is used: it is spent, the fresh one serves, and so on."""
    held, now = Held(), NOW
    live: list[str] = [held.pair.refresh_token]
    spent: dict[str, int] = {}
    for kind, pause in steps:
        now += pause
        if kind == "look":
            for token, at in spent.items():
                expected = "grace" if now - at <= GRACE_SECONDS else "reused"
                assert held.sessions.of_refresh_token(token, now)[1] == expected
            continue
        if kind == "again" and any(now - at <= GRACE_SECONDS for at in spent.values()):
            token = max(spent, key=lambda one: spent[one])
        else:
            token = live.pop(-1 if kind == "newest" else 0)
            spent[token] = now
        pair = held.refresh(token, now)
        live = [*live, pair.refresh_token][-3:]
        assert held.sessions.of_access_token(pair.access_token, now) is not None


def test_two_refreshes_at_once_cannot_both_write(held):
    session, _ = held.sessions.of_refresh_token(held.pair.refresh_token, NOW)
    writes = [held.fresh(session, NOW, held.pair.refresh_token)[0] for _ in range(2)]
    assert [held.sessions.change(write) for write in writes] == [True, False]


def test_only_digests_are_kept(held):
    pair = held.refresh(held.pair.refresh_token, NOW)
    kept = repr(held.tables.all_rows())
    session = held.sessions.of_access_token(pair.access_token, NOW)
    for secret in (pair.access_token, pair.refresh_token, held.pair.refresh_token):
        assert secret[-43:] not in kept
        assert secret[-43:] not in repr(session)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B"),
        lambda token: "r" + token[1:],
        lambda token: token[:-1],
        lambda token: token + "A",
        lambda token: token[0] + "A" * 22 + token[23:],
        lambda token: token[:23] + "A" * 22 + token[45:],
        lambda _: "",
    ],
)
def test_a_spoilt_token_finds_nothing(held, spoil):
    assert held.sessions.of_access_token(spoil(held.pair.access_token), NOW) is None
    assert held.sessions.of_access_token(held.pair.access_token, NOW) is not None


@pytest.mark.req("R-23")
def test_an_idle_session_is_over_although_its_row_is_there(held):
    token = held.pair.refresh_token
    assert held.sessions.of_refresh_token(token, NOW + IDLE_SECONDS - 1)[1] == "live"
    assert held.sessions.of_refresh_token(token, NOW + IDLE_SECONDS) == (None, "unknown")
    assert len(held.tables.all_rows()) == 1


def test_a_row_moved_to_another_account_does_not_open(held):
    [row] = held.tables.all_rows().values()
    other = "A" * 22
    held.tables.load("sessions", [{**row, "pk": f"account#{other}"}])
    stolen = held.pair.access_token[0] + other + held.pair.access_token[23:]
    with pytest.raises(SealBroken):
        held.sessions.of_access_token(stolen, NOW)
