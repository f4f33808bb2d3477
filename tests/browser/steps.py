"""What several journeys have in common."""

from typing import Any

from tests.browser.conftest import Visitor

PASSWORD = "quiet rivers run deep"


def details(person: dict[str, Any]) -> dict[str, str]:
    return {key: person[key] for key in ("name", "document_type", "document_number")}


def register(visitor: Visitor, person: dict[str, Any], email: str) -> None:
    """Register as the page leads, up to the last word."""
    visitor.open("/#/register")
    visitor.fill(destination=person["phone"])
    visitor.submit()
    visitor.see("[name=code]")
    visitor.give_code(person["phone"])
    visitor.see("[name=document_number]")
    visitor.fill(**details(person), email=email, password=PASSWORD)
    visitor.page.check("[name=consent]")
    visitor.submit()


def confirm(visitor: Visitor) -> None:
    visitor.see(".number.big")
    visitor.page.locator("main button.main").click()
    visitor.see(".notice.good")


def sign_in(visitor: Visitor, person: dict[str, Any], email: str, path: str = "/archive") -> None:
    """Sign in on a new device and arrive at a page."""
    visitor.open(f"/#/sign-in?next={path}")
    visitor.fill(username=email, password=PASSWORD)
    visitor.submit()
    visitor.see("[name=code]")
    visitor.give_code(person["phone"])
    visitor.arrive(path)
