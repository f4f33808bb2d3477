"""The bucket where uploads wait until they are checked; its lifecycle empties it every day."""

from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.adapters.failures import CALL_FAILED, unavailable


class S3Quarantine:
    """`Quarantine` in a bucket, filled by presigned POST."""

    def __init__(self, s3: Callable[[], Any], bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def offer(self, key: str, *, most_bytes: int, seconds: int) -> tuple[str, Mapping[str, str]]:
        """See `Quarantine.offer`: S3 itself refuses a larger file, another key, a late one."""
        try:
            form = self._s3().generate_presigned_post(
                self._bucket,
                key,
                Conditions=[["content-length-range", 1, most_bytes]],
                ExpiresIn=seconds,
            )
        except CALL_FAILED as error:
            raise unavailable("s3", error) from None
        return str(form["url"]), dict(form["fields"])

    def read(self, key: str, *, most_bytes: int) -> bytes | None:
        """See `Quarantine.read`."""
        s3 = self._s3()
        try:
            body = s3.get_object(Bucket=self._bucket, Key=key)["Body"]
            return bytes(body.read(most_bytes + 1))
        except s3.exceptions.NoSuchKey:
            return None
        except CALL_FAILED as error:
            raise unavailable("s3", error) from None

    def delete(self, key: str) -> None:
        """See `Quarantine.delete`."""
        try:
            self._s3().delete_object(Bucket=self._bucket, Key=key)
        except CALL_FAILED as error:
            raise unavailable("s3", error) from None


class MemoryQuarantine:
    """`Quarantine` in memory, for tests, which upload by setting `files`."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def offer(self, key: str, *, most_bytes: int, seconds: int) -> tuple[str, Mapping[str, str]]:
        """See `Quarantine.offer`."""
        return "https://uploads.example/", {"key": key, "policy": f"{most_bytes}/{seconds}"}

    def read(self, key: str, *, most_bytes: int) -> bytes | None:
        """See `Quarantine.read`."""
        content = self.files.get(key)
        return None if content is None else content[: most_bytes + 1]

    def delete(self, key: str) -> None:
        """See `Quarantine.delete`."""
        self.files.pop(key, None)
