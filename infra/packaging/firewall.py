"""The firewall before the API: only through CloudFront, and not too often from one address.

It stands at the gateway and not at CloudFront, since CloudFront's own firewalls exist in the region
us-east-1 only and not at all in China; one stack in the stage's region is enough this way.
"""

from typing import Any

from chalicelib.api.client_address import ADDRESS_HEADER, SECRET_HEADER
from infra.packaging.lambdas import Resources, attribute, sub
from infra.packaging.stages import StageSettings

DIRECT, TOO_OFTEN = "only-through-cloudfront", "too-often-from-one-address"


def firewall_resources(stage: StageSettings) -> Resources:
    """The web ACL and what it guards."""
    gateway = "arn:${AWS::Partition}:apigateway:${AWS::Region}::/restapis/${Api}/stages/${ApiStage}"
    return {
        "Firewall": _web_acl(stage),
        "FirewallAssociation": {
            "Type": "AWS::WAFv2::WebACLAssociation",
            "Properties": {"WebACLArn": attribute("Firewall"), "ResourceArn": sub(gateway)},
        },
    }


def _web_acl(stage: StageSettings) -> dict[str, Any]:
    return {
        "Type": "AWS::WAFv2::WebACL",
        "Properties": {
            "Name": sub("archive-${Stage}"),
            "Scope": "REGIONAL",
            "DefaultAction": {"Allow": {}},
            "VisibilityConfig": _visibility("archive-${Stage}"),
            "Rules": [
                _rule(0, DIRECT, {"NotStatement": {"Statement": _through_cloudfront()}}),
                _rule(1, TOO_OFTEN, _rate(stage)),
            ],
        },
    }


def _rule(priority: int, name: str, statement: dict[str, Any]) -> dict[str, Any]:
    return {
        "Name": name,
        "Priority": priority,
        "Action": {"Block": {}},
        "Statement": statement,
        "VisibilityConfig": _visibility(f"archive-${{Stage}}-{name}"),
    }


def _through_cloudfront() -> dict[str, Any]:
    """The present secret, or the one before it: CloudFront takes minutes to change."""
    return {
        "OrStatement": {
            "Statements": [_has_secret(name) for name in ("OriginSecret", "FormerOriginSecret")]
        }
    }


def _has_secret(parameter: str) -> dict[str, Any]:
    return {
        "ByteMatchStatement": {
            "FieldToMatch": {"SingleHeader": {"Name": SECRET_HEADER.lower()}},
            "PositionalConstraint": "EXACTLY",
            "SearchString": {"Ref": parameter},
            "TextTransformations": [{"Priority": 0, "Type": "NONE"}],
        }
    }


def _rate(stage: StageSettings) -> dict[str, Any]:
    """By the address that CloudFront tells: what comes here has its secret."""
    return {
        "RateBasedStatement": {
            "Limit": stage.throttling.address_requests_per_five_minutes,
            "EvaluationWindowSec": 300,
            "AggregateKeyType": "FORWARDED_IP",
            "ForwardedIPConfig": {
                "HeaderName": ADDRESS_HEADER.lower(),
                "FallbackBehavior": "MATCH",
            },
        }
    }


def _visibility(metric: str) -> dict[str, Any]:
    return {
        "CloudWatchMetricsEnabled": True,
        "MetricName": sub(metric),
        "SampledRequestsEnabled": False,  # samples hold tokens and addresses
    }
