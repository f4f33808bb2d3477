"""Whether a deployed API answers: each function that serves a harmless request is asked one."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import urllib3

from infra.http_pool import http_pool

_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Probe:
    """A request that changes nothing, and the answer that shows the function at work."""

    method: str
    path: str
    status: int
    body: object = None


PROBES = (
    Probe("GET", "/openapi.json", 200),
    Probe("GET", "/nowhere", 404),
    Probe("DELETE", "/registrations", 405),
    Probe("POST", "/registrations", 422, {}),
    Probe("POST", "/verification-codes", 422, {}),
    Probe("GET", "/bindings", 401),
    Probe("GET", "/reports", 401),
)


def smoke_test(api_url: str, headers: Mapping[str, str] | None = None) -> Iterator[str]:
    """What is wrong with the API; nothing when all is well. `headers` go with every request."""
    pool = http_pool(_SECONDS)
    for probe in PROBES:
        asked = f"{probe.method} {probe.path}"
        try:
            answer = pool.request(
                probe.method,
                api_url + probe.path,
                body=None if probe.body is None else json.dumps(probe.body),
                headers={**(headers or {}), **_typed(probe)},
            )
        except urllib3.exceptions.HTTPError as error:
            yield f"{asked} got no answer ({type(error).__name__})"
            continue
        if answer.status != probe.status:
            yield f"{asked} answered {answer.status} and not {probe.status}"
        elif "x-request-id" not in answer.headers:
            yield f"{asked} was not answered by the archive"


def _typed(probe: Probe) -> Mapping[str, str]:
    return {} if probe.body is None else {"Content-Type": "application/json"}
