"""The identity checker (三要素) as a service over HTTPS.

`POST` of `{"name", "document_type", "document_number", "phone"}` with a bearer token; the answer is
200 and exactly `{"agrees": true}` or `{"agrees": false}`. Anything else is no answer: nothing is
guessed. The question holds personal data, so it goes to this one address and is never redirected.
"""

import time
from collections.abc import Callable
from typing import Any, Protocol

import msgspec
import urllib3
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from chalicelib.domain.errors import Refusal
from chalicelib.stores.accounts import Person

TIMEOUT_SECONDS = 3.0
TRIES = 2
RETRY_AFTER = 5
MOST_BYTES = 4096
TOKEN_SECONDS = 300
"""How long a token may be kept, as the data keys are."""


class _Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    agrees: bool


class _Again(Exception):  # noqa: N818 -- asks for the second try
    """The service did not get to answer; `cause` names why."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Secret(Protocol):
    """A secret that is read when it is needed."""

    def value(self) -> str:
        """The secret. Raises `Refusal("unavailable")`."""


class ParameterSecret:
    """A `SecureString` parameter of Systems Manager, kept for five minutes."""

    def __init__(self, ssm: Callable[[], Any], name: str, now: Callable[[], int]) -> None:
        self._ssm = ssm
        self._name = name
        self._now = now
        self._value = ""
        self._until = 0

    def value(self) -> str:
        """See `Secret.value`."""
        if self._now() >= self._until:
            self._value = self._read()
            self._until = self._now() + TOKEN_SECONDS
        return self._value

    def _read(self) -> str:
        try:
            answer = self._ssm().get_parameter(Name=self._name, WithDecryption=True)
        except (ClientError, BotoCoreError) as error:
            raise _unavailable(type(error).__name__) from None
        return str(answer["Parameter"]["Value"])


class HttpsIdentityChecker:
    """`IdentityChecker` at an `https` address. `pool` stands in for the network in tests."""

    def __init__(
        self,
        address: str,
        token: Secret,
        *,
        pool: urllib3.PoolManager | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._address = address
        self._token = token
        self._pool = pool or urllib3.PoolManager(cert_reqs="CERT_REQUIRED")
        self._timeout = timeout

    def agrees(self, person: Person, phone: str) -> bool:
        """See `IdentityChecker.agrees`: one more try where the service did not get to answer."""
        question = {
            "name": person.name,
            "document_type": person.document_type,
            "document_number": person.document_number,
            "phone": phone,
        }
        body, token = msgspec.json.encode(question), self._token.value()
        cause = ""
        for _ in range(TRIES):
            try:
                return self._asked(body, token)
            except _Again as again:
                cause = again.cause
        raise _unavailable(cause)

    def _asked(self, body: bytes, token: str) -> bool:
        try:
            response = self._pool.request(
                "POST",
                self._address,
                body=body,
                headers={
                    "Accept": "application/json",
                    "Authorization": f"Bearer {token}",
                    "Content-Type": "application/json",
                },
                timeout=urllib3.Timeout(total=self._timeout),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except (NewConnectionError, ConnectTimeoutError) as error:
            raise _Again(type(error).__name__) from None
        except HTTPError as error:
            raise _unavailable(type(error).__name__) from None
        try:
            return self._read(response)
        finally:
            response.close()

    def _read(self, response: urllib3.BaseHTTPResponse) -> bool:
        if response.status >= 500:
            raise _Again(f"Status{response.status}")
        if response.status != 200:
            raise _unavailable(f"Status{response.status}")
        if not response.headers.get("Content-Type", "").casefold().startswith("application/json"):
            raise _unavailable("ContentType")
        try:
            return msgspec.json.decode(self._content(response), type=_Answer).agrees
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise _unavailable("Answer") from None

    def _content(self, response: urllib3.BaseHTTPResponse) -> bytes:
        """The answer's bytes, as they come, within the time."""
        until = time.monotonic() + self._timeout
        content = b""
        try:
            while chunk := response.read1(MOST_BYTES):
                content += chunk
                if len(content) > MOST_BYTES or time.monotonic() > until:
                    raise _unavailable("TooMuch")
        except HTTPError as error:
            raise _unavailable(type(error).__name__) from None
        return content


def _unavailable(cause: str) -> Refusal:
    return Refusal("unavailable", retry_after=RETRY_AFTER, cause=cause)
