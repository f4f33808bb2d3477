"""The deployed stage at work: functions in processes of their own, each with its own role."""

import re

import pytest

pytestmark = pytest.mark.deployment


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("DELETE", "/registrations", 405, "method_not_allowed"),
        ("GET", "/registrations", 405, "method_not_allowed"),
        ("GET", "/account", 401, "unauthenticated"),
    ],
)
@pytest.mark.req("R-76")
def test_what_has_no_route_is_answered_as_a_problem(site, method, path, status, code):
    answer = site.call(method, path)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_elsewhere_gets_no_permission(site):
    headers = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    answer = site.call("OPTIONS", "/account", headers=headers)
    assert answer.status == 204
    assert not [name for name in answer.headers if name.startswith("Access-Control")]


# What each function may do


DENIED = {
    "register": ("dynamodb", "put_item", {"TableName": "archive-dev-registry", "Item": {}}),
    "verify_code": ("dynamodb", "get_item", {"TableName": "archive-dev-accounts", "Key": {}}),
    "sessions": ("dynamodb", "query", {"TableName": "archive-dev-registry"}),
    "recover": ("dynamodb", "get_item", {"TableName": "archive-dev-reports", "Key": {}}),
    "account": ("dynamodb", "put_item", {"TableName": "archive-dev-registry", "Item": {}}),
    "correct": ("dynamodb", "put_item", {"TableName": "archive-dev-accounts", "Item": {}}),
    "appeals": ("s3", "put_object", {"Bucket": "archive-dev-photos-000000000000", "Key": "x"}),
    "bind": ("dynamodb", "get_item", {"TableName": "archive-dev-reports", "Key": {}}),
    "query": ("dynamodb", "put_item", {"TableName": "archive-dev-registry", "Item": {}}),
    "report": ("dynamodb", "put_item", {"TableName": "archive-dev-registry", "Item": {}}),
    "verify_report": ("dynamodb", "query", {"TableName": "archive-dev-registry"}),
    "describe": ("dynamodb", "query", {"TableName": "archive-dev-keyring"}),
    "unrouted": ("dynamodb", "query", {"TableName": "archive-dev-keyring"}),
    "relay": ("kms", "decrypt", {"CiphertextBlob": b"x", "KeyId": "alias/archive-dev-seal"}),
    "relay_committed": ("sns", "publish", {"PhoneNumber": "+8619900000000", "Message": "x"}),
    "expire_codes": ("dynamodb", "scan", {"TableName": "archive-dev-codes"}),
    "check_appeals": ("dynamodb", "query", {"TableName": "archive-dev-registry"}),
    "close_accounts": ("sns", "publish", {"PhoneNumber": "+8619900000000", "Message": "x"}),
    "publish_statuses": ("dynamodb", "query", {"TableName": "archive-dev-registry"}),
    "seal_audit": ("dynamodb", "delete_item", {"TableName": "archive-dev-audit", "Key": {}}),
    "remind": ("sns", "publish", {"PhoneNumber": "+8619900000000", "Message": "x"}),
    "deliver": ("sns", "publish", {"TopicArn": "$topic", "Message": "x"}),
}
"""For each function a call that it must not make."""

KEY = {"pk": {"S": "x"}, "sk": {"S": "x"}}
QUERY = {
    "KeyConditionExpression": "pk = :pk",
    "ExpressionAttributeValues": {":pk": {"S": "x"}},
}


@pytest.mark.req("R-70")
def test_every_function_has_a_call_that_it_must_not_make(site):
    assert set(DENIED) == set(site.package.functions)


@pytest.mark.req("R-70")
@pytest.mark.parametrize("function", DENIED)
def test_a_forbidden_call_is_denied_by_iam(site, function):
    service, call, arguments = DENIED[function]
    filled = {
        name: KEY if name in {"Item", "Key"} and service == "dynamodb" else value
        for name, value in arguments.items()
    } | (QUERY if call == "query" else {})
    if filled.get("TopicArn"):
        filled["TopicArn"] = site.deployed.outputs["AlarmTopicArn"]
    client = site.as_function(function, service)
    with pytest.raises(client.exceptions.ClientError) as denied:
        getattr(client, call)(**filled)
    assert re.match(
        r"AccessDenied|AccessDeniedException|AuthorizationError",
        denied.value.response["Error"]["Code"],
    )


@pytest.mark.req("R-70")
def test_the_same_call_is_allowed_to_whom_it_belongs(site):
    site.as_function("query", "dynamodb").query(TableName="archive-dev-registry", **QUERY)
    site.as_function("expire_codes", "dynamodb").delete_item(TableName="archive-dev-codes", Key=KEY)
