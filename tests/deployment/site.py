"""A deployed stage as people and operators meet it."""

import json
import re
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import urllib3

from chalicelib import wiring
from chalicelib.domain.instants import china_date
from chalicelib.domain.records import FAMILIES, Family
from chalicelib.operations.file_records import RecordFiling
from chalicelib.operations.import_institutions import import_institutions
from chalicelib.operations.import_records import import_records
from chalicelib.operations.ports import Ports
from chalicelib.settings import Settings
from chalicelib.stores.expiry import expiring
from infra.demo import __main__ as make_registry
from infra.demo_photos import keep_listed_photos
from infra.deployment.cloud import Cloud
from infra.deployment.deploy import Deployed, deploy
from infra.http_pool import http_pool
from infra.local.messages import SentMessages
from infra.packaging.package import Package
from tests.deployment.emulation import API
from tests.journey.server import Reply

SECONDS = 75.0
"""Longer than a schedule's minute."""
PEOPLE = 12
LAPSED = {"pk": {"S": "code#lapsed"}, "sk": {"S": "-"}}


@dataclass
class DeployedSite:
    """The stage `dev` on the embedded AWS; it stands in for the journey's local server."""

    package: Package
    cloud: Cloud
    deployed: Deployed
    endpoint: str
    told: list[str]
    people: list[Any] = field(default_factory=list)
    _read: set[str] = field(default_factory=set)
    _keys: dict[str, Mapping[str, str]] = field(default_factory=dict)
    _http: urllib3.PoolManager = field(default_factory=lambda: http_pool(SECONDS))

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """A request through API Gateway."""
        sent = {"Accept": "*/*"} | dict(headers or {})
        if body is not None:
            sent["Content-Type"] = "application/json"
        if token:
            sent["Authorization"] = f"Bearer {token}"
        answer = self._http.request(
            method,
            self.deployed.api_url + path.removeprefix("/api"),
            body=None if body is None else json.dumps(body),
            headers=sent,
        )
        return Reply(answer.status, answer.headers, answer.data)

    def new_code(self, phone: str) -> str:
        """The next code that the phone receives: relayed by the stream, sent by the consumer."""
        return str(self.eventually(lambda: self._unread_code(phone), "a code"))

    def messages(self, recipient: str) -> list[dict[str, object]]:
        """What was sent to somebody, newest first."""
        with tempfile.TemporaryDirectory() as folder:
            return SentMessages(self.endpoint, Path(folder) / "journal").to(recipient)

    def eventually(self, look: Callable[[], Any], what: str) -> Any:
        """What `look` finds in time."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.25)
        raise AssertionError(f"{what} did not come within {SECONDS:.0f} s")

    def as_function(self, function: str, service: str) -> Any:
        """A client that may do what the deployed function may, by a role with the same policy."""
        if function not in self._keys:
            self._keys[function] = self._assume(self._same_role(function))
        keys = self._keys[function]
        return boto3.client(
            service,
            region_name=self.cloud.region,
            endpoint_url=self.endpoint,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )

    def role_of(self, function: str) -> str:
        """The name of the role that the deployed function has."""
        name = f"archive-dev-{function.replace('_', '-')}"
        answer = self.cloud.client("lambda").get_function_configuration(FunctionName=name)
        return str(answer["Role"].rpartition("/")[2])

    def granted(self, function: str) -> Any:
        """The policy that the deployed function's role carries."""
        answer = self.cloud.client("iam").get_role_policy(
            RoleName=self.role_of(function), PolicyName=function
        )
        return answer["PolicyDocument"]

    def _same_role(self, function: str) -> str:
        """A role with the function's policy that the operator may assume: Lambda's own may not."""
        iam, name = self.cloud.client("iam"), f"as-{function}"
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": "000000000000"},
            "Action": "sts:AssumeRole",
        }
        made = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        policy = json.dumps(self.granted(function))
        iam.put_role_policy(RoleName=name, PolicyName=function, PolicyDocument=policy)
        return str(made["Role"]["Arn"])

    def _assume(self, role: str) -> Mapping[str, str]:
        answer = self.cloud.client("sts").assume_role(RoleArn=role, RoleSessionName="test")
        keys: Mapping[str, str] = answer["Credentials"]
        return keys

    def wait_for_message(self, to: str, words: str) -> str:
        """The text of the newest message to somebody with these words."""

        def look() -> str | None:
            bodies = [str(message["body"]) for message in self.messages(to)]
            return next((body for body in bodies if words in body), None)

        return str(self.eventually(look, f"a message about {words}"))

    def log_of(self, function: str) -> list[str]:
        """The lines that the function's processes have written."""
        pages = self.cloud.client("logs").get_paginator("filter_log_events")
        group = f"/archive/{self.cloud.stage}/{function}"
        return [
            event["message"]
            for page in pages.paginate(logGroupName=group)
            for event in page["events"]
        ]

    def has_run(self, function: str) -> bool:
        """Whether the function has come to an end at least once."""
        return any(line.startswith("REPORT ") for line in self.log_of(function))

    def errors_of(self, function: str) -> list[str]:
        """What the function has logged as an error."""
        return [line for line in self.log_of(function) if '"level":"ERROR"' in line]

    def row(self, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """A row of the table of codes."""
        answer = self.cloud.client("dynamodb").get_item(
            TableName=f"{self.cloud.stack}-codes", Key=key
        )
        found: Mapping[str, Any] | None = answer.get("Item")
        return found

    def invoke(self, function: str, event: object) -> Any:
        """Invoke a function and read its answer. Fails when the function failed."""
        name = f"archive-dev-{function.replace('_', '-')}"
        answer = self.cloud.client("lambda").invoke(
            FunctionName=f"{name}:live", Payload=json.dumps(event).encode()
        )
        payload = json.loads(answer["Payload"].read() or b"null")
        assert "FunctionError" not in answer, payload
        return payload

    def _unread_code(self, phone: str) -> str | None:
        for message in self.messages(phone):
            for code in re.findall(r"(?<!\d)\d{6}(?!\d)", str(message["body"])):
                if code not in self._read:
                    self._read.add(code)
                    return str(code)
        return None


def deploy_site(made: Package, endpoint: str) -> DeployedSite:
    """Deploy as the operator does, and load the registry."""
    cloud = Cloud(made.settings.region, made.stage, endpoint)
    told: list[str] = []
    done = deploy(made, cloud, confirm=lambda _: True, tell=told.append, api_url=f"{endpoint}{API}")
    assert done is not None
    site = DeployedSite(made, cloud, done, endpoint, told)
    leave_lapsed_row(site)
    load_registry(site)
    return site


def leave_lapsed_row(site: DeployedSite) -> None:
    """A code that nobody used and whose time is over."""
    lapsed = int(time.time()) - 3600
    columns = expiring(LAPSED["pk"]["S"], lapsed)
    item = {**LAPSED, "expires_at": {"N": str(lapsed)}, "bucket": {"S": str(columns["bucket"])}}
    site.cloud.client("dynamodb").put_item(TableName=f"{site.cloud.stack}-codes", Item=item)


def load_registry(site: DeployedSite) -> None:
    """Import the institutions and the first of the demo people's records, as the operator does."""
    ports = wiring.build(Settings.from_environment(_operator_variables(site)))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make_registry.main(["--people", str(PEOPLE), "--out", name])
        site.people = json.loads((folder / "people.json").read_text())
        with (folder / "institutions.csv").open("rb") as source:
            import_institutions(source, directory=ports.institutions)
        for family in FAMILIES:
            _import_family(ports, folder, family)


def _import_family(ports: Ports, folder: Path, family: Family) -> None:
    now = int(time.time())
    with (folder / f"{family}.csv").open("rb") as source:
        import_records(
            source,
            family=family,
            registry=RecordFiling(ports),
            today=china_date(now),
            now=now,
            photos=keep_listed_photos(ports, folder / "photos.json", family),
        )


def _operator_variables(site: DeployedSite) -> Mapping[str, str]:
    return {
        "STAGE": site.cloud.stage,
        "AWS_REGION": site.cloud.region,
        "AWS_ENDPOINT_URL": site.endpoint,
        "PHOTOS_BUCKET": site.deployed.outputs["PhotosBucket"],
        "QUARANTINE_BUCKET": site.deployed.outputs["QuarantineBucket"],
        "MAIL_SENDER": site.package.settings.mail_sender,
        "PUBLIC_ORIGIN": site.package.settings.public_origin,
        "IDENTITY_CHECKER": "demo:unused",
    }
