"""What each deployed function may do, by the emulated IAM: the policies as they were deployed."""

import re

import pytest

from infra.packaging.functions import read_functions
from tests.deployment.denied import DENIED, KEY, QUERY

pytestmark = [pytest.mark.deployment, pytest.mark.req("R-70")]

REFUSED = re.compile("AccessDenied|AccessDeniedException|AuthorizationError")
PURPOSES = ("index", "seal", "code", "sign", "audit")


def attempt(site, function, service, call, arguments):
    """The code with which AWS refuses a function's call, None when it does not."""
    client = site.as_function(function, service)
    try:
        getattr(client, call)(**arguments)
    except client.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    return None


@pytest.fixture(scope="module")
def keys(site):
    """The ARNs of the stage's keys by their purposes."""
    kms = site.cloud.client("kms")
    aliases = (f"alias/archive-dev-{purpose}" for purpose in PURPOSES)
    arns = (kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] for alias in aliases)
    return dict(zip(PURPOSES, arns, strict=True))


@pytest.mark.parametrize("function", read_functions())
def test_a_forbidden_call_is_denied(site, denials, keys, function):
    forbidden = DENIED[function]
    arguments = {
        name: value.format(**site.deployed.outputs, **keys) if isinstance(value, str) else value
        for name, value in forbidden.arguments.items()
    }
    code = attempt(site, function, forbidden.service, forbidden.call, arguments)
    denials[function] = code
    assert code is not None, "allowed"
    assert REFUSED.fullmatch(code)


@pytest.mark.parametrize("function", read_functions())
def test_only_the_keys_that_a_function_needs_open_for_it(site, keys, function):
    """What it may not use is denied; what it may use is looked at, and found to be no secret."""
    statements = site.granted(function)["Statement"]
    allowed = {
        key for one in statements if "kms:Decrypt" in one["Action"] for key in one["Resource"]
    }
    for arn in keys.values():
        code = attempt(site, function, "kms", "decrypt", {"CiphertextBlob": b"x", "KeyId": arn})
        assert bool(REFUSED.fullmatch(code or "")) == (arn not in allowed)


def test_the_same_calls_are_allowed_to_whom_they_belong(site):
    assert (
        attempt(site, "query", "dynamodb", "query", {"TableName": "archive-dev-registry"} | QUERY)
        is None
    )
    delete = {"TableName": "archive-dev-codes", "Key": KEY}
    assert attempt(site, "expire_codes", "dynamodb", "delete_item", delete) is None
