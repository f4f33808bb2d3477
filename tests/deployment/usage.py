"""What each function asks of AWS, recorded at the ports while other tests run in memory.

`pytest -p tests.deployment.usage` writes the grants that were used, as JSON, to the file that
`USAGE_FILE` names: `{function: [[action, resource], …]}`, resources as in the policy files.
A conditional write counts as reading too: when it fails, the row that was there is read.
"""

import functools
import json
import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import pytest

from chalicelib import jobs
from chalicelib.adapters.files import MemoryFiles
from chalicelib.adapters.memory_keys import MemoryDataKeys
from chalicelib.adapters.memory_tables import MemoryTables
from chalicelib.adapters.quarantine import MemoryQuarantine
from chalicelib.adapters.queues import MemoryQueue
from chalicelib.api.calls import CURRENT
from chalicelib.api.routes import ROUTES
from chalicelib.stores.tables import Check, Delete, Key, Put, Update, Write
from tests.audit import MemoryAuditSigner
from tests.signing import MemorySigner
from tests.world import KnowingChecker

ARN = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:%s"
BUCKET = "arn:${AWS::Partition}:s3:::archive-${Stage}-%s-${AWS::AccountId}"
CHECKER_TOKEN = ARN % ("ssm", "parameter/archive/${Stage}/identity-checker-token")
QUEUE = ARN % ("sqs", "archive-${Stage}-deliver")
WRITES = {Put: "PutItem", Update: "UpdateItem", Delete: "DeleteItem", Check: "ConditionCheckItem"}
JOBS = {
    **{name: (name,) for name in vars(jobs) if not name.startswith("_")},
    "watch_outbox": ("relay",),
}

USED: dict[str, set[tuple[str, str]]] = defaultdict(set)
_JOB: ContextVar[tuple[str, ...]] = ContextVar("_JOB", default=())


def table(name: str, index: str = "") -> str:
    return ARN % ("dynamodb", f"table/archive-${{Stage}}-{name}{index}")


def note(action: str, resource: str) -> None:
    for function in _functions():
        USED[function].add((action, resource))


def _functions() -> tuple[str, ...]:
    exchange = CURRENT.get(None)
    if exchange is None:
        return _JOB.get()
    return tuple(
        {route.function for route in ROUTES if f"{route.method} {route.path}" == exchange.route}
    )


def _note_write(write: Write) -> None:
    note(f"dynamodb:{WRITES[type(write)]}", table(write.key.table))
    if write.when is not None:
        note("dynamodb:GetItem", table(write.key.table))


def _note_commit(writes: list[Write]) -> None:
    for write in writes:
        note(f"dynamodb:{WRITES[type(write)]}", table(write.key.table))
    changes = [write for write in writes if isinstance(write, Put | Update)]
    if changes and len(changes) < len(writes):
        first = min(changes, key=lambda write: isinstance(write, Update))
        note("dynamodb:GetItem", table(first.key.table))  # whether a lost answer was a success


def _note_reads(keys: list[Key]) -> None:
    for key in keys[:1]:
        note("dynamodb:BatchGetItem", table(key.table))


TABLE_NOTES: dict[str, Callable[..., None]] = {
    "get": lambda key: note("dynamodb:GetItem", table(key.table)),
    "get_many": _note_reads,
    "query": lambda name, *_, **__: note("dynamodb:Query", table(name)),
    "due": lambda name, *_, **__: note("dynamodb:Query", table(name, "/index/expiry")),
    "write": _note_write,
    "commit": _note_commit,
    "load": lambda name, *_: note("dynamodb:BatchWriteItem", table(name)),
}


def _note_key(purpose: str, *_: int) -> None:
    note("kms:Decrypt", f"${{{purpose.capitalize()}Key.Arn}}")
    note("dynamodb:Query", table("keyring"))


SIGNER_NOTES: dict[str, Callable[..., None]] = {
    "published": lambda: note("dynamodb:Query", table("keyring")),
    "sign": lambda *_: note("kms:Sign", "${SignKey.Arn}"),
}
KEY_NOTES = {"current": _note_key, "of_version": _note_key}


def _note_object(action: str, bucket: str) -> Callable[..., None]:
    """Reading needs the listing too: without it S3 calls a missing object forbidden."""

    def take_note(*_args: Any, **_kwargs: Any) -> None:
        note(f"s3:{action}", f"{BUCKET % bucket}/*")
        if action == "GetObject":
            note("s3:ListBucket", BUCKET % bucket)

    return take_note


def _note_forgetting(_prefix: str) -> None:
    note("s3:ListBucketVersions", BUCKET % "photos")
    note("s3:DeleteObjectVersion", f"{BUCKET % 'photos'}/*")


FILE_NOTES: dict[str, Callable[..., None]] = {
    "get": _note_object("GetObject", "photos"),
    "put": _note_object("PutObject", "photos"),
    "forget": _note_forgetting,
}
QUARANTINE_NOTES: dict[str, Callable[..., None]] = {
    "offer": _note_object("PutObject", "quarantine"),
    "read": _note_object("GetObject", "quarantine"),
    "delete": _note_object("DeleteObject", "quarantine"),
}


def _note_checker(*_: object) -> None:
    note("ssm:GetParameter", CHECKER_TOKEN)


def _note_seal(_message: bytes) -> None:
    note("kms:Sign", "${AuditKey.Arn}")
    note("kms:GetPublicKey", "${AuditKey.Arn}")


def _note_queue(_keys: list[Key]) -> None:
    note("sqs:GetQueueUrl", QUEUE)
    note("sqs:SendMessage", QUEUE)


def _note_dead_letters() -> None:
    note("sqs:GetQueueUrl", f"{QUEUE}-dead")
    note("sqs:GetQueueAttributes", f"{QUEUE}-dead")


def _note_redrive(_most: int) -> None:
    for action in ("GetQueueUrl", "ReceiveMessage", "DeleteMessage"):
        note(f"sqs:{action}", f"{QUEUE}-dead")
    _note_queue([])


DEAD_LETTER_NOTES: dict[str, Callable[..., None]] = {
    "waiting": _note_dead_letters,
    "redrive": _note_redrive,
}


@contextmanager
def _as_job(functions: tuple[str, ...]) -> Iterator[None]:
    token = _JOB.set(functions)
    try:
        yield
    finally:
        _JOB.reset(token)


def _watched_job(name: str, job: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(job)
    def run(*args: Any, **kwargs: Any) -> Any:
        with _as_job(JOBS[name]):
            return job(*args, **kwargs)

    return run


def _watch(port: type, notes: dict[str, Callable[..., None]]) -> None:
    """Note the calls of a port's methods; not those that the port makes of itself."""
    inside: ContextVar[bool] = ContextVar("inside", default=False)
    for name, take_note in notes.items():
        setattr(port, name, _noted(getattr(port, name), take_note, inside))


def _noted(
    method: Callable[..., Any], take_note: Callable[..., None], inside: ContextVar[bool]
) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(port: Any, *args: Any, **kwargs: Any) -> Any:
        if inside.get():
            return method(port, *args, **kwargs)
        take_note(*args, **kwargs)
        token = inside.set(True)
        try:
            return method(port, *args, **kwargs)
        finally:
            inside.reset(token)

    return call


def pytest_configure(config: pytest.Config) -> None:
    """Put the recorders between the operations and the ports in memory."""
    _watch(MemoryTables, TABLE_NOTES)
    _watch(MemoryDataKeys, KEY_NOTES)
    _watch(MemoryFiles, FILE_NOTES)
    _watch(MemorySigner, SIGNER_NOTES)
    _watch(MemoryQuarantine, QUARANTINE_NOTES)
    _watch(MemoryAuditSigner, {"sign": _note_seal})
    _watch(MemoryQueue, {"send": _note_queue, **DEAD_LETTER_NOTES})
    _watch(KnowingChecker, {"agrees": _note_checker})
    for name in JOBS:
        job = getattr(jobs, name)
        if getattr(job, "__module__", "") == jobs.__name__:
            setattr(jobs, name, _watched_job(name, job))


def pytest_unconfigure(config: pytest.Config) -> None:
    used = {function: sorted(grants) for function, grants in sorted(USED.items())}
    Path(os.environ["USAGE_FILE"]).write_text(json.dumps(used, indent=1))
