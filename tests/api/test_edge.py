"""The edge: odd input, unknown paths and methods, headers, languages, origins."""

import json
from typing import Any

import msgspec
import pytest

from chalicelib.api.openapi import document
from chalicelib.api.routes import ROUTES, Route
from chalicelib.domain.errors import REFUSALS
from tests.records import WANG, member
from tests.staff import admitted, everybody
from tests.world import ORIGIN, Answer, Client, World, world

document()  # loads every function's routes
WITH_BODY = [route for route in ROUTES if route.body is not None]
CLOSED = [route for route in ROUTES if route.policy != "public"]


def title(route: Route) -> str:
    return f"{route.method} {route.path}"


every_body = pytest.mark.parametrize("route", WITH_BODY, ids=title)

CODE_REQUEST = {"purpose": "register", "channel": "sms", "destination": "+8619900000009"}


@pytest.fixture(scope="module")
def shared() -> World:
    return world()


@pytest.fixture(scope="module")
def callers(shared: World) -> dict[str, Client]:
    return everybody(shared)


@pytest.fixture
def somebody(callers: dict[str, Client]) -> Client:
    return callers["student"]


def require_problem(answer: Answer, status: int, code: str) -> None:
    """The answer is the documented error, whole and nothing but."""
    assert answer.status == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json
    assert problem.keys() - {"errors", "links"} == {
        "type", "title", "status", "detail", "code", "request_id",
    }  # fmt: skip
    assert (problem["code"], problem["status"]) == (code, status)
    assert problem["detail"] == REFUSALS[code].zh


def send(client: Client, raw: bytes, content_type: str = "application/json") -> Answer:
    return client.call(
        "POST", "/verification-codes", raw=raw, headers={"Content-Type": content_type}
    )


def field_errors(answer: Answer) -> list[tuple[str, str]]:
    require_problem(answer, 422, "invalid_request")
    return [(error["field"], error["code"]) for error in answer.json["errors"]]


# Bodies of every route


DEPTHS = [(20, "unknown_member"), (21, "too_deep"), (9999, "too_deep")]


def path_of(route: Route) -> str:
    return route.path.replace("{", "").replace("}", "")


@pytest.mark.req("A-17")
@every_body
@pytest.mark.parametrize(
    ("raw", "content_type", "status", "code"),
    [
        (b"{", "application/json", 400, "malformed_json"),
        (b"null", "application/json", 400, "malformed_json"),
        (b"[]", "application/json", 400, "malformed_json"),
        (b'"text"', "application/json", 400, "malformed_json"),
        (b"{}", "text/plain", 415, "unsupported_media_type"),
        (b"{}", "application/jsonp", 415, "unsupported_media_type"),
        (b" " * 65_537, "application/json", 413, "too_large"),
    ],
)
def test_every_body_is_a_json_object(callers, route, raw, content_type, status, code):
    answer = callers[admitted(route)].call(
        route.method, path_of(route), raw=raw, headers={"Content-Type": content_type}
    )
    require_problem(answer, status, code)


@pytest.mark.req("R-42")
@every_body
def test_every_body_is_closed(callers, route):
    answer = callers[admitted(route)].call(route.method, path_of(route), {"surprise": 1})
    assert ("surprise", "unknown_member") in field_errors(answer)


@every_body
def test_every_missing_member_is_named(callers, route):
    required = {one.encode_name for one in msgspec.structs.fields(route.body) if one.required}
    answer = callers[admitted(route)].call(route.method, path_of(route), {})
    assert bool(required) == (answer.status == 422)
    if required:
        assert set(field_errors(answer)) == {(name, "required") for name in required}


# Odd bodies


@pytest.mark.req("A-17")
@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"   ",
        b"\xff\xfe{\x00}\x00",
        b"\xef\xbb\xbf{}",
        b'{"purpose": "\xff"}',
        b'{"purpose": "a\x00b"}',
        b'{"purpose": NaN}',
        b'{"purpose": Infinity}',
        b"{'purpose': 1}",
        b'{"purpose": "register",}',
        b'{"purpose": "register"} {}',
        b'{"purpose": "register", "purpose": "appeal"}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"purpose": ' + b"9" * 5000 + b"}",
        b'{"purpose": 01}',
        b"/* */ {}",
    ],
)
def test_what_is_no_json_object_is_malformed(shared, raw):
    require_problem(send(shared.client, raw), 400, "malformed_json")


@pytest.mark.req("A-17")
@pytest.mark.parametrize("number", ["1e999", "-1e999", "1e-999", "9" * 400, "1.5", "-0", "true"])
def test_odd_numbers_have_the_wrong_type(shared, number):
    raw = json.dumps(CODE_REQUEST).replace('"+8619900000009"', number).encode()
    assert field_errors(send(shared.client, raw)) == [("destination", "type_invalid")]


@pytest.mark.req("A-17")
@pytest.mark.parametrize(("size", "status"), [(65_536, 202), (65_537, 413)])
def test_a_body_has_at_most_64_kib(archive, size, status):
    assert send(archive.client, json.dumps(CODE_REQUEST).encode().ljust(size)).status == status


@pytest.mark.req("A-17")
@pytest.mark.parametrize(
    ("depth", "code"), [(20, "unknown_member"), (21, "too_deep"), (9999, "too_deep")]
)
@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ("[", "]")])
def test_a_body_is_at_most_20_deep(shared, depth, code, opening, closing):
    inner = opening * (depth - 1) + "1" + closing * (depth - 1)
    answer = send(shared.client, b'{"a":' + inner.encode() + b"}")
    assert code in {found for _, found in field_errors(answer)}


@pytest.mark.req("A-17")
@pytest.mark.parametrize(("members", "code"), [(200, "unknown_member"), (201, "too_many_members")])
@pytest.mark.parametrize("nested", [False, True])
def test_a_body_has_at_most_200_members(shared, members, code, nested):
    body: dict[str, Any] = (
        {"a": [0] * (members - 1)} if nested else {f"m{place}": 1 for place in range(members)}
    )
    answer = shared.client.call("POST", "/verification-codes", body)
    assert code in {found for _, found in field_errors(answer)}


@pytest.mark.req("A-17")
@pytest.mark.parametrize(("length", "code"), [(1024, "phone_invalid"), (1025, "too_long")])
def test_a_text_has_at_most_1024_characters(shared, length, code):
    answer = shared.client.call(
        "POST", "/verification-codes", CODE_REQUEST | {"destination": "学" * length}
    )
    assert field_errors(answer) == [("destination", code)]


@pytest.mark.req("A-17")
@pytest.mark.parametrize(
    "odd",
    ["\x00", "\n", "\r", "\t", "\x1b", "\x7f", "\x85", "\u200b", "\u200e", "\u202e", "\u2066",
     "\u2028", "\u2029", "\ufeff", "\ue000", "\U000e0001", "\ud800"],
)  # fmt: skip
def test_a_text_holds_no_control_bidi_or_surrogate_characters(shared, odd):
    body = CODE_REQUEST | {"destination": f"+86199{odd}00000009"}
    answer = shared.client.call("POST", "/verification-codes", body)
    if answer.status == 400:
        require_problem(answer, 400, "malformed_json")
    else:
        assert field_errors(answer) == [("destination", "text_invalid")]
    named = shared.client.call("POST", "/verification-codes", CODE_REQUEST | {f"a{odd}b": 1})
    assert named.status in {400, 422}
    assert odd.encode("utf-8", "surrogatepass") not in named.content


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "APPLICATION/JSON"])
def test_the_media_type_may_have_parameters_and_any_case(archive, content_type):
    assert send(archive.client, json.dumps(CODE_REQUEST).encode(), content_type).status == 202


def test_an_optional_body_may_be_absent(somebody):
    for raw in (None, b"", b"{}"):
        assert somebody.call("POST", "/bindings/refresh", raw=raw).status == 200


def test_an_error_never_repeats_what_was_sent(shared):
    secret = WANG.document_number
    for body in (
        CODE_REQUEST | {"destination": secret},
        {"purpose": secret},
        CODE_REQUEST | {"channel": secret},
    ):
        answer = shared.client.call("POST", "/verification-codes", body)
        assert answer.status == 422
        assert secret not in answer.content.decode()


# Paths and methods


@pytest.mark.parametrize(
    "path", ["/nope", "/", "//", "/archive/a/b/c/d", "/%2e%2e/local/people", "/Archive"]
)
def test_an_unknown_path_is_not_found(somebody, path):
    require_problem(somebody.call("GET", path), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("DELETE", "/archive", "GET"),
        ("POST", "/archive/credentials", "GET"),
        ("PUT", "/reports/x", "DELETE, GET, PATCH"),
        ("GET", "/verification-codes", "POST"),
        ("TRACE", "/openapi.json", "GET"),
        ("HEAD", "/openapi.json", "GET"),
        ("BREW", "/reports", "GET, POST"),
    ],
)
def test_a_method_that_the_path_does_not_have(somebody, method, path, allow):
    answer = somebody.call(method, path)
    assert answer.headers["Allow"] == allow
    assert answer.status == 405
    if method != "HEAD":
        require_problem(answer, 405, "method_not_allowed")


# Signing in


@pytest.mark.req("R-40")
@pytest.mark.parametrize(
    "route",
    CLOSED,
    ids=title,
)
def test_without_a_session_every_route_but_the_public_is_closed(shared, route):
    answer = shared.client.call(route.method, path_of(route), raw=b"{not json")
    require_problem(answer, 401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic x", "Bearer \xff", "Bearer " + "x" * 8000, "x y z"]
)
def test_what_is_no_session_is_none(shared, header):
    answer = shared.client.call("GET", "/account", headers={"Authorization": header})
    require_problem(answer, 401, "unauthenticated")


def test_the_schemes_case_does_not_matter(somebody):
    header = {"Authorization": f"bEARER  {somebody.token} "}
    assert somebody.call("GET", "/account", headers=header).status == 200


# Idempotency keys


@pytest.mark.req("R-85")
@pytest.mark.parametrize(
    ("key", "status"), [("k" * 255, 202), ("k" * 256, 422), ("", 422), ("a\tb", 422)]
)
def test_a_key_has_1_to_255_printable_characters(archive, key, status):
    answer = archive.client.call(
        "POST", "/verification-codes", CODE_REQUEST, headers={"Idempotency-Key": key}
    )
    assert answer.status == status
    if status == 422:
        assert field_errors(answer) == [("Idempotency-Key", "value_invalid")]


# Headers


def one_of_each_status(archive: World) -> dict[int, Answer]:
    client = member(archive, WANG)
    anonymous = archive.client
    answers = [
        client.call("GET", "/archive"),
        client.call("DELETE", "/sessions/current"),
        anonymous.call("GET", "/archive"),
        anonymous.call("GET", "/nope"),
        anonymous.call("PUT", "/archive"),
        send(anonymous, b"{"),
        send(anonymous, b"{}", "text/plain"),
        send(anonymous, b" " * 70_000),
        send(anonymous, b"{}"),
        send(anonymous, json.dumps(CODE_REQUEST).encode()),
        *(anonymous.call("GET", f"/verifications/{place:015}{'0'}") for place in range(2)),
    ]
    return {answer.status: answer for answer in answers}


@pytest.mark.req("R-76")
def test_every_status_carries_the_same_headers(archive, monkeypatch):
    answers = one_of_each_status(archive)

    def crash(*_: object) -> None:
        raise RuntimeError(WANG.document_number)

    monkeypatch.setattr(archive.ports.sessions, "of_access_token", crash)
    answers[500] = archive.client.call(
        "GET", "/archive", headers={"Authorization": "Bearer x", "Origin": ORIGIN}
    )
    assert {200, 202, 204, 400, 401, 404, 405, 413, 415, 422, 500} <= answers.keys()
    for status, answer in answers.items():
        assert answer.headers["X-Content-Type-Options"] == "nosniff", status
        assert answer.headers["Cache-Control"] == "no-store", status
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"], status
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"], status
        assert answer.headers["Strict-Transport-Security"], status
        assert answer.headers["Referrer-Policy"] == "no-referrer", status
        assert len(answer.headers["X-Request-Id"]) >= 16, status


@pytest.mark.req("R-75")
def test_a_crash_tells_nothing(archive, monkeypatch, caplog):
    client = member(archive, WANG)

    def crash(*_: object) -> None:
        raise RuntimeError(WANG.document_number)

    monkeypatch.setattr(archive.ports.registry, "of_person", crash)
    answer = client.call("GET", "/archive")
    require_problem(answer, 500, "internal_error")
    assert WANG.document_number not in answer.content.decode()
    assert WANG.document_number not in caplog.text


def test_the_request_id_is_the_gateways_and_in_the_problem(shared):
    sent = {"X-Request-Id": "mine"}
    one, other = (shared.client.call("GET", "/nope", headers=sent) for _ in "12")
    assert one.headers["X-Request-Id"] == one.json["request_id"]
    assert len({one.json["request_id"], other.json["request_id"], "mine"}) == 3


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"),
        ("en", "en"),
        ("en-GB,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en;q=0.5,zh;q=0.6", "zh"),
        ("fr,de", "zh"),
        ("fr,en;q=0.2", "en"),
        ("en;q=0", "zh"),
        ("en;q=x", "zh"),
        ("EN-us", "en"),
        ("*", "zh"),
        (",;q=,=;" * 500, "zh"),
    ],
)
def test_the_detail_follows_accept_language(shared, header, language):
    problem = shared.client.call(
        "POST", "/verification-codes", {"x": 1}, headers={"Accept-Language": header}
    ).json
    assert problem["detail"] == REFUSALS["invalid_request"].in_language(language)
    chinese = any("一" <= character <= "鿿" for character in problem["errors"][0]["detail"])
    assert chinese == (language == "zh")


@pytest.mark.parametrize("path", ["/openapi.json", "/nope", "/account"])
def test_the_allowed_origin_may_read_answers(shared, path):
    answer = shared.client.call("GET", path, headers={"Origin": ORIGIN})
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        None, "null", "*", "", ORIGIN + "/", ORIGIN + "0", ORIGIN.upper(), "https" + ORIGIN[4:],
        "http://evil.example", ORIGIN + ".evil.example", f"{ORIGIN}, {ORIGIN}",
    ],
)  # fmt: skip
def test_no_other_origin_may(shared, origin):
    headers = {} if origin is None else {"Origin": origin}
    answer = shared.client.call("GET", "/openapi.json", headers=headers)
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.req("R-72")
def test_no_authenticated_answer_is_stored(callers):
    for route in CLOSED:
        if route.method == "GET":
            answer = callers[admitted(route)].call("GET", path_of(route))
            assert answer.headers["Cache-Control"] == "no-store"
