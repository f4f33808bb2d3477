"""Sending one queued message, or running one queued errand."""

from chalicelib.domain.errors import Language, Refusal
from chalicelib.domain.messages import render
from chalicelib.operations.errands import run_errand
from chalicelib.operations.ports import Ports
from chalicelib.stores.outbox import Errand, Message
from chalicelib.stores.tables import Key


def deliver(ports: Ports, key: Key) -> None:
    """Send the message that waits at `key`, unless it was sent or has lost its point.

    Raises `Refusal("unavailable")` when the provider does not take it: the queue tries again, and
    in the end keeps it among its dead letters.
    """
    message = ports.outbox.lease(key, ports.now())
    if message is None:
        return
    if isinstance(message, Errand):
        run_errand(ports, key, message)
        return
    if message.expires_at is not None and message.expires_at <= ports.now():
        ports.outbox.sent(key)
        ports.metrics.count("message_dropped", kind=message.kind)
        return
    try:
        _send(ports, message)
    except Refusal:
        ports.outbox.release(key)
        raise
    ports.outbox.sent(key)
    ports.metrics.count("message_sent", kind=message.kind, channel=message.channel)


def _send(ports: Ports, message: Message) -> None:
    language: Language = "en" if message.language == "en" else "zh"
    common = {"service": ports.service_names[language], "site": ports.public_origin}
    rendered = render(message.kind, language, message.channel, {**message.values, **common})
    ports.senders[message.channel].send(message.to, rendered.subject, rendered.body)
