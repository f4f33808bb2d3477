"""Which Lambda functions the packaged application becomes, and what invokes each of them.

Decided from the routes' own declarations and from what `chalice package` found in `app.py`:
nothing is listed a second time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

from chalicelib.api.application import FUNCTIONS
from chalicelib.api.routes import ROUTES, Route
from infra.packaging.functions import InvalidSettings

UNROUTED = "unrouted"
"""The function that answers wrong paths and methods."""
HTTP_HANDLER = "app.app"


@dataclass(frozen=True, slots=True)
class Schedule:
    """EventBridge invokes the function; `expression` as in `rate(1 minute)`."""

    expression: str


@dataclass(frozen=True, slots=True)
class Source:
    """Lambda reads a queue or a table's stream (named by its logical id) for the function."""

    kind: Literal["queue", "stream"]
    name: str
    batch_size: int


@dataclass(frozen=True, slots=True)
class Planned:
    """One Lambda function."""

    name: str
    handler: str
    routes: Sequence[Route] = ()
    schedule: Schedule | None = None
    source: Source | None = None

    @property
    def answers_http(self) -> bool:
        """Whether the API invokes it."""
        return bool(self.routes) or self.name == UNROUTED

    @property
    def id(self) -> str:
        """The name as it begins the function's logical ids: `VerifyCode`."""
        return "".join(part.capitalize() for part in self.name.split("_"))


def plan(packaged: Mapping[str, Any]) -> tuple[Planned, ...]:
    """Every function, HTTP first. `packaged` is the template that Chalice made.

    Raises `InvalidSettings` when the template has a route that no function declares, or an event
    that is not known here.
    """
    resources = packaged["Resources"]
    _require_declared(resources["RestAPI"]["Properties"]["DefinitionBody"]["paths"])
    return (*_http_functions(), *_event_functions(resources))


def routes() -> Sequence[Route]:
    """Every route of every function."""
    for name in FUNCTIONS:
        import_module(f"chalicelib.api.{name}")
    return ROUTES


def _http_functions() -> Iterator[Planned]:
    for name in FUNCTIONS:
        own = tuple(route for route in routes() if route.function == name)
        yield Planned(name, HTTP_HANDLER, routes=own)


def _event_functions(resources: Mapping[str, Any]) -> Iterator[Planned]:
    for resource in resources.values():
        if resource["Type"] != "AWS::Serverless::Function":
            continue
        properties = resource["Properties"]
        if properties["Handler"] != HTTP_HANDLER:
            yield _event_function(properties)


def _event_function(properties: Mapping[str, Any]) -> Planned:
    handler = properties["Handler"]
    module, _, name = handler.partition(".")
    if module != "app":
        raise InvalidSettings(f"{handler}: schedules and consumers are declared in app.py")
    events = list(properties.get("Events", {}).values())
    if not events:
        return Planned(name, handler)
    (event,) = events
    details = event["Properties"]
    match event["Type"]:
        case "Schedule":
            return Planned(name, handler, schedule=Schedule(details["Schedule"]))
        case "SQS":
            queue = details["Queue"]["Fn::Sub"].rpartition(":")[2]
            return Planned(name, handler, source=Source("queue", queue, details["BatchSize"]))
        case "DynamoDB":
            stream = Source("stream", details["Stream"], details["BatchSize"])
            return Planned(name, handler, source=stream)
        case other:
            raise InvalidSettings(f"{handler}: events of type {other} are not known to packaging")


def _require_declared(paths: Mapping[str, Any]) -> None:
    packaged = {(method.upper(), path) for path, methods in paths.items() for method in methods}
    declared = {(route.method, route.path) for route in routes()}
    if packaged != declared:
        differing = ", ".join(f"{method} {path}" for method, path in sorted(packaged ^ declared))
        raise InvalidSettings(f"packaged and declared routes differ: {differing}")
