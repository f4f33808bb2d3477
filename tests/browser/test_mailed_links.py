"""What people open from their mail: links that act once pressed, and invitations."""

import re

import pytest

from tests.browser.conftest import Visitor
from tests.browser.steps import confirm, register
from tests.journey.server import LocalServer
from tests.journey.staff import app_code

LINK = re.compile(r"http://127\.0\.0\.1:\d+(/\S+#\S+)")
PASSWORD = "quiet rivers run deep"


def mailed(server: LocalServer, to: str, words: str) -> str:
    found = LINK.search(server.wait_for_message(to, words))
    assert found is not None
    return found[1]


def test_the_confirmation_acts_once_pressed_and_once_only(visitor, server):
    person = server.people()[30 if visitor.page.viewport_size["width"] < 500 else 31]
    email = f"{person['document_number'].lower()}@mail.example"
    register(visitor, person, email)
    confirm(visitor)
    path = mailed(server, email, "#confirm-email=")
    visitor.page.goto("about:blank")
    visitor.open(path)
    assert visitor.page.url.endswith("/link/")
    visitor.accessible()
    visitor.page.locator("main button.main").click()
    visitor.see(".notice.good")
    visitor.page.goto("about:blank")
    visitor.open(path)
    visitor.page.locator("main button.main").click()
    visitor.see(".notice.warm")


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("/link/#objection=abc", "/#/objection?appeal=abc"),
        ("/link/#cancel-closing", "/#/account"),
    ],
)
def test_a_link_leads_to_the_page_after_signing_in(on_phone, path, leads):
    on_phone.open(path)
    on_phone.accessible()
    assert on_phone.page.locator("main a.main").get_attribute("href") == leads
    on_phone.page.locator("main a.main").click()
    on_phone.arrive("/sign-in")


@pytest.mark.parametrize("path", ["/link/", "/link/#undo-change=", "/link/#nothing=1"])
def test_a_broken_link_says_so(on_phone, path):
    on_phone.open(path)
    on_phone.see(".notice.warm")
    on_phone.accessible()


def test_an_invitation_sets_password_and_app_and_lets_in(on_phone: Visitor, server: LocalServer):
    server.run("infra.first_operator", "first@staff.example", "--name", "王主任")
    path = mailed(server, "first@staff.example", "/invitation/#")
    on_phone.open(path)
    secret = on_phone.see(".number.big").replace(" ", "")
    on_phone.accessible()
    on_phone.fill(password=PASSWORD, code=app_code(server, secret))
    on_phone.submit()
    on_phone.see(".codes li")
    assert on_phone.page.locator(".codes li").count() == 10
    on_phone.page.locator("main a.main").click()
    on_phone.arrive("/sign-in")
    on_phone.fill(username="first@staff.example", password=PASSWORD)
    on_phone.submit()
    on_phone.see("[name=code]")
    server.wait(30)
    on_phone.page.locator("[name=code]").fill(app_code(server, secret))
    on_phone.arrive("/appeals")
    on_phone.accessible()
