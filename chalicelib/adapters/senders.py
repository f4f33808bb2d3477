"""SMS through SNS and mail through SES.

Both are ports: SNS sends no SMS from the regions in mainland China, and mainland numbers need
templates registered with the provider.
"""

from collections.abc import Callable
from typing import Any

from chalicelib.adapters.failures import CALL_FAILED, unavailable


class SnsSms:
    """`Sender` of text messages."""

    def __init__(self, sns: Callable[[], Any]) -> None:
        self._sns = sns

    def send(self, to: str, subject: str | None, body: str) -> None:  # noqa: ARG002 -- SMS has none
        """See `Sender.send`. `to` is E.164."""
        attributes = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}}
        try:
            self._sns().publish(PhoneNumber=to, Message=body, MessageAttributes=attributes)
        except CALL_FAILED as error:
            raise unavailable("sns", error) from None


RECIPIENT_TAG = "recipient"
"""The tag that says in SES's reports which recipient a mail was for."""


class SesMail:
    """`Sender` of plain-text mail from one verified address.

    With a configuration set SES reports what comes back; `reference` is then what the mail is
    tagged with in the place of its recipient's address.
    """

    def __init__(
        self,
        ses: Callable[[], Any],
        sender: str,
        *,
        configuration_set: str | None,
        reference: Callable[[str], str],
    ) -> None:
        self._ses = ses
        self._sender = sender
        self._configuration_set = configuration_set
        self._reference = reference

    def send(self, to: str, subject: str | None, body: str) -> None:
        """See `Sender.send`."""
        try:
            self._ses().send_email(
                **self._reported(to),
                Source=self._sender,
                Destination={"ToAddresses": [to]},
                Message={
                    "Subject": {"Data": subject or "", "Charset": "UTF-8"},
                    "Body": {"Text": {"Data": body, "Charset": "UTF-8"}},
                },
            )
        except CALL_FAILED as error:
            raise unavailable("ses", error) from None

    def _reported(self, to: str) -> dict[str, Any]:
        if self._configuration_set is None:
            return {}
        tag = {"Name": RECIPIENT_TAG, "Value": self._reference(to)}
        return {"ConfigurationSetName": self._configuration_set, "Tags": [tag]}


class MemorySender:
    """`Sender` that keeps what it is given, for tests."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str | None, str]] = []

    def send(self, to: str, subject: str | None, body: str) -> None:
        """See `Sender.send`."""
        self.sent.append((to, subject, body))
