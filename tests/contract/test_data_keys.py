"""Data keys kept wrapped by KMS, on moto."""

import boto3
import pytest
from moto import mock_aws

from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.adapters.keys import CACHE_SECONDS, KmsDataKeys, create_data_keys
from chalicelib.domain.errors import Refusal
from chalicelib.stores.keyring import SealBroken
from infra.local import aws
from infra.provision import provision


@mock_aws
def test_keys_are_made_once_unwrapped_and_cached() -> None:
    provision("test", region=aws.REGION, mail_sender="archive@example.com")
    tables = DynamoTables(region=aws.REGION, prefix="archive-test")
    kms = boto3.client("kms", region_name=aws.REGION)
    elapsed = [0.0]
    calls: list[str] = []

    class Counting:
        def decrypt(self, **kwargs: object) -> object:
            calls.append("decrypt")
            return kms.decrypt(**kwargs)

    keys = KmsDataKeys(tables=tables, kms=Counting, stage="test", monotonic=lambda: elapsed[0])
    version, key = keys.current("index")
    assert version == 1
    assert len(key) == 32
    assert keys.current("index") == (1, key)
    assert len(calls) == 1
    create_data_keys(tables=tables, kms=kms, stage="test", alias_prefix="alias/archive-test")
    elapsed[0] = CACHE_SECONDS
    assert keys.current("index") == (1, key), "a second set-up must not replace a key"
    assert len(calls) == 2
    assert keys.current("seal")[1] != key
    with pytest.raises(SealBroken):
        keys.of_version("seal", 2)


@mock_aws
def test_a_wrapped_key_of_another_stage_does_not_unwrap() -> None:
    provision("test", region=aws.REGION, mail_sender="archive@example.com")
    tables = DynamoTables(region=aws.REGION, prefix="archive-test")
    kms = boto3.client("kms", region_name=aws.REGION)
    keys = KmsDataKeys(tables=tables, kms=lambda: kms, stage="prod")
    with pytest.raises(Refusal, match="unavailable"):
        keys.current("index")
