"""The resources come out the same on moto and on the embedded AWS, and once."""

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.adapters.keys import KmsDataKeys
from infra.local import aws
from infra.provision import provision
from tests.deployment.test_resources import EXPIRING, TABLES

SENDER = "archive@example.com"
Client = Callable[[str], Any]


@pytest.fixture(params=["moto", "embedded"])
def endpoint(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """Where the resources of the stage `test` have been made."""
    if request.param == "embedded":
        yield request.getfixturevalue("embedded_endpoint")
    else:
        with mock_aws():
            provision("test", region=aws.REGION, mail_sender=SENDER)
            yield None


@pytest.fixture
def client(endpoint: str | None) -> Client:
    return lambda service: boto3.client(service, region_name=aws.REGION, endpoint_url=endpoint)


@pytest.mark.req("R-96")
def test_tables_expire_rows_and_can_be_restored(client):
    dynamodb = client("dynamodb")
    for name in TABLES:
        table = f"archive-test-{name}"
        ttl = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
        backups = dynamodb.describe_continuous_backups(TableName=table)
        recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
        assert (ttl.get("AttributeName") == "expires_at") == (name in EXPIRING)
        assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_reports_can_be_signed(client):
    kms = client("kms")
    alias = "alias/archive-test-sign"
    assert kms.describe_key(KeyId=alias)["KeyMetadata"]["KeySpec"] == "ECC_NIST_P256"
    signed = kms.sign(KeyId=alias, Message=b"report", SigningAlgorithm="ECDSA_SHA_256")
    assert signed["Signature"]


def test_mail_can_be_sent(client):
    sent = client("ses").send_email(
        Source=SENDER,
        Destination={"ToAddresses": ["somebody@example.com"]},
        Message={"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "b"}}},
    )
    assert sent["MessageId"]


def test_photos_are_versioned_and_uploads_are_not(client):
    s3 = client("s3")
    names = {
        bucket["Name"].split("-")[2]: bucket["Name"] for bucket in s3.list_buckets()["Buckets"]
    }
    assert s3.get_bucket_versioning(Bucket=names["photos"])["Status"] == "Enabled"
    assert "Status" not in s3.get_bucket_versioning(Bucket=names["quarantine"])


def test_a_second_time_changes_nothing(client, endpoint):
    def state() -> Any:
        keys = KmsDataKeys(
            tables=DynamoTables(region=aws.REGION, prefix="archive-test", endpoint=endpoint),
            kms=lambda: client("kms"),
            stage="test",
        )
        return [keys.current(purpose) for purpose in ("index", "seal", "code")]

    before = state()
    outputs = provision("test", region=aws.REGION, mail_sender=SENDER, endpoint=endpoint)
    assert outputs["DeliverQueueUrl"].endswith("/archive-test-deliver")
    assert outputs["PhotosBucket"].startswith("archive-test-photos-")
    assert state() == before


@pytest.mark.parametrize("stage", ["dev", "staging", "prod", ""])
def test_a_deployed_stage_is_not_provisioned_from_here(stage):
    with pytest.raises(ValueError, match="deployed with its package"):
        provision(stage, region=aws.REGION, mail_sender=SENDER)
