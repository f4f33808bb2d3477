"""What has no route: wrong paths and methods, and the browsers' preflights.

The API's definition sends each path's remaining methods, and all other paths, to one function.
"""

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from chalicelib.api.application import FUNCTIONS, Archive
from chalicelib.api.routes import ROUTES


def answer_unrouted(app: Archive, event: dict[str, Any]) -> dict[str, Any]:
    """Answer an event that came to no route of its own: a preflight, 405 or 404."""
    allowed = allowed_methods(str(event.get("resource", "")))
    if allowed and _is_preflight(event):
        return app.preflight(event, allowed)
    return app.unrouted(event, allowed)


def allowed_methods(template: str) -> Sequence[str]:
    """The methods that a path's template has, whichever function serves them; none for others."""
    for name in FUNCTIONS:
        import_module(f"chalicelib.api.{name}")
    return sorted(route.method for route in ROUTES if route.path == template)


def _is_preflight(event: Mapping[str, Any]) -> bool:
    names = {name.casefold() for name in event.get("headers") or {}}
    return (
        event.get("httpMethod") == "OPTIONS"
        and {"origin", "access-control-request-method"} <= names
    )
