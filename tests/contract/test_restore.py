"""Comparing, voiding and settling tables, and pointing a template: the parts of a restoration."""

from datetime import UTC, date, datetime

import boto3
import pytest
from moto import mock_aws

from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.settings import SettingInvalid, Settings
from chalicelib.stores.tables import Delete, Key, Put, Update
from infra.deployment.pointing import pointed, present_suffix, suffix_of
from infra.local import aws
from infra.provision import provision
from infra.restore import tables as restoring
from infra.restore import voiding
from infra.restore.__main__ import instant_of
from infra.restore.compare import compare, shown
from infra.restore.tables import CannotRestore, PointInTime

INSTANT = 1_795_000_000
SUFFIX = "-r20261118110640"

pytestmark = pytest.mark.req("R-96")


@pytest.fixture
def dynamodb(monkeypatch):
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        provision("test", region=aws.REGION, mail_sender="archive@example.com")
        yield boto3.client("dynamodb", region_name=aws.REGION)


@pytest.fixture
def live(dynamodb):
    return DynamoTables(region=aws.REGION, prefix="archive-test")


@pytest.fixture
def restored(dynamodb):
    for table in ("accounts", "archive"):
        PointInTime(dynamodb).begin(
            f"archive-test-{table}", f"archive-test-{table}{SUFFIX}", INSTANT
        )
    return DynamoTables(region=aws.REGION, prefix="archive-test", suffix=SUFFIX)


def put(tables, table, pk, sk="-", **columns):
    tables.write(Put(table, {"pk": pk, "sk": sk, **columns}))


def seen(dynamodb):
    return compare(dynamodb, "archive-test-accounts", f"archive-test-accounts{SUFFIX}")


# Which tables are used


def test_the_suffix_tells_the_instant():
    assert suffix_of(INSTANT) == SUFFIX
    assert present_suffix({"DataSuffix": SUFFIX}) == SUFFIX
    assert present_suffix({"DataSuffix": "-"}) == present_suffix({}) == ""


def test_only_restored_tables_have_the_suffix(dynamodb, restored, live):
    put(restored, "accounts", "account#1", version=1)
    assert live.get(Key("accounts", "account#1", "-")) is None
    put(restored, "codes", "token#1", state="open")
    assert live.get(Key("codes", "token#1", "-"))


@pytest.mark.parametrize("wrong", ["-r2026", "accounts", "-r20261118110640/x"])
def test_another_suffix_is_refused(wrong):
    with pytest.raises(SettingInvalid, match="DATA_SUFFIX"):
        Settings.from_environment(
            {
                "STAGE": "test",
                "AWS_REGION": aws.REGION,
                "DATA_SUFFIX": wrong,
                "IDENTITY_CHECKER": "demo:x",
                "PUBLIC_ORIGIN": "http://127.0.0.1",
            }
        )


TABLE = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/archive-${Stage}-"
TEMPLATE = {
    "Resources": {
        "QueryFunction": {
            "Type": "AWS::Lambda::Function",
            "Properties": {"Environment": {"Variables": {"STAGE": {"Ref": "Stage"}}}},
        },
        "QueryVersion0123456789": {"Type": "AWS::Lambda::Version", "Properties": {}},
        "QueryAlias": {
            "Type": "AWS::Lambda::Alias",
            "Properties": {
                "FunctionVersion": {"Fn::GetAtt": ["QueryVersion0123456789", "Version"]}
            },
        },
        "QueryRole": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Policies": [
                    {
                        "Resource": [
                            {"Fn::Sub": f"{TABLE}accounts"},
                            {"Fn::Sub": f"{TABLE}accounts/index/expiry"},
                            {"Fn::Sub": f"{TABLE}codes/index/expiry"},
                        ]
                    }
                ]
            },
        },
        "AccountsTable": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {"TableName": {"Fn::Sub": "archive-${Stage}-accounts"}},
        },
    },
    "Outputs": {"ApiId": {"Value": "x"}},
}


def test_functions_roles_and_versions_are_pointed_and_tables_stay():
    made = pointed(TEMPLATE, SUFFIX)
    resources = made["Resources"]
    variables = resources["QueryFunction"]["Properties"]["Environment"]["Variables"]
    assert variables["DATA_SUFFIX"] == SUFFIX
    version = "QueryVersion0123456789R20261118110640"
    assert version in resources
    assert "QueryVersion0123456789" not in resources
    alias = resources["QueryAlias"]["Properties"]["FunctionVersion"]["Fn::GetAtt"]
    assert alias == [version, "Version"]
    (policy,) = resources["QueryRole"]["Properties"]["Policies"]
    assert [one["Fn::Sub"].removeprefix(TABLE) for one in policy["Resource"]] == [
        f"accounts{SUFFIX}",
        f"accounts{SUFFIX}/index/expiry",
        "codes/index/expiry",
    ]
    assert resources["AccountsTable"] == TEMPLATE["Resources"]["AccountsTable"]
    assert made["Outputs"] == {"ApiId": {"Value": "x"}, "DataSuffix": {"Value": SUFFIX}}


def test_pointing_again_replaces_and_pointing_back_undoes():
    plain = pointed(TEMPLATE, "")
    assert plain["Resources"] == TEMPLATE["Resources"]
    later = "-r20261123000000"
    assert pointed(pointed(TEMPLATE, SUFFIX), later) == pointed(TEMPLATE, later)
    assert pointed(pointed(TEMPLATE, SUFFIX), "") == plain


# The instant


@pytest.mark.parametrize("text", ["2026-11-23T22:00:00Z", "2026-11-24T06:00:00+08:00"])
def test_an_instant_has_a_zone(text):
    assert instant_of(text) == 1_795_471_200


@pytest.mark.parametrize("text", ["", "yesterday", "2026-11-23T22:00:00", "2026-11-23"])
def test_another_instant_is_refused(text):
    with pytest.raises(CannotRestore, match="AT is not an instant"):
        instant_of(text)


class Recovery:
    """A DynamoDB that tells from when to when a table can be restored."""

    def __init__(self, **described):
        self._described = described

    def describe_continuous_backups(self, TableName):  # noqa: N803 -- botocore's name
        return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": self._described}}


def test_a_table_comes_back_only_from_its_window():
    first, last = INSTANT - 60, INSTANT + 60
    window = {
        "EarliestRestorableDateTime": instant(first),
        "LatestRestorableDateTime": instant(last),
    }
    restorer = PointInTime(Recovery(PointInTimeRecoveryStatus="ENABLED", **window))
    for inside in (first, last):
        restorer.require("t", inside)
    for outside in (first - 1, last + 1):
        with pytest.raises(CannotRestore, match="t can be restored from 2026-11-18T11:05:40Z to"):
            restorer.require("t", outside)
    with pytest.raises(CannotRestore, match="no point-in-time recovery"):
        PointInTime(Recovery(PointInTimeRecoveryStatus="DISABLED")).require("t", INSTANT)


def instant(seconds):
    return datetime.fromtimestamp(seconds, UTC)


# Comparing


def test_equal_tables_compare_equal(dynamodb, live):
    for number in range(20):
        put(live, "accounts", f"account#{number}", sealed=b"\x00\xff", version=number)
    PointInTime(dynamodb).begin("archive-test-accounts", f"archive-test-accounts{SUFFIX}", INSTANT)
    found = seen(dynamodb)
    assert found.none
    assert (found.live, found.restored) == (20, 20)


def test_what_differs_is_told_by_kind_and_without_values(dynamodb, live):
    put(live, "accounts", "account#same", version=1)
    put(live, "accounts", "account#changed", version=1)
    put(live, "accounts", "unique#phone#undone", ref="a")
    PointInTime(dynamodb).begin("archive-test-accounts", f"archive-test-accounts{SUFFIX}", INSTANT)
    live.write(Update(Key("accounts", "account#changed", "-"), add={"version": 1}))
    live.write(Delete(Key("accounts", "unique#phone#undone", "-")))
    put(live, "accounts", "draft#new", state="open")
    put(live, "accounts", "account#new", version=1)
    found = seen(dynamodb)
    assert (found.live, found.restored) == (4, 3)
    assert found.only_live == {"draft": 1, "account": 1}
    assert found.only_restored == {"unique": 1}
    assert found.changed == {"account": 1}
    text = "\n".join(shown("accounts", found))
    assert "1 of draft#… will be gone" in text
    assert "phone" not in text


def test_a_restored_table_is_as_safe_as_the_live_one(dynamodb, restored):
    source, target = "archive-test-accounts", f"archive-test-accounts{SUFFIX}"
    for _ in range(2):
        restoring.settle(dynamodb, source, target)
    restoring.wait(dynamodb, target)
    expiry = dynamodb.describe_time_to_live(TableName=target)["TimeToLiveDescription"]
    assert (expiry["TimeToLiveStatus"], expiry["AttributeName"]) == ("ENABLED", "expires_at")
    backups = dynamodb.describe_continuous_backups(TableName=target)
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"
    table = dynamodb.describe_table(TableName=target)["Table"]
    assert table["DeletionProtectionEnabled"] is True
    assert [index["IndexName"] for index in table["GlobalSecondaryIndexes"]] == ["expiry"]


# What must not survive


@pytest.mark.req("R-22")
def test_codes_are_void_and_counters_stand(dynamodb, live):
    for pk in ("challenge#1", "slot#1", "token#1", "idempotency#1", "limit#x#1", "throttle#1"):
        put(live, "codes", pk, state="open")
    assert voiding.void_codes(dynamodb, "archive-test-codes") == 4
    assert voiding.void_codes(dynamodb, "archive-test-codes") == 0
    left = {row["pk"]["S"] for row in dynamodb.scan(TableName="archive-test-codes")["Items"]}
    assert left == {"limit#x#1", "throttle#1"}


def test_nobody_stays_signed_in(dynamodb, live):
    put(live, "sessions", "account#1", "session#1", state="open")
    put(live, "sessions", "account#1", "device#1", state="open")
    assert voiding.void_sessions(dynamodb, "archive-test-sessions") == 2


@pytest.mark.req("R-86")
def test_messages_of_before_wait_on_and_later_ones_are_dropped(dynamodb, live):
    for offset in (-1, 0, 1):
        put(live, "outbox", "pending#0", f"{INSTANT + offset}", at=INSTANT + offset, due=0)
    assert voiding.drop_messages(dynamodb, "archive-test-outbox", INSTANT) == 1
    left = [row["sk"]["S"] for row in dynamodb.scan(TableName="archive-test-outbox")["Items"]]
    assert sorted(left) == [str(INSTANT - 1), str(INSTANT)]


def test_reminders_that_were_sent_are_not_sent_again(dynamodb, live):
    today = "agenda#remind#2026-11-18"
    put(live, "archive", today, "sent#1#-", due=1, at=1)
    put(live, "archive", today, "waiting#1#-", due=1, at=1)
    put(live, "archive", "agenda#remind#2026-11-19", "tomorrow#1#-", due=1, at=1)
    put(live, "archive", "agenda#close#2026-11-18", "close#1#-", due=1, at=1)
    names = "archive-test-archive", f"archive-test-archive{SUFFIX}"
    PointInTime(dynamodb).begin(*names, INSTANT)
    for key in [(today, "sent#1#-"), ("agenda#remind#2026-11-19", "tomorrow#1#-"),
                ("agenda#close#2026-11-18", "close#1#-")]:  # fmt: skip
        live.write(Delete(Key("archive", *key)))
    assert voiding.drop_sent_reminders(dynamodb, *names, date(2026, 11, 18)) == 1
    left = {row["sk"]["S"] for row in dynamodb.scan(TableName=names[1])["Items"]}
    assert left == {"waiting#1#-", "tomorrow#1#-", "close#1#-"}
