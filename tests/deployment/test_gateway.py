"""What the deployed API answers by itself."""

import pytest

pytestmark = pytest.mark.deployment


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nowhere", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("DELETE", "/registrations", 405, "method_not_allowed"),
        ("GET", "/registrations", 405, "method_not_allowed"),
        ("GET", "/account", 401, "unauthenticated"),
    ],
)
@pytest.mark.req("R-76")
def test_what_has_no_route_is_answered_as_a_problem(site, method, path, status, code):
    answer = site.call(method, path)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_page_elsewhere_gets_no_permission(site):
    headers = {"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"}
    answer = site.call("OPTIONS", "/account", headers=headers)
    assert answer.status == 204
    assert not [name for name in answer.headers if name.startswith("Access-Control")]
