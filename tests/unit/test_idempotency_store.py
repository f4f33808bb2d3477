"""Claims of idempotency keys under concurrency, and what is kept of a request."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from chalicelib.adapters.memory_keys import MemoryDataKeys
from chalicelib.domain.errors import Refusal
from chalicelib.stores.idempotency import (
    CLAIM_SECONDS,
    KEEP_SECONDS,
    Claim,
    Idempotency,
    StoredReply,
)
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.tables import ConditionFailed
from tests.tables import RewindableTables

NOW = 1_790_000_000
REPLY = StoredReply(201, b'{"name":"\xe7\x8e\x8b"}')


@pytest.fixture
def tables():
    return RewindableTables()


@pytest.fixture
def kept(tables):
    return Idempotency(tables, Keyring("test", MemoryDataKeys()))


def claimed(kept, owner="first", *, scope="POST /x me", key="key", body="{}", now=NOW):
    """A claim, a reply, or the code of the refusal."""
    try:
        return kept.claim(scope, key, body, owner=owner, now=now)
    except Refusal as refusal:
        return refusal.code


def claims_at_once(kept, now):
    with ThreadPoolExecutor(16) as threads:
        outcomes = list(threads.map(lambda n: claimed(kept, f"w{n}", now=now), range(32)))
    return sum(isinstance(outcome, Claim) for outcome in outcomes)


@pytest.mark.req("R-85")
def test_of_requests_at_once_one_does_the_work(kept):
    assert claims_at_once(kept, NOW) == 1


@pytest.mark.req("R-85")
def test_a_dead_workers_claim_is_taken_over_by_one(kept):
    claimed(kept)
    assert claims_at_once(kept, NOW + CLAIM_SECONDS - 1) == 0
    assert claims_at_once(kept, NOW + CLAIM_SECONDS) == 1


@pytest.mark.req("R-03")
def test_a_claim_whose_answer_was_lost_is_the_workers_own(kept):
    assert claimed(kept) == claimed(kept)


def test_whoever_was_overtaken_can_neither_complete_nor_give_back(kept, tables):
    slow = claimed(kept, "slow")
    quick = claimed(kept, "quick", now=NOW + CLAIM_SECONDS)
    with pytest.raises(ConditionFailed):
        tables.commit([kept.completing(slow, REPLY)])
    kept.complete(slow, StoredReply(500, b""))
    kept.abandon(slow)
    tables.commit([kept.completing(quick, REPLY)])
    assert claimed(kept, "third") == REPLY


def test_a_reply_is_kept_for_a_day(kept):
    kept.complete(claimed(kept), REPLY)
    assert claimed(kept, "second", now=NOW + KEEP_SECONDS - 1) == REPLY
    assert isinstance(claimed(kept, "second", now=NOW + KEEP_SECONDS), Claim)


def test_a_key_that_was_given_back_is_free(kept):
    kept.abandon(claimed(kept))
    assert isinstance(claimed(kept, "second"), Claim)


def test_a_reply_is_not_given_back(kept):
    claim = claimed(kept)
    kept.complete(claim, REPLY)
    kept.abandon(claim)
    assert claimed(kept, "second") == REPLY


@pytest.mark.parametrize("done", [True, False])
def test_another_body_is_refused_whether_or_not_the_first_is_done(kept, done):
    claim = claimed(kept)
    if done:
        kept.complete(claim, REPLY)
    assert claimed(kept, "second", body="{ }") == "idempotency_key_reused"


@pytest.mark.parametrize(
    "elsewhere", [{"scope": "POST /x you"}, {"scope": "POST /y me"}, {"key": "Key"}]
)
def test_a_key_is_of_its_caller_and_route(kept, elsewhere):
    kept.complete(claimed(kept), REPLY)
    assert isinstance(claimed(kept, "second", **elsewhere), Claim)


@pytest.mark.req("R-60")
def test_neither_key_nor_body_nor_reply_stands_in_the_table(kept, tables):
    kept.complete(claimed(kept, key="the-callers-key", body="the-body"), REPLY)
    rows = repr(tables.all_rows())
    for secret in ("the-callers-key", "the-body", "POST /x", "name", REPLY.body.hex()):
        assert secret not in rows
