"""How a failed call to AWS is told: by the error's public code.

Never by its text, which may quote values.
"""

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.domain.errors import Refusal

CALL_FAILED = (ClientError, BotoCoreError)
"""What boto3 raises when a call fails: an answer that says no, or none at all."""


def unavailable(
    service: str, error: ClientError | BotoCoreError, retry_after: int | None = None
) -> Refusal:
    """The refusal for a failed call.

    Its cause is the service with the answer's code, or the error's class: `kms.DisabledException`.
    """
    answer = error.response.get("Error", {}) if isinstance(error, ClientError) else {}
    cause = answer.get("Code") or type(error).__name__
    return Refusal("unavailable", retry_after=retry_after, cause=f"{service}.{cause}")
