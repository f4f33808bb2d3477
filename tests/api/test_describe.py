"""The OpenAPI document: valid, whole, and in agreement with what clients were promised."""

import json
import re

import msgspec
import pytest
from openapi_spec_validator import validate

from chalicelib.api.openapi import document
from chalicelib.api.problems import STATUS
from chalicelib.api.routes import ROUTES
from chalicelib.domain.consents import CURRENT_VERSION

CONTRACT = """
POST   /verification-codes                          purpose channel destination
POST   /verification-codes/{}/verify                code
POST   /registrations                               verification_token email password name document_type document_number consent
POST   /registrations/{}/confirm                    -
DELETE /registrations/{}
POST   /email-confirmations                         token
POST   /email-confirmations/resend                  -
POST   /sessions                                    username password device_token?
POST   /sessions/second-step                        challenge_id code remember_device?
POST   /sessions/refresh                            refresh_token
GET    /sessions
DELETE /sessions/{}
GET    /account
PUT    /account/identity                            name document_type document_number evidence?
GET    /account/identity/{}
DELETE /account/identity/{}
POST   /appeals                                     verification_token name document_type document_number email reason?
POST   /appeals/{}/submit                           appeal_token consent?
GET    /appeals/{}
DELETE /appeals/{}
POST   /appeals/{}/objection                        reason
GET    /archive
GET    /archive/{}
GET    /archive/{}/{}
GET    /archive/{}/{}/photo
GET    /archive/{}/{}/versions
POST   /bindings                                    family certificate_number graduation_year institution
GET    /bindings
POST   /bindings/refresh                            -
GET    /institutions
POST   /reports                                     kind record_id language valid_months disclosure
GET    /reports
GET    /reports/{}
GET    /reports/{}/pdf
GET    /reports/{}/views
PATCH  /reports/{}                                  extend_months
DELETE /reports/{}
GET    /verifications/{}
GET    /verifications/{}/photo
GET    /verifications/{}/pdf
GET    /openapi.json
"""  # noqa: E501 -- a table reads better in lines
"""Method, path, members of the body (`-`: may be absent; `?`: optional)."""

ANSWERS = {
    "POST /verification-codes": (
        202, "challenge_id channel destination_hint expires_at resend_at"),
    "POST /verification-codes/{}/verify": (200, "verification_token expires_at"),
    "POST /registrations": (201, "registration_id review expires_at"),
    "POST /registrations/{}/confirm": (201, "account bound"),
    "DELETE /registrations/{}": (204, ""),
    "POST /email-confirmations": (204, ""),
    "POST /email-confirmations/resend": (202, ""),
    "POST /sessions": (201, "access_token refresh_token expires_in account"),
    "POST /sessions/second-step": (201, "access_token refresh_token expires_in account"),
    "POST /sessions/refresh": (200, "access_token refresh_token expires_in account"),
    "GET /sessions": (200, "items next"),
    "DELETE /sessions/{}": (204, ""),
    "GET /account": (
        200, ("account_id username name document_type document_number phone email "
              "email_confirmed proof_level created_at")),
    "PUT /account/identity": (202, "status review_id upload account"),
    "POST /appeals": (201, "appeal_id appeal_token upload"),
    "POST /appeals/{}/submit": (202, "status due_at"),
    "GET /appeals/{}": (200, "status due_at reason_code upload"),
    "DELETE /appeals/{}": (204, ""),
    "POST /appeals/{}/objection": (202, ""),
    "GET /archive": (200, "families"),
    "GET /archive/{}": (200, "items next"),
    "GET /archive/{}/{}/versions": (200, "items next"),
    "POST /bindings": (201, "binding_id family record_id matched_number"),
    "GET /bindings": (200, "items next"),
    "POST /bindings/refresh": (200, "bound"),
    "GET /institutions": (200, "items next"),
    "POST /reports": (
        201, "report_id report_number verification_code verification_url valid_until status"),
    "GET /reports": (200, "items next"),
    "GET /reports/{}": (200, "views status"),
    "PATCH /reports/{}": (200, "valid_until"),
    "DELETE /reports/{}": (204, ""),
    "GET /verifications/{}": (200, "result checked_at report pdf_url"),
}  # fmt: skip

REFUSED = {
    "POST /verification-codes/{}/verify": "code_invalid",
    "POST /registrations": "identity_taken unavailable",
    "POST /registrations/{}/confirm": "contact_taken not_found",
    "POST /sessions": "credentials_invalid",
    "POST /bindings": "not_matched proof_required",
    "POST /appeals": "conflict rate_limited",
    "POST /appeals/{}/submit": "file_rejected not_found",
    "GET /archive": "proof_required unauthenticated",
    "GET /archive/{}": "cursor_invalid proof_required",
    "POST /reports": "record_not_reportable idempotency_key_reused request_in_progress",
    "GET /verifications/{}": "report_not_found code_malformed rate_limited",
}

LINES = [line.split() for line in CONTRACT.strip().splitlines()]
DOCUMENT = json.loads(msgspec.json.encode(document()))
OPERATIONS = {
    f"{method.upper()} {re.sub('{[^}]*}', '{}', path)}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
each_operation = pytest.mark.parametrize("title", OPERATIONS)


def resolved(schema):
    reference = schema.get("$ref")
    return DOCUMENT["components"]["schemas"][reference.rsplit("/")[-1]] if reference else schema


def schema_of(content):
    schema = resolved(content["application/json"]["schema"])
    return resolved(schema["anyOf"][0]) if "anyOf" in schema else schema


def test_the_document_is_valid_openapi():
    validate(DOCUMENT)


def test_the_document_is_served_as_it_is_made(archive):
    answer = archive.client.call("GET", "/openapi.json")
    assert answer.json == DOCUMENT
    assert answer.headers["Cache-Control"] == "public, max-age=300"


@pytest.mark.parametrize("line", LINES, ids=lambda line: " ".join(line[:2]))
def test_a_promised_route_takes_the_promised_members(line):
    method, path, *members = line
    operation = OPERATIONS[f"{method} {path}"]
    if not members:
        assert "requestBody" not in operation
        return
    assert operation["requestBody"]["required"] == (members != ["-"])
    schema = schema_of(operation["requestBody"]["content"])
    promised = [member for member in members if member != "-"]
    assert set(schema.get("properties", {})) == {member.rstrip("?") for member in promised}
    assert set(schema.get("required", [])) == {m for m in promised if not m.endswith("?")}
    assert schema["additionalProperties"] is False


@pytest.mark.parametrize("title", ANSWERS)
def test_a_promised_route_answers_the_promised_members(title):
    status, members = ANSWERS[title]
    answer = OPERATIONS[title]["responses"][str(status)]
    if members:
        assert set(members.split()) <= set(schema_of(answer["content"])["properties"])
    else:
        assert "content" not in answer


@pytest.mark.parametrize("title", REFUSED)
def test_a_promised_refusal_is_documented(title):
    for code in REFUSED[title].split():
        text = OPERATIONS[title]["responses"][str(STATUS[code])]["description"]
        assert f"`{code}`" in text


@each_operation
def test_errors_are_problems_with_their_codes(title):
    for status, answer in OPERATIONS[title]["responses"].items():
        if int(status) >= 400:
            assert list(answer["content"]) == ["application/problem+json"]
            codes = re.findall(r"`(\w+)`: ", answer["description"])
            assert codes
            assert {STATUS[code] for code in codes} == {int(status)}


@each_operation
def test_every_operation_says_what_it_is_and_who_may_call_it(title):
    operation = OPERATIONS[title]
    assert operation["summary"].endswith(".")
    assert operation["security"] in ([], [{"session": []}])
    assert ("401" in operation["responses"]) or operation["security"] == []


def test_operation_ids_are_distinct():
    ids = [operation["operationId"] for operation in OPERATIONS.values()]
    assert len(set(ids)) == len(ids) == len({(r.method, r.path) for r in ROUTES})


@pytest.mark.parametrize("title", [title for title in OPERATIONS if title.startswith("POST")])
def test_creating_posts_take_an_idempotency_key(title):
    taken = {one["name"] for one in OPERATIONS[title]["parameters"] if one["in"] == "header"}
    if "201" in OPERATIONS[title]["responses"]:
        assert "Idempotency-Key" in taken


@pytest.mark.parametrize(("language", "title"), [("zh-CN", "# 用户协议"), ("en", "# Terms")])
def test_people_can_read_what_they_are_asked_to_agree_to(archive, language, title):
    answer = archive.client.call("GET", "/consents", headers={"Accept-Language": language})
    assert answer.json["version"] == CURRENT_VERSION
    assert set(answer.json["texts"]) == {"terms", "document_scan"}
    assert answer.json["texts"]["terms"].startswith(title)
    assert "privacy@archive.example" in answer.json["texts"]["terms"]
