"""What each deployed function may do, by the emulated IAM: the policies as they were deployed."""

import re

import pytest

from infra.packaging.functions import read_functions
from tests.deployment.denied import DENIED, KEY, QUERY

pytestmark = [pytest.mark.deployment, pytest.mark.req("R-70")]

REFUSED = re.compile("AccessDenied|AccessDeniedException|AuthorizationError")
PURPOSES = ("index", "seal", "code", "sign")


def attempt(site, function, service, call, arguments):
    """The code with which AWS refuses a function's call, None when it does not."""
    client = site.as_function(function, service)
    try:
        getattr(client, call)(**arguments)
    except client.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None


@pytest.mark.parametrize("function", read_functions())
def test_a_forbidden_call_is_denied(site, denials, function):
    forbidden = DENIED[function]
    arguments = {
        name: value.format(**site.deployed.outputs) if isinstance(value, str) else value
        for name, value in forbidden.arguments.items()
    }
    code = attempt(site, function, forbidden.service, forbidden.call, arguments)
    denials[function] = code
    assert code is not None, "allowed"
    assert REFUSED.fullmatch(code)


@pytest.mark.parametrize("function", read_functions())
def test_only_the_keys_that_a_function_needs_open_for_it(site, function):
    """Foreign ciphertext is told from a forbidden key: the first is looked at, then refused."""
    granted = site.granted(function)["Statement"]
    allowed = {key for one in granted if "kms:Decrypt" in one["Action"] for key in one["Resource"]}
    kms = site.cloud.client("kms")
    for purpose in PURPOSES:
        key = kms.describe_key(KeyId=f"alias/archive-dev-{purpose}")["KeyMetadata"]
        if key["KeyUsage"] == "ENCRYPT_DECRYPT":
            arguments = {"CiphertextBlob": b"x", "KeyId": key["Arn"]}
            code = attempt(site, function, "kms", "decrypt", arguments)
            assert bool(REFUSED.fullmatch(code or "")) == (key["Arn"] not in allowed)


def test_the_same_calls_are_allowed_to_whom_they_belong(site):
    assert (
        attempt(site, "query", "dynamodb", "query", {"TableName": "archive-dev-registry"} | QUERY)
        is None
    )
    delete = {"TableName": "archive-dev-codes", "Key": KEY}
    assert attempt(site, "expire_codes", "dynamodb", "delete_item", delete) is None
