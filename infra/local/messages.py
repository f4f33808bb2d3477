"""What the local run has sent: text messages and mails, read from the embedded AWS.

The emulator forgets mails when it ends and notes no time for a text message. So what is seen is
written down in a journal; for a text message the time at which it is first seen stands for the
time of sending (the consumers look right after delivering).
"""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Literal

import msgspec

from infra.http_pool import http_pool

_SECONDS = 5.0


class SentMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one recipient; `sent_at` in epoch seconds, None where it is not known."""

    message_id: str
    channel: Literal["sms", "email"]
    to: str
    subject: str | None
    body: str
    sent_at: float | None

    def shown(self) -> dict[str, object]:
        """As it is listed."""
        moment = datetime.fromtimestamp(self.sent_at or 0, UTC)
        instant = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {
            "channel": self.channel,
            "to": self.to,
            "subject": self.subject,
            "body": self.body,
            "sent_at": instant,
        }


class SentMessages:
    """The journal of messages. Safe under threads."""

    def __init__(
        self, endpoint: str, journal: Path, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._endpoint = endpoint
        self._journal = journal
        self._clock = clock
        self._http = http_pool(_SECONDS)
        self._lock = threading.Lock()
        self._messages = _read_journal(journal)
        self._known = {(message.message_id, message.to) for message in self._messages}

    def notice(self) -> None:
        """Write down the messages not seen before."""
        with self._lock:
            present = [*self._text_messages(), *self._mails()]
            new = [one for one in present if (one.message_id, one.to) not in self._known]
            if not new:
                return
            now = self._clock()
            new = [
                one if one.sent_at is not None else msgspec.structs.replace(one, sent_at=now)
                for one in new
            ]
            self._messages += new
            self._known.update((one.message_id, one.to) for one in new)
            with self._journal.open("ab") as file:
                file.writelines(msgspec.json.encode(one) + b"\n" for one in new)

    def to(self, recipient: str | None) -> list[dict[str, object]]:
        """The messages to a phone (E.164 or 11 digits) or an e-mail address; all for None.

        Newest first.
        """
        self.notice()
        wanted = _normal(recipient) if recipient else None
        with self._lock:
            found = [one for one in self._messages if wanted in {None, _normal(one.to)}]
        oldest_first = sorted(found, key=lambda one: one.sent_at or 0)
        return [one.shown() for one in reversed(oldest_first)]

    def _text_messages(self) -> Iterator[SentMessage]:
        for messages in self._read("sns/sms-messages")["sms_messages"].values():
            for message in messages:
                yield SentMessage(
                    message_id=message["MessageId"],
                    channel="sms",
                    to=message["PhoneNumber"],
                    subject=None,
                    body=message["Message"],
                    sent_at=None,
                )

    def _mails(self) -> Iterator[SentMessage]:
        for messages in self._read("ses/messages")["messages"].values():
            for message in messages:
                for address in (*message["To"], *message["CC"], *message["BCC"]):
                    yield SentMessage(
                        message_id=message["MessageId"],
                        channel="email",
                        to=parseaddr(address)[1],
                        subject=message["Subject"],
                        body=message["BodyText"] or message["BodyHtml"] or "",
                        sent_at=float(message["Timestamp"]),
                    )

    def _read(self, page: str) -> Any:
        return self._http.request("GET", f"{self._endpoint}/_ministack/{page}").json()


def _read_journal(journal: Path) -> list[SentMessage]:
    lines = journal.read_bytes().splitlines() if journal.exists() else []
    return [msgspec.json.decode(line, type=SentMessage) for line in lines]


def _normal(recipient: str) -> str:
    """One form for all ways to write an address; `+` may have become a space in a query."""
    plain = recipient.strip().casefold()
    if "@" in plain:
        return plain
    return "".join(character for character in plain if character.isdigit())[-11:]
