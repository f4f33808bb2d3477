"""The published lists of statuses: signed, current within a minute, telling nothing else."""

import dataclasses
from typing import Any

import pytest

from chalicelib import jobs
from chalicelib.api.application import build
from chalicelib.domain.instants import plus_months
from chalicelib.domain.status_lists import (
    LIFETIME_SECONDS,
    RENEW_SECONDS,
    STATUS_LIST,
    bits_of,
    status_in,
)
from chalicelib.stores.tables import Key
from infra.local.gateway import Gateway
from tests.api.test_report import issue, issued
from tests.leaving import PAUSE, ask_to_close, run_to_the_end
from tests.records import WANG
from tests.world import ORIGIN, START, Answer, World

MINUTE = 60


def published(archive: World, list_id: str = "202611-1") -> Answer:
    return archive.client.call("GET", f"/status-lists/{list_id}")


def pointer(archive: World, report: dict[str, Any]) -> dict[str, Any]:
    answer = archive.client.call("GET", f"/verifications/{report['verification_code']}")
    return dict(answer.json["report"]["status_list"])


def status(archive: World, where: dict[str, Any]) -> int:
    """What the list says of a place, checked as a verifier does."""
    answer = published(archive, where["uri"].rpartition("/")[2])
    assert answer.status == 200
    claims = archive.ports.signatures.claims(answer.content.decode(), STATUS_LIST)
    assert claims["sub"] == where["uri"]
    assert claims["iat"] <= archive.clock() < claims["exp"]
    return status_in(bits_of(claims), where["idx"])


def next_minute(archive: World) -> None:
    archive.clock.advance(MINUTE)
    jobs.publish_statuses(archive.ports)


def catch_up(archive: World) -> None:
    """Run until nothing is left of a standstill: each run looks at a day at most."""
    while archive.ports.statuses.looked_at() != archive.clock() // MINUTE:
        jobs.publish_statuses(archive.ports)


def test_a_fresh_report_is_valid_in_a_list(archive):
    _, report = issued(archive)
    where = pointer(archive, report)
    assert where["uri"] == f"{ORIGIN}/api/status-lists/202611-1"
    jobs.publish_statuses(archive.ports)
    assert status(archive, where) == 0


def test_lists_are_text_that_may_be_kept_for_a_moment(archive):
    jobs.publish_statuses(archive.ports)
    answer = published(archive)
    assert answer.headers["Content-Type"] == "application/statuslist+jwt"
    assert answer.headers["Cache-Control"] == "public, max-age=15"
    assert published(archive, "202612-1").status == 200  # ready before the month begins


@pytest.mark.parametrize("list_id", ["202601-1", "x", "-", "202611-2", "..", "%23"])
def test_there_is_no_other_list(archive, list_id):
    jobs.publish_statuses(archive.ports)
    assert published(archive, list_id).code == "not_found"


def close(archive, client, report):
    assert client.call("DELETE", f"/reports/{report['report_id']}").status == 204


def change_record(archive, client, report):
    refile(archive, report, "superseded")


def void_record(archive, client, report):
    refile(archive, report, "revoked")


def refile(archive, report, state):
    """What `RecordFiling` does when the institution delivers the record changed or void."""
    withdrawing = archive.ports.reports.withdrawing(report["record_id"], state, archive.clock())
    assert [each.report_id for each, _ in withdrawing] == [report["report_id"]]
    for _, writes in withdrawing:
        archive.ports.tables.commit(writes)


@pytest.mark.parametrize("happens", [close, change_record, void_record])
def test_what_happens_to_a_report_shows_within_a_minute(archive, happens):
    client, report = issued(archive)
    where = pointer(archive, report)
    jobs.publish_statuses(archive.ports)
    happens(archive, client, report)
    next_minute(archive)
    assert status(archive, where) == 1


def test_expiry_shows_within_a_minute_and_an_extension_takes_it_back(archive):
    _, report = issued(archive, valid_months=1)
    where = pointer(archive, report)
    jobs.publish_statuses(archive.ports)
    archive.clock.instant = plus_months(START, 1) - 1
    catch_up(archive)
    assert status(archive, where) == 0
    next_minute(archive)
    assert status(archive, where) == 1
    client = archive.sign_in(WANG)
    extended = client.call("PATCH", f"/reports/{report['report_id']}", {"extend_months": 2})
    assert extended.status == 200
    next_minute(archive)
    assert status(archive, where) == 0
    archive.clock.instant = plus_months(archive.clock.instant, 2)
    catch_up(archive)
    assert status(archive, where) == 1


def test_a_closed_account_takes_its_reports_out(archive):
    client, report = issued(archive)
    where = pointer(archive, report)
    jobs.publish_statuses(archive.ports)
    assert ask_to_close(archive, client).status == 202
    archive.clock.advance(PAUSE)
    run_to_the_end(archive)
    catch_up(archive)
    assert status(archive, where) == 1


def test_after_a_standstill_nothing_is_missed(archive):
    client, report = issued(archive)
    where = pointer(archive, report)
    jobs.publish_statuses(archive.ports)
    close(archive, client, report)
    archive.clock.advance(3 * 86_400)
    catch_up(archive)
    assert status(archive, where) == 1


def test_a_commit_that_ends_late_is_not_missed(archive):
    """Its change stands in a minute that was looked at before it ended."""
    client, report = issued(archive)
    where = pointer(archive, report)
    archive.clock.advance(MINUTE)
    began = archive.clock.instant
    archive.clock.advance(2 * MINUTE)
    jobs.publish_statuses(archive.ports)
    archive.clock.instant = began
    close(archive, client, report)
    archive.clock.instant = began + 3 * MINUTE
    jobs.publish_statuses(archive.ports)
    assert status(archive, where) == 1


def test_nothing_is_signed_where_nothing_changes(archive):
    issued(archive)
    assert jobs.publish_statuses(archive.ports) == 2
    before = published(archive).content
    archive.clock.advance(MINUTE)
    assert jobs.publish_statuses(archive.ports) == 0
    assert published(archive).content == before


def test_a_list_is_signed_again_before_it_grows_old(archive):
    jobs.publish_statuses(archive.ports)
    before = published(archive).content
    archive.clock.advance(RENEW_SECONDS)
    assert jobs.publish_statuses(archive.ports) == 2
    assert published(archive).content != before
    assert RENEW_SECONDS + 10 * MINUTE < LIFETIME_SECONDS


def test_changes_that_were_looked_at_are_forgotten(archive):
    client, report = issued(archive)
    close(archive, client, report)
    minute = archive.clock() // MINUTE
    for _ in range(8):
        jobs.publish_statuses(archive.ports)
        archive.clock.advance(MINUTE)
    assert archive.ports.statuses.changes(minute) == []


def test_a_taken_place_is_not_given_twice(archive):
    """The second report meets the place of the first, and gets another."""
    client, first = issued(archive)
    where = pointer(archive, first)

    class Repeating:
        def __init__(self, source) -> None:
            self._source, self._again = source, 2

        def bytes(self, count: int) -> bytes:
            if count == 4 and self._again:
                self._again -= 1
                return int(where["idx"]).to_bytes(4)
            return bytes(self._source.bytes(count))

        def __getattr__(self, name: str):
            return getattr(self._source, name)

    ports = dataclasses.replace(archive.ports, random=Repeating(archive.ports.random))
    again = type(client)(Gateway(build(None, lambda: ports, cors_origins=tuple)))
    again.token = client.token
    second = issue(again, first["record_id"])
    assert second.status == 201
    assert pointer(archive, second.json)["idx"] != where["idx"]
    assert (
        archive.client.call("GET", f"/verifications/{second.json['verification_code']}").json[
            "checks"
        ]["signature"]
        == "passed"
    )


def test_a_list_says_nothing_of_a_report(archive):
    client, report = issued(archive)
    close(archive, client, report)
    jobs.publish_statuses(archive.ports)
    claims = archive.ports.signatures.claims(published(archive).content.decode(), STATUS_LIST)
    assert set(claims) == {"sub", "iat", "exp", "ttl", "status_list"}
    row = archive.ports.tables.get(Key("reports", "statuses#202611-1", "-"))
    assert row is not None
    assert set(row) == {"pk", "sk", "version", "sealed"}


def test_two_at_once_lose_nothing(archive):
    client, report = issued(archive)
    where = pointer(archive, report)
    jobs.publish_statuses(archive.ports)
    stale = archive.ports.statuses.read("202611-1")
    close(archive, client, report)
    next_minute(archive)
    with pytest.raises(Exception, match="reports"):
        archive.ports.statuses.keep("202611-1", stale, archive.clock())
    assert status(archive, where) == 1
