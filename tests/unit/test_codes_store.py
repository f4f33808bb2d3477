"""Codes and tokens: what they are bound to, and how often they work under concurrency."""

from concurrent.futures import ThreadPoolExecutor
from itertools import permutations, product

import msgspec
import pytest

from chalicelib.adapters.memory_keys import MemoryDataKeys
from chalicelib.adapters.memory_tables import MemoryTables
from chalicelib.stores.codes import MOST_TRIES, Codes, Proof
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.tables import ConditionFailed
from tests.tables import RewindableTables

NOW = 1_790_000_000
CODE = "123456"
PROOF = Proof(purpose="register", channel="sms", destination="+8619900000001")


def store(tables=None, seed="tests"):
    tables = tables or MemoryTables()
    return Codes(tables, Keyring("test", MemoryDataKeys(seed))), tables


def sent(codes, tables, challenge_id="c", proof=PROOF):
    tables.commit(codes.sending(challenge_id, proof, CODE, NOW + 300))
    return codes.challenge(challenge_id, NOW)


def at_once(action, times=32):
    """How many of so many threads succeeded."""
    with ThreadPoolExecutor(16) as threads:
        return sum(threads.map(lambda _: action(), range(times)))


def committed(tables, write):
    try:
        tables.commit([write])
    except ConditionFailed:
        return False
    return True


@pytest.mark.req("R-24")
def test_the_same_code_is_kept_differently_for_each_challenge_purpose_and_destination():
    codes, _ = store()
    challenges = [
        sent(*store(), challenge_id, Proof(purpose=purpose, channel="sms", destination=phone))
        for challenge_id, purpose, phone in product(
            ("c", "d"), ("register", "appeal"), ("+8619900000001", "+8619900000002")
        )
    ]
    for mine, other in permutations(challenges, 2):
        moved = msgspec.structs.replace(mine, digest=other.digest)
        assert codes.matches(mine, CODE)
        assert not codes.matches(moved, CODE)


@pytest.mark.req("R-25")
def test_the_same_code_under_other_keys_is_kept_differently():
    digests = [sent(*store(seed=seed)).digest for seed in ("these", "those")]
    assert digests[0] != digests[1]


@pytest.mark.req("R-25")
def test_no_code_token_or_destination_stands_in_the_table():
    codes, tables = store(RewindableTables())
    sent(codes, tables)
    tables.commit([codes.issuing_token("t" * 43, PROOF, NOW + 600)])
    kept = repr(tables.all_rows())
    for secret in (CODE, "t" * 43, PROOF.destination, PROOF.destination[3:]):
        assert secret not in kept


@pytest.mark.req("R-21")
def test_of_any_number_of_guesses_at_once_five_are_compared():
    codes, tables = store()
    challenge = sent(codes, tables)
    assert at_once(lambda: codes.take_try(challenge, NOW)) == MOST_TRIES


@pytest.mark.req("R-22")
def test_a_challenge_and_a_token_are_used_up_by_one():
    codes, tables = store()
    challenge = sent(codes, tables)
    assert at_once(lambda: committed(tables, codes.consuming(challenge))) == 1
    tables.commit([codes.issuing_token("t", PROOF, NOW + 600)])
    assert at_once(lambda: committed(tables, codes.spending("t", NOW))) == 1


def test_a_newer_challenge_voids_the_older_even_between_try_and_use():
    codes, tables = store()
    older = sent(codes, tables, "older")
    assert codes.take_try(older, NOW)
    newer = sent(codes, tables, "newer")
    assert not committed(tables, codes.consuming(older))
    assert not codes.take_try(older, NOW)
    assert codes.take_try(newer, NOW)
    assert committed(tables, codes.consuming(newer))


def test_another_accounts_sign_in_to_the_same_phone_voids_nothing():
    codes, tables = store()
    one, other = (
        sent(codes, tables, account_id, msgspec.structs.replace(PROOF, account_id=account_id))
        for account_id in ("a", "b")
    )
    assert codes.take_try(one, NOW)
    assert codes.take_try(other, NOW)


@pytest.mark.parametrize(("tries", "live"), [(4, True), (5, False)])
def test_a_challenge_without_tries_is_not_live(tries, live):
    codes, tables = store()
    challenge = sent(codes, tables)
    for _ in range(tries):
        codes.take_try(challenge, NOW)
    assert (codes.live_challenge(PROOF, NOW) is not None) is live
    assert codes.live_challenge(PROOF, NOW + 300) is None


@pytest.mark.req("R-24")
def test_a_token_proves_for_its_purpose_only():
    codes, tables = store()
    tables.commit([codes.issuing_token("t", PROOF, NOW + 600)])
    assert codes.proof_of("t", "register", NOW + 599) == PROOF
    assert codes.proof_of("t", "appeal", NOW) is None
    assert codes.proof_of("t", "register", NOW + 600) is None
