"""Publishing the pages: what is sent, with which headers, and what is taken out."""

import boto3
import pytest
from moto import mock_aws

from infra.deployment.cloud import Cloud
from infra.deployment.publish import CACHE_CONTROL, Published, publish

REGION, BUCKET = "ap-southeast-1", "archive-dev-pages"


class Distribution:
    """CloudFront as `publish` uses it: it notes what it is asked to forget."""

    def __init__(self):
        self.forgotten = []

    def create_invalidation(self, *, DistributionId, InvalidationBatch):  # noqa: N803 -- boto3's
        assert DistributionId == "E1"
        self.forgotten.append(InvalidationBatch["Paths"]["Items"])


@pytest.fixture
def cloud():
    with mock_aws():
        made = Cloud(REGION, "dev")
        made.client("s3").create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        made._clients["cloudfront"] = Distribution()
        yield made


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "verify").mkdir()
    (tmp_path / "index.html").write_text("<title>页</title>")
    (tmp_path / "verify" / "index.html").write_text("<title>验</title>")
    (tmp_path / "verify" / "verify.js").write_text("'use strict'")
    (tmp_path / "notes.md").write_text("not served")
    return tmp_path


def published(cloud, folder):
    return publish(cloud, folder, bucket=BUCKET, distribution="E1")


def kept(cloud):
    listed = boto3.client("s3", region_name=REGION).list_objects_v2(Bucket=BUCKET)
    return {found["Key"] for found in listed.get("Contents", [])}


def test_every_file_is_sent_with_its_type(cloud, folder):
    assert published(cloud, folder) == Published(3, 0)
    assert kept(cloud) == {"index.html", "verify/index.html", "verify/verify.js"}
    types = {"index.html": "text/html; charset=utf-8"}
    types["verify/verify.js"] = "text/javascript; charset=utf-8"
    for name, wanted in types.items():
        answer = cloud.client("s3").get_object(Bucket=BUCKET, Key=name)
        assert (answer["ContentType"], answer["CacheControl"]) == (wanted, CACHE_CONTROL)
    assert cloud.client("cloudfront").forgotten == [["/*"]]


def test_what_has_not_changed_is_left_alone(cloud, folder):
    published(cloud, folder)
    assert published(cloud, folder) == Published(0, 0)
    (folder / "index.html").write_text("<title>新</title>")
    assert published(cloud, folder) == Published(1, 0)
    assert len(cloud.client("cloudfront").forgotten) == 2


def test_a_removed_file_is_removed(cloud, folder):
    published(cloud, folder)
    (folder / "verify" / "verify.js").unlink()
    assert published(cloud, folder) == Published(0, 1)
    assert "verify/verify.js" not in kept(cloud)


def test_pages_come_after_what_they_load(cloud, folder, monkeypatch):
    sent = []
    s3 = cloud.client("s3")
    monkeypatch.setattr(s3, "put_object", lambda **one: sent.append(one["Key"]))
    published(cloud, folder)
    assert sent[0] == "verify/verify.js"
    assert all(name.endswith(".html") for name in sent[1:])
