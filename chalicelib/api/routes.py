"""How a route is stated: what it takes, who may call it, what it answers.

Every route of the API is declared by `Function.route`, which refuses one without a policy (R-40).
The declarations serve the handlers, the OpenAPI document, the tests and the packaging alike.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal, get_args

import msgspec
from chalice.app import Blueprint, Response

from chalicelib.api.bodies import MOST_MEMBERS
from chalicelib.domain.staff import Role

Policy = Literal[
    "public", "signed_in", "any_account", "registrar", "reviewer", "operator", "importer"
]
"""Who may call a route: `signed_in` is a student, `any_account` a student or anybody of the staff,
`importer` a registrar or an operator."""

Caller = Literal["student"] | Role

ADMITTED: Mapping[Policy, frozenset[Caller]] = {
    "signed_in": frozenset({"student"}),
    "any_account": frozenset({"student", *get_args(Role)}),
    "registrar": frozenset({"registrar"}),
    "reviewer": frozenset({"reviewer"}),
    "operator": frozenset({"operator"}),
    "importer": frozenset({"registrar", "operator"}),
}
"""Policy → who is let in; whoever else is signed in is refused (R-40)."""


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A body or query without members."""


@dataclass(frozen=True, slots=True)
class Binary:
    """An answer that is not JSON."""

    content: bytes
    media_type: str
    file_name: str | None = None


@dataclass(frozen=True, slots=True)
class WithCookies:
    """An answer that also sets cookies, each as `Set-Cookie` says it."""

    answer: Any
    cookies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list: items, and what to go on after (None on the last page)."""

    items: list[Any]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route's statement. `answers` maps status to the type of the body.

    `header` names a header of its own that the route reads; `also` a media type in which the
    person can have the answer instead. `csv` names the member of the body that may come as CSV, one
    value a line; `most_members` bounds the body.
    """

    function: str
    name: str
    method: str
    path: str
    policy: Policy
    summary: str
    answers: Mapping[int, Any]
    body: type[msgspec.Struct] | None = None
    body_optional: bool = False
    query: type[msgspec.Struct] = Nothing
    header: str | None = None
    creating: bool = False
    media_type: str = "application/json"
    also: str | None = None
    csv: str | None = None
    most_members: int = MOST_MEMBERS
    raises: tuple[str, ...] = ()
    cacheable_seconds: int = 0

    def status_of(self, answer: object) -> int:
        """The status that goes with an operation's answer."""
        for status, kind in self.answers.items():
            if answer is kind or (isinstance(kind, type) and isinstance(answer, kind)):
                return int(status)
        return int(next(iter(self.answers)))


ROUTES: list[Route] = []
"""Every route of the functions that are loaded."""


@dataclass(slots=True)
class Function:
    """The routes of one Lambda function."""

    name: str
    _views: list[tuple[Route, Callable[..., Response]]] = field(default_factory=list)

    def blueprint(self) -> Blueprint:
        """The routes as Chalice registers them: a blueprint of its own for every application."""
        blueprint = Blueprint(f"chalicelib.api.{self.name}")
        for route, view in self._views:
            name = f"{self.name}_{route.name}"
            # The edge judges the media type itself: Chalice's refusal is not the contract's.
            blueprint.route(route.path, methods=[route.method], name=name, content_types=["*/*"])(
                view
            )
        return blueprint

    def route(
        self, method: str, path: str, *, policy: Policy, answers: Mapping[int, Any], **more: Any
    ) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Declare a route; the decorated function takes a `Call` and the path's parameters.

        Raises `ValueError` for a policy that there is not: nothing is open by mistake (R-40).
        """
        if policy not in get_args(Policy):
            raise ValueError(f"no such policy: {policy}")

        def declare(operation: Callable[..., Any]) -> Callable[..., Any]:
            route = Route(
                function=self.name,
                name=operation.__name__,
                method=method,
                path=path,
                policy=policy,
                summary=(operation.__doc__ or "").partition("\n")[0],
                answers=answers,
                **more,
            )
            ROUTES.append(route)

            @wraps(operation)
            def view(**parameters: str) -> Response:
                from chalicelib.api.calls import answer  # noqa: PLC0415 -- calls imports this

                return answer(route, operation, parameters)

            self._views.append((route, view))
            return operation

        return declare
