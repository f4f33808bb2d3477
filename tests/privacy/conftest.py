"""A canary goes through the archive on the real adapters, and everything is kept for the search."""

import io
import json
import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import boto3
import pytest

from chalicelib import jobs, wiring
from chalicelib.adapters.queues import MemoryQueue
from chalicelib.adapters.senders import MemorySender
from chalicelib.api.application import build
from chalicelib.settings import Settings
from chalicelib.stores.tables import TableName
from chalicelib.telemetry import SERVICE
from infra.local import aws
from infra.local.consumers import DeliverLoop
from infra.local.gateway import Gateway
from infra.local.messages import SentMessages
from infra.provision import provision
from tests.privacy.canary import CANARY, go_the_whole_journey, put_the_person_into_paths
from tests.races.conftest import forget_messages
from tests.wire import Attempt, around_wire
from tests.world import ORIGIN, Clock, KnowingChecker, World

SENDER = "archive@example.com"
_QUOTING = ("pynamodb", "urllib3")
"""Libraries that log what they handle: at DEBUG here, whatever the archive sets them to."""


@dataclass
class Evidence:
    """Everything that was written, sent or logged, as (where, bytes)."""

    logs: list[tuple[str, bytes]] = field(default_factory=list)
    requests: list[tuple[str, bytes]] = field(default_factory=list)
    rows: list[tuple[str, bytes]] = field(default_factory=list)
    objects: list[tuple[str, bytes]] = field(default_factory=list)
    sent: list[tuple[str, bytes]] = field(default_factory=list)

    def watch(self, request: Any, attempt: Attempt) -> Any:
        """Keep a request to AWS; the texts to SNS and SES are the messages themselves."""
        authorization = request.headers.get("Authorization", b"")
        is_message = b"/sns/" in authorization or b"/ses/" in authorization
        kept = self.sent if is_message else self.requests
        body = request.body
        content = body if isinstance(body, bytes) else str(body).encode()
        kept.append(("body to AWS", content))
        head = json.dumps({k: repr(v) for k, v in request.headers.items()}).encode()
        self.requests.append(("URL and headers to AWS", str(request.url).encode() + head))
        return attempt()


class _Keeping(logging.Handler):
    def __init__(self, logs: list[tuple[str, bytes]]) -> None:
        super().__init__(logging.DEBUG)
        self._logs = logs

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record) + repr(sorted(record.__dict__.items(), key=lambda one: one[0]))
        self._logs.append((f"log of {record.name}", text.encode()))


class RealWorld(World):
    """The archive on the real adapters; messages are read where the emulator keeps them."""

    loop: DeliverLoop
    messages: SentMessages

    def deliver(self) -> None:
        jobs.relay(self.ports)
        self.loop.once()

    def last_code(self, destination: str) -> str:
        self.deliver()
        newest = self.messages.to(destination)[0]
        return str(re.findall(r"(?<!\d)\d{6}(?!\d)", str(newest["body"]))[0])

    def mails_to(self, address: str) -> list[str]:
        self.deliver()
        return [str(one["body"]) for one in reversed(self.messages.to(address))]


@pytest.fixture(scope="module")
def evidence(
    embedded_endpoint: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Evidence]:
    """What a whole journey leaves behind."""
    folder = tmp_path_factory.mktemp("canary")
    kept, printed = Evidence(), io.StringIO()
    archive = _archive(embedded_endpoint, folder)
    with redirect_stdout(printed):
        with _everything_logged(kept, *_QUOTING), around_wire(kept.watch):
            go_the_whole_journey(archive)
        with _everything_logged(kept):
            put_the_person_into_paths(archive)
    kept.logs.append(("standard output", printed.getvalue().encode()))
    _collect(kept, embedded_endpoint, archive)
    yield kept
    forget_messages(archive.ports.tables)


def _archive(endpoint: str, folder: Path) -> RealWorld:
    outputs = provision("test", region=aws.REGION, mail_sender=SENDER, endpoint=endpoint)
    people = folder / "people.json"
    people.write_text(json.dumps([CANARY.known_to_checker]), encoding="utf-8")
    clock = Clock(int(time.time()))
    ports = wiring.build(
        Settings.from_environment(_environment(endpoint, outputs, people)), now=clock
    )
    forget_messages(ports.tables)
    gateway = Gateway(build(None, lambda: ports, cors_origins=lambda: (ORIGIN,)))
    archive = RealWorld(  # what is in memory stays unused
        ports, clock, KnowingChecker(), gateway, MemorySender(), MemorySender(), MemoryQueue()
    )
    sqs = boto3.client("sqs", region_name=aws.REGION, endpoint_url=endpoint)
    archive.loop = DeliverLoop(
        sqs, outputs["DeliverQueueUrl"], lambda event, _: jobs.deliver(ports, event), lambda: None
    )
    archive.messages = SentMessages(endpoint, folder / "messages")
    return archive


def _environment(endpoint: str, outputs: Mapping[str, str], people: Path) -> Mapping[str, str]:
    return {
        **aws.client_environment(endpoint),
        "STAGE": "test",
        "LIMITS": "local",
        "LOG_LEVEL": "DEBUG",
        "PHOTOS_BUCKET": outputs["PhotosBucket"],
        "QUARANTINE_BUCKET": outputs["QuarantineBucket"],
        "MAIL_SENDER": SENDER,
        "PUBLIC_ORIGIN": ORIGIN,
        "IDENTITY_CHECKER": f"demo:{people}",
    }


@contextmanager
def _everything_logged(kept: Evidence, *also: str) -> Iterator[None]:
    """Keep all logs at DEBUG, those of our own logger and of the libraries `also` too."""
    handler = _Keeping(kept.logs)
    loggers = [logging.getLogger(name) for name in (None, *also)]
    levels = [logger.level for logger in loggers]
    own = logging.getLogger(SERVICE)
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
    for logger in {loggers[0], own}:
        logger.addHandler(handler)
    try:
        yield
    finally:
        for logger in {loggers[0], own}:
            logger.removeHandler(handler)
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _collect(kept: Evidence, endpoint: str, archive: World) -> None:
    """Tables by a scan, and buckets: what is there when all is done."""
    made = {"region_name": aws.REGION, "endpoint_url": endpoint}
    dynamodb, s3 = boto3.client("dynamodb", **made), boto3.client("s3", **made)
    for table in get_args(TableName):
        for page in dynamodb.get_paginator("scan").paginate(TableName=f"archive-test-{table}"):
            for item in page["Items"]:
                kept.rows.append((f"a row of {table}", _bytes_of(item)))
    for bucket in s3.list_buckets()["Buckets"]:
        for listed in s3.list_objects_v2(Bucket=bucket["Name"]).get("Contents", []):
            content = s3.get_object(Bucket=bucket["Name"], Key=listed["Key"])
            kept.objects.append(("an object", content["Body"].read()))
            kept.objects.append(("an object's key", listed["Key"].encode()))


def _bytes_of(item: Mapping[str, Mapping[str, Any]]) -> bytes:
    parts = [
        part if isinstance(part, bytes) else str(part).encode()
        for column, typed in item.items()
        for part in (column, *typed.values())
    ]
    return b"\n".join(parts)
