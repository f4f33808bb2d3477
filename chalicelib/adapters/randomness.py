"""Unpredictable values from the operating system."""

import secrets
import time


class SystemRandomness:
    """`Randomness` from `secrets`."""

    def token(self) -> str:
        """256 bits, 43 URL-safe characters."""
        return secrets.token_urlsafe(32)

    def identifier(self) -> str:
        """128 bits, 22 URL-safe characters."""
        return secrets.token_urlsafe(16)

    def ordered_identifier(self) -> str:
        """Nanoseconds since 1970, and 128 bits."""
        return f"{time.time_ns():019d}-{self.identifier()}"

    def digits(self, count: int) -> str:
        """That many decimal digits."""
        return f"{secrets.randbelow(10**count):0{count}d}"

    def bytes(self, count: int) -> bytes:
        """That many bytes."""
        return secrets.token_bytes(count)
