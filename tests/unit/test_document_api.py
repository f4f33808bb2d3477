"""The API page for people is what the routes declare."""

from infra.document_api import PAGE, render


def test_the_committed_page_is_current() -> None:
    assert PAGE.read_text(encoding="utf-8") == render(), "run python -m infra.document_api"


def test_every_route_and_code_stands_on_the_page() -> None:
    page = render()
    assert "### `POST /registrations/{registration_id}/confirm`" in page
    assert "*idempotent*" in page
    assert "| 409 | `identity_taken` |" in page
