"""Make the resources of `resources.json` on an emulated AWS: for a local run and for tests.

The deployed stages get the same template through CloudFormation with the packaged application.
Emulators carry out only part of a template; what they leave out is set afterwards by API. Seen
with ministack 1.5.33 (time to live and point-in-time recovery stay off) and moto 5.2.5 (those,
versioning, and every key becomes a symmetric one).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from chalicelib.adapters.dynamo_tables import DynamoTables
from chalicelib.adapters.keys import create_data_keys
from infra.signing_keys import ensure_development_chain

TEMPLATE = Path(__file__).with_name("resources.json")
EMULATED_STAGES = ("local", "test")

_LEFT_OUT = {
    "AWS::SQS::QueuePolicy": "refuses plain HTTP, which is what an emulator speaks",
    "AWS::S3::BucketPolicy": "the same",
    "AWS::SES::EmailIdentity": "verified by API, as its owner's click is missing",
}
_SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE")

Resource = Mapping[str, Any]


class ProvisionFailed(Exception):  # noqa: N818 -- says what the developer can do about it
    """The emulator could not make the resources."""


def provision(
    stage: str, *, region: str, mail_sender: str, endpoint: str | None = None
) -> Mapping[str, str]:
    """Make or update all resources of `stage` with their keys; answers the stack's outputs.

    Safe to repeat. `endpoint` is the emulator's; None inside moto's `mock_aws`. Credentials come
    from the environment. Raises `ProvisionFailed`, and `ValueError` for a deployed stage.
    """
    if stage not in EMULATED_STAGES:
        raise ValueError(f"{stage} is deployed with its package, not provisioned from here")
    aws = _Emulator(region, endpoint)
    resources = _emulated_resources()
    outputs = aws.apply_stack(f"archive-{stage}", stage, mail_sender, resources)
    aws.complete(f"archive-{stage}", resources)
    aws.client("ses").verify_email_identity(EmailAddress=mail_sender)
    tables = DynamoTables(region=region, prefix=f"archive-{stage}", endpoint=endpoint)
    kms, aliases = aws.client("kms"), f"alias/archive-{stage}"
    create_data_keys(tables=tables, kms=kms, stage=stage, alias_prefix=aliases)
    ensure_development_chain(tables, kms, alias=f"{aliases}-sign", name=f"Archive {stage}")
    return outputs


def _emulated_resources() -> Mapping[str, Resource]:
    resources = json.loads(TEMPLATE.read_text())["Resources"]
    for resource in resources.values():
        if resource["Type"] == "AWS::KMS::Key":
            resource["Properties"]["KeyPolicy"] = _as_text(resource["Properties"]["KeyPolicy"])
    return {
        name: resource for name, resource in resources.items() if resource["Type"] not in _LEFT_OUT
    }


def _as_text(policy: Resource) -> Resource:
    """The same policy as JSON in a string, which moto needs to read it."""
    plain = json.loads(json.dumps(policy), object_hook=lambda part: part.get("Fn::Sub", part))
    return {"Fn::Sub": json.dumps(plain)}


class _Emulator:
    """The clients of one endpoint, and what is done with them."""

    def __init__(self, region: str, endpoint: str | None) -> None:
        self._session = boto3.session.Session(region_name=region)
        self._endpoint = endpoint

    def client(self, service: str) -> Any:
        return self._session.client(service, endpoint_url=self._endpoint)

    def apply_stack(
        self, name: str, stage: str, mail_sender: str, resources: Mapping[str, Resource]
    ) -> Mapping[str, str]:
        """Create the stack, or update it where the template has changed; answers its outputs."""
        cloudformation = self.client("cloudformation")
        request = {
            "StackName": name,
            "TemplateBody": _template_body(resources),
            "Parameters": [
                {"ParameterKey": "Stage", "ParameterValue": stage},
                {"ParameterKey": "MailSender", "ParameterValue": mail_sender},
            ],
        }
        present = _stack(cloudformation, name)
        if present is None:
            cloudformation.create_stack(**request)
        elif present["StackStatus"] in _SETTLED:
            _update(cloudformation, request)
        stack = _stack(cloudformation, name)
        if stack is None or stack["StackStatus"] not in _SETTLED:
            status = stack["StackStatus"] if stack else "missing"
            raise ProvisionFailed(
                f"the stack {name} is {status}; the emulator's log tells why, "
                "and `make reset` drops its state"
            )
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def complete(self, stack: str, resources: Mapping[str, Resource]) -> None:
        """Set by API what the emulator left out."""
        physical = self._physical_ids(stack)
        for name, resource in resources.items():
            properties, made = resource["Properties"], physical[name]
            match resource["Type"]:
                case "AWS::DynamoDB::Table":
                    _complete_table(self.client("dynamodb"), made, properties)
                case "AWS::S3::Bucket" if "VersioningConfiguration" in properties:
                    self.client("s3").put_bucket_versioning(
                        Bucket=made, VersioningConfiguration=properties["VersioningConfiguration"]
                    )
                case "AWS::KMS::Alias":
                    wanted = resources[properties["TargetKeyId"]["Ref"]]["Properties"]
                    _complete_key(self.client("kms"), made, wanted)

    def _physical_ids(self, stack: str) -> Mapping[str, str]:
        answer = self.client("cloudformation").describe_stack_resources(StackName=stack)
        return {
            resource["LogicalResourceId"]: resource["PhysicalResourceId"]
            for resource in answer["StackResources"]
        }


def _template_body(resources: Mapping[str, Resource]) -> str:
    template = json.loads(TEMPLATE.read_text())
    return json.dumps(template | {"Resources": resources})


def _stack(cloudformation: Any, name: str) -> Mapping[str, Any] | None:
    """The stack, or None where there is none; an emulator answers once it has come to rest."""
    try:
        (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None
    return stack if isinstance(stack, Mapping) else None


def _update(cloudformation: Any, request: Mapping[str, Any]) -> None:
    try:
        cloudformation.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" not in str(error):
            raise


def _complete_table(dynamodb: Any, table: str, properties: Resource) -> None:
    wanted = properties.get("TimeToLiveSpecification")
    present = dynamodb.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    if wanted and present["TimeToLiveStatus"] != "ENABLED":
        dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification=wanted)
    dynamodb.update_continuous_backups(
        TableName=table,
        PointInTimeRecoverySpecification=properties["PointInTimeRecoverySpecification"],
    )


def _complete_key(kms: Any, alias: str, wanted: Resource) -> None:
    """Give the alias a key of the wanted kind where the emulator made another."""
    kind = wanted.get("KeySpec", "SYMMETRIC_DEFAULT")
    if kms.describe_key(KeyId=alias)["KeyMetadata"]["KeySpec"] == kind:
        return
    made = kms.create_key(KeySpec=kind, KeyUsage=wanted["KeyUsage"])["KeyMetadata"]["KeyId"]
    kms.update_alias(AliasName=alias, TargetKeyId=made)
