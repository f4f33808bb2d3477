"""The OpenAPI 3.1 document, generated from the routes' own declarations."""

import re
from functools import cache
from importlib import import_module
from typing import Any, get_args, get_origin

import msgspec

from chalicelib.api.bodies import CSV
from chalicelib.api.problems import STATUS, Problem
from chalicelib.api.routes import ROUTES, Binary, Route
from chalicelib.domain.errors import REFUSALS

VERSION = "1.0.0"
_REF = "#/components/schemas/{name}"
_PARAMETER = re.compile(r"{(\w+)}")
_ALWAYS = ("invalid_request", "internal_error", "unavailable")
_WITH_BODY = ("malformed_json", "too_large", "unsupported_media_type")
_WITH_KEY = ("idempotency_key_reused", "request_in_progress")


@cache
def document() -> dict[str, Any]:
    """The whole document; every function's routes, whichever of them this process serves."""
    from chalicelib.api.application import FUNCTIONS  # noqa: PLC0415 -- it imports this

    for name in FUNCTIONS:
        import_module(f"chalicelib.api.{name}")
    kinds = _kinds(ROUTES)
    _, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(ROUTES, key=lambda one: (one.path, one.method)):
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Student Archive",
            "version": VERSION,
            "description": "A real-name archive of student records. Errors are "
            "application/problem+json with a stable `code`.",
        },
        "servers": [{"url": "/api"}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
        },
    }


def _kinds(routes: list[Route]) -> list[Any]:
    kinds: list[Any] = [Problem]
    for route in routes:
        if route.body is not None:
            kinds.append(route.body)
        kinds.extend(kind for kind in route.answers.values() if _is_json(kind))
    return kinds


def _is_json(kind: Any) -> bool:
    return kind is not None and kind is not Binary


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": f"{route.function}_{route.name}",
        "summary": route.summary,
        "tags": [route.function],
        "parameters": [*_path_parameters(route), *_query_parameters(route), *_headers(route)],
        "responses": {**_answers(route), **_refusals(route)},
    }
    if route.body is not None:
        content = {"application/json": {"schema": _schema(route.body)}}
        if route.csv is not None:
            content[CSV] = {"schema": {"type": "string"}}
        operation["requestBody"] = {"required": not route.body_optional, "content": content}
    operation["security"] = [] if route.policy == "public" else [{"session": []}]
    return operation


def _path_parameters(route: Route) -> list[dict[str, Any]]:
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in _PARAMETER.findall(route.path)
    ]


def _query_parameters(route: Route) -> list[dict[str, Any]]:
    if not msgspec.structs.fields(route.query):
        return []
    _, components = msgspec.json.schema_components([route.query])
    schema = components[route.query.__name__]
    required = schema.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": shape}
        for name, shape in schema["properties"].items()
    ]


def _headers(route: Route) -> list[dict[str, Any]]:
    """A route's own header, and the key of a creating one."""
    names = {"Idempotency-Key": False} if route.creating else {}
    if route.header is not None:
        names[route.header] = True
    shape = {"type": "string", "minLength": 1, "maxLength": 255}
    return [
        {"name": name, "in": "header", "required": required, "schema": shape}
        for name, required in names.items()
    ]


def _answers(route: Route) -> dict[str, Any]:
    return {str(status): _answer(route, kind) for status, kind in route.answers.items()}


def _answer(route: Route, kind: Any) -> dict[str, Any]:
    if kind is None:
        return {"description": "Done."}
    if kind is Binary:
        schema = {"type": "string", "contentMediaType": route.media_type}
        return {"description": route.summary, "content": {route.media_type: {"schema": schema}}}
    content: dict[str, Any] = {"application/json": {"schema": _schema(kind)}}
    if route.also is not None:
        content[route.also] = {"schema": {"type": "string"}}
    return {"description": route.summary, "content": content}


def _schema(kind: Any) -> dict[str, Any]:
    if get_origin(kind) is list:
        page = {"type": "array", "items": _schema(get_args(kind)[0])}
        return {
            "type": "object",
            "properties": {"items": page, "next": {"type": ["string", "null"]}},
            "required": ["items", "next"],
        }
    schemas, _ = msgspec.json.schema_components([kind], ref_template=_REF)
    return dict(schemas[0])


def _refusals(route: Route) -> dict[str, Any]:
    codes = [*_ALWAYS, *route.raises]
    if route.body is not None:
        codes.extend(_WITH_BODY)
    if route.creating:
        codes.extend(_WITH_KEY)
    if route.policy != "public":
        codes.extend(("unauthenticated", "forbidden"))
    if route.query is not None and "cursor" in route.query.__struct_fields__:
        codes.append("cursor_invalid")
    by_status: dict[int, list[str]] = {}
    for code in dict.fromkeys(codes):
        by_status.setdefault(STATUS[code], []).append(code)
    return {str(status): _refusal(names) for status, names in sorted(by_status.items())}


def _refusal(codes: list[str]) -> dict[str, Any]:
    text = "; ".join(f"`{code}`: {REFUSALS[code].en}" for code in codes)
    problem = {"schema": {"$ref": _REF.format(name="Problem")}}
    return {"description": text, "content": {"application/problem+json": problem}}
