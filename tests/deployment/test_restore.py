"""A deployed stage goes back to an earlier instant.

The emulator restores a table as it is *now*, whatever instant is asked for. What stands in here is
a copy of each table taken at the instant; asking DynamoDB itself for an instant is tested apart
(`tests/contract/test_restore.py`) and has not been tried on AWS.
"""

import time

import pytest

from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.stores.tables import RESTORED, Put
from infra.deployment.deploy import deploy
from infra.deployment.pointing import present_suffix
from infra.local import aws
from infra.restore import doors, voiding
from infra.restore.drill import Drill, plan, restore
from tests.deployment.emulation import API, embedded_aws, emulated
from tests.deployment.site import deploy_site
from tests.journey.student import PASSWORD, Student

pytestmark = [pytest.mark.deployment, pytest.mark.req("R-96")]


class Copies:
    """`Restorer` from copies that were taken at the instant."""

    def __init__(self, dynamodb, names):
        self._dynamodb = dynamodb
        self._taken = {
            name: dynamodb.create_backup(TableName=name, BackupName="then")["BackupDetails"]
            for name in names
        }

    def require(self, source, instant):
        assert source in self._taken

    def begin(self, source, target, instant):
        self._dynamodb.restore_table_from_backup(
            TargetTableName=target, BackupArn=self._taken[source]["BackupArn"]
        )


class Killed(BaseException):
    pass


@pytest.fixture(scope="module")
def own_site(packaged):
    """A deployment of its own: going back would disturb the other tests."""
    with embedded_aws() as running:
        yield deploy_site(emulated(packaged), running.endpoint)


@pytest.fixture(scope="module")
def restored(own_site):
    """Two people register, one before the instant and one after it; then the stage goes back."""
    site = own_site
    dynamodb = site.cloud.client("dynamodb")
    before = Student(site, site.people[0], "before@example.com").arrive()
    open_code = before.call(
        "POST",
        "/verification-codes",
        {"purpose": "reset_password", "channel": "email", "destination": before.email},
    ).json
    copies = Copies(dynamodb, [f"archive-dev-{table}" for table in RESTORED])
    instant = int(time.time())
    time.sleep(1.1)
    after = Student(site, site.people[1], "after@example.com").arrive()
    tables = DynamoTables(region=aws.REGION, prefix="archive-dev", endpoint=site.endpoint)
    for name, at in (("earlier", instant - 60), ("later", instant + 1)):
        row = {"pk": "pending#0", "sk": name, "at": at, "due": at + 10**9, "sealed": b""}
        tables.write(Put("outbox", row))
    told = []
    drill = Drill(
        cloud=site.cloud,
        instant=instant,
        restorer=copies,
        functions=site.package.functions,
        tell=told.append,
        pause=lambda _: None,
    )
    plan(drill)
    assert not any(name.endswith(drill.suffix) for name in dynamodb.list_tables()["TableNames"])
    sent = {phone: len(site.messages(phone)) for phone in (before.phone, after.phone)}
    asked = []
    assert restore(drill, asked.extend) is False
    assert present_suffix(site.cloud.outputs()) == ""
    assert before.get("/account").status == 200
    _killed_twice(drill)
    assert restore(drill, lambda _: True) is True
    return site, drill, before, after, open_code, sent, asked, told


def _killed_twice(drill):
    """Once when the functions are stopped, once when the stage is pointed and nothing is void."""

    def dies(*_):
        raise Killed

    object.__setattr__(drill, "pause", dies)
    with pytest.raises(Killed):
        restore(drill, lambda _: True)
    object.__setattr__(drill, "pause", lambda _: None)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(voiding, "void_codes", dies)
        with pytest.raises(Killed):
            restore(drill, lambda _: True)
    assert drill.is_pointed
    assert doors.any_closed(drill.cloud.client("lambda"), drill.names)


def test_the_operator_is_told_what_differs_before_the_yes(restored):
    *_, asked, _ = restored
    text = "\n".join(asked)
    assert "of account#… will be gone" in text
    assert "registry" in text
    assert "the same, row by row" in text
    assert "QueryFunction" in text


def test_what_was_before_is_there_and_what_came_after_is_not(restored):
    site, _, before, after, *_ = restored
    answer = site.call("POST", "/sessions", {"username": before.email, "password": PASSWORD})
    assert (answer.status, answer.json["status"]) == (202, "second_step_required")
    gone = site.call("POST", "/sessions", {"username": after.email, "password": PASSWORD})
    assert (gone.status, gone.json["code"]) == (401, "credentials_invalid")


def test_sessions_and_open_codes_are_void(restored):
    site, _, before, after, open_code, *_ = restored
    for student in (before, after):
        assert student.get("/account").status == 401
    path = f"/verification-codes/{open_code['challenge_id']}/verify"
    answer = site.call("POST", path, {"code": "000000"})
    assert answer.json["code"] == "code_invalid"
    rows = site.cloud.client("dynamodb").scan(TableName="archive-dev-codes")["Items"]
    assert not [row for row in rows if row["pk"]["S"] == f"challenge#{open_code['challenge_id']}"]


@pytest.mark.req("R-01")
def test_who_registered_after_it_can_register_again(restored):
    site, *_ = restored
    # By another phone: one code a minute is still the limit for the first.
    again = Student(site, site.people[1], "after@example.com", phone="+8619900008801")
    assert again.confirmed.status == 201, again.confirmed.content


@pytest.mark.req("R-86")
def test_no_message_is_sent_twice(restored):
    site, *_, sent, _, _ = restored
    site.invoke("relay_committed", {"Records": []})
    rows = site.cloud.client("dynamodb").scan(TableName="archive-dev-outbox")["Items"]
    assert {row["sk"]["S"] for row in rows} >= {"earlier"}
    assert "later" not in {row["sk"]["S"] for row in rows}
    time.sleep(1)
    first = next(iter(sent))
    texts = [message["body"] for message in site.messages(first)]
    assert len(texts) == len(set(texts))


def test_the_functions_run_again_and_reach_the_restored_tables_only(restored):
    site, drill, *_ = restored
    assert not doors.any_closed(site.cloud.client("lambda"), drill.names)
    client = site.as_function("query", "dynamodb")
    query = {
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "x"}},
    }
    client.query(TableName=f"archive-dev-registry{drill.suffix}", **query)
    with pytest.raises(client.exceptions.ClientError, match="AccessDenied"):
        client.query(TableName="archive-dev-registry", **query)


def test_doing_it_once_more_does_nothing(restored):
    site, drill, *_, told = restored
    again = Student(site, site.people[2], "third@example.com").arrive()
    assert restore(drill, lambda _: pytest.fail("asked again"))
    assert told[-1] == "dev uses the tables of this instant already"
    assert again.get("/account").status == 200


def test_the_next_deployment_stays_with_the_restored_tables(restored):
    site, drill, *_ = restored
    done = deploy(
        site.package,
        site.cloud,
        confirm=lambda _: True,
        tell=lambda _: None,
        api_url=site.endpoint + API,
    )
    assert present_suffix(done.outputs) == drill.suffix
    assert site.call("POST", "/sessions", {"username": "before@example.com", "password": PASSWORD})


def test_the_tables_of_before_are_kept(restored):
    site, *_ = restored
    names = site.cloud.client("dynamodb").list_tables()["TableNames"]
    assert {f"archive-dev-{table}" for table in RESTORED} <= set(names)
