"""Settings of functions and stages and the functions' policies: what is refused, and how."""

import json
import re
from pathlib import Path

import pytest

from chalicelib.adapters import dynamo_tables
from chalicelib.api.application import FUNCTIONS as APPLICATION
from infra.packaging import bundle, checkout, policies
from infra.packaging.functions import InvalidSettings, read_functions, require_same
from infra.packaging.policies import ALL_PHONES, load_policies
from infra.packaging.stages import FOLDER, STAGES, load_stage
from infra.provision import TEMPLATE

FUNCTIONS = read_functions()
KNOWN = [*json.loads(TEMPLATE.read_text())["Resources"], "Stage", "MailSender"]


def stage_file(folder, **changes):
    settings = json.loads((FOLDER / "dev.json").read_text()) | changes
    settings = {name: value for name, value in settings.items() if value is not ...}
    (folder / "dev.json").write_text(json.dumps(settings))
    return folder


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_has_settings(stage):
    assert load_stage(stage, FUNCTIONS).region


@pytest.mark.parametrize("stage", ["", "local", "test", "production", "../dev"])
def test_other_stages_are_not_deployed(stage):
    with pytest.raises(InvalidSettings, match="STAGE must be one of dev, staging, prod"):
        load_stage(stage, FUNCTIONS)


@pytest.mark.parametrize("name", json.loads((FOLDER / "dev.json").read_text()))
def test_a_missing_setting_is_named(tmp_path, name):
    with pytest.raises(InvalidSettings, match=f"dev.json: .*`{name}`"):
        load_stage("dev", FUNCTIONS, stage_file(tmp_path, **{name: ...}))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"colour": "red"}, "unknown field `colour`"),
        ({"region": "Singapore"}, r"\$.region"),
        ({"public_origin": "http://archive.example"}, r"\$.public_origin"),
        ({"cors_origins": ["https://a.example/path"]}, r"\$.cors_origins"),
        ({"alarm_email": "nobody"}, r"\$.alarm_email"),
        ({"certificate": "arn:aws:acm:eu-west-1:000000000000:certificate/0a"}, r"\$.certificate"),
        ({"region": "cn-north-1"}, "`certificate` is needed"),
        ({"log_days": 399}, r"\$.log_days"),
        ({"limits": "local"}, r"\$.limits"),
        ({"log_level": "DEBUG"}, r"\$.log_level"),
        ({"memory": {"nothing": 512}}, "`memory.nothing`"),
        ({"memory": {"query": 64}}, r"\$.memory"),
        ({"identity_checker": "http://checker.example"}, "`identity_checker`"),
        ({"identity_checker": "https://checker.example"}, "`demo_people`"),
        ({"warmth": {"snap_start": True, "provisioned": {"query": 1}}}, "exclude each other"),
        ({"warmth": {"snap_start": False, "provisioned": {"relay": 1}}}, "provisioned.relay"),
        (
            {
                "region": "cn-north-1",
                "certificate": "ASCA0123456789ABCDEF",
                "warmth": {"snap_start": True, "provisioned": {}},
            },
            "snap_start",
        ),
    ],
)
def test_what_a_stage_may_not_set(tmp_path, changes, told):
    with pytest.raises(InvalidSettings, match=told):
        load_stage("dev", FUNCTIONS, stage_file(tmp_path, **changes))


def test_the_stand_in_for_the_checker_stays_out_of_production(tmp_path):
    stage_file(tmp_path).joinpath("dev.json").rename(tmp_path / "prod.json")
    with pytest.raises(InvalidSettings, match="must not be `demo` in production"):
        load_stage("prod", FUNCTIONS, tmp_path)


def test_every_function_of_the_application_has_settings_and_a_policy():
    """A new function, schedule or consumer is told here, before anybody packages."""
    import app  # noqa: PLC0415 -- it builds the application

    handlers = {source.handler_string for source in app.app.event_sources}
    handlers |= {one.handler_string for one in app.app.pure_lambda_functions}
    names = {*APPLICATION, *(handler.removeprefix("app.") for handler in handlers)}
    require_same(names, FUNCTIONS, "functions.json has no settings for", "functions.json names")
    assert load_policies(names, KNOWN)


@pytest.mark.parametrize(
    "settings", ['{"a": {"memory": 100, "timeout": 1}}', '{"a": {"memory": 512}}', '{"a": 1', "[]"]
)
def test_settings_of_functions_are_checked(tmp_path, settings):
    file = tmp_path / "functions.json"
    file.write_text(settings)
    with pytest.raises(InvalidSettings, match=r"functions\.json"):
        read_functions(file)


def test_functions_and_settings_name_the_same():
    require_same(["a"], ["a"], "lacks", "has")
    with pytest.raises(InvalidSettings, match="lacks b"):
        require_same(["a", "b"], ["a"], "lacks", "has")
    with pytest.raises(InvalidSettings, match="has c: there is no such function"):
        require_same(["a"], ["a", "c"], "lacks", "has")


# Policies


@pytest.mark.req("R-70")
def test_every_function_has_a_policy_of_its_own():
    assert load_policies(list(FUNCTIONS), KNOWN)


def test_a_function_without_a_policy_is_named(tmp_path):
    with pytest.raises(InvalidSettings, match="has no policy for bind"):
        load_policies(["bind"], KNOWN, tmp_path)


def test_a_policy_without_a_function_is_named(tmp_path):
    (tmp_path / "ghost.json").write_text('{"Version": "2012-10-17", "Statement": []}')
    with pytest.raises(InvalidSettings, match="has a policy for ghost"):
        load_policies([], KNOWN, tmp_path)


TABLE = (
    "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/archive-${Stage}-codes"
)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"Action": ["dynamodb:*"]}, "not one exact action"),
        ({"Action": ["dynamodb:Get*"]}, "not one exact action"),
        ({"Resource": ["*"]}, r"`Resource` is `\*`"),
        ({"Resource": ["arn:aws:s3:::archive"]}, "does not begin with"),
        ({"Resource": ["${LostKey.Arn}"]}, "names LostKey"),
        ({"Sid": ALL_PHONES, "Resource": ["*"]}, "needs a `Condition`"),
        ({"Effect": "Maybe"}, r"\$.Statement"),
        ({"NotAction": ["s3:GetObject"]}, "unknown field `NotAction`"),
    ],
)
@pytest.mark.req("R-70")
def test_what_a_policy_may_not_say(tmp_path, changes, told):
    statement = {
        "Sid": "Codes",
        "Effect": "Allow",
        "Action": ["dynamodb:GetItem"],
        "Resource": [TABLE],
    }
    policy = {"Version": "2012-10-17", "Statement": [statement | changes]}
    (tmp_path / "bind.json").write_text(json.dumps(policy))
    with pytest.raises(InvalidSettings, match=told):
        load_policies(["bind"], KNOWN, tmp_path)


@pytest.mark.req("R-70")
def test_only_deliver_sends_messages():
    for name, policy in load_policies(list(FUNCTIONS), KNOWN).items():
        actions = {action for one in policy.statement for action in one.action}
        assert name == "deliver" or not actions & {"sns:Publish", "ses:SendEmail"}


@pytest.mark.req("R-67")
def test_no_function_may_change_or_remove_lines_of_the_audit():
    for policy in load_policies(list(FUNCTIONS), KNOWN).values():
        for one in policy.statement:
            if any(place.endswith("-audit") for place in one.resource):
                assert not {"dynamodb:UpdateItem", "dynamodb:DeleteItem"} & set(one.action)


# The machine and the source


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 14)])
def test_another_python_is_refused(version):
    with pytest.raises(checkout.CannotPackage, match=r"needs Python 3\.13"):
        checkout.require_python(version)


def test_the_deployed_python_is_taken():
    checkout.require_python((3, 13))


def test_a_wheel_that_was_compiled_here_is_found(tmp_path):
    from infra.packaging.build import built_here  # noqa: PLC0415 -- the rest needs no Chalice

    for name, tag in (("good-1", "cp313-cp313-manylinux2014_x86_64"), ("pure-1", "py3-none-any")):
        (tmp_path / f"{name}.dist-info").mkdir()
        (tmp_path / f"{name}.dist-info" / "WHEEL").write_text(f"Wheel-Version: 1.0\nTag: {tag}\n")
    assert list(built_here(tmp_path)) == []
    (tmp_path / "bad-1.dist-info").mkdir()
    (tmp_path / "bad-1.dist-info" / "WHEEL").write_text("Tag: cp313-cp313-linux_x86_64\n")
    assert list(built_here(tmp_path)) == ["bad-1"]


def test_the_services_whose_data_is_kept_are_those_that_are_called():
    adapters = Path(dynamo_tables.__file__).parents[1]
    called = {
        service
        for module in adapters.rglob("*.py")
        for service in re.findall(r'clients\.of\("(\w+)"\)', module.read_text())
    }
    assert called | {"dynamodb", "sts"} == set(bundle.SERVICES)


def test_a_zip_depends_on_its_contents_only(tmp_path):
    first, second = tmp_path / "a", tmp_path / "b"
    for folder in (first, second):
        folder.mkdir()
        (folder / "module.py").write_text("x = 1\n")
    (second / "module.py").touch()
    digests = {
        bundle.write_zip({"module.py": folder / "module.py"}, tmp_path / f"{folder.name}.zip")
        for folder in (first, second)
    }
    assert len(digests) == 1


def test_policy_files_are_where_they_are_looked_for():
    assert policies.FOLDER.is_dir()
