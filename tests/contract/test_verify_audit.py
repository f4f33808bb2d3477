"""The audit trail on AWS's interfaces: KMS signs the seals; the command finds what is wrong."""

from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws

from chalicelib import jobs, wiring
from chalicelib.domain.audit_chain import HOUR
from chalicelib.operations.ports import Ports
from chalicelib.settings import Settings
from infra import verify_audit
from infra.local import aws
from infra.provision import provision
from tests.world import Clock

pytestmark = pytest.mark.req("R-68")


@pytest.fixture
def ports(monkeypatch: pytest.MonkeyPatch) -> Iterator[Ports]:
    """An archive on moto with three lines of one account, sealed."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        outputs = provision("test", region=aws.REGION, mail_sender="archive@example.com")
        variables = {
            "STAGE": "test",
            "AWS_REGION": aws.REGION,
            "PHOTOS_BUCKET": outputs["PhotosBucket"],
            "QUARANTINE_BUCKET": outputs["QuarantineBucket"],
            "MAIL_SENDER": "archive@example.com",
            "PUBLIC_ORIGIN": "http://127.0.0.1:8000",
            "IDENTITY_CHECKER": "demo:people.json",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        clock = Clock()
        made = wiring.build(Settings.from_environment(variables), now=clock)
        monkeypatch.setattr(wiring, "ports", lambda: made)
        for _ in range(3):
            made.tables.commit([made.audited("someone", "signed_in", "owner")])
            clock.advance(HOUR)
        clock.advance(HOUR)
        assert jobs.seal_audit(made) == 3
        yield made


def table() -> dict[str, str]:
    return {"TableName": "archive-test-audit"}


def test_a_whole_trail(ports: Ports, capsys: pytest.CaptureFixture[str]) -> None:
    last = ports.journal.last_seal()
    assert last is not None
    anchor = f"{last.statement.hour}:{last.statement.digest.hex()}"
    assert verify_audit.main(["--anchor", anchor]) == 0
    printed = capsys.readouterr().out
    assert "3 lines in 1 partitions, 3 seals verified" in printed
    assert "the trail is whole" in printed


def test_a_removed_line(ports: Ports, capsys: pytest.CaptureFixture[str]) -> None:
    place = str(ports.tables.query("audit", "account#someone").rows[1]["sk"])
    key = {"pk": {"S": "account#someone"}, "sk": {"S": place}}
    boto3.client("dynamodb", region_name=aws.REGION).delete_item(**table(), Key=key)
    assert verify_audit.main([]) == 1
    assert f"line_missing: account#someone {place}" in capsys.readouterr().out


def test_another_key(ports: Ports, capsys: pytest.CaptureFixture[str]) -> None:
    """Seals of the key before the present one hold where it is named, and only there."""
    kms = boto3.client("kms", region_name=aws.REGION)
    earlier = kms.describe_key(KeyId="alias/archive-test-audit")["KeyMetadata"]["Arn"]
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    kms.update_alias(AliasName="alias/archive-test-audit", TargetKeyId=made["KeyId"])
    assert verify_audit.main([]) == 1
    assert "seal_key_unknown" in capsys.readouterr().out
    assert verify_audit.main(["--earlier-key", earlier]) == 0
