"""How commits in DynamoDB tell their own work from somebody else's, when answers get lost."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.domain.errors import Refusal
from chalicelib.stores.tables import (
    ABSENT,
    PRESENT,
    Check,
    ConditionFailed,
    Delete,
    Key,
    Put,
    Row,
    Update,
    When,
    Write,
)
from infra.local import aws
from infra.provision import provision
from tests.wire import Attempt, Cut, Fault, around_wire, broken, operation

OPEN = When(equal={"state": "open"})


@pytest.fixture(scope="module")
def tables() -> Iterator[DynamoTables]:
    """DynamoDB on moto, which ignores request tokens: what is told apart is told by the rows."""
    with pytest.MonkeyPatch.context() as environment, mock_aws():
        environment.delenv("AWS_ENDPOINT_URL", raising=False)
        provision("test", region=aws.REGION, mail_sender="archive@example.com")
        yield DynamoTables(region=aws.REGION, prefix="archive-test", pause=lambda _: None)


def key(name: str) -> Key:
    return Key("codes", f"commit#{name}", "-")


def row(name: str, **columns: str | int | bytes) -> Row:
    return {"pk": f"commit#{name}", "sk": "-", **columns}


@pytest.fixture(autouse=True)
def present_rows(tables: DynamoTables) -> None:
    """Two rows that are there, and none of those that a commit makes."""
    for name in ("open", "other"):
        tables.write(Put("codes", row(name, state="open", count=0)))
    for name in ("new", "newer"):
        tables.write(Delete(key(name)))


COMMITS: dict[str, Callable[[], Sequence[Write]]] = {
    "a put where nothing was": lambda: [Put("codes", row("new"), ABSENT)],
    "a conditional update": lambda: [Update(key("open"), set={"state": "used"}, when=OPEN)],
    "a conditional delete beside a put": lambda: [
        Put("codes", row("new")),
        Delete(key("open"), PRESENT),
    ],
    "a conditional delete beside an update": lambda: [
        Update(key("other"), set={"state": "used"}),
        Delete(key("open"), OPEN),
    ],
    "a check beside an update": lambda: [
        Check(key("other"), OPEN),
        Update(key("open"), set={"state": "used"}, when=OPEN),
    ],
    "all kinds": lambda: [
        Put("codes", row("new"), ABSENT),
        Put("codes", row("newer")),
        Update(key("other"), add={"count": 1}, when=When(below={"count": 1})),
        Delete(key("open"), PRESENT),
    ],
}


@pytest.mark.req("R-03")
@pytest.mark.parametrize("fault", ["failed after", "timed out after"])
@pytest.mark.parametrize("commit", COMMITS)
def test_a_commit_meets_itself_when_its_answer_was_lost(
    tables: DynamoTables, commit: str, fault: Fault
) -> None:
    cut = Cut(fault, place=0, times=1)
    with around_wire(cut):
        tables.commit(COMMITS[commit]())
    assert cut.seen >= 2
    with pytest.raises(ConditionFailed):
        tables.commit(COMMITS[commit]())


@pytest.mark.req("R-21")
@pytest.mark.parametrize("fault", ["failed after", "timed out after"])
@pytest.mark.parametrize("when", [When(below={"count": 5}), None])
def test_a_lost_answer_does_not_count_twice(
    tables: DynamoTables, fault: Fault, when: When | None
) -> None:
    """A code's tries: the SDK repeats an attempt that was applied."""
    cut = Cut(fault, place=0, times=1)
    with around_wire(cut):
        after = tables.write(Update(key("open"), add={"count": 1}, when=when))
    assert cut.seen >= 2
    assert after is not None
    assert (after["count"], (tables.get(key("open")) or {})["count"]) == (1, 1)
    tables.write(Update(key("open"), add={"count": 1}, when=when))
    assert (tables.get(key("open")) or {})["count"] == 2


@pytest.mark.req("R-03")
@pytest.mark.parametrize(
    "write",
    [
        Put("codes", row("new", state="open"), ABSENT),
        Update(key("open"), add={"count": 1}, when=When(below={"count": 1})),
    ],
    ids=["a put where nothing was", "the last of a counter"],
)
def test_a_write_meets_itself_when_its_answer_was_lost(tables: DynamoTables, write: Write) -> None:
    assert isinstance(write, Put | Update)
    with around_wire(Cut("failed after", place=0, times=1)):
        tables.write(write)
    assert tables.get(write.key)
    with pytest.raises(ConditionFailed):
        tables.write(write)


@pytest.mark.req("R-03")
@pytest.mark.parametrize("commit", COMMITS)
def test_a_commit_that_somebody_else_made_first_is_refused(
    tables: DynamoTables, commit: str
) -> None:
    tables.commit(COMMITS[commit]())
    with around_wire(Cut("failed before", place=0, times=1)), pytest.raises(ConditionFailed):
        tables.commit(COMMITS[commit]())


@pytest.mark.req("R-03")
@pytest.mark.parametrize("commit", COMMITS)
def test_each_attempt_of_the_sdk_carries_the_same_token_and_each_commit_another(
    tables: DynamoTables, commit: str
) -> None:
    """DynamoDB itself then answers a repeated transaction as it answered the first."""
    tokens: list[bytes] = []

    def watch(request: Any, attempt: Attempt) -> Any:
        if operation(request) != "TransactWriteItems":
            return attempt()
        tokens.append(request.body.partition(b'"ClientRequestToken"')[2][:50])
        return broken("failed after", request, attempt) if len(tokens) == 1 else attempt()

    with around_wire(watch):
        tables.commit(COMMITS[commit]())
        with pytest.raises(ConditionFailed):
            tables.commit(COMMITS[commit]())
    assert len(tokens) == 3
    assert tokens[0] == tokens[1] != tokens[2]
    assert tokens[0].strip(b': "')


@pytest.mark.req("R-03")
def test_deletes_alone_are_told_apart_by_the_request_token(tables: DynamoTables) -> None:
    """Nothing of them is left to read; moto, which ignores the token, shows what that means."""
    with (
        around_wire(Cut("timed out after", place=0, times=1)),
        pytest.raises(ConditionFailed) as failure,
    ):
        tables.commit([Delete(key("open"), PRESENT)])
    assert failure.value.failed == (key("open"),)


@pytest.mark.req("R-90")
@pytest.mark.parametrize("fault", ["throttled", "failed before", "failed after", "timed out after"])
def test_an_outage_is_unavailable_and_never_a_conflict(tables: DynamoTables, fault: Fault) -> None:
    with around_wire(Cut(fault, place=0, times=99)), pytest.raises(Refusal) as refusal:
        tables.commit([Put("codes", row("new"), ABSENT)])
    assert refusal.value.code == "unavailable"
    assert refusal.value.retry_after
    assert (tables.get(key("new")) is not None) == fault.endswith("after")


@pytest.mark.req("R-90")
@pytest.mark.parametrize("fault", ["throttled", "failed before", "timed out after"])
@pytest.mark.parametrize(
    "call",
    [
        lambda tables: tables.get(key("open")),
        lambda tables: tables.get_many([key("open")]),
        lambda tables: tables.query("codes", "commit#open"),
        lambda tables: tables.due("codes", "2026010101#0", until=1, limit=1),
        lambda tables: tables.write(Update(key("open"), add={"count": 1})),
        lambda tables: tables.load("codes", [row("new")]),
    ],
    ids=["get", "get_many", "query", "due", "write", "load"],
)
def test_every_call_in_an_outage_is_unavailable(
    tables: DynamoTables, call: Callable[[DynamoTables], Any], fault: Fault
) -> None:
    with around_wire(Cut(fault, place=0, times=99)), pytest.raises(Refusal) as refusal:
        call(tables)
    assert refusal.value.code == "unavailable"


@pytest.mark.req("R-90")
def test_the_sdk_gives_up_after_three_attempts(tables: DynamoTables) -> None:
    cut = Cut("throttled", place=0, times=99)
    with around_wire(cut), pytest.raises(Refusal):
        tables.get(key("open"))
    assert cut.seen == 3


@pytest.mark.req("R-90")
@pytest.mark.parametrize(("conflicts", "succeeds"), [(7, True), (8, False)])
def test_a_conflict_of_transactions_is_tried_again(
    tables: DynamoTables, conflicts: int, succeeds: bool
) -> None:
    """No emulator answers so; DynamoDB does whenever two transactions meet on a row."""
    seen: list[bytes] = []

    def conflict(request: Any, attempt: Attempt) -> Any:
        seen.append(request.body)
        return conflicting(request) if len(seen) <= conflicts else attempt()

    with around_wire(conflict):
        if succeeds:
            tables.commit([Put("codes", row("new"), ABSENT)])
        else:
            with pytest.raises(Refusal) as refusal:
                tables.commit([Put("codes", row("new"), ABSENT)])
            assert refusal.value.code == "unavailable"
    assert len(set(seen)) == 1, "the same request with the same token"


@pytest.mark.req("R-90")
@pytest.mark.parametrize(("conflicts", "succeeds"), [(7, True), (8, False)])
def test_a_write_that_meets_a_transaction_is_tried_again(
    tables: DynamoTables, conflicts: int, succeeds: bool
) -> None:
    """No emulator answers so; DynamoDB does when a transaction is at work on the row."""
    seen = 0

    def conflict(request: Any, attempt: Attempt) -> Any:
        nonlocal seen
        seen += 1
        if seen > conflicts:
            return attempt()
        (response, parsed), error = broken("throttled", request, lambda: None)
        parsed["Error"]["Code"] = "TransactionConflictException"
        return (response, parsed), error

    with around_wire(conflict):
        if succeeds:
            tables.write(Put("codes", row("new"), ABSENT))
        else:
            with pytest.raises(Refusal) as refusal:
                tables.write(Put("codes", row("new"), ABSENT))
            assert refusal.value.code == "unavailable"


def conflicting(request: Any) -> Any:
    (response, parsed), error = broken("throttled", request, lambda: None)
    parsed["Error"]["Code"] = "TransactionCanceledException"
    parsed["CancellationReasons"] = [{"Code": "TransactionConflict", "Message": ""}]
    return (response, parsed), error
