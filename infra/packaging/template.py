"""The stage's template: what `chalice package` made, split into one function per blueprint."""

from collections.abc import Mapping, Sequence
from typing import Any

from infra.packaging.alarms import alarm_resources
from infra.packaging.api import api_resources
from infra.packaging.cdn import cdn_outputs, cdn_resources
from infra.packaging.firewall import firewall_resources
from infra.packaging.functions import FunctionSettings
from infra.packaging.lambdas import (
    ORIGIN_DIGESTS,
    Code,
    Resources,
    function_resources,
    layer_resources,
    sub,
)
from infra.packaging.mail import mail_resources
from infra.packaging.plan import Planned
from infra.packaging.policies import Policy
from infra.packaging.stages import StageSettings

_FROM_CHALICE = ("AWS::Serverless::", "AWS::Lambda::Permission")
_MOST_RESOURCES = 500
"""CloudFormation's limit for one stack."""


def split(
    packaged: Mapping[str, Any],
    functions: Sequence[Planned],
    settings: Mapping[str, FunctionSettings],
    policies: Mapping[str, Policy],
    stage_name: str,
    stage: StageSettings,
    code: Code,
) -> Mapping[str, Any]:
    """The whole template of a stage, ready for CloudFormation."""
    kept: Resources = {
        name: resource
        for name, resource in packaged["Resources"].items()
        if not resource["Type"].startswith(_FROM_CHALICE)
    }
    kept["QuarantineBucket"] = _uploads_from_pages_only(kept["QuarantineBucket"], stage)
    resources = (
        kept | api_resources(functions, packaged["Resources"], stage) | layer_resources(code)
    )
    for planned in functions:
        resources |= function_resources(
            planned, settings[planned.name], policies[planned.name], stage, code, kept
        )
    resources |= {
        **cdn_resources(functions, stage),
        **firewall_resources(stage),
        **mail_resources(),
    }
    resources |= alarm_resources(functions, settings, stage_name, stage, kept)
    if len(resources) > _MOST_RESOURCES:
        raise ValueError(f"{len(resources)} resources; one stack takes {_MOST_RESOURCES}")
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": "The student archive: functions, API, tables, queues, buckets and keys.",
        "Parameters": _parameters(packaged["Parameters"], stage_name, stage),
        "Resources": dict(sorted(resources.items())),
        "Outputs": _outputs(packaged["Outputs"]),
    }


def _uploads_from_pages_only(bucket: Mapping[str, Any], stage: StageSettings) -> dict[str, Any]:
    """Forms may be sent by this stage's pages; on an emulator any origin may."""
    properties = bucket["Properties"]
    (rule,) = properties["CorsConfiguration"]["CorsRules"]
    origins = [stage.public_origin, *stage.cors_origins]
    cors = {"CorsRules": [{**rule, "AllowedOrigins": origins}]}
    return {**bucket, "Properties": {**properties, "CorsConfiguration": cors}}


def _parameters(
    packaged: Mapping[str, Any], stage_name: str, stage: StageSettings
) -> Mapping[str, Any]:
    return {
        "Stage": packaged["Stage"] | {"AllowedValues": [stage_name], "Default": stage_name},
        "MailSender": packaged["MailSender"] | {"Default": stage.mail_sender},
        "CodeBucket": {"Type": "String", "Description": "The bucket that holds the code."},
        "OriginSecret": _secret("What CloudFront proves itself by to the API."),
        "FormerOriginSecret": _secret("The one before it, while CloudFront changes."),
        ORIGIN_DIGESTS: {
            "Type": "String",
            "AllowedPattern": "[0-9a-f]{64}(,[0-9a-f]{64}){2}",
            "Description": "What the functions know of both, and of the one to come.",
        },
    }


def _secret(purpose: str) -> Mapping[str, Any]:
    return {"Type": "String", "NoEcho": True, "MinLength": 32, "Description": purpose}


def _outputs(packaged: Mapping[str, Any]) -> Mapping[str, Any]:
    from_chalice = {"RestAPIId", "APIHandlerName", "APIHandlerArn", "EndpointURL"}
    kept = {
        name: output
        for name, output in packaged.items()
        if name not in from_chalice and not name.endswith(("HandlerArn", "HandlerName"))
    }
    url = "https://${Api}.execute-api.${AWS::Region}.${AWS::URLSuffix}/api"
    return {
        **kept,
        **cdn_outputs(),
        "ApiId": {"Value": {"Ref": "Api"}},
        "ApiUrl": {"Value": sub(url)},
    }
