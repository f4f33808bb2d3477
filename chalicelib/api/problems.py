"""Refusals as HTTP: the one table from public code to status, and problem+json (RFC 9457)."""

from collections.abc import Mapping

import msgspec

from chalicelib.domain.errors import REFUSALS, InvalidInput, Language, Refusal

STATUS: Mapping[str, int] = {
    "malformed_json": 400,
    "unauthenticated": 401,
    "credentials_invalid": 401,
    "forbidden": 403,
    "proof_required": 403,
    "consent_withdrawn": 403,
    "reauthentication_required": 403,
    "not_found": 404,
    "report_not_found": 404,
    "method_not_allowed": 405,
    "conflict": 409,
    "contact_taken": 409,
    "identity_taken": 409,
    "record_not_reportable": 409,
    "report_not_extendable": 409,
    "request_in_progress": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "code_invalid": 422,
    "code_malformed": 422,
    "cursor_invalid": 422,
    "file_rejected": 422,
    "idempotency_key_reused": 422,
    "invalid_request": 422,
    "not_matched": 422,
    "verification_token_invalid": 422,
    "rate_limited": 429,
    "internal_error": 500,
    "unavailable": 503,
}
"""Public code → HTTP status."""

_DEFAULT_RETRY_AFTER = {"rate_limited": 60, "unavailable": 2, "request_in_progress": 1}

_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one member."""

    field: str
    code: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An error answer. `code` is stable; `detail` is for people, in their language."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: tuple[FieldError, ...] = ()
    links: Mapping[str, str] = {}


def problem_of(refusal: Refusal, language: Language, request_id: str) -> Problem:
    """The error answer of a refusal."""
    status = STATUS[refusal.code]
    problems = refusal.problems if isinstance(refusal, InvalidInput) else ()
    return Problem(
        type=f"urn:problem:student-archive:{refusal.code}",
        title=_TITLES[status],
        status=status,
        detail=REFUSALS[refusal.code].in_language(language),
        code=refusal.code,
        request_id=request_id,
        errors=tuple(
            FieldError(problem.field, problem.code, problem.detail(language))
            for problem in problems
        ),
        links=refusal.links or {},
    )


def problem_headers(refusal: Refusal) -> dict[str, str]:
    """Headers that go with a refusal."""
    headers: dict[str, str] = {}
    wait = refusal.retry_after or _DEFAULT_RETRY_AFTER.get(refusal.code)
    if wait is not None:
        headers["Retry-After"] = str(max(1, wait))
    if STATUS[refusal.code] == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return headers
