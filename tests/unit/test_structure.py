"""The house: which way imports point, what is found by its name, and tables that must agree."""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.api.application import FUNCTIONS
from chalicelib.api.openapi import document
from chalicelib.api.problems import STATUS
from chalicelib.api.routes import ROUTES, Function
from chalicelib.domain.errors import FIELD_PROBLEMS, REFUSALS
from chalicelib.domain.messages import KINDS

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "chalicelib"
MODULES = sorted(LIBRARY.rglob("*.py"))

LAYERS = {
    "domain": {"domain"},
    "stores": {"stores", "domain"},
    "operations": {"operations", "stores", "domain"},
    "api": {"api", "operations", "stores", "domain", "telemetry"},
    "adapters": {"adapters", "operations.ports", "stores", "domain"},
    "assets": set(),
    "settings": {"domain"},
    "telemetry": set(),
    "jobs": {"operations", "adapters.queues", "stores", "domain", "telemetry"},
    "wiring": {"adapters", "operations.ports", "stores", "domain", "settings", "telemetry"},
}
"""Layer or module → what of the project it may import."""

OUTSIDE = {
    "chalice": {"api"},
    "boto3": {"adapters", "wiring"},
    "botocore": {"adapters", "wiring"},
    "pynamodb": {"adapters"},
    "aws_lambda_powertools": {"telemetry"},
    "PIL": {"adapters"},
    "typst": {"adapters"},
    "pyhanko": {"adapters"},
    "asn1crypto": {"adapters"},
    "argon2": {"adapters"},
    "cryptography": {"stores"},
}
"""Library → the layers that may import it."""

document()  # loads every function's routes


def title(module: Path) -> str:
    return module.relative_to(ROOT).as_posix()


def layer_of(module: Path) -> str:
    return module.relative_to(LIBRARY).parts[0].removesuffix(".py")


def imports(module: Path) -> Iterator[str]:
    """Full names of what a module imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{title(module)} imports relatively"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def calls(module: Path) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a plain name or method in a module."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name | ast.Attribute):
                yield function.id if isinstance(function, ast.Name) else function.attr, node


def text_of(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


# Imports


@pytest.mark.parametrize("module", [m for m in MODULES if layer_of(m) != "__init__"], ids=title)
def test_imports_point_inwards(module):
    allowed = tuple(f"chalicelib.{name}" for name in LAYERS[layer_of(module)])
    for name in imports(module):
        if name.startswith("chalicelib"):
            assert any(name == one or name.startswith(f"{one}.") for one in allowed), name
        assert not name.startswith(("infra", "tests", "benchmarks")), name


@pytest.mark.parametrize("module", MODULES, ids=title)
def test_libraries_stay_in_their_layer(module):
    for name in imports(module):
        layers = OUTSIDE.get(name.partition(".")[0])
        assert layers is None or layer_of(module) in layers, name


def test_only_the_outermost_know_the_wiring():
    knowing = {
        title(module)
        for module in [ROOT / "app.py", *MODULES]
        if any(name.startswith("chalicelib.wiring") for name in imports(module))
    }
    assert knowing == {"app.py"}


# Found by name


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_is_one_name_everywhere(function):
    assert {route.function for route in ROUTES if route.function == function} == {function}
    assert (LIBRARY / "api" / f"{function}.py").exists()
    several = {
        "describe",
        "registrar",
        "reviewer",
        "operator",
    }  # a counter with several capabilities, each by its name
    assert function in several or (LIBRARY / "operations" / f"{function}.py").exists()
    assert (ROOT / "tests" / "api" / f"test_{function}.py").exists()


def test_every_edge_module_with_routes_is_a_function():
    found = {
        module.stem
        for module in (LIBRARY / "api").glob("*.py")
        if any(name == "Function" for name, _ in calls(module))
    }
    assert found == set(FUNCTIONS)


def test_schedules_and_consumers_are_handled_in_app():
    import app  # noqa: PLC0415 -- it builds the application

    handlers = {source.handler_string for source in app.app.event_sources}
    assert handlers >= {"app.relay", "app.expire_codes", "app.deliver"}
    for handler in handlers:
        module, name = handler.split(".")
        assert module == "app"
        assert callable(getattr(app, name))


def test_nothing_is_left_to_be_done():
    unfinished = re.compile(r"\b(TODO|FIXME)\b")
    for module in [ROOT / "app.py", *MODULES]:
        assert not unfinished.search(module.read_text(encoding="utf-8")), title(module)


# One function's process

LOADED = """
import sys
import app
names = {"typst", "pyhanko", "PIL", "argon2", "pypinyin", "chinese_calendar", "phonenumbers"}
names |= {"segno"}
print(*sorted(names & sys.modules.keys()))
print(*sorted(name for name in sys.modules if name.startswith("chalicelib.api.")))
print(*sorted(app.app.routes))
print(app.app.debug)
"""


def loaded(function: str) -> list[list[str]]:
    """What a process that serves one function has imported."""
    environment = {**os.environ, "ARCHIVE_FUNCTION": function}
    done = subprocess.run(
        [sys.executable, "-c", LOADED],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [line.split() for line in done.stdout.splitlines()]


def test_a_process_loads_its_functions_blueprint_and_nothing_heavy():
    heavy, edge, paths, debug = loaded("query")
    assert heavy == []
    assert {name.rpartition(".")[2] for name in edge} & set(FUNCTIONS) == {"query"}
    assert paths == sorted({route.path for route in ROUTES if route.function == "query"})
    assert debug == ["False"]


# Deny by default


@pytest.mark.req("R-40")
def test_a_route_without_a_policy_fails_where_it_is_declared():
    with pytest.raises(TypeError, match="policy"):
        Function("odd").route("GET", "/odd", answers={200: None})


@pytest.mark.req("R-40")
@pytest.mark.parametrize("policy", ["", "Public", "sgned_in", None])
def test_a_route_with_an_unknown_policy_fails_where_it_is_declared(policy):
    with pytest.raises(ValueError, match="policy"):
        Function("odd").route("GET", "/odd", policy=policy, answers={200: None})


@pytest.mark.req("R-40")
def test_no_route_is_public_but_these():
    public = {f"{route.method} {route.path}" for route in ROUTES if route.policy == "public"}
    assert public <= {
        "POST /verification-codes",
        "POST /verification-codes/{challenge_id}/verify",
        "POST /registrations",
        "POST /registrations/{registration_id}/confirm",
        "DELETE /registrations/{registration_id}",
        "POST /email-confirmations",
        "POST /sessions",
        "POST /sessions/second-step",
        "POST /sessions/refresh",
        "POST /sessions/browser/refresh",
        "POST /username-recoveries",
        "POST /invitations",
        "POST /invitations/accept",
        "POST /password-resets",
        "POST /account/contact-undo",
        "POST /appeals",
        "GET /appeals/{appeal_id}",
        "DELETE /appeals/{appeal_id}",
        "POST /appeals/{appeal_id}/submit",
        "GET /institutions",
        "GET /verifications/{code}",
        "GET /verifications/{code}/pdf",
        "GET /verifications/{code}/photo",
        "POST /verifications",
        "GET /.well-known/jwks.json",
        "GET /status-lists/{list_id}",
        "GET /openapi.json",
        "GET /consents",
    }


# Tables that agree


def test_every_refusal_has_one_status():
    assert STATUS.keys() == REFUSALS.keys()
    assert all(400 <= status <= 503 for status in STATUS.values())


@pytest.mark.parametrize("module", MODULES, ids=title)
def test_every_code_that_is_raised_is_in_the_table(module):
    for name, call in calls(module):
        if name == "Refusal" and call.args and (code := text_of(call.args[0])):
            assert code in REFUSALS
        if name in {"invalid", "FieldProblem"} and len(call.args) > 1:
            problem = text_of(call.args[1])
            assert problem is None or problem in FIELD_PROBLEMS


def test_every_refusal_that_a_route_names_is_in_the_table():
    for route in ROUTES:
        assert set(route.raises) <= REFUSALS.keys(), route.path


def test_every_text_is_told_in_both_languages():
    for text in (*REFUSALS.values(), *FIELD_PROBLEMS.values()):
        assert text.zh.endswith("。")
        assert text.en.endswith(".")


@pytest.mark.parametrize("module", sorted((LIBRARY / "operations").glob("*.py")), ids=title)
def test_every_message_that_is_sent_has_its_text_and_placeholders(module):
    for name, call in calls(module):
        if name == "Message":
            given = {word.arg: word.value for word in call.keywords}
            kind, channel, values = (given.get(one) for one in ("kind", "channel", "values"))
            require_message(text_of(kind), text_of(channel), values)
        elif name == "tell":
            values = call.args[3] if len(call.args) > 3 else None
            require_message(text_of(call.args[2]), None, values, known={"time"})


def require_message(
    kind: str | None,
    channel: str | None,
    values: ast.expr | None,
    known: frozenset[str] | set[str] = frozenset(),
) -> None:
    """A message named in the source: its kind, channel and placeholders are those of the table."""
    if kind is None:
        return
    assert kind in KINDS
    channels = [channel] if channel else list(KINDS[kind])
    if values is None or isinstance(values, ast.Dict):
        given = {text_of(key) for key in values.keys} if values else set()
        for one in channels:
            assert KINDS[kind][one] - known == given, kind  # type: ignore[index]
