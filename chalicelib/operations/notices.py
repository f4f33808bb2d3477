"""Telling an account's owner about a change, on every bound channel."""

from collections.abc import Mapping

from chalicelib.domain.errors import Language
from chalicelib.domain.messages import KINDS, local_time
from chalicelib.operations.ports import Ports
from chalicelib.stores.accounts import Account
from chalicelib.stores.outbox import Channel, Message
from chalicelib.stores.tables import Write

CHANNELS: tuple[Channel, Channel] = ("sms", "email")


def tell(
    ports: Ports, account: Account, kind: str, values: Mapping[str, str] | None = None
) -> list[Write]:
    """The writes that tell the owner by phone, if there is one, and by mail, unless it came back.

    `time` is filled in.
    """
    bound = {"sms": account.phone, "email": account.email and account.mail_trouble is None}
    return [
        tell_by(ports, account, channel, kind, values) for channel in CHANNELS if bound[channel]
    ]


def tell_by(
    ports: Ports,
    account: Account,
    channel: Channel,
    kind: str,
    values: Mapping[str, str] | None = None,
) -> Write:
    """The write that tells the owner on one channel; `time` is filled in."""
    known = {"time": local_time(ports.now(), language_of(account)), **(values or {})}
    return ports.message(
        Message(
            kind=kind,
            channel=channel,
            to=account.phone if channel == "sms" else account.email,
            language=account.language,
            values={name: known[name] for name in KINDS[kind][channel]},
        )
    )


def language_of(account: Account) -> Language:
    """The language the account's owner is written to in."""
    return "en" if account.language == "en" else "zh"
