"""The API's own description."""

from typing import Any

from chalicelib.api.calls import Call
from chalicelib.api.openapi import document
from chalicelib.api.routes import Function

function = Function("describe")


@function.route(
    "GET", "/openapi.json", policy="public", answers={200: dict[str, Any]}, cacheable_seconds=300
)
def describe(call: Call) -> dict[str, Any]:  # noqa: ARG001 -- every route takes the call
    """The OpenAPI document of this API."""
    return document()
