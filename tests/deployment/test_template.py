"""The packaged stage: what its template and its zips hold."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from chalicelib.api.application import FUNCTIONS
from chalicelib.api.routes import ROUTES
from infra.packaging.api import ACCESS_LOG, METHODS
from infra.packaging.bundle import MOST_BYTES
from tests.deployment.runtime import link_runtime

pytestmark = pytest.mark.deployment

SECRET_WORDS = ("SECRET", "PASSWORD", "PRIVATE", "CREDENTIAL")


@pytest.fixture(scope="session")
def resources(packaged):
    return packaged.template["Resources"]


def of_type(resources, kind):
    return {name: one for name, one in resources.items() if one["Type"] == kind}


def functions(resources):
    return {
        one["Properties"]["Environment"]["Variables"]["ARCHIVE_FUNCTION"]: one["Properties"]
        for one in of_type(resources, "AWS::Lambda::Function").values()
    }


def test_every_resource_says_what_it_is(resources):
    assert all(one.get("Type", "").startswith("AWS::") for one in resources.values())


def test_every_function_of_the_application_is_its_own(packaged, resources):
    made = functions(resources)
    assert set(made) == {one.name for one in packaged.planned}
    assert set(FUNCTIONS) < set(made)
    roles = [json.dumps(one["Role"]) for one in made.values()]
    assert len(set(roles)) == len(made)


def test_handlers_are_found_in_app(resources):
    for name, one in functions(resources).items():
        module, _, handler = one["Handler"].partition(".")
        assert module == "app"
        assert handler == ("app" if name in FUNCTIONS else name)


def test_memory_and_timeouts_are_as_meant(packaged, resources):
    for name, one in functions(resources).items():
        settings = packaged.functions[name]
        assert one["MemorySize"] == settings.memory
        assert one["Timeout"] == settings.timeout
        assert one.get("ReservedConcurrentExecutions") == settings.reserved_concurrency
        assert name not in FUNCTIONS or one["Timeout"] <= 29, "API Gateway waits no longer"


def test_nothing_secret_is_in_the_environment_and_debug_is_off(resources):
    for one in functions(resources).values():
        for name, value in one["Environment"]["Variables"].items():
            assert not any(word in name for word in SECRET_WORDS)
            assert value != "DEBUG"
            assert not isinstance(value, str) or "resolve:" not in value


def test_secrets_are_parameters_that_are_never_shown(packaged):
    parameters = packaged.template["Parameters"]
    for name in ("OriginSecret", "FormerOriginSecret"):
        assert parameters[name]["NoEcho"] is True
        assert "Default" not in parameters[name]


def test_the_roles_of_access_logs_come_before_the_api_that_writes_them(packaged, resources):
    assert packaged.settings.gateway_log_role is True
    assert resources["ApiStage"]["DependsOn"] == "GatewayAccount"
    assert resources["GatewayAccount"]["DeletionPolicy"] == "Retain", "other APIs log by it"


def test_forms_are_uploaded_from_the_stages_pages_only(packaged, resources):
    (rule,) = resources["QuarantineBucket"]["Properties"]["CorsConfiguration"]["CorsRules"]
    assert rule["AllowedOrigins"] == [packaged.settings.public_origin]


def test_the_pages_are_packaged_with_what_they_are_told_of_the_stage(packaged):
    assert (packaged.pages / "index.html").is_file()
    told = json.loads((packaged.pages / "config.json").read_text())
    assert told["specimen"] is True
    assert told["operator"]["name_en"] == packaged.settings.operator.name_en


def test_the_queue_waits_long_enough_for_its_consumer(resources):
    deliver = functions(resources)["deliver"]
    queue = resources["DeliverQueue"]["Properties"]
    assert queue["VisibilityTimeout"] >= 6 * deliver["Timeout"]
    source = resources["DeliverSource"]["Properties"]
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@pytest.mark.req("R-86")
def test_new_messages_reach_the_relay_by_the_stream(resources):
    source = resources["RelayCommittedSource"]["Properties"]
    assert source["EventSourceArn"] == {"Fn::GetAtt": ["OutboxTable", "StreamArn"]}
    assert json.loads(source["FilterCriteria"]["Filters"][0]["Pattern"]) == {
        "eventName": ["INSERT"]
    }


@pytest.mark.req("R-70")
def test_no_role_may_do_everything_or_anything_anywhere(resources):
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        for policy in role["Properties"].get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                assert not any("*" in action for action in statement["Action"]), name
                anywhere = "*" in statement["Resource"] and statement["Effect"] == "Allow"
                assert not anywhere or statement["Sid"] == "TextMessagesGoToAnyPhone", name


@pytest.mark.req("R-70")
def test_keys_unwrap_only_what_they_wrapped_for_this_stage(resources):
    for name, role in of_type(resources, "AWS::IAM::Role").items():
        if name == "GatewayLogRole":
            continue
        for statement in role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]:
            if statement["Action"] == ["kms:Decrypt"]:
                wanted = statement["Condition"]["StringEquals"]
                assert wanted["kms:EncryptionContext:stage"] == {"Fn::Sub": "${Stage}"}, name
                purpose = statement["Resource"][0]["Fn::Sub"].removeprefix("${").partition("Key")
                assert wanted["kms:EncryptionContext:purpose"] == purpose[0].lower()


def test_logs_are_kept_for_400_days(resources):
    groups = of_type(resources, "AWS::Logs::LogGroup")
    assert len(groups) == len(functions(resources)) + 1
    assert all(one["Properties"]["RetentionInDays"] >= 400 for one in groups.values())


def test_data_outlives_the_stack(resources):
    kinds = ("DynamoDB::Table", "KMS::Key", "S3::Bucket", "SQS::Queue", "Logs::LogGroup")
    for name, one in resources.items():
        if one["Type"].removeprefix("AWS::") in kinds:
            kept = one.get("DeletionPolicy"), one.get("UpdateReplacePolicy")
            assert kept == ("Retain", "Retain"), name


def operations(resources):
    paths = resources["Api"]["Properties"]["Body"]["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
            yield path, method.upper(), uri.rpartition("functions/${")[2].partition("Alias}")[0]


def test_every_route_goes_to_its_function_and_everything_else_to_one(packaged, resources):
    ids = {one.name: one.id for one in packaged.planned}
    expected = {(route.path, route.method): ids[route.function] for route in ROUTES}
    for path, method, target in operations(resources):
        assert target == expected.get((path, method), ids["unrouted"])
    assert {(path, method) for path, method, _ in operations(resources)} == {
        (path, method)
        for path in {*(route.path for route in ROUTES), "/", "/{proxy+}"}
        for method in METHODS
    }


def test_the_api_may_invoke_each_function_for_its_routes_only(packaged, resources):
    sources = {}
    for one in of_type(resources, "AWS::Lambda::Permission").values():
        target = one["Properties"]["FunctionName"]["Ref"]
        source = one["Properties"]["SourceArn"]
        sources.setdefault(target, []).append(source.get("Fn::Sub", ""))
    for planned in packaged.planned:
        if planned.routes:
            assert len(sources[f"{planned.id}Alias"]) == len(planned.routes)
            assert all("${Api}/api/" in source for source in sources[f"{planned.id}Alias"])


@pytest.mark.req("R-60")
def test_the_access_log_keeps_no_path_and_no_address(resources):
    written = resources["ApiStage"]["Properties"]["AccessLogSetting"]["Format"]
    assert json.loads(written) == ACCESS_LOG
    for personal in ("path", "sourceIp", "userAgent", "identity", "authorizer"):
        assert f"$context.{personal}" not in written
    (settings,) = resources["ApiStage"]["Properties"]["MethodSettings"]
    assert settings["DataTraceEnabled"] is False
    assert settings["LoggingLevel"] == "OFF"
    assert settings["ThrottlingRateLimit"] > 0


@pytest.mark.req("R-76")
def test_the_gateways_own_answers_are_problems_with_security_headers(resources):
    answers = resources["Api"]["Properties"]["Body"]["x-amazon-apigateway-gateway-responses"]
    assert {"DEFAULT_4XX", "DEFAULT_5XX", "THROTTLED", "WAF_FILTERED"} <= set(answers)
    for answer in answers.values():
        headers = answer["responseParameters"]
        assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
        assert headers["gatewayresponse.header.X-Content-Type-Options"] == "'nosniff'"
        document = json.loads(answer["responseTemplates"]["application/json"])
        assert document["request_id"] == "$context.requestId"
        assert document["status"] == int(answer["statusCode"])


def test_pictures_and_pdfs_pass_the_gateway_unchanged(resources):
    """A browser names other types first; the gateway compares with that one only."""
    api = resources["Api"]["Properties"]
    assert api["BinaryMediaTypes"] == ["*/*"]
    assert api["Body"]["x-amazon-apigateway-binary-media-types"] == ["*/*"]


def test_the_template_is_what_cloudformation_accepts(packaged):
    linter = Path(sys.executable).with_name("cfn-lint")
    found = subprocess.run(
        [linter, packaged.template_file], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stdout) == (0, "")


def test_zips_are_small_and_carry_bytecode_and_nothing_local(packaged):
    for name, file in packaged.zips.items():
        assert file.stat().st_size < MOST_BYTES
        names = zipfile.ZipFile(file).namelist()
        assert not [one for one in names if one.startswith(("tests/", "infra/", "web/", ".local"))]
        assert name == "typesetter" or "__pycache__/app.cpython-313.pyc" in names


def test_only_reports_carry_fonts_and_the_typesetter(packaged, resources):
    lean = zipfile.ZipFile(packaged.zips["lean"]).namelist()
    assert not [
        one
        for one in lean
        if one.endswith(".ttf") or one.startswith(("typst/", "pyhanko/", "lxml/"))
    ]
    with_layer = {name for name, one in functions(resources).items() if one.get("Layers")}
    assert with_layer == {"report"}


# Every function starts from its zip alone


@pytest.fixture(scope="session")
def unzipped(packaged, tmp_path_factory):
    folders = {}
    for name, file in packaged.zips.items():
        folders[name] = tmp_path_factory.mktemp(name)
        zipfile.ZipFile(file).extractall(folders[name])
    return folders


STARTER = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from awslambdaric.bootstrap import _get_handler
handler = _get_handler(sys.argv[2])
from chalicelib import wiring
wiring.ports()
"""


@pytest.fixture(scope="session")
def runtime(tmp_path_factory):
    return str(link_runtime(tmp_path_factory.mktemp("lambda") / "runtime"))


def test_every_function_starts_from_its_zip_alone(packaged, resources, unzipped, runtime):
    for name, one in functions(resources).items():
        settings = packaged.functions[name]
        places = [str(unzipped[settings.package]), runtime]
        if settings.package == "report":
            places.append(str(unzipped["typesetter"] / "python"))
        variables = {
            key: value if isinstance(value, str) else "a@example.com"
            for key, value in one["Environment"]["Variables"].items()
            if key != "ORIGIN_DIGESTS"
        }
        started = subprocess.run(
            [sys.executable, "-I", "-S", "-c", STARTER, json.dumps(places), one["Handler"]],
            env=variables | {"STAGE": "dev", "AWS_REGION": "ap-southeast-1"},
            cwd=places[0],
            capture_output=True,
            text=True,
            check=False,
        )
        assert started.returncode == 0, f"{name}: {started.stderr[-2000:]}"
