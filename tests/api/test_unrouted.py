"""The function that answers what has no route, as API Gateway calls it."""

import json

import pytest

from chalicelib.api.application import FUNCTIONS, build
from chalicelib.api.routes import ROUTES
from chalicelib.api.unrouted import allowed_methods, answer_unrouted
from tests.world import ORIGIN


@pytest.fixture
def app(archive):
    return build("unrouted", lambda: archive.ports, cors_origins=lambda: (ORIGIN,))


def event(method, template, **headers):
    return {
        "resource": template,
        "path": template,
        "httpMethod": method,
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "requestId": "r-1",
            "resourcePath": template,
            "httpMethod": method,
            "identity": {"sourceIp": "203.0.113.7"},
        },
        "body": None,
        "isBase64Encoded": False,
    }


def test_every_route_is_known_whatever_function_was_loaded():
    assert {route.function for route in ROUTES} == set(FUNCTIONS)
    for route in ROUTES:
        assert route.method in allowed_methods(route.path)


def test_another_method_is_told_which_are_allowed(app):
    answer = answer_unrouted(app, event("DELETE", "/registrations"))
    assert answer["statusCode"] == 405
    assert answer["headers"]["Allow"] == "POST"
    assert answer["headers"]["Content-Type"] == "application/problem+json"
    assert json.loads(answer["body"])["code"] == "method_not_allowed"


@pytest.mark.parametrize("template", ["/{proxy+}", "/", "/nowhere"])
def test_another_path_is_not_found(app, template):
    answer = answer_unrouted(app, event("GET", template))
    assert (answer["statusCode"], json.loads(answer["body"])["code"]) == (404, "not_found")


@pytest.mark.req("R-76")
def test_answers_carry_the_security_headers(app):
    headers = answer_unrouted(app, event("GET", "/nowhere"))["headers"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


def test_a_preflight_of_an_allowed_origin_may_go_on(app):
    asked = event("OPTIONS", "/bindings", Origin=ORIGIN, Access_Control_Request_Method="POST")
    answer = answer_unrouted(app, asked)
    assert answer["statusCode"] == 204
    assert answer["headers"]["Access-Control-Allow-Origin"] == ORIGIN
    assert answer["headers"]["Access-Control-Allow-Methods"] == "GET, POST"
    assert "Idempotency-Key" in answer["headers"]["Access-Control-Allow-Headers"]
    assert answer["headers"]["X-Request-Id"] == "r-1"


def test_a_page_of_an_allowed_origin_may_read_what_the_contract_says(app):
    answer = answer_unrouted(app, event("GET", "/nowhere", Origin=ORIGIN))
    readable = answer["headers"]["Access-Control-Expose-Headers"].split(", ")
    assert {
        "Content-Disposition",
        "Idempotency-Replayed",
        "Retry-After",
        "X-Request-Id",
    } == set(readable)


def test_a_preflight_of_another_origin_gets_no_permission(app):
    asked = event(
        "OPTIONS",
        "/bindings",
        Origin="https://elsewhere.example",
        Access_Control_Request_Method="POST",
    )
    answer = answer_unrouted(app, asked)
    assert not [name for name in answer["headers"] if name.startswith("Access-Control")]


def test_options_without_an_origin_is_a_method_like_others(app):
    assert answer_unrouted(app, event("OPTIONS", "/bindings"))["statusCode"] == 405
