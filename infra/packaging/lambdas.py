"""The resources of each Lambda function: role, log group, code, version, alias, what invokes it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.packaging.functions import FunctionSettings
from infra.packaging.plan import UNROUTED, Planned
from infra.packaging.policies import Policy, document
from infra.packaging.stages import DEMO_PEOPLE, StageSettings

Resources = dict[str, dict[str, Any]]

ALIAS = "live"
"""What the API, the queues and the schedules invoke: an alias, so that code can be rolled back."""

ORIGIN_DIGESTS = "OriginDigests"
"""The parameter that tells the functions which secrets prove that CloudFront asks."""

_STREAM_TRIES = 3
_STREAM_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Code:
    """Where the code is: keys in the code bucket, which hold the content's digest."""

    packages: Mapping[str, str]
    layer: str


def sub(text: str) -> dict[str, str]:
    """A text with CloudFormation's references."""
    return {"Fn::Sub": text}


def attribute(resource: str, name: str = "Arn") -> dict[str, list[str]]:
    """An attribute of a resource."""
    return {"Fn::GetAtt": [resource, name]}


def function_resources(
    planned: Planned,
    settings: FunctionSettings,
    policy: Policy,
    stage: StageSettings,
    code: Code,
    resources: Mapping[str, Any],
) -> Resources:
    """Everything of one function; `resources` are those that it may be joined to."""
    made = {
        f"{planned.id}Role": _role(planned, policy),
        f"{planned.id}LogGroup": log_group(
            sub(f"/archive/${{Stage}}/{planned.name}"), stage.log_days
        ),
        f"{planned.id}Function": _function(planned, settings, stage, code),
    }
    function = made[f"{planned.id}Function"]
    version = f"{planned.id}Version{_digest([function, code.layer])}"
    made[version] = _version(planned)
    made[f"{planned.id}Alias"] = _alias(planned, version, settings, stage)
    made |= _permissions(planned)
    if planned.schedule:
        made |= _schedule(planned, planned.schedule.expression)
    if planned.source:
        made[f"{planned.id}Source"] = _source(planned, resources)
    return made


def layer_resources(code: Code) -> Resources:
    """The typesetter's layer."""
    return {
        "TypesetterLayer": {
            "Type": "AWS::Lambda::LayerVersion",
            "UpdateReplacePolicy": "Retain",
            "Properties": {
                "LayerName": sub("archive-${Stage}-typesetter"),
                "CompatibleRuntimes": ["python3.13"],
                "CompatibleArchitectures": ["x86_64"],
                "Content": {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": code.layer},
            },
        }
    }


def log_group(name: Mapping[str, str], days: int) -> dict[str, Any]:
    """A log group that keeps what was logged for so many days."""
    return {
        "Type": "AWS::Logs::LogGroup",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": {"LogGroupName": name, "RetentionInDays": days},
    }


def _role(planned: Planned, policy: Policy) -> dict[str, Any]:
    own_log = {
        "Sid": "OwnLog",
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": [attribute(f"{planned.id}LogGroup")],
    }
    granted = document(policy)
    return {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "Description": sub(f"What {planned.name} of archive-${{Stage}} may do"),
            "AssumeRolePolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": ["lambda.amazonaws.com"]},
                        "Action": ["sts:AssumeRole"],
                    }
                ],
            },
            "Policies": [
                {
                    "PolicyName": planned.name,
                    "PolicyDocument": {**granted, "Statement": [*granted["Statement"], own_log]},
                }
            ],
        },
    }


def _function(
    planned: Planned, settings: FunctionSettings, stage: StageSettings, code: Code
) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "FunctionName": sub(f"archive-${{Stage}}-{planned.name.replace('_', '-')}"),
        "Runtime": "python3.13",
        "Architectures": ["x86_64"],
        "Handler": planned.handler,
        "Role": attribute(f"{planned.id}Role"),
        "Code": {"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": code.packages[settings.package]},
        "MemorySize": stage.memory.get(planned.name, settings.memory),
        "Timeout": settings.timeout,
        "Environment": {"Variables": _environment(planned, stage)},
        "LoggingConfig": {"LogGroup": {"Ref": f"{planned.id}LogGroup"}},
    }
    if settings.package == "report":
        properties["Layers"] = [{"Ref": "TypesetterLayer"}]
    if settings.reserved_concurrency is not None:
        properties["ReservedConcurrentExecutions"] = settings.reserved_concurrency
    if stage.warmth.snap_start and settings.waited_for:
        properties["SnapStart"] = {"ApplyOn": "PublishedVersions"}
    return {"Type": "AWS::Lambda::Function", "Properties": properties}


def _environment(planned: Planned, stage: StageSettings) -> Mapping[str, Any]:
    """The variables of `chalicelib.settings`; nothing in them is secret."""
    checker = f"demo:{DEMO_PEOPLE}" if stage.demo_checker else stage.identity_checker
    variables = {
        "STAGE": {"Ref": "Stage"},
        "ARCHIVE_FUNCTION": planned.name,
        "PHOTOS_BUCKET": {"Ref": "PhotosBucket"},
        "QUARANTINE_BUCKET": {"Ref": "QuarantineBucket"},
        "MAIL_SENDER": {"Ref": "MailSender"},
        "MAIL_CONFIGURATION_SET": {"Ref": "MailConfiguration"},
        "PUBLIC_ORIGIN": stage.public_origin,
        "CORS_ORIGINS": ",".join(stage.cors_origins),
        "IDENTITY_CHECKER": checker,
        "LIMITS": stage.limits,
        "SMS_DAILY_BUDGET": str(stage.sms.daily_budget),
        "OPERATOR_NAME_ZH": stage.operator.name_zh,
        "OPERATOR_NAME_EN": stage.operator.name_en,
        "OPERATOR_DOMAIN": stage.operator.domain,
        "LOG_LEVEL": stage.log_level,
        "PYPINYIN_NO_PHRASES": "true",  # 2 MB that only whole sentences need
    }
    if planned.answers_http:
        variables["ORIGIN_DIGESTS"] = {"Ref": ORIGIN_DIGESTS}
    if not stage.demo_checker:
        variables["IDENTITY_CHECKER_TOKEN"] = sub("/archive/${Stage}/identity-checker-token")
    return {name: value for name, value in variables.items() if value != ""}


def _version(planned: Planned) -> dict[str, Any]:
    """What was published is fixed: its text names the parameters that its variables hold, so that
    another version is published when one of those changes."""
    properties: dict[str, Any] = {"FunctionName": {"Ref": f"{planned.id}Function"}}
    if planned.answers_http:
        properties["Description"] = {"Ref": ORIGIN_DIGESTS}
    return {
        "Type": "AWS::Lambda::Version",
        "DeletionPolicy": "Retain",
        "UpdateReplacePolicy": "Retain",
        "Properties": properties,
    }


def _alias(
    planned: Planned, version: str, settings: FunctionSettings, stage: StageSettings
) -> dict[str, Any]:
    properties: dict[str, Any] = {
        "Name": ALIAS,
        "FunctionName": {"Ref": f"{planned.id}Function"},
        "FunctionVersion": attribute(version, "Version"),
    }
    kept_running = stage.warmth.provisioned.get(planned.name)
    if kept_running and settings.waited_for:
        properties["ProvisionedConcurrencyConfig"] = {
            "ProvisionedConcurrentExecutions": kept_running
        }
    return {"Type": "AWS::Lambda::Alias", "Properties": properties}


def _permissions(planned: Planned) -> Resources:
    """Who may invoke the function: the API for exactly its routes, or its schedule."""
    api = "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:${Api}/api"
    if planned.name == UNROUTED:
        return {f"{planned.id}Permission": _permission(planned, "apigateway", sub(f"{api}/*"))}
    made = {}
    for number, route in enumerate(planned.routes, start=1):
        path = "/".join("*" if part.startswith("{") else part for part in route.path.split("/"))
        source = sub(f"{api}/{route.method}{path}")
        made[f"{planned.id}Permission{number}"] = _permission(planned, "apigateway", source)
    if planned.schedule:
        made[f"{planned.id}Permission"] = _permission(
            planned, "events", attribute(f"{planned.id}Schedule")
        )
    return made


def _permission(planned: Planned, service: str, source: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Type": "AWS::Lambda::Permission",
        "Properties": {
            "Action": "lambda:InvokeFunction",
            "FunctionName": {"Ref": f"{planned.id}Alias"},
            "Principal": f"{service}.amazonaws.com",
            "SourceArn": source,
        },
    }


def _schedule(planned: Planned, expression: str) -> Resources:
    target = {"Id": planned.name, "Arn": {"Ref": f"{planned.id}Alias"}}
    return {
        f"{planned.id}Schedule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": sub(f"archive-${{Stage}}-{planned.name.replace('_', '-')}"),
                "ScheduleExpression": expression,
                "State": "ENABLED",
                "Targets": [target],
            },
        }
    }


def _source(planned: Planned, resources: Mapping[str, Any]) -> dict[str, Any]:
    source = planned.source
    assert source is not None  # noqa: S101 -- the caller looked
    mapping: dict[str, Any] = {
        "FunctionName": {"Ref": f"{planned.id}Alias"},
        "BatchSize": source.batch_size,
    }
    if source.kind == "queue":
        mapping |= {
            "EventSourceArn": attribute(_queue_named(source.name, resources)),
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
        }
    else:
        mapping |= {
            "EventSourceArn": attribute(source.name, "StreamArn"),
            "StartingPosition": "LATEST",
            # The relay changes the rows it queues: only new ones are news.
            "FilterCriteria": {"Filters": [{"Pattern": json.dumps({"eventName": ["INSERT"]})}]},
            # What the stream loses the schedule finds a minute later.
            "MaximumRetryAttempts": _STREAM_TRIES,
            "MaximumRecordAgeInSeconds": _STREAM_SECONDS,
        }
    return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": mapping}


def _queue_named(name: str, resources: Mapping[str, Any]) -> str:
    """The logical id of the queue that `app.py` names as `archive-<stage>-…`."""
    kind = name.rpartition("-")[2]
    for logical_id, resource in resources.items():
        if resource["Type"] == "AWS::SQS::Queue":
            made = resource["Properties"]["QueueName"]["Fn::Sub"]
            if made == f"archive-${{Stage}}-{kind}":
                return str(logical_id)
    raise LookupError(f"the template has no queue {name}")


def _digest(part: Any) -> str:
    """Names what a version holds: another one is published exactly when that changes."""
    return hashlib.sha256(json.dumps(part, sort_keys=True).encode()).hexdigest()[:10]
