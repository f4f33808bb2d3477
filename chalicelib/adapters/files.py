"""Sealed objects in an S3 bucket."""

from collections.abc import Callable
from typing import Any

from chalicelib.adapters.failures import CALL_FAILED, unavailable
from chalicelib.stores.keyring import Keyring
from chalicelib.stores.tables import Key


class SealedFiles:
    """`Files` in a bucket; what is stored opens only under its own address."""

    def __init__(self, s3: Callable[[], Any], bucket: str, keyring: Keyring) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._keyring = keyring

    def put(self, address: str, content: bytes) -> None:
        """See `Files.put`."""
        sealed = self._keyring.seal(content, _place(address), "file")
        try:
            self._s3().put_object(
                Bucket=self._bucket,
                Key=address,
                Body=sealed,
                ContentType="application/octet-stream",
            )
        except CALL_FAILED as error:
            raise unavailable("s3", error) from None

    def get(self, address: str) -> bytes | None:
        """See `Files.get`."""
        s3 = self._s3()
        try:
            answer = s3.get_object(Bucket=self._bucket, Key=address)
            sealed = answer["Body"].read()
        except s3.exceptions.NoSuchKey:
            return None
        except CALL_FAILED as error:
            raise unavailable("s3", error) from None
        return self._keyring.open(sealed, _place(address), "file")

    def forget(self, prefix: str) -> None:
        """See `Files.forget`."""
        s3 = self._s3()
        try:
            while versions := _versions(s3, self._bucket, prefix):
                for key, version in versions:
                    s3.delete_object(Bucket=self._bucket, Key=key, VersionId=version)
        except CALL_FAILED as error:
            raise unavailable("s3", error) from None


class MemoryFiles:
    """`Files` in memory, for tests."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}

    def put(self, address: str, content: bytes) -> None:
        """See `Files.put`."""
        self._files[address] = content

    def get(self, address: str) -> bytes | None:
        """See `Files.get`."""
        return self._files.get(address)

    def forget(self, prefix: str) -> None:
        """See `Files.forget`."""
        for address in [one for one in self._files if one.startswith(prefix)]:
            del self._files[address]


def _versions(s3: Any, bucket: str, prefix: str) -> list[tuple[str, str]]:
    """The first versions and delete markers (at most 1,000) of what begins so."""
    page = s3.list_object_versions(Bucket=bucket, Prefix=prefix)
    found = (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
    return [(one["Key"], one["VersionId"]) for one in found]


def _place(address: str) -> Key:
    """The bucket stands in for a table when a file is sealed to its place."""
    return Key("archive", "file", address)
