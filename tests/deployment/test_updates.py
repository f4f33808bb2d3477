"""A deployed stage over time: new code, going back, an update that fails, code that is broken."""

import dataclasses
import hashlib
import json
import re
import threading
import zipfile

import pytest

from infra.deployment.cloud import DeploymentFailed, function_names
from infra.deployment.deploy import deploy, roll_back
from infra.deployment.smoke import smoke_test
from tests.deployment.emulation import API

pytestmark = pytest.mark.deployment

MARKED = """
@app.middleware("http")
def mark(event, get_response):
    response = get_response(event)
    response.headers["X-Revision"] = "2"
    return response
"""
REFUSED = "CodeFailuresAlarm"
"""Of a known type, and refused by the emulator when it is made."""
BROKEN = "\nraise ImportError('this code does not start')\n"


def with_code(made, addition):
    """The same package with something more in `app.py`: other zips, other versions."""
    text = json.dumps(made.template)
    digest = hashlib.sha256(addition.encode()).hexdigest()
    packages = {}
    for name, old in made.code.packages.items():
        new = f"{digest[:16]}-{name}.zip"
        add_code(made.folder / old, made.folder / new, addition)
        text = text.replace(old, new)
        packages[name] = new
    text = re.sub(r"(\w+Version[0-9a-f]{10})\b", rf"\g<1>{digest[:4]}", text)
    file = made.folder / f"{digest[:16]}.json"
    file.write_text(text)
    code = dataclasses.replace(made.code, packages=packages)
    return dataclasses.replace(made, template=json.loads(text), template_file=file, code=code)


def add_code(old, new, addition):
    """Python takes the bytecode where there is some: that of `app.py` is left out."""
    with zipfile.ZipFile(old) as source, zipfile.ZipFile(new, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "app.py":
                content += addition.encode()
            if not entry.filename.startswith("__pycache__/app."):
                target.writestr(entry, content, zipfile.ZIP_STORED)


def update(site, made, confirmed=True):
    told = []

    def confirm(lines):
        told.extend(lines)
        return confirmed

    url = site.endpoint + API
    done = deploy(made, site.cloud, confirm=confirm, tell=lambda _: None, api_url=url)
    return done, told


def revision(site):
    """What the code says of itself, by the API."""
    answer = site.call("GET", "/api/openapi.json")
    assert answer.status == 200, answer.content
    return answer.headers.get("X-Revision")


@pytest.fixture(scope="module")
def functions(site):
    return function_names("dev", site.package.functions)


@pytest.fixture(scope="module")
def first(site, functions):
    """The versions of the first deployment; in the end they are what runs again."""
    versions = site.cloud.aliases(functions)
    yield versions
    site.cloud.point(functions, versions)


@pytest.fixture(scope="module")
def marked(site):
    return with_code(site.package, MARKED)


@pytest.fixture(scope="module")
def second(site, functions, first, marked):
    """The versions after an update, and the changes that the operator was shown."""
    done, told = update(site, marked)
    assert done is not None
    return site.cloud.aliases(functions), told


def test_new_code_is_a_new_version_of_every_function(site, first, second):
    versions, _ = second
    assert versions.keys() == first.keys()
    assert all(int(versions[name]) > int(first[name]) for name in first)
    assert revision(site) == "2"


def test_the_changes_are_shown_before_anything_happens(second):
    _, told = second
    assert any(line.startswith("~ QueryFunction (Lambda::Function)") for line in told)
    assert not [line for line in told if line.startswith("!")], "no data is touched"


def test_who_does_not_confirm_changes_nothing(site, functions, second):
    done, told = update(site, site.package, confirmed=False)
    assert (done, bool(told)) == (None, True)
    assert site.cloud.aliases(functions) == second[0]


def test_rolling_back_runs_the_version_before_at_once(site, functions, first, second):
    roll_back("dev", site.cloud, site.package.functions, lambda _: None)
    assert site.cloud.aliases(functions) == first
    assert list(smoke_test(site.deployed.api_url)) == []
    assert revision(site) is None
    site.cloud.point(functions, second[0])


@pytest.mark.req("R-96")
def test_an_update_that_fails_is_undone_and_the_functions_answer_all_the_while(
    site, functions, second, packaged
):
    with asked_all_the_while(site) as answers:
        with pytest.raises(DeploymentFailed, match="UPDATE_ROLLBACK_COMPLETE"):
            update(site, failing_late(with_code(site.package, MARKED.replace("2", "3")), packaged))
        assert revision(site) == "2"
    assert {status for status, _ in answers} == {200}
    assert site.cloud.aliases(functions) == second[0]
    assert list(smoke_test(site.deployed.api_url)) == []


def failing_late(made, packaged):
    """An update of which the last resource is refused, when the functions have changed already."""
    resources = made.template["Resources"]
    aliases = [name for name, one in resources.items() if one["Type"] == "AWS::Lambda::Alias"]
    last = {**packaged.template["Resources"][REFUSED], "DependsOn": aliases}
    template = {**made.template, "Resources": {**resources, REFUSED: last}}
    file = made.template_file.with_suffix(".failing.json")
    file.write_text(json.dumps(template))
    return dataclasses.replace(made, template=template, template_file=file)


def test_code_that_does_not_start_is_taken_back(site, functions, second, marked):
    before = site.cloud.aliases(functions)
    with pytest.raises(DeploymentFailed, match="the functions run their previous code again"):
        update(site, with_code(site.package, BROKEN))
    assert site.cloud.aliases(functions) == before
    assert list(smoke_test(site.deployed.api_url)) == []
    assert revision(site) == "2"


class asked_all_the_while:  # noqa: N801 -- read as a sentence
    """Somebody reads the description again and again; the status and revision of each answer."""

    def __init__(self, site):
        self.site = site
        self.answers = []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.ask)

    def ask(self):
        while not self.done.wait(0.1):
            answer = self.site.call("GET", "/api/openapi.json")
            self.answers.append((answer.status, answer.headers.get("X-Revision")))

    def __enter__(self):
        self.thread.start()
        return self.answers

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()
