"""The local gateway: the event that it makes of a request, and what it makes of the answer."""

import base64
import io
import json
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest
from chalice.app import Chalice, Response

from chalicelib.api.application import Archive
from infra.local.gateway import MOST_BYTES, Gateway, Routes

CORS = "https://pages.example"


class Application(Chalice):
    def unrouted(self, event, allowed):
        status = 405 if allowed else 404
        return {"statusCode": status, "headers": {"Allow": ",".join(allowed)}, "body": ""}

    def preflight(self, event, allowed):
        return {"statusCode": 204, "headers": {"Methods": ",".join(allowed)}, "body": ""}


def application():
    app = Application("gateway-test", configure_logs=False)
    app.api.binary_types = ["application/pdf"]

    @app.route("/events/{first}/parts/{second}", methods=["GET", "POST"])
    def echo(first, second):
        request: Any = app.current_request
        return request.to_original_event()

    @app.route("/events/latest/parts/{second}")
    def latest(second):
        return {"latest": second}

    @app.route("/pdf")
    def pdf():
        return Response(b"%PDF\xff", headers={"Content-Type": "application/pdf"})

    @app.route("/nothing", methods=["DELETE"])
    def nothing():
        return Response("", status_code=204)

    return app


class Answer:
    def __init__(self, gateway, environ):
        self.content = b"".join(gateway(environ, self._start))

    def _start(self, status, headers):
        self.status = int(status.split()[0])
        self.headers = dict(headers)

    @property
    def json(self):
        return json.loads(self.content)


@pytest.fixture
def changes():
    return []


@pytest.fixture
def send(changes):
    gateway = Gateway(application(), after_change=lambda: changes.append("changed"))

    def send(method, uri, body=b"", **variables):
        path, _, query = uri.partition("?")
        environ = {
            "REQUEST_METHOD": method,
            "REQUEST_URI": f"/api{uri}",
            "PATH_INFO": f"/api{path}",
            "QUERY_STRING": query,
            "REMOTE_ADDR": "127.0.0.9",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            "CONTENT_TYPE": "application/json",
            **variables,
        }
        setup_testing_defaults(environ)
        return Answer(gateway, environ)

    return send


def test_the_event_is_complete(send):
    answer = send(
        "POST",
        "/events/a%2Fb/parts/%E4%BD%A0?x=1&x=2&empty=&plus=a+b",
        '{"name": "你"}'.encode(),
        HTTP_X_THING="thing",
    )
    event = answer.json
    assert answer.status == 200
    assert event["resource"] == "/events/{first}/parts/{second}"
    assert event["path"] == "/events/a%2Fb/parts/%E4%BD%A0"
    assert event["pathParameters"] == {"first": "a%2Fb", "second": "%E4%BD%A0"}
    assert event["httpMethod"] == "POST"
    assert event["queryStringParameters"] == {"x": "2", "empty": "", "plus": "a b"}
    assert event["multiValueQueryStringParameters"] == {
        "x": ["1", "2"],
        "empty": [""],
        "plus": ["a b"],
    }
    assert event["headers"]["X-Thing"] == "thing"
    assert event["multiValueHeaders"]["Content-Type"] == ["application/json"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"name": "你"}', False)
    context = event["requestContext"]
    assert context["resourcePath"] == "/events/{first}/parts/{second}"
    assert context["path"] == "/api/events/a%2Fb/parts/%E4%BD%A0"
    assert (context["httpMethod"], context["stage"]) == ("POST", "api")
    assert context["identity"]["sourceIp"] == "127.0.0.9"
    assert context["requestId"]


def test_what_is_not_sent_is_null(send):
    event = send("GET", "/events/a/parts/b").json
    assert event["queryStringParameters"] is None
    assert event["multiValueQueryStringParameters"] is None
    assert event["body"] is None
    assert event["headers"]["Accept"] == "*/*"


def test_a_body_that_is_no_text_arrives_as_sent(send):
    event = send("POST", "/events/a/parts/b", b"\xff\x00").json
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\xff\x00", True)


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/a/b", "/a/{x}"),
        ("/a/b/", "/a/{x}"),
        ("/a/fixed", "/a/fixed"),
        ("/a/", None),
        ("/a//", None),
        ("/a/b/c", None),
        ("/a", None),
        ("/", "/"),
        ("/b/fixed", "/{x}/fixed"),
    ],
)
def test_a_path_finds_its_route(path, template):
    routes = Routes({name: {"GET": 1} for name in ("/{x}/fixed", "/a/{x}", "/a/fixed", "/")})
    found = routes.find(path)
    assert (found.template if found else None) == template


def test_placeholders_of_another_route_leave_nothing_behind():
    routes = Routes({"/{x}/one": {"GET": 1}, "/{y}/{z}": {"GET": 1}})
    found = routes.find("/p/two")
    assert found
    assert found.parameters == {"y": "p", "z": "two"}


def test_a_literal_segment_is_preferred(send):
    assert send("GET", "/events/latest/parts/b").json == {"latest": "b"}


def test_no_route_and_no_method(send):
    assert send("GET", "/nowhere").status == 404
    refused = send("PUT", "/events/a/parts/b")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET,POST")


def test_binary_answers_are_decoded(send):
    answer = send("GET", "/pdf", HTTP_ACCEPT="application/pdf")
    assert (answer.status, answer.content) == (200, b"%PDF\xff")
    assert answer.headers["Content-Length"] == "5"


def test_no_content_has_no_length(send):
    answer = send("DELETE", "/nothing")
    assert (answer.status, answer.content) == (204, b"")
    assert "Content-Length" not in answer.headers


def test_a_body_over_the_gateway_s_limit_is_a_problem(send):
    accepted = send("POST", "/events/a/parts/b", CONTENT_LENGTH=str(MOST_BYTES))
    refused = send("POST", "/events/a/parts/b", CONTENT_LENGTH=str(MOST_BYTES + 1))
    assert (accepted.status, refused.status) == (200, 413)
    assert refused.json["code"] == "too_large"
    assert refused.headers["X-Content-Type-Options"] == "nosniff"


def test_a_preflight_is_answered_by_the_application(send):
    asked = {"HTTP_ORIGIN": CORS, "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}
    answer = send("OPTIONS", "/events/a/parts/b", **asked)
    assert (answer.status, answer.headers["Methods"]) == (204, "GET,POST")
    assert send("OPTIONS", "/nowhere", **asked).status == 404
    assert send("OPTIONS", "/events/a/parts/b").status == 405


def test_only_what_may_change_something_wakes_the_relay(send, changes):
    send("GET", "/events/a/parts/b")
    send("POST", "/nowhere")
    assert changes == []
    send("POST", "/events/a/parts/b", b"{}")
    assert changes == ["changed"]


@pytest.mark.req("R-75")
def test_a_failing_application_is_a_problem_and_its_words_stay_inside(caplog, monkeypatch):
    secret = "11010519491231002X"
    app: Any = Application("gateway-test", configure_logs=False)
    app.route("/x")(list)
    monkeypatch.setattr(Application, "__call__", lambda *_: int(secret))
    environ = {"REQUEST_URI": "/api/x", "PATH_INFO": "/api/x", "REQUEST_METHOD": "GET"}
    setup_testing_defaults(environ)
    answer = Answer(Gateway(app), environ)
    assert (answer.status, answer.json["code"]) == (500, "internal_error")
    assert "ValueError" in caplog.text
    assert secret not in caplog.text + answer.content.decode()


def test_the_archive_is_an_application_of_the_gateway():
    assert callable(Archive.unrouted)
