"""The API in the template: integrations per route, the gateway's own answers, throttling, logs."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from chalicelib.api.application import CORS_RESPONSE_HEADERS
from chalicelib.api.calls import PROBLEM
from chalicelib.api.problems import STATUS, problem_headers, problem_of
from chalicelib.domain.errors import Refusal
from infra.packaging.lambdas import Resources, attribute, log_group, sub
from infra.packaging.plan import UNROUTED, Planned
from infra.packaging.stages import StageSettings

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
EVERYTHING_ELSE = ("/", "/{proxy+}")
BINARY_TYPES = ["*/*"]
"""Bodies pass as bytes whatever `Accept` says. With a list of types the gateway would look at the
first one that is accepted, and answer base64 to every browser's picture and download."""

OWN_ANSWERS: Mapping[str, str] = {
    "ACCESS_DENIED": "not_found",
    "BAD_REQUEST_BODY": "malformed_json",
    "BAD_REQUEST_PARAMETERS": "invalid_request",
    "DEFAULT_4XX": "invalid_request",
    "DEFAULT_5XX": "internal_error",
    "INTEGRATION_FAILURE": "unavailable",
    "INTEGRATION_TIMEOUT": "unavailable",
    "MISSING_AUTHENTICATION_TOKEN": "not_found",
    "QUOTA_EXCEEDED": "rate_limited",
    "REQUEST_TOO_LARGE": "too_large",
    "RESOURCE_NOT_FOUND": "not_found",
    "THROTTLED": "rate_limited",
    "UNSUPPORTED_MEDIA_TYPE": "unsupported_media_type",
    "WAF_FILTERED": "rate_limited",
}
"""What API Gateway answers by itself, as the API's own problems."""

ACCESS_LOG = {
    "request_id": "$context.requestId",
    "time": "$context.requestTimeEpoch",
    "method": "$context.httpMethod",
    "route": "$context.resourcePath",
    "status": "$context.status",
    "milliseconds": "$context.responseLatency",
    "function_milliseconds": "$context.integrationLatency",
    "bytes": "$context.responseLength",
}
"""Nothing personal: the route's template and never the path, no address, no user agent."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "sandbox",  # a value with quotes cannot be written here
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Vary": "Origin, Accept-Language",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def api_resources(
    functions: Sequence[Planned], packaged: Mapping[str, Any], stage: StageSettings
) -> Resources:
    """The API with everything of it. `packaged` is the template that Chalice made."""
    definition = packaged["RestAPI"]["Properties"]["DefinitionBody"]
    body = definition | {
        "x-amazon-apigateway-binary-media-types": BINARY_TYPES,
        "paths": _paths(functions, definition["paths"]),
        # In the body, not as resources of their own: importing a changed body drops those.
        "x-amazon-apigateway-gateway-responses": _gateway_responses(stage),
    }
    deployment = f"ApiDeployment{_digest(body)}"
    return {
        **(_log_role() if stage.gateway_log_role else {}),
        "Api": _api(body, packaged["RestAPI"]["Properties"]["MinimumCompressionSize"]),
        deployment: {
            "Type": "AWS::ApiGateway::Deployment",
            "Properties": {"RestApiId": {"Ref": "Api"}},
        },
        "ApiLogGroup": log_group(sub("/archive/${Stage}/api"), stage.log_days),
        "ApiStage": _stage(deployment, stage),
    }


def _log_role() -> Resources:
    """One role for all APIs of the account and region: it stays when the stage goes."""
    kept = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    trust = {
        "Effect": "Allow",
        "Principal": {"Service": ["apigateway.amazonaws.com"]},
        "Action": ["sts:AssumeRole"],
    }
    push = "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    return {
        "GatewayLogRole": {
            "Type": "AWS::IAM::Role",
            **kept,
            "Properties": {
                "Description": "Lets the APIs of this account and region write their access logs",
                "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                "ManagedPolicyArns": [sub(push)],
            },
        },
        "GatewayAccount": {
            "Type": "AWS::ApiGateway::Account",
            **kept,
            "Properties": {"CloudWatchRoleArn": attribute("GatewayLogRole")},
        },
    }


def _api(body: Mapping[str, Any], compressed_from: int) -> dict[str, Any]:
    return {
        "Type": "AWS::ApiGateway::RestApi",
        "Properties": {
            "Name": sub("archive-${Stage}"),
            "Body": body,
            "BinaryMediaTypes": BINARY_TYPES,
            "MinimumCompressionSize": compressed_from,
            "EndpointConfiguration": {"Types": ["REGIONAL"]},
        },
    }


def _paths(functions: Sequence[Planned], packaged: Mapping[str, Any]) -> Mapping[str, Any]:
    """Every route to its function; each path's other methods, and all other paths, to another.

    The methods are listed one by one, which every importer understands; the path's own template
    then tells the function which methods are allowed.
    """
    owner = {(route.path, route.method): one.id for one in functions for route in one.routes}
    rest = next(one.id for one in functions if one.name == UNROUTED)
    paths: dict[str, Any] = {}
    for path, operations in packaged.items():
        paths[path] = {
            method: operation
            | {"x-amazon-apigateway-integration": _integration(owner[path, method.upper()])}
            for method, operation in operations.items()
        } | _unrouted(rest, [name for name in METHODS if name.lower() not in operations])
    return paths | {path: _unrouted(rest, METHODS) for path in EVERYTHING_ELSE}


def _unrouted(function: str, methods: Sequence[str]) -> dict[str, Any]:
    return {
        method.lower(): {
            "responses": {},
            "x-amazon-apigateway-integration": _integration(function),
        }
        for method in methods
    }


def _integration(function: str) -> dict[str, Any]:
    return {
        "type": "aws_proxy",
        "httpMethod": "POST",
        "uri": sub(
            "arn:${AWS::Partition}:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/"
            f"${{{function}Alias}}/invocations"
        ),
        "passthroughBehavior": "when_no_match",
    }


def _gateway_responses(stage: StageSettings) -> Mapping[str, Any]:
    return {kind: _own_answer(code, stage) for kind, code in OWN_ANSWERS.items()}


def _own_answer(code: str, stage: StageSettings) -> Mapping[str, Any]:
    refusal = Refusal(code)
    document = msgspec.to_builtins(problem_of(refusal, "zh", "$context.requestId"))
    headers = {**_HEADERS, **problem_headers(refusal), "Content-Type": PROBLEM}
    if stage.cors_origins:
        headers["Access-Control-Allow-Origin"] = stage.cors_origins[0]
        headers["Access-Control-Expose-Headers"] = CORS_RESPONSE_HEADERS
    return {
        "statusCode": STATUS[code],
        "responseParameters": {
            **{f"gatewayresponse.header.{name}": f"'{headers[name]}'" for name in sorted(headers)},
            "gatewayresponse.header.X-Request-Id": "context.requestId",
        },
        "responseTemplates": {"application/json": json.dumps(document, ensure_ascii=False)},
    }


def _stage(deployment: str, stage: StageSettings) -> dict[str, Any]:
    return {
        "Type": "AWS::ApiGateway::Stage",
        **({"DependsOn": "GatewayAccount"} if stage.gateway_log_role else {}),
        "Properties": {
            "RestApiId": {"Ref": "Api"},
            "DeploymentId": {"Ref": deployment},
            "StageName": "api",
            "AccessLogSetting": {
                "DestinationArn": attribute("ApiLogGroup"),
                "Format": json.dumps(ACCESS_LOG),
            },
            "MethodSettings": [
                {
                    "ResourcePath": "/*",
                    "HttpMethod": "*",
                    "ThrottlingRateLimit": stage.throttling.requests_per_second,
                    "ThrottlingBurstLimit": stage.throttling.burst,
                    "MetricsEnabled": True,
                    "DataTraceEnabled": False,  # it would log bodies
                    "LoggingLevel": "OFF",  # it would log paths
                }
            ],
        },
    }


def _digest(part: Any) -> str:
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:10]
