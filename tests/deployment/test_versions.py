"""Old versions of the functions' code: the latest are kept, and the one that is served."""

import io
import zipfile

import pytest
from moto import mock_aws

from infra.deployment.cloud import Cloud

FUNCTION = "archive-dev-query"


@pytest.fixture
def cloud(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-southeast-1")
    with mock_aws():
        made = Cloud("ap-southeast-1", "dev")
        role = made.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument="{}")
        made.client("lambda").create_function(
            FunctionName=FUNCTION,
            Runtime="python3.13",
            Role=role["Role"]["Arn"],
            Handler="app.app",
            Code={"ZipFile": _zip("one")},
        )
        yield made


def _zip(text):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", f"TEXT = {text!r}\n")
    return content.getvalue()


def publish(cloud, count):
    for number in range(count):
        code = _zip(str(number))
        cloud.client("lambda").update_function_code(FunctionName=FUNCTION, ZipFile=code)
        cloud.client("lambda").publish_version(FunctionName=FUNCTION)


def serve(cloud, version):
    cloud.client("lambda").create_alias(
        FunctionName=FUNCTION, Name="live", FunctionVersion=str(version)
    )


def test_the_latest_are_kept(cloud):
    publish(cloud, 7)
    serve(cloud, 7)
    cloud.forget_versions({"query": FUNCTION}, kept=5)
    assert cloud.versions(FUNCTION) == [3, 4, 5, 6, 7]


def test_what_is_served_is_kept_however_old(cloud):
    publish(cloud, 7)
    serve(cloud, 1)
    cloud.forget_versions({"query": FUNCTION}, kept=5)
    assert cloud.versions(FUNCTION) == [1, 3, 4, 5, 6, 7]


def test_few_versions_are_left_alone(cloud):
    publish(cloud, 3)
    serve(cloud, 3)
    cloud.forget_versions({"query": FUNCTION}, kept=5)
    assert cloud.versions(FUNCTION) == [1, 2, 3]
