"""An invitation, from the mail to the first page at the counter."""

import re

from tests.browser.conftest import Visitor
from tests.journey.server import LocalServer
from tests.journey.staff import app_code

LINK = re.compile(r"http://127\.0\.0\.1:\d+(/\S+#\S+)")
PASSWORD = "quiet rivers run deep"


def mailed(server: LocalServer, to: str, words: str) -> str:
    found = LINK.search(server.wait_for_message(to, words))
    assert found is not None
    return found[1]


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
