"""The account that is deployed to: clients, the code bucket, the stack's state."""

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.packaging.lambdas import ALIAS

_POLL_SECONDS = 1.0


class DeploymentFailed(Exception):  # noqa: N818 -- tells the operator what happened
    """The deployment did not come to a good end."""


class Cloud:
    """One region of the account that the credentials belong to.

    `endpoint` is an emulator's; without it boto3 heeds `AWS_ENDPOINT_URL`.
    """

    def __init__(self, region: str, stage: str, endpoint: str | None = None) -> None:
        self.region = region
        self.stage = stage
        self.stack = f"archive-{stage}"
        self._session = boto3.session.Session(region_name=region)
        self._endpoint = endpoint
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """The client of a service."""
        if service not in self._clients:
            made = self._session.client(service, endpoint_url=self._endpoint)
            self._clients[service] = made
        return self._clients[service]

    @property
    def code_bucket(self) -> str:
        """The name of the stage's code bucket."""
        account = self.client("sts").get_caller_identity()["Account"]
        return f"archive-{self.stage}-code-{account}"

    def ensure_code_bucket(self) -> str:
        """Make the private, versioned bucket for code where there is none; its name."""
        s3, name = self.client("s3"), self.code_bucket
        try:
            s3.head_bucket(Bucket=name)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            place = {"LocationConstraint": self.region}
            elsewhere = {} if self.region == "us-east-1" else {"CreateBucketConfiguration": place}
            s3.create_bucket(Bucket=name, **elsewhere)
        blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy")
        s3.put_public_access_block(
            Bucket=name,
            PublicAccessBlockConfiguration=dict.fromkeys((*blocked, "RestrictPublicBuckets"), True),
        )
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def upload(self, file: Path, key: str) -> str:
        """Upload a file unless its content is there already; its address."""
        s3, bucket = self.client("s3"), self.code_bucket
        if not self._has(bucket, key):
            s3.upload_file(str(file), bucket, key)
        address = s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": key})
        return str(address).partition("?")[0]

    def status(self) -> str | None:
        """The stack's status, or None where there is no stack."""
        try:
            (stack,) = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "ValidationError":
                return None
            raise
        return None if stack["StackStatus"] == "REVIEW_IN_PROGRESS" else str(stack["StackStatus"])

    def outputs(self) -> Mapping[str, str]:
        """The stack's outputs."""
        (stack,) = self.client("cloudformation").describe_stacks(StackName=self.stack)["Stacks"]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def progress(self) -> Iterator[Mapping[str, Any]]:
        """The stack's events of this operation as they come, until it has come to rest."""
        cloudformation = self.client("cloudformation")
        seen: set[str] = set()
        while True:
            status = self.status() or ""
            events = cloudformation.describe_stack_events(StackName=self.stack)["StackEvents"]
            for event in reversed(events):
                if event["EventId"] not in seen:
                    seen.add(event["EventId"])
                    yield event
            if not status.endswith("_IN_PROGRESS"):
                return
            time.sleep(_POLL_SECONDS)

    def aliases(self, functions: Mapping[str, str]) -> Mapping[str, str]:
        """The version that each function's alias points to; functions without one are left out."""
        found = {}
        for name, function in functions.items():
            try:
                alias = self.client("lambda").get_alias(FunctionName=function, Name=ALIAS)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceNotFoundException":
                    raise
                continue
            found[name] = str(alias["FunctionVersion"])
        return found

    def point(self, functions: Mapping[str, str], versions: Mapping[str, str]) -> None:
        """Let each function's alias point to a version."""
        for name, version in versions.items():
            self.client("lambda").update_alias(
                FunctionName=functions[name], Name=ALIAS, FunctionVersion=version
            )

    def versions(self, function: str) -> list[int]:
        """The published versions of a function, the oldest first."""
        pages = self.client("lambda").get_paginator("list_versions_by_function")
        return sorted(
            int(one["Version"])
            for page in pages.paginate(FunctionName=function)
            for one in page["Versions"]
            if one["Version"] != "$LATEST"
        )

    def forget_versions(self, functions: Mapping[str, str], *, kept: int) -> None:
        """Delete old versions but the latest and the one that is served.

        The stack leaves them, so that one can go back; each takes its zip's room and, with
        SnapStart, its snapshot's.
        """
        for name, served in self.aliases(functions).items():
            for version in self.versions(functions[name])[:-kept]:
                if str(version) != served:
                    self.client("lambda").delete_function(
                        FunctionName=functions[name], Qualifier=str(version)
                    )

    def _has(self, bucket: str, key: str) -> bool:
        try:
            self.client("s3").head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
                return False
            raise
        return True


def function_names(stage: str, names: Mapping[str, Any]) -> Mapping[str, str]:
    """The deployed functions' names by those in the application."""
    return {name: f"archive-{stage}-{name.replace('_', '-')}" for name in names}
