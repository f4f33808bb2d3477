"""Uploads by presigned POST and sealed files, on moto and on the embedded AWS."""

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from uuid import uuid4

import boto3
import pytest
import urllib3
from moto import mock_aws

from chalicelib import wiring
from chalicelib.adapters.files import SealedFiles
from chalicelib.adapters.memory_keys import MemoryDataKeys
from chalicelib.adapters.quarantine import S3Quarantine
from chalicelib.settings import Settings
from chalicelib.stores.keyring import Keyring
from infra.local import aws
from infra.provision import provision
from tests.unit.test_settings import PRODUCTION

PICTURE = b"\xff\xd8\xff" + b"p" * 1000


@pytest.fixture(params=["moto", "embedded"])
def s3(request: pytest.FixtureRequest) -> Iterator[Any]:
    """S3 with the archive's buckets."""
    if request.param == "moto":
        with mock_aws():
            provision("test", region=aws.REGION, mail_sender="archive@example.com")
            yield boto3.client("s3", region_name=aws.REGION)
    else:
        endpoint = request.getfixturevalue("embedded_endpoint")
        yield boto3.client("s3", region_name=aws.REGION, endpoint_url=endpoint)


@pytest.fixture
def bucket(s3: Any) -> Callable[[str], str]:
    def named(part: str) -> str:
        names = [one["Name"] for one in s3.list_buckets()["Buckets"]]
        return str(next(name for name in names if name.split("-")[2] == part))

    return named


@pytest.fixture
def quarantine(s3: Any, bucket: Callable[[str], str]) -> S3Quarantine:
    return S3Quarantine(lambda: s3, bucket("quarantine"))


@pytest.fixture
def files(s3: Any, bucket: Callable[[str], str]) -> SealedFiles:
    return SealedFiles(lambda: s3, bucket("photos"), Keyring("test", MemoryDataKeys()))


def post(url: str, fields: Mapping[str, str], content: bytes) -> int:
    """What a browser does with the form."""
    form: dict[str, Any] = {**fields, "file": ("scan.jpg", content)}
    return urllib3.request("POST", url, fields=form).status


def test_what_was_uploaded_by_the_form_is_read_and_deleted(request, s3, quarantine):
    key = f"appeals/{uuid4().hex}"
    url, fields = quarantine.offer(key, most_bytes=5000, seconds=60)
    assert quarantine.read(key, most_bytes=5000) is None
    if "moto" in request.node.name:  # moto answers boto3's own calls only
        s3.put_object(Bucket=quarantine._bucket, Key=key, Body=PICTURE)
    else:
        assert post(url, fields, PICTURE) in {200, 201, 204}
    assert quarantine.read(key, most_bytes=5000) == PICTURE
    assert quarantine.read(key, most_bytes=99) == PICTURE[:100]
    for _ in range(2):
        quarantine.delete(key)
    assert quarantine.read(key, most_bytes=5000) is None


def test_the_form_is_for_one_key_so_many_bytes_and_so_long(quarantine):
    _, fields = quarantine.offer("appeals/one", most_bytes=5000, seconds=60)
    policy = base64.b64decode(fields["policy"]).decode()
    assert fields["key"] == "appeals/one"
    assert '["content-length-range", 1, 5000]' in policy
    assert '{"key": "appeals/one"}' in policy


@pytest.mark.req("R-66")
def test_every_version_of_what_begins_so_is_forgotten(s3, bucket, files):
    case, other = f"scans/{uuid4().hex}/", f"scans/{uuid4().hex}/"
    for address in (case + "a", case + "a", case + "b", other + "a"):
        files.put(address, PICTURE)
    s3.delete_object(Bucket=bucket("photos"), Key=case + "b")
    for _ in range(2):
        files.forget(case)
    left = s3.list_object_versions(Bucket=bucket("photos"), Prefix=case)
    assert not left.get("Versions")
    assert not left.get("DeleteMarkers")
    assert files.get(case + "a") is None
    assert files.get(other + "a") == PICTURE


def test_forgetting_goes_over_pages(s3, bucket, files, monkeypatch):
    prefix = f"scans/{uuid4().hex}/"
    for _ in range(7):
        files.put(prefix + "a", PICTURE)
    whole = s3.list_object_versions
    monkeypatch.setattr(s3, "list_object_versions", lambda **more: whole(**more, MaxKeys=2))
    files.forget(prefix)
    monkeypatch.undo()
    left = s3.list_object_versions(Bucket=bucket("photos"), Prefix=prefix)
    assert not left.get("Versions")


@pytest.mark.parametrize("region", ["ap-southeast-1", "eu-central-1", "cn-north-1"])
def test_a_deployed_stages_form_is_of_version_four_and_its_regions(monkeypatch, region):
    """What a bucket that is encrypted by KMS takes; nothing is sent."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "invented")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "invented")
    chosen = Settings.from_environment(PRODUCTION | {"AWS_REGION": region})
    url, fields = wiring.build(chosen).quarantine.offer("k", most_bytes=5, seconds=60)
    assert url.startswith(f"https://quarantine.s3.{region}.amazonaws.com")
    assert fields["x-amz-algorithm"] == "AWS4-HMAC-SHA256"
