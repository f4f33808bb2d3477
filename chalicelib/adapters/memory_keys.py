"""Fixed data keys, for tests without KMS."""

import hashlib

from chalicelib.stores.keyring import Purpose, SealBroken


class MemoryDataKeys:
    """`DataKeys` derived from a seed; `rotate` starts a new version."""

    def __init__(self, seed: str = "tests") -> None:
        self._seed = seed
        self._versions: dict[Purpose, int] = {}

    def current(self, purpose: Purpose) -> tuple[int, bytes]:
        """See `DataKeys.current`."""
        version = self._versions.get(purpose, 1)
        return version, self._key(purpose, version)

    def of_version(self, purpose: Purpose, version: int) -> bytes:
        """See `DataKeys.of_version`."""
        if not 1 <= version <= self._versions.get(purpose, 1):
            raise SealBroken(f"no {purpose} key of version {version}")
        return self._key(purpose, version)

    def rotate(self, purpose: Purpose) -> None:
        """Make a new version the current one."""
        self._versions[purpose] = self._versions.get(purpose, 1) + 1

    def _key(self, purpose: Purpose, version: int) -> bytes:
        return hashlib.sha256(f"{self._seed}/{purpose}/{version}".encode()).digest()
