"""The links in messages, opened in a browser as from a mailbox."""

import pytest

from tests.browser.conftest import Visitor
from tests.browser.steps import PASSWORD
from tests.journey.server import LocalServer
from tests.journey.steps import identity, link_in, proof, scan, upload
from tests.journey.student import PASSWORD as FIRST_PASSWORD
from tests.journey.student import Student

pytestmark = pytest.mark.local

LATE = "已失效"
"""What a link that is spent or was never one says."""


@pytest.fixture(scope="module")
def owner(server: LocalServer) -> Student:
    return settled(server, 80)


def settled(server: LocalServer, place: int) -> Student:
    """Somebody signed in, with the password that the steps on pages use."""
    student = Student(server, server.people()[place], f"links-{place}@example.com").arrive()
    body = {"current_password": FIRST_PASSWORD, "new_password": PASSWORD}
    assert student.call("PUT", "/account/password", body).status == 204
    return student


def follow(visitor: Visitor, link: str) -> str:
    """Open a link; what the page asks."""
    visitor.page.goto("about:blank")
    visitor.page.goto(link)
    return visitor.see("main .page")


def press(visitor: Visitor) -> None:
    visitor.page.locator("main .main").click()


def require_said(visitor: Visitor, words: str) -> None:
    visitor.page.locator("main .notice", has_text=words).wait_for()
    assert visitor.page.locator("main .main").count() == 0


def link(owner: Student, words: str, fragment: str) -> str:
    token = link_in(owner.server, owner.email, words, fragment)
    return f"{owner.server.origin}/link/#{fragment}={token}"


def test_confirming_the_address(on_phone: Visitor, owner: Student):
    mailed = link(owner, "确认它是您的", "confirm-email")
    assert "确认这是您的电子邮箱" in follow(on_phone, mailed)
    assert "#" not in on_phone.page.url, "the token leaves the address bar"
    assert owner.get("/account").json["email_confirmed"] is False, "opening alone does nothing"
    on_phone.accessible()
    press(on_phone)
    require_said(on_phone, "邮箱已确认")
    assert owner.get("/account").json["email_confirmed"] is True
    follow(on_phone, mailed)
    press(on_phone)
    require_said(on_phone, LATE)


def test_undoing_a_change(on_phone: Visitor, owner: Student):
    body = {
        "verification_token": proof(owner.server, "19900008501", "change_phone"),
        "current_password": PASSWORD,
    }
    assert owner.call("PUT", "/account/phone", body).status == 200
    assert "撤销更换" in follow(on_phone, link(owner, "您账户的手机号码已于", "undo-change"))
    press(on_phone)
    require_said(on_phone, "已恢复")
    assert owner.get("/account").status == 401


def test_keeping_an_account_that_would_be_closed(on_phone: Visitor, owner: Student):
    server = owner.server
    server.wait(61)
    signed_in(owner)
    body = {
        "verification_token": proof(server, owner.phone, "close_account"),
        "current_password": PASSWORD,
    }
    assert owner.call("DELETE", "/account", body).status == 202
    mail = server.wait_for_message(owner.email, "账户将于")
    mailed = f"{server.origin}/link/#cancel-closing"
    assert mailed in mail
    assert "账户将被注销" in follow(on_phone, mailed)
    server.wait(61)
    press(on_phone)
    go_in(on_phone, owner)
    on_phone.page.locator("main .notice.warm button").click()
    on_phone.page.locator("main .notice.warm").wait_for(state="detached")
    assert "closes_at" not in owner.get("/account").json


def test_objecting_to_an_appeal(on_phone: Visitor, server: LocalServer):
    owner = settled(server, 79)
    body = {
        "verification_token": proof(server, "19900008502", "appeal"),
        **identity(owner),
        "email": "claimant@example.com",
    }
    opened = server.call("POST", "/api/appeals", body).json
    upload(opened["upload"], scan())
    path = f"/api/appeals/{opened['appeal_id']}"
    key = {"appeal_token": opened["appeal_token"]}
    assert server.call("POST", f"{path}/submit", key).status == 202
    assert "提出申诉" in follow(on_phone, link(owner, "有人提交申诉", "objection"))
    server.wait(61)
    press(on_phone)
    go_in(on_phone, owner)
    on_phone.page.locator("[name=reason]").fill("号码是我的，我有身份证原件。")
    on_phone.submit()
    assert "异议" in on_phone.see(".notice.good")
    lines = owner.get("/account/activity").json["items"]
    assert "appeal_objected" in {line["action"] for line in lines}


@pytest.mark.parametrize(
    "fragment", ["", "confirm-email", "confirm-email=", "gossip=x", "=x", "toString=x"]
)
def test_what_is_no_link_says_so(on_phone: Visitor, fragment: str):
    asked = follow(on_phone, f"{on_phone.server.origin}/link/#{fragment}")
    assert "不完整" in asked
    assert on_phone.page.locator("main .main").count() == 0


@pytest.mark.parametrize("token", ["x", "x" * 300, "<script>alert(1)</script>", "%00"])
@pytest.mark.parametrize("fragment", ["confirm-email", "undo-change"])
def test_a_token_that_is_none(on_phone: Visitor, fragment: str, token: str):
    follow(on_phone, f"{on_phone.server.origin}/link/#{fragment}={token}")
    press(on_phone)
    require_said(on_phone, LATE)


def signed_in(owner: Student) -> None:
    body = {"username": owner.email, "password": PASSWORD}
    first = owner.server.call("POST", "/api/sessions", body).json
    answer = {
        "challenge_id": first["challenge_id"],
        "code": owner.server.new_code(owner.phone),
    }
    second = owner.server.call("POST", "/api/sessions/second-step", answer)
    owner.tokens.append(second.json["access_token"])


def go_in(visitor: Visitor, owner: Student) -> None:
    """Sign in where the page asks for it."""
    visitor.see("[name=username]")
    visitor.fill(username=owner.email, password=PASSWORD)
    visitor.submit()
    visitor.see("[name=code]")
    visitor.give_code(owner.phone)
