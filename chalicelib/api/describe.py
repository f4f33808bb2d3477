"""What the archive says of itself: the API's description, and what people are asked to agree to."""

from typing import Any, get_args

import msgspec

from chalicelib.api.calls import Call
from chalicelib.api.openapi import document
from chalicelib.api.routes import Function
from chalicelib.domain.consents import CURRENT_VERSION, Kind, text_of

function = Function("describe")


class Consents(msgspec.Struct, frozen=True, kw_only=True):
    """The texts in force, in Markdown and the person's language, by kind."""

    version: str
    texts: dict[Kind, str]


@function.route(
    "GET", "/openapi.json", policy="public", answers={200: dict[str, Any]}, cacheable_seconds=300
)
def describe(call: Call) -> dict[str, Any]:  # noqa: ARG001 -- every route takes the call
    """The OpenAPI document of this API."""
    return document()


@function.route("GET", "/consents", policy="public", answers={200: Consents})
def read_consents(call: Call) -> Consents:
    """What people agree to: the terms with the privacy notice, and the consent to a scan."""
    language = call.caller.language
    service = call.ports.service_names[language]
    kinds: tuple[Kind, ...] = get_args(Kind)
    texts = {
        kind: text_of(CURRENT_VERSION, kind, language, service=service, contact=call.ports.contact)
        for kind in kinds
    }
    return Consents(version=CURRENT_VERSION, texts=texts)
