"""What each operation asks of DynamoDB: requests by kind, and capacity units.

    python -m benchmarks.requests_and_capacity

Real edge, operations and stores on the tables of an embedded AWS; keys, photos and senders are in
memory, so that only the tables are counted (the data keys cost one query and one KMS call per
purpose and five minutes). Units follow DynamoDB's rules from the sizes of the rows that were read
and written, index rows included, because the emulator reports one unit for larger reads and none
for missing rows; what it reports, reads and writes together, stands beside them.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import ceil
from typing import Any

import boto3

from benchmarks.embedded import as_student, demo_people, embedded_aws, fill
from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.domain.consents import CURRENT_VERSION
from tests.world import PASSWORD, Answer, Client, World, world

Item = Mapping[str, Mapping[str, Any]]
Place = tuple[str, str, str]

PEOPLE = 40
GRADUATE, BY_HAND = 0, 5
SINGLE_WRITES = {"PutItem", "UpdateItem", "DeleteItem"}
SHORT = {
    "GetItem": "get",
    "Query": "query",
    "BatchGetItem": "batch",
    "PutItem": "put",
    "UpdateItem": "update",
    "DeleteItem": "delete",
    "TransactWriteItems": "transact",
}


@dataclass
class Cost:
    """What one operation took."""

    requests: Counter[str] = field(default_factory=Counter)
    items: int = 0
    read_units: float = 0
    write_units: float = 0
    reported: float = 0

    def told(self) -> str:
        parts = []
        for kind, count in self.requests.items():
            of = f"({self.items})" if kind == "transact" else ""
            parts.append(f"{count} {kind}{of}")
        return " + ".join(parts) or "-"


class Meter:
    """Counts the calls of one `DynamoTables`, and looks at the rows around each write."""

    def __init__(self, tables: DynamoTables) -> None:
        self._plain = boto3.client("dynamodb")
        self.cost = Cost()
        client = tables._connection.client
        client.meta.events.register("provide-client-params.dynamodb.*", self._before)
        client.meta.events.register("after-call.dynamodb.*", self._after)

    @contextmanager
    def measuring(self) -> Iterator[Cost]:
        """The cost of what is done inside."""
        self.cost = cost = Cost()
        yield cost
        self.cost = Cost()

    def _before(self, params: Mapping[str, Any], context: dict[str, Any], **_: Any) -> None:
        context["params"] = params
        places = written_places(params)
        context["before"] = {place: self._row(place) for place in places}

    def _after(self, parsed: Mapping[str, Any], model: Any, context: Any, **_: Any) -> None:
        name = str(model.name)
        cost = self.cost
        cost.requests[SHORT[name]] += 1
        cost.reported += reported_units(parsed.get("ConsumedCapacity"))
        cost.read_units += read_units(name, context["params"], parsed)
        before = context["before"]
        transacted = name == "TransactWriteItems"
        cost.items += len(before) if transacted else 0
        for place, old in before.items():
            new = self._row(place)
            table = max(1, ceil(max(size(old), size(new)) / 1024)) * (2 if transacted else 1)
            cost.write_units += table + index_units(old, new)

    def _row(self, place: Place) -> Item:
        table, pk, sk = place
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        answer = self._plain.get_item(TableName=table, Key=key, ConsistentRead=True)
        item: Item = answer.get("Item", {})
        return item


def written_places(params: Mapping[str, Any]) -> list[Place]:
    """The rows that a request writes or checks."""
    singles = [one for entry in params.get("TransactItems", ()) for one in entry.values()]
    if not singles and ("Item" in params or ("Key" in params and not is_read(params))):
        singles = [params]
    return [place_of(one) for one in singles]


def is_read(params: Mapping[str, Any]) -> bool:
    return "ConsistentRead" in params


def place_of(one: Mapping[str, Any]) -> Place:
    key = one.get("Item") or one["Key"]
    return one["TableName"], key["pk"]["S"], key["sk"]["S"]


def read_units(name: str, params: Mapping[str, Any], parsed: Mapping[str, Any]) -> float:
    """A unit per 4 KB: of each row by key, of all rows together in a query; half where stale."""
    if name == "GetItem":
        return units_of(size(parsed.get("Item", {})))
    if name == "BatchGetItem":
        asked = sum(len(one["Keys"]) for one in params["RequestItems"].values())
        found = [item for items in parsed["Responses"].values() for item in items]
        return sum(units_of(size(item)) for item in found) + asked - len(found)
    if name == "Query":
        whole = units_of(sum(size(item) for item in parsed["Items"]))
        return whole if params.get("ConsistentRead") else whole / 2
    return 0


def units_of(octets: int) -> int:
    return max(1, ceil(octets / 4096))


def index_units(old: Item, new: Item) -> int:
    """Rows with a bucket stand in the index `expiry` too: written, removed, or both."""
    entries = [
        tuple(str(row[name]) for name in ("bucket", "expires_at")) if "bucket" in row else None
        for row in (old, new)
    ]
    if entries[0] == entries[1]:
        return 0
    return sum(entry is not None for entry in entries)


def size(item: Item) -> int:
    """DynamoDB's size of a row: names and values; a number takes half a byte a digit and one."""
    total = 0
    for name, typed in item.items():
        ((kind, value),) = typed.items()
        total += len(name) + (len(value) // 2 + 2 if kind == "N" else octets_of(value))
    return total


def octets_of(value: str | bytes) -> int:
    return len(value.encode() if isinstance(value, str) else value)


def reported_units(capacity: Any) -> float:
    entries: Sequence[Any] = capacity if isinstance(capacity, list) else [capacity or {}]
    return sum(float(entry.get("CapacityUnits", 0)) for entry in entries)


class Journey:
    """The steps of a person's way, each measured on its own."""

    def __init__(self, archive: World, meter: Meter) -> None:
        self._archive = archive
        self._meter = meter

    def call(
        self,
        client: Client,
        says: str,
        status: int,
        method: str,
        path: str,
        body: Any = None,
        **more: Any,
    ) -> Answer:
        """One measured request."""
        with self._meter.measuring() as cost:
            answer = client.call(method, path, body, **more)
        assert answer.status == status, (says, answer.content)
        show(says, cost)
        return answer

    def work(self, says: str, job: Callable[[], object]) -> None:
        """A measured job."""
        with self._meter.measuring() as cost:
            job()
        show(says, cost)


def show(says: str, cost: Cost) -> None:
    print(
        f"{says:44} {cost.told():42} {cost.read_units:6g} {cost.write_units:6g} {cost.reported:9g}"
    )


def register(journey: Journey, archive: World, place: int) -> tuple[Client, dict[str, Any]]:
    student = as_student(demo_people(PEOPLE)[place])
    archive.checker.learn(student.name, student.document_number, student.phone)
    client, call = archive.client, journey.call
    asked = {"purpose": "register", "channel": "sms", "destination": student.phone}
    challenge = call(client, "ask for a code", 202, "POST", "/verification-codes", asked).json
    journey.work("  relay and deliver its message", archive.deliver)
    code = {"code": archive.last_code(student.phone)}
    path = f"/verification-codes/{challenge['challenge_id']}/verify"
    token = call(client, "verify the code", 200, "POST", path, code).json["verification_token"]
    draft = {
        "verification_token": token,
        "email": student.email,
        "password": PASSWORD,
        "name": student.name,
        "document_type": student.document_type,
        "document_number": student.document_number,
        "consent": {"version": CURRENT_VERSION, "accepted": True},
    }
    drafted = call(client, "register: draft", 201, "POST", "/registrations", draft).json
    path = f"/registrations/{drafted['registration_id']}/confirm"
    call(client, "register: confirm", 201, "POST", path)
    call(client, "register: confirm repeated", 201, "POST", path)
    who = {"username": student.email, "password": PASSWORD}
    step = call(client, "sign in: unknown device", 202, "POST", "/sessions", who).json
    second = {
        "challenge_id": step["challenge_id"],
        "code": archive.last_code(student.phone),
        "remember_device": True,
    }
    session = call(client, "sign in: second step", 201, "POST", "/sessions/second-step", second)
    client.token = session.json["access_token"]
    return client, who | {"device_token": session.json["device_token"]} | session.json


def use_sessions(journey: Journey, client: Client, known: dict[str, Any]) -> None:
    call = journey.call
    who = {name: known[name] for name in ("username", "password", "device_token")}
    call(client, "sign in: known device", 201, "POST", "/sessions", who)
    wrong = who | {"password": "wrong-password"}
    call(client, "sign in: wrong password", 401, "POST", "/sessions", wrong)
    token = {"refresh_token": known["refresh_token"]}
    pair = call(client, "refresh the session", 200, "POST", "/sessions/refresh", token)
    client.token = pair.json["access_token"]
    call(client, "list the sessions", 200, "GET", "/sessions")
    call(client, "read the account", 200, "GET", "/account")


def read_archive(journey: Journey, client: Client) -> dict[str, Any]:
    """The newest credential."""
    call = journey.call
    call(client, "read the archive: 7 families", 200, "GET", "/archive")
    listed = call(client, "list a family", 200, "GET", "/archive/credentials").json["items"]
    newest: dict[str, Any] = listed[0]
    one = f"/archive/credentials/{newest['record_id']}"
    call(client, "read a record", 200, "GET", one)
    call(client, "read a photo", 200, "GET", f"{one}/photo", query={"kind": "graduation"})
    call(client, "read its versions", 200, "GET", f"{one}/versions")
    call(client, "refresh the bindings", 200, "POST", "/bindings/refresh")
    return newest


def use_reports(journey: Journey, client: Client, record: dict[str, Any]) -> None:
    call = journey.call
    wanted = {
        "kind": "credential",
        "record_id": record["record_id"],
        "language": "zh+en",
        "valid_months": 3,
        "disclosure": "full",
    }
    issued = call(client, "issue a report", 201, "POST", "/reports", wanted).json
    key = {"Idempotency-Key": "benchmark"}
    says = "issue a report with Idempotency-Key"
    call(client, says, 201, "POST", "/reports", wanted, headers=key)
    call(client, "  the same again: replay", 201, "POST", "/reports", wanted, headers=key)
    call(client, "list the reports", 200, "GET", "/reports")
    own = f"/reports/{issued['report_id']}"
    call(client, "read a report", 200, "GET", own)
    call(client, "draw its PDF", 200, "GET", f"{own}/pdf")
    code = f"/verifications/{issued['verification_code']}"
    call(client, "verify: first view of the day", 200, "GET", code, token="")
    call(client, "verify: a further view", 200, "GET", code, token="")
    call(client, "verify: photo", 200, "GET", f"{code}/photo", token="")
    call(client, "verify: PDF", 200, "GET", f"{code}/pdf", token="")
    unknown = "/verifications/0000-0000-0000-0000"
    call(client, "verify: unknown code", 404, "GET", unknown, token="")
    call(client, "extend: too early", 409, "PATCH", own, {"extend_months": 1})
    call(client, "close the report", 204, "DELETE", own)
    call(client, "verify: closed", 200, "GET", code, token="")
    call(client, "sign out", 204, "DELETE", "/sessions/current")


def bind_by_hand(journey: Journey, archive: World) -> None:
    person = demo_people(PEOPLE)[BY_HAND]
    student = as_student(person)
    archive.checker.learn(student.name, student.document_number, student.phone)
    client = archive.registered(student)
    hints: Any = person.summary["manual_bindings"]
    names = ("family", "certificate_number", "graduation_year")
    for hint, named in zip(hints, ("institution_code", "institution"), strict=True):
        body = {name: hint[name] for name in names} | {"institution": hint[named]}
        journey.call(client, f"bind by hand, by {named}", 201, "POST", "/bindings", body)
    miss = body | {"certificate_number": "1"}
    journey.call(client, "bind by hand: no match", 422, "POST", "/bindings", miss)
    journey.call(client, "read the archive: 2 linked records", 200, "GET", "/archive")


def main() -> None:
    logging.disable(logging.INFO)  # the table is the output
    with embedded_aws("test") as tables:
        archive = world(tables=tables["test"])
        fill(archive.ports, PEOPLE, portraits=True)
        journey = Journey(archive, Meter(tables["test"]))
        print(f"{'operation':44} {'requests (rows in a transaction)':42} ", end="")
        print(f"{'read':>6} {'write':>6} {'reported':>9}")
        client, known = register(journey, archive, GRADUATE)
        use_sessions(journey, client, known)
        use_reports(journey, client, read_archive(journey, client))
        bind_by_hand(journey, archive)


if __name__ == "__main__":
    main()
