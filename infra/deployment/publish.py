"""Publish the pages: changed files up, removed files out, CloudFront's copies forgotten.

Browsers ask each time whether a file has changed, CloudFront keeps it until the next publication:
a page and its script are never of two versions for longer than CloudFront needs to forget.
"""

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.deployment.cloud import Cloud
from infra.pages import TYPES, page_files

CACHE_CONTROL = "public, max-age=0, s-maxage=31536000"

_BATCH = 1_000
"""As many objects as S3 deletes at once."""


@dataclass(frozen=True, slots=True)
class Published:
    """How many files were sent up and taken out."""

    sent: int
    removed: int


def publish(cloud: Cloud, folder: Path, *, bucket: str, distribution: str) -> Published:
    """Make the bucket hold exactly the files of the folder; safe to repeat.

    Pages come after what they load, and removed files go last: who reads meanwhile finds all.
    """
    wanted = page_files(folder)
    present = dict(_present(cloud, bucket))
    changed = [name for name, file in wanted.items() if present.get(name) != _digest(file)]
    for name in sorted(changed, key=lambda name: (name.endswith(".html"), name)):
        _send(cloud, bucket, name, wanted[name])
    removed = sorted(set(present) - set(wanted))
    _remove(cloud, bucket, removed)
    if changed or removed:
        _forget_copies(cloud, distribution)
    return Published(len(changed), len(removed))


def _present(cloud: Cloud, bucket: str) -> Iterator[tuple[str, str]]:
    pages = cloud.client("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket)
    for page in pages:
        for found in page.get("Contents", []):
            yield str(found["Key"]), str(found["ETag"]).strip('"')


def _digest(file: Path) -> str:
    """What S3 calls a plain object's ETag."""
    return hashlib.md5(file.read_bytes(), usedforsecurity=False).hexdigest()


def _send(cloud: Cloud, bucket: str, name: str, file: Path) -> None:
    cloud.client("s3").put_object(
        Bucket=bucket,
        Key=name,
        Body=file.read_bytes(),
        ContentType=TYPES[file.suffix],
        CacheControl=CACHE_CONTROL,
    )


def _remove(cloud: Cloud, bucket: str, names: list[str]) -> None:
    for start in range(0, len(names), _BATCH):
        batch: list[Mapping[str, Any]] = [{"Key": name} for name in names[start : start + _BATCH]]
        cloud.client("s3").delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})


def _forget_copies(cloud: Cloud, distribution: str) -> None:
    cloud.client("cloudfront").create_invalidation(
        DistributionId=distribution,
        InvalidationBatch={
            "CallerReference": str(time.time_ns()),
            "Paths": {"Quantity": 1, "Items": ["/*"]},
        },
    )
