"""What every `Tables` promises."""

import pytest

from chalicelib.stores.tables import (
    ABSENT,
    PRESENT,
    Check,
    ConditionFailed,
    Delete,
    Key,
    Put,
    Row,
    Tables,
    Update,
    When,
)


def row(pk: str, sk: str = "-", **columns: str | int | bytes) -> Row:
    return {"pk": pk, "sk": sk, **columns}


def without_stamp(found: Row | None) -> Row | None:
    """A row without the id of the request that wrote it."""
    return found and {k: v for k, v in found.items() if k != "request"}


def test_a_row_reads_as_it_was_written(tables: Tables, pk: str) -> None:
    written = row(pk, state="open", count=7, sealed=b"\x00\xff", expires_at=1_800_000_000)
    tables.write(Put("codes", written))
    assert without_stamp(tables.get(Key("codes", pk, "-"))) == written
    assert tables.get(Key("codes", pk, "other")) is None
    assert tables.get(Key("sessions", pk, "-")) is None


def test_a_row_is_created_once(tables: Tables, pk: str) -> None:
    tables.write(Put("codes", row(pk, state="first"), ABSENT))
    with pytest.raises(ConditionFailed) as failure:
        tables.write(Put("codes", row(pk, state="second"), ABSENT))
    key = Key("codes", pk, "-")
    assert failure.value.failed == (key,)
    assert failure.value.rows[key]["state"] == "first"
    found = tables.get(key)
    assert found is not None
    assert found["state"] == "first"


def test_an_update_sets_adds_removes_and_answers_the_row(tables: Tables, pk: str) -> None:
    key = Key("codes", pk, "-")
    tables.write(Put("codes", row(pk, state="open", ref="x", count=1)))
    after = tables.write(
        Update(key, set={"state": "used"}, add={"count": 2, "day_count": 1}, remove=("ref",))
    )
    assert without_stamp(after) == row(pk, state="used", count=3, day_count=1)


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        (PRESENT, True),
        (ABSENT, False),
        (When(equal={"state": "open"}), True),
        (When(equal={"state": "used"}), False),
        (When(equal={"ref": "open"}), False),
        (When(equal={"digest": b"\x01"}), True),
        (When(below={"count": 6}), True),
        (When(below={"count": 5}), False),
        (When(above={"count": 4}), True),
        (When(above={"count": 5}), False),
        (When(above={"due": 0}), False),
        (When(below={"due": 9}), False),
        (When(absent=("ref",)), True),
        (When(absent=("state",)), False),
        (When(lapsed_at=100), True),
        (When(lapsed_at=99), False),
        (When(equal={"state": "open"}, below={"count": 6}, above={"expires_at": 99}), True),
        (When(equal={"state": "open"}, below={"count": 5}, above={"expires_at": 99}), False),
    ],
)
def test_conditions(tables: Tables, pk: str, when: When, holds: bool) -> None:
    key = Key("codes", pk, "-")
    tables.write(Put("codes", row(pk, state="open", count=5, digest=b"\x01", expires_at=100)))
    for act in (
        lambda: tables.write(Update(key, set={"at": 1}, when=when)),
        lambda: tables.commit([Check(key, when), Put("codes", row(pk, "beside"))]),
        lambda: tables.commit([Update(key, set={"at": 2}, when=when)]),
        lambda: tables.write(Delete(key, when)),
    ):
        if holds:
            act()
        else:
            with pytest.raises(ConditionFailed):
                act()
    assert (tables.get(key) is None) == holds


def test_a_lapsed_row_and_a_missing_one_may_be_taken(tables: Tables, pk: str) -> None:
    when = When(lapsed_at=100)
    tables.write(Put("codes", row(pk, "a", expires_at=500), when))
    with pytest.raises(ConditionFailed):
        tables.write(Put("codes", row(pk, "a", expires_at=600), when))
    tables.write(Put("codes", row(pk, "a", expires_at=700), When(lapsed_at=500)))


def test_a_commit_is_all_or_nothing(tables: Tables, pk: str) -> None:
    tables.write(Put("accounts", row(pk, "taken")))
    with pytest.raises(ConditionFailed) as failure:
        tables.commit(
            [
                Put("codes", row(pk, "new"), ABSENT),
                Put("accounts", row(pk, "taken"), ABSENT),
                Update(Key("audit", pk, "line"), set={"state": "x"}),
            ]
        )
    assert failure.value.touches(Key("accounts", pk, "taken"))
    assert not failure.value.touches(Key("codes", pk, "new"))
    assert tables.get(Key("codes", pk, "new")) is None
    assert tables.get(Key("audit", pk, "line")) is None


def test_a_commit_writes_puts_updates_and_deletes_over_tables(tables: Tables, pk: str) -> None:
    tables.write(Put("codes", row(pk, "gone")))
    tables.write(Put("codes", row(pk, "kept", state="open")))
    tables.commit(
        [
            Put("accounts", row(pk, "new", count=1), ABSENT),
            Update(Key("codes", pk, "kept"), set={"state": "used"}),
            Delete(Key("codes", pk, "gone"), PRESENT),
        ]
    )
    assert without_stamp(tables.get(Key("accounts", pk, "new"))) == row(pk, "new", count=1)
    assert without_stamp(tables.get(Key("codes", pk, "kept"))) == row(pk, "kept", state="used")
    assert tables.get(Key("codes", pk, "gone")) is None


def test_a_commit_is_of_at_most_100_writes(tables: Tables, pk: str) -> None:
    tables.commit([Put("codes", row(pk, f"{n:03d}")) for n in range(100)])
    assert len(tables.query("codes", pk).rows) == 100
    with pytest.raises(ValueError, match="100"):
        tables.commit([Put("codes", row(pk, f"x{n:03d}")) for n in range(101)])


def test_a_query_reads_one_partition_in_order(tables: Tables, pk: str) -> None:
    for sk in ("b#2", "a#1", "b#1", "b#3", "c#1"):
        tables.write(Put("codes", row(pk, sk)))
    tables.write(Put("codes", row(pk + "x", "b#9")))

    def sks(**how: object) -> list[object]:
        return [found["sk"] for found in tables.query("codes", pk, **how).rows]  # type: ignore[arg-type]

    assert sks() == ["a#1", "b#1", "b#2", "b#3", "c#1"]
    assert sks(prefix="b#") == ["b#1", "b#2", "b#3"]
    assert sks(prefix="b#", newest_first=True) == ["b#3", "b#2", "b#1"]
    first = tables.query("codes", pk, prefix="b#", limit=2)
    assert [found["sk"] for found in first.rows] == ["b#1", "b#2"]
    assert first.next == "b#2"
    rest = tables.query("codes", pk, prefix="b#", limit=2, after=first.next)
    assert [found["sk"] for found in rest.rows] == ["b#3"]
    assert rest.next is None


def test_many_rows_are_read_and_loaded_in_batches(tables: Tables, pk: str) -> None:
    rows = [row(pk, f"{n:03d}", count=n) for n in range(130)]
    tables.load("registry", rows)
    keys = [Key("registry", pk, f"{n:03d}") for n in range(135)]
    found = tables.get_many(keys)
    assert len(found) == 130
    assert found[keys[129]] == rows[129]
    assert tables.get_many([]) == {}


def test_rows_of_several_tables_are_read_at_once(tables: Tables, pk: str) -> None:
    keys = [Key("codes", pk, "-"), Key("reports", pk, "-"), Key("reports", pk, "other")]
    for key in keys[:2]:
        tables.write(Put(key.table, row(pk, state=key.table)))
    found = tables.get_many(keys)
    assert {key: one["state"] for key, one in found.items()} == {
        keys[0]: "codes",
        keys[1]: "reports",
    }


def test_rows_that_are_due_are_found_by_bucket(tables: Tables, pk: str) -> None:
    for sk, expires_at in (("a", 10), ("b", 20), ("c", 30)):
        tables.write(Put("codes", row(pk, sk, bucket=f"bucket {pk}", expires_at=expires_at)))
    due = tables.due("codes", f"bucket {pk}", until=20, limit=10)
    assert {key.sk for key in due} == {"a", "b"}
    assert len(tables.due("codes", f"bucket {pk}", until=20, limit=1)) == 1
    assert not tables.due("codes", "another", until=20, limit=10)
