"""A report of the local run, signed by its KMS, checked by others: by file, credential and list."""

import subprocess
import time
from typing import Any

import pytest

from infra.verification.check import Context, check
from infra.verification.keys import read_keys
from tests.journey.server import LocalServer
from tests.journey.student import Student

pytestmark = pytest.mark.local

PUBLISHED_WITHIN = 90
"""Seconds: the schedules of a local run start once a minute."""


@pytest.fixture(scope="module")
def owner(server: LocalServer) -> Student:
    return Student(server, server.people()[90], "signed@example.com").arrive()


@pytest.fixture(scope="module")
def report(owner: Student) -> Any:
    record = owner.get("/archive/credentials").json["items"][0]
    body = {
        "kind": "credential",
        "record_id": record["record_id"],
        "language": "zh+en",
        "valid_months": 1,
        "disclosure": "full",
    }
    return owner.call("POST", "/reports", body).json


def published(server: LocalServer, uri: str, known: str = "") -> str:
    """The status list, once there is one that is not the known one."""
    path = uri.removeprefix(server.origin)
    server.later(0)  # rather than wait for the minute
    deadline = time.monotonic() + PUBLISHED_WITHIN
    while time.monotonic() < deadline:
        found = server.call("GET", path)
        if found.status == 200 and found.content.decode() != known:
            return str(found.content.decode())
        time.sleep(1)
    pytest.fail("no status list was published")


@pytest.mark.req("R-53")
def test_file_credential_and_list_hold_by_the_published_keys(server, owner, report, tmp_path):
    pdf = owner.get(f"/reports/{report['report_id']}/pdf").content
    credential = owner.get(f"/reports/{report['report_id']}/credential").content
    keys = read_keys(server.call("GET", "/api/.well-known/jwks.json").content)
    context = Context(keys=keys, now=int(server.now()), origin=server.origin)
    alone = check(pdf, context)
    assert (alone.checks.signature, alone.checks.status) == ("passed", "not_checked")
    assert alone.report["name"] == owner.person["name"]
    assert check(credential, context).checks.signature == "passed"
    uri = alone.report["status_list"]["uri"]
    listed = published(server, uri)
    found = check(pdf, Context(keys=keys, now=int(server.now()), lists={uri: listed}))
    assert (found.checks.status, found.checks.currency) == ("passed", "passed")
    file = tmp_path / "report.pdf"
    file.write_bytes(pdf)
    said = subprocess.run(
        ["pdfsig", "-nocert", file], capture_output=True, text=True, check=False
    ).stdout
    assert "Signature is Valid." in said
    assert "Total document signed" in said
    assert owner.call("DELETE", f"/reports/{report['report_id']}").status == 204
    after = published(server, uri, known=listed)
    closed = check(pdf, Context(keys=keys, now=int(server.now()), lists={uri: after}))
    assert (closed.checks.signature, closed.checks.status) == ("passed", "failed")
