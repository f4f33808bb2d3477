"""Write docs/api.md from the OpenAPI document: `python -m infra.document_api`."""

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from chalicelib.api.openapi import document
from chalicelib.api.problems import STATUS
from chalicelib.domain.errors import FIELD_PROBLEMS, REFUSALS

_CODE = re.compile(r"`(\w+)`: ")
_ANYWHERE = {
    "malformed_json",
    "too_large",
    "unsupported_media_type",
    "invalid_request",
    "internal_error",
    "unavailable",
}

PAGE = Path(__file__).parents[1] / "docs" / "api.md"

_HEAD = """\
# The HTTP API

This page is made by `make docs` from the routes' own declarations; the same, for machines, is at
`/api/openapi.json`.

Base path `/api`. JSON in `snake_case`, UTF-8; instants RFC 3339 in UTC; dates `YYYY-MM-DD`.
Signed-in routes take `Authorization: Bearer <access_token>`. Errors are `application/problem+json`
with a stable `code`; their `detail` follows `Accept-Language` (`zh-CN` unless `en` is preferred).
Request bodies are closed: an unknown member is refused. A member with `?` may be left out.

`Idempotency-Key` (marked *idempotent*) makes a retry safe: the same key and body within a day
answer the same. Lists are `{"items": […], "next": cursor or null}` with `?limit=` (1 to 100) and
`?cursor=`.

What any route may answer is not repeated below: 400 `malformed_json`, 413 `too_large`, 415
`unsupported_media_type`, 422 `invalid_request`, 500 `internal_error`, 503 `unavailable`.
"""


def render() -> str:
    """The page."""
    described = document()
    parts = [_HEAD]
    for tag in dict.fromkeys(tags(described)):
        parts.append(f"## {tag}\n")
        parts.extend(_operations(described, tag))
    parts.append(_codes())
    return "\n".join(parts)


def tags(described: Mapping[str, Any]) -> Iterator[str]:
    """The functions in the order of their first path."""
    for methods in described["paths"].values():
        for operation in methods.values():
            yield operation["tags"][0]


def _operations(described: Mapping[str, Any], tag: str) -> Iterator[str]:
    schemas = described["components"]["schemas"]
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            if operation["tags"] == [tag]:
                yield _operation(method.upper(), path, operation, schemas)


def _operation(
    method: str, path: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]
) -> str:
    lines = [f"### `{method} {path}`\n", f"{operation['summary']} {_access(operation)}\n"]
    query = [p for p in operation["parameters"] if p["in"] == "query"]
    if query:
        names = ", ".join(f"`{p['name']}`{'' if p['required'] else '?'}" for p in query)
        lines.append(f"* query: {names}")
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        lines.append(f"* body: {_shape(schema, schemas)}")
    for status, answer in operation["responses"].items():
        lines.extend(_answer(status, answer, schemas))
    return "\n".join(lines) + "\n"


def _access(operation: Mapping[str, Any]) -> str:
    notes = ["*signed in*" if operation["security"] else "*public*"]
    if any(p["name"] == "Idempotency-Key" for p in operation["parameters"]):
        notes.append("*idempotent*")
    return ", ".join(notes) + "."


def _answer(status: str, answer: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    content = answer.get("content", {})
    if "application/problem+json" in content:
        found = (code for code in _CODE.findall(answer["description"]) if code not in _ANYWHERE)
        codes = ", ".join(f"`{code}`" for code in found)
        if codes:
            yield f"* {status}: {codes}"
    elif "application/json" in content:
        yield f"* {status}: {_shape(content['application/json']['schema'], schemas)}"
    else:
        yield f"* {status}: " + (", ".join(f"`{kind}`" for kind in content) or "no body")


def _shape(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """The members of a schema, one level deep."""
    if "$ref" in schema:
        return _shape(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "anyOf" in schema:
        return " or ".join(_shape(one, schemas) for one in schema["anyOf"])
    members = schema.get("properties")
    if members is None:
        return "members by name" if schema.get("type") == "object" else "a value"
    if set(members) == {"items", "next"}:
        return f"list of {_shape(members['items'].get('items', {}), schemas)}"
    required = schema.get("required", [])
    names = (f"`{name}`{'' if name in required else '?'}" for name in members)
    return ", ".join(names) or "empty"


def _codes() -> str:
    lines = ["## Codes\n", "| status | code | says |", "| --- | --- | --- |"]
    for code, status in sorted(STATUS.items(), key=lambda one: (one[1], one[0])):
        lines.append(f"| {status} | `{code}` | {REFUSALS[code].en} |")
    lines += ["", "## Codes of fields\n", "| code | says |", "| --- | --- |"]
    lines += [f"| `{code}` | {text.en} |" for code, text in FIELD_PROBLEMS.items()]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page; the exit code."""
    PAGE.write_text(render(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
