"""Behind CloudFront limits count a person's own address, and nobody can name another's."""

from typing import Any

import pytest

from chalicelib.api.application import build
from chalicelib.api.client_address import (
    ADDRESS_HEADER,
    SECRET_HEADER,
    digest_of,
    with_client_address,
)
from infra.local.gateway import Gateway
from tests.world import Client, world

SECRET, FORMER = "present-secret", "former-secret"
DIGESTS = (digest_of(SECRET), digest_of(FORMER))
EDGE, PERSON, OTHER = "198.51.100.1", "203.0.113.7", "203.0.113.8"


def event(**headers: str) -> dict[str, Any]:
    return {
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {"requestId": "r", "identity": {"sourceIp": EDGE, "userAgent": "x"}},
    }


def source(made: dict[str, Any]) -> str:
    return str(made["requestContext"]["identity"]["sourceIp"])


@pytest.mark.parametrize("secret", [SECRET, FORMER])
@pytest.mark.parametrize("address", [PERSON, "2001:db8::7"])
def test_cloudfront_tells_the_persons_address(secret: str, address: str) -> None:
    made = with_client_address(event(X_Origin_Secret=secret, x_viewer_address=address), DIGESTS)
    assert source(made) == address
    assert made["requestContext"]["identity"]["userAgent"] == "x"
    assert made["requestContext"]["requestId"] == "r"


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"X_Viewer_Address": PERSON},
        {"X_Viewer_Address": PERSON, "X_Origin_Secret": ""},
        {"X_Viewer_Address": PERSON, "X_Origin_Secret": "guessed"},
        {"X_Viewer_Address": PERSON, "X_Origin_Secret": DIGESTS[0]},
        {"X_Forwarded_For": PERSON, "X_Origin_Secret": SECRET},
        {"X_Viewer_Address": "nobody", "X_Origin_Secret": SECRET},
        {"X_Viewer_Address": f"{PERSON}:443", "X_Origin_Secret": SECRET},
    ],
)
def test_without_proof_the_gateway_is_believed(sent: dict[str, str]) -> None:
    assert source(with_client_address(event(**sent), DIGESTS)) == EDGE


def test_a_stage_without_cloudfront_believes_nobody() -> None:
    sent = event(X_Viewer_Address=PERSON, X_Origin_Secret=SECRET)
    assert source(with_client_address(sent, ())) == EDGE


def test_the_secret_goes_no_further() -> None:
    sent = event(X_Viewer_Address=PERSON, x_origin_SECRET=SECRET, Accept="*/*")
    assert with_client_address(sent, DIGESTS)["headers"] == {"Accept": "*/*"}
    assert "x-origin-SECRET" in sent["headers"], "the event itself is left as it came"


def test_an_event_without_headers_is_left_alone() -> None:
    assert source(with_client_address({**event(), "headers": None}, DIGESTS)) == EDGE


@pytest.fixture
def client() -> Client:
    archive = world()
    app = build(None, lambda: archive.ports, origin_digests=lambda: DIGESTS)
    return Client(Gateway(app), ip=EDGE)


def guesses(client: Client, **headers: str) -> list[int]:
    """What eleven wrong report codes get (A-09: ten misses a minute and network)."""
    path = "/verifications/0000000000000000"
    return [client.call("GET", path, headers=headers).status for _ in range(11)]


@pytest.mark.req("R-26")
def test_people_behind_one_edge_have_limits_of_their_own(client: Client) -> None:
    through = {SECRET_HEADER: SECRET, ADDRESS_HEADER: PERSON}
    assert guesses(client, **through) == [404] * 10 + [429]
    assert guesses(client, **through | {ADDRESS_HEADER: OTHER}) == [404] * 10 + [429]


@pytest.mark.req("R-26")
def test_an_invented_address_does_not_escape_a_limit(client: Client) -> None:
    path = "/verifications/0000000000000000"
    statuses = [
        client.call("GET", path, headers={ADDRESS_HEADER: f"203.0.113.{number}"}).status
        for number in range(11)
    ]
    assert statuses == [404] * 10 + [429]
