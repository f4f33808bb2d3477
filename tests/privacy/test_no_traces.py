"""After a canary's whole journey nothing of the person is found where it must not be."""

import pytest

from tests.privacy.canary import CANARY
from tests.privacy.conftest import Evidence
from tests.privacy.traces import digests, found_in, traces

NEEDLES = {what: traces(value) for what, value in CANARY.values.items()}


@pytest.mark.req("R-60")
def test_the_search_would_find_the_canary_where_messages_are_sent(evidence: Evidence) -> None:
    found = found_in(NEEDLES, evidence.sent)
    assert {"phone in body to AWS", "e-mail in body to AWS"} <= found


@pytest.mark.req("R-60")
def test_no_row_holds_anything_of_the_person(evidence: Evidence) -> None:
    assert len(evidence.rows) > 50
    assert not found_in(NEEDLES, evidence.rows)


@pytest.mark.req("R-60")
def test_no_object_and_no_objects_key_does(evidence: Evidence) -> None:
    assert evidence.objects
    assert not found_in(NEEDLES, evidence.objects)


@pytest.mark.req("R-60")
def test_no_request_to_aws_does_but_the_messages(evidence: Evidence) -> None:
    """Bodies to the tables, the queue, the keys and the buckets; and every URL."""
    assert len(evidence.requests) > 500
    assert not found_in(NEEDLES, evidence.requests)


@pytest.mark.req("R-60")
def test_no_log_does_at_debug(evidence: Evidence) -> None:
    names = {where for where, _ in evidence.logs}
    assert {"log of student-archive", "log of pynamodb.connection.base"} <= names
    assert any(b"crashed" in line for _, line in evidence.logs)
    assert not found_in(NEEDLES, evidence.logs)


@pytest.mark.req("R-25")
def test_a_guess_without_the_keys_finds_nothing_in_a_dump(evidence: Evidence) -> None:
    guesses = {
        what: digests(value)
        | digests(value.casefold())
        | digests(f"id:{value}")
        | digests(f"resident_id:{value}")
        | digests(f"+86{value}")
        for what, value in CANARY.values.items()
    }
    assert not found_in(guesses, evidence.rows)
