"""The template of tables, queues, buckets and keys: what must hold for each of them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from chalicelib.stores.tables import TableName
from infra.provision import TEMPLATE

RESOURCES = json.loads(TEMPLATE.read_text())["Resources"]
EXPIRING = {"accounts", "codes", "sessions", "cases", "outbox"}
SWEPT = {"accounts", "codes", "sessions"}


def of_type(kind):
    return {name: one for name, one in RESOURCES.items() if one["Type"] == kind}


def named(resource, attribute):
    return resource["Properties"][attribute]["Fn::Sub"].removeprefix("archive-${Stage}-")


TABLES = {named(one, "TableName"): one for one in of_type("AWS::DynamoDB::Table").values()}
KEYS = {
    named(one, "AliasName").removeprefix("alias/archive-${Stage}-"): RESOURCES[
        one["Properties"]["TargetKeyId"]["Ref"]
    ]["Properties"]
    for one in of_type("AWS::KMS::Alias").values()
}
BUCKETS = {
    one["Properties"]["BucketName"]["Fn::Sub"].split("-")[2]: one
    for one in of_type("AWS::S3::Bucket").values()
}


def test_the_tables_are_those_that_the_stores_know():
    assert set(TABLES) == set(get_args(TableName))


@pytest.mark.req("R-96")
@pytest.mark.parametrize("name", TABLES)
def test_every_table_can_be_restored_and_is_not_dropped_by_accident(name):
    table, properties = TABLES[name], TABLES[name]["Properties"]
    assert properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert properties["DeletionProtectionEnabled"] is True
    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert properties["BillingMode"] == "PAY_PER_REQUEST"
    assert (table["DeletionPolicy"], table["UpdateReplacePolicy"]) == ("Retain", "Retain")


@pytest.mark.parametrize("name", TABLES)
def test_every_table_has_the_same_keys_and_expiry_where_rows_expire(name):
    properties = TABLES[name]["Properties"]
    keys = {key["AttributeName"]: key["KeyType"] for key in properties["KeySchema"]}
    assert keys == {"pk": "HASH", "sk": "RANGE"}
    wanted = {"AttributeName": "expires_at", "Enabled": True} if name in EXPIRING else None
    assert properties.get("TimeToLiveSpecification") == wanted
    indexes = [index["IndexName"] for index in properties.get("GlobalSecondaryIndexes", [])]
    assert indexes == (["expiry"] if name in SWEPT else [])


@pytest.mark.req("R-86")
def test_only_the_outbox_has_a_stream():
    streams = {name for name, one in TABLES.items() if "StreamSpecification" in one["Properties"]}
    assert streams == {"outbox"}
    (told,) = TABLES["outbox"]["Properties"]["StreamSpecification"].values()
    assert told == "KEYS_ONLY", "the relay is only woken: it reads the table"


@pytest.mark.req("R-88")
def test_a_message_that_fails_five_times_goes_to_the_dead_letters():
    queues = {named(one, "QueueName"): one for one in of_type("AWS::SQS::Queue").values()}
    assert set(queues) == {"deliver", "deliver-dead", "bounces", "bounces-dead"}
    for name in ("deliver", "bounces"):
        redrive = queues[name]["Properties"]["RedrivePolicy"]
        target = redrive["deadLetterTargetArn"]["Fn::GetAtt"][0]
        assert redrive["maxReceiveCount"] == 5
        assert RESOURCES[target] is queues[f"{name}-dead"]
    assert all(one["Properties"]["SqsManagedSseEnabled"] for one in queues.values())


def test_data_keys_are_wrapped_by_rotating_keys_and_reports_signed_on_p_256():
    assert set(KEYS) == {"index", "seal", "code", "sign", "audit"}
    for purpose in ("index", "seal", "code"):
        assert KEYS[purpose]["EnableKeyRotation"] is True
        assert "KeySpec" not in KEYS[purpose]
    for name in ("sign", "audit"):
        assert (KEYS[name]["KeySpec"], KEYS[name]["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")


@pytest.mark.parametrize("name", ["photos", "quarantine"])
def test_buckets_are_private_and_encrypted(name):
    properties = BUCKETS[name]["Properties"]
    assert set(properties["PublicAccessBlockConfiguration"].values()) == {True}
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert BUCKETS[name]["DeletionPolicy"] == "Retain"


def test_uploads_wait_at_most_a_day_and_leave_no_versions():
    properties = BUCKETS["quarantine"]["Properties"]
    assert "VersioningConfiguration" not in properties
    assert [rule["ExpirationInDays"] for rule in properties["LifecycleConfiguration"]["Rules"]] == [
        1
    ]


@pytest.mark.parametrize("kind", ["AWS::SQS::Queue", "AWS::S3::Bucket"])
def test_queues_and_buckets_refuse_plain_connections(kind):
    policies = [
        *of_type("AWS::SQS::QueuePolicy").values(),
        *of_type("AWS::S3::BucketPolicy").values(),
    ]
    covered = set()
    for policy in policies:
        statements = policy["Properties"]["PolicyDocument"]["Statement"]
        (statement,) = [one for one in statements if one["Effect"] == "Deny"]
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
        places = policy["Properties"].get("Queues") or [policy["Properties"]["Bucket"]]
        covered |= {place["Ref"] for place in places}
    assert set(of_type(kind)) <= covered


def test_only_the_rules_of_this_stage_report_returned_mail():
    policy = RESOURCES["BouncesQueuePolicy"]["Properties"]["PolicyDocument"]["Statement"]
    (allowed,) = [one for one in policy if one["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "events.amazonaws.com"}
    source = allowed["Condition"]["ArnLike"]["aws:SourceArn"]["Fn::Sub"]
    assert source.endswith(":rule/archive-${Stage}-mail-*")


def test_every_name_carries_the_stage():
    for name, resource in RESOURCES.items():
        for attribute in ("TableName", "QueueName", "BucketName", "AliasName", "TopicName"):
            value = resource["Properties"].get(attribute)
            assert value is None or "${Stage}" in value["Fn::Sub"], name


def test_every_resource_says_what_it_is():
    assert all(resource.get("Type", "").startswith("AWS::") for resource in RESOURCES.values())


def test_the_template_is_what_cloudformation_accepts():
    linter = Path(sys.executable).with_name("cfn-lint")
    found = subprocess.run([linter, TEMPLATE], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (0, "")
