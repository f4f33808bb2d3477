"""The tables in DynamoDB, through PynamoDB's connection.

One connection serves all tables (a model class per table would build a client each). Expressions,
transactions and error causes are PynamoDB's; rows stay the flat mappings of
`chalicelib.stores.tables`.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from operator import and_
from typing import Any, NoReturn, get_args
from uuid import uuid4

from botocore.exceptions import BotoCoreError, ClientError
from pynamodb.connection import Connection
from pynamodb.connection.base import MetaTable
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from chalicelib.domain.errors import Refusal
from chalicelib.stores.tables import (
    MOST_WRITES,
    RESTORED,
    Check,
    ConditionFailed,
    Delete,
    Key,
    Page,
    Put,
    Row,
    TableName,
    Update,
    Value,
    When,
    Write,
)

_BATCH_READ = 100
_BATCH_WRITE = 25
_CONFLICT_TRIES = 8
_RETRY_AFTER = 2


class DynamoTables:
    """`Tables` on DynamoDB. `prefix` is the stage's (`archive-dev`); `pause` waits seconds.

    `suffix` ends the names of tables that were restored to an earlier instant.
    """

    def __init__(
        self,
        *,
        region: str,
        prefix: str,
        suffix: str = "",
        endpoint: str | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = Connection(
            region=region,
            host=endpoint,
            connect_timeout_seconds=1,
            read_timeout_seconds=3,
            max_retry_attempts=2,
            max_pool_connections=32,
        )
        self._prefix = prefix
        self._suffix = suffix
        self._pause = pause
        for table in get_args(TableName):
            self._connection.add_meta_table(MetaTable({"TableName": self._table(table), **_SHAPE}))

    def make_client(self) -> None:
        """Make the client now, not with the first request; nothing is sent."""
        _ = self._connection.client

    def get(self, key: Key) -> Row | None:
        """See `Tables.get`."""
        try:
            answer = self._connection.get_item(
                self._table(key.table), key.pk, key.sk, consistent_read=True
            )
        except PynamoDBException as error:
            _unavailable(error)
        return _row(answer["Item"]) if answer.get("Item") else None

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Row]:
        """See `Tables.get_many`."""
        found: dict[Key, Row] = {}
        for start in range(0, len(keys), _BATCH_READ):
            found.update(self._get_batch(keys[start : start + _BATCH_READ]))
        return found

    def query(
        self,
        table: TableName,
        pk: str,
        *,
        prefix: str = "",
        after: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> Page:
        """See `Tables.query`."""
        rows: list[Row] = []
        start = _raw_key(pk, after) if after is not None else None
        while True:
            try:
                answer = self._connection.query(
                    self._table(table),
                    pk,
                    range_key_condition=Path("sk").startswith(prefix) if prefix else None,
                    consistent_read=True,
                    exclusive_start_key=start,
                    limit=limit - len(rows) if limit is not None else None,
                    scan_index_forward=not newest_first,
                )
            except PynamoDBException as error:
                _unavailable(error)
            rows.extend(_row(item) for item in answer["Items"])
            start = answer.get("LastEvaluatedKey")
            if start is None:
                return Page(rows, None)
            if limit is not None and len(rows) >= limit:
                return Page(rows, start["sk"]["S"])

    def due(self, table: TableName, bucket: str, *, until: int, limit: int) -> Sequence[Key]:
        """See `Tables.due`."""
        try:
            answer = self._connection.query(
                self._table(table),
                bucket,
                range_key_condition=Path("expires_at") <= until,
                index_name="expiry",
                limit=limit,
            )
        except PynamoDBException as error:
            _unavailable(error)
        return [Key(table, item["pk"]["S"], item["sk"]["S"]) for item in answer["Items"]]

    def write(self, write: Put | Update | Delete) -> Row | None:
        """See `Tables.write`."""
        request = uuid4().hex
        name, kwargs = self._single(write, request)
        try:
            answer = self._dispatched(name, kwargs)
        except ClientError as error:
            if _code(error) == "ConditionalCheckFailedException":
                row = self.get(write.key)
                if row is not None and row.get("request") == request:
                    return row  # applied by an attempt whose answer was lost
                raise ConditionFailed([write.key], {write.key: row} if row else {}) from None
            _unavailable(error)
        except BotoCoreError as error:
            _unavailable(error)
        return _row(answer["Attributes"]) if answer.get("Attributes") else None

    def commit(self, writes: Sequence[Write]) -> None:
        """See `Tables.commit`."""
        if len(writes) > MOST_WRITES:
            raise ValueError("a commit takes at most 100 writes")
        request = uuid4().hex
        ordered = sorted(writes, key=lambda write: _TRANSACTION_ORDER[type(write)])
        for attempt in range(_CONFLICT_TRIES):
            try:
                self._transact(ordered, request)
            except TransactWriteError as error:
                if _is_conflict(error) and attempt + 1 < _CONFLICT_TRIES:
                    self._pause(0.01 * 2**attempt)
                    continue
                self._explain(error, ordered, request)
            return

    def load(self, table: TableName, rows: Sequence[Row]) -> None:
        """See `Tables.load`."""
        name = self._table(table)
        for start in range(0, len(rows), _BATCH_WRITE):
            pending = [_raw(row) for row in rows[start : start + _BATCH_WRITE]]
            for attempt in range(_CONFLICT_TRIES):
                try:
                    answer = self._connection.batch_write_item(name, put_items=pending)
                except PynamoDBException as error:
                    _unavailable(error)
                left = answer.get("UnprocessedItems", {}).get(name, [])
                pending = [item["PutRequest"]["Item"] for item in left]
                if not pending:
                    break
                self._pause(0.05 * 2**attempt)
            if pending:
                raise Refusal("unavailable", retry_after=_RETRY_AFTER)

    def _table(self, table: TableName) -> str:
        return f"{self._prefix}-{table}{self._suffix if table in RESTORED else ''}"

    def _get_batch(self, keys: Sequence[Key]) -> Iterator[tuple[Key, Row]]:
        """One request for rows of any tables (PynamoDB's own batch read is of one table)."""
        tables = {self._table(key.table): key.table for key in keys}
        pending = {
            name: {
                "Keys": [_raw_key(key.pk, key.sk) for key in keys if key.table == table],
                "ConsistentRead": True,
            }
            for name, table in tables.items()
        }
        for attempt in range(_CONFLICT_TRIES if keys else 0):
            if attempt:
                self._pause(0.05 * 2**attempt)
            try:
                answer = self._connection.dispatch("BatchGetItem", {"RequestItems": pending})
            except (ClientError, BotoCoreError) as error:
                _unavailable(error)
            for name, items in answer["Responses"].items():
                for item in items:
                    yield Key(tables[name], item["pk"]["S"], item["sk"]["S"]), _row(item)
            pending = answer.get("UnprocessedKeys") or {}
            if not pending:
                return
        if pending:
            raise Refusal("unavailable", retry_after=_RETRY_AFTER)

    def _single(self, write: Put | Update | Delete, request: str) -> tuple[str, dict[str, Any]]:
        kwargs = self._arguments(write, request, once=isinstance(write, Update))
        if isinstance(write, Put):
            return "PutItem", kwargs
        if isinstance(write, Delete):
            return "DeleteItem", kwargs
        return "UpdateItem", kwargs | {"ReturnValues": "ALL_NEW"}

    def _dispatched(self, name: str, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The answer to one request; tried again while a transaction is at work on its row."""
        for attempt in range(_CONFLICT_TRIES - 1):
            try:
                return self._connection.dispatch(name, kwargs)
            except ClientError as error:
                if _code(error) != "TransactionConflictException":
                    raise
            self._pause(0.01 * 2**attempt)
        return self._connection.dispatch(name, kwargs)

    def _transact(self, ordered: Sequence[Write], request: str) -> None:
        kinds: dict[type, list[dict[str, Any]]] = {Check: [], Delete: [], Put: [], Update: []}
        for write in ordered:
            arguments = self._arguments(write, request)
            arguments["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
            kinds[type(write)].append(arguments)
        self._connection.transact_write_items(
            kinds[Check], kinds[Delete], kinds[Put], kinds[Update], client_request_token=request
        )

    def _explain(self, error: TransactWriteError, writes: Sequence[Write], request: str) -> None:
        """Tell an applied commit whose answer was lost from one that was refused."""
        failed = {
            write.key: reason.raw_item
            for write, reason in zip(writes, error.cancellation_reasons, strict=False)
            if reason is not None and reason.code == "ConditionalCheckFailed"
        }
        if not failed:
            _unavailable(error)
        rows = {key: _row(item) for key, item in failed.items() if item}
        if any(row.get("request") == request for row in rows.values()):
            return
        if not any(isinstance(write, Put | Update) for write in writes if write.key in failed):
            written = next((w.key for w in writes if isinstance(w, Put | Update)), None)
            row = self.get(written) if written else None
            if row is not None and row.get("request") == request:
                return
        raise ConditionFailed(list(failed), rows) from None

    def _arguments(self, write: Write, request: str, *, once: bool = False) -> dict[str, Any]:
        """The request's arguments; a row carries the id of the request that wrote it.

        `once`: a repetition by the SDK, whose first attempt was applied, is refused, and so never
        adds twice (a transaction has its token for that).
        """
        key = write.key
        stamp: dict[str, Value] = {"request": request}
        condition = _condition(write.when) if write.when else None
        if once:
            fresh = Path("request").does_not_exist() | (Path("request") != request)
            condition = fresh if condition is None else condition & fresh
        table = self._table(key.table)
        if isinstance(write, Put):
            row = {**write.row, **stamp}
            return self._connection.get_operation_kwargs(
                table,
                key.pk,
                key.sk,
                key="Item",
                attributes=_raw({k: v for k, v in row.items() if k not in {"pk", "sk"}}),
                condition=condition,
            )
        actions = _actions(write, stamp) if isinstance(write, Update) else None
        return self._connection.get_operation_kwargs(
            table, key.pk, key.sk, actions=actions, condition=condition
        )


_TRANSACTION_ORDER: dict[type, int] = {Check: 0, Delete: 1, Put: 2, Update: 3}
"""The order in which PynamoDB sends a transaction's items, so that reasons map back to writes."""

_SHAPE = {
    "AttributeDefinitions": [
        {"AttributeName": "pk", "AttributeType": "S"},
        {"AttributeName": "sk", "AttributeType": "S"},
        {"AttributeName": "bucket", "AttributeType": "S"},
        {"AttributeName": "expires_at", "AttributeType": "N"},
    ],
    "KeySchema": [
        {"AttributeName": "pk", "KeyType": "HASH"},
        {"AttributeName": "sk", "KeyType": "RANGE"},
    ],
    "GlobalSecondaryIndexes": [
        {
            "IndexName": "expiry",
            "KeySchema": [
                {"AttributeName": "bucket", "KeyType": "HASH"},
                {"AttributeName": "expires_at", "KeyType": "RANGE"},
            ],
        }
    ],
}


def _raw(row: Row) -> dict[str, Any]:
    return {column: _raw_value(value) for column, value in row.items()}


def _raw_value(value: Value) -> dict[str, Any]:
    if isinstance(value, bytes):
        return {"B": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def _raw_key(pk: str, sk: str) -> dict[str, Any]:
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def _row(item: Mapping[str, Any]) -> Row:
    row: dict[str, Value] = {}
    for column, typed in item.items():
        ((kind, value),) = typed.items()
        row[column] = int(value) if kind == "N" else value
    return row


def _condition(when: When) -> Condition:
    parts: list[Condition] = []
    if when.exists is not None:
        parts.append(Path("pk").exists() if when.exists else Path("pk").does_not_exist())
    parts.extend(Path(column) == _raw_value(value) for column, value in when.equal.items())
    parts.extend(Path(column) < value for column, value in when.below.items())
    parts.extend(Path(column) > value for column, value in when.above.items())
    parts.extend(Path(column).does_not_exist() for column in when.absent)
    if when.lapsed_at is not None:
        parts.append(Path("pk").does_not_exist() | (Path("expires_at") <= when.lapsed_at))
    return reduce(and_, parts)


def _actions(write: Update, stamp: Mapping[str, Value]) -> list[Action]:
    changes = {**write.set, **stamp}
    actions: list[Action] = [
        Path(column).set(_raw_value(value)) for column, value in changes.items()
    ]
    actions.extend(Path(column).add(amount) for column, amount in write.add.items())
    actions.extend(Path(column).remove() for column in write.remove)
    return actions


def _code(error: Exception) -> str | None:
    cause = error.cause if isinstance(error, PynamoDBException) else error
    response: Mapping[str, Any] = getattr(cause, "response", None) or {}
    code = response.get("Error", {}).get("Code")
    return code if isinstance(code, str) else None


def _is_conflict(error: TransactWriteError) -> bool:
    """Another transaction is at work on a row: worth another try, with the same token."""
    if _code(error) == "TransactionInProgressException":
        return True
    codes = {reason.code for reason in error.cancellation_reasons if reason is not None}
    return "TransactionConflict" in codes and "ConditionalCheckFailed" not in codes


def _unavailable(error: Exception) -> NoReturn:
    """Throttled, timed out, refused or failing: the person may try again.

    Only the error's public code goes on: botocore's text may quote values.
    """
    raise Refusal("unavailable", retry_after=_RETRY_AFTER, cause=_code(error)) from None
