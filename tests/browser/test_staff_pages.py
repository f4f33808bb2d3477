"""The staff's pages in a real browser, against the local run."""

import secrets
from typing import Any

import pytest

from tests.browser.conftest import Visitor
from tests.journey.server import LocalServer
from tests.journey.staff import PASSWORD, Colleague, app_code, hired, joined
from tests.journey.student import Student
from tests.journey.test_staff_journey import ask


@pytest.fixture(scope="module")
def student(server: LocalServer) -> Student:
    return Student(server, server.people()[52], "asks@mail.example").arrive()


@pytest.fixture(scope="module")
def record(student: Student) -> Any:
    return next(one for one in student.records("credentials") if not one["held"])


@pytest.fixture(scope="module")
def operator(server: LocalServer) -> Colleague:
    printed = server.run("infra.first_operator", "operator@staff.example")
    return joined(server, "operator@staff.example", printed.rpartition("/invitation/#")[2].strip())


@pytest.fixture(scope="module")
def registrar(operator: Colleague, record: Any) -> Colleague:
    code = record["institution_code"]
    return hired(operator, "registrar@staff.example", "registrar", institution_code=code)


@pytest.fixture(scope="module")
def reviewer(operator: Colleague, record: Any) -> Colleague:
    found = operator.server.call("GET", f"/api/institutions?query={record['institution_code']}")
    province = found.json["items"][0]["province"]
    return hired(operator, "reviewer@staff.example", "reviewer", province=province)


def at_the_counter(visitor: Visitor, colleague: Colleague, page: str) -> None:
    """Sign in as one of the staff and arrive at a page."""
    visitor.server.wait(30)
    visitor.page.goto(f"{visitor.server.origin}/staff/")
    visitor.arrive("/sign-in")
    visitor.accessible()
    visitor.fill(username=colleague.email, password=PASSWORD)
    visitor.submit()
    visitor.see("[name=code]")
    visitor.page.locator("[name=code]").fill(app_code(visitor.server, colleague.secret))
    visitor.page.locator('main[data-page]:not([data-page="/sign-in"])').wait_for()
    visitor.page.goto(f"{visitor.server.origin}/staff/#{page}")
    visitor.arrive(page)


def decide(visitor: Visitor, decision: str, **fields: str) -> None:
    """Fill in the decision of the first item that waits."""
    visitor.page.locator("main details summary").first.click()
    visitor.page.check(f"[name=decision][value={decision}]")
    visitor.fill(**fields)
    visitor.page.locator("main details form button[type=submit]").first.click()


def test_a_refusal_needs_a_note_and_says_so(on_phone, student, record, registrar):
    ask(student, record)
    at_the_counter(on_phone, registrar, "/corrections")
    on_phone.see("main li.card")
    decide(on_phone, "refuse")
    on_phone.see("[data-field=note] .wrong:visible")
    on_phone.fill(note="请提供原始证书")
    on_phone.page.locator("main details form button[type=submit]").first.click()
    assert "未采纳" in on_phone.see("main li.card p.good")


def test_a_key_field_is_corrected_at_two_counters(on_phone, student, record, registrar, reviewer):
    ask(student, record)
    at_the_counter(on_phone, registrar, "/corrections")
    card = on_phone.see("main li.card")
    assert student.person["name"] in card
    assert "汉语国际教育" in card
    on_phone.page.get_by_role("button", name="查看证据照片").click()
    on_phone.page.locator("img.scan").wait_for()
    on_phone.accessible()
    decide(on_phone, "accept", note="与录取名册一致")
    assert "复核中" in on_phone.see("main li.card p.good")

    on_phone.page.get_by_role("button", name="退出").click()
    on_phone.arrive("/sign-in")
    at_the_counter(on_phone, reviewer, "/changes")
    assert "汉语国际教育" in on_phone.see("main li.card")
    on_phone.accessible()
    decide(on_phone, "accept")
    assert "已采纳" in on_phone.see("main li.card p.good")
    corrected = student.records("credentials")
    assert "汉语国际教育" in {one["major_name"] for one in corrected}


def test_a_record_is_searched_withheld_and_shown_again(on_phone, student, record, registrar):
    at_the_counter(on_phone, registrar, "/records")
    on_phone.accessible()
    number = student.person["document_number"]
    on_phone.fill(purpose="核对更正申请", number=number)
    on_phone.submit()
    assert student.person["name"] in on_phone.see("main li.card dl")
    on_phone.accessible()
    on_phone.page.get_by_text("暂不显示", exact=True).first.click()
    held = on_phone.page.locator("details[open]")
    held.locator("[name=reason]").fill("照片比对未通过")
    held.locator("button[type=submit]").click()
    on_phone.see("main .notice.good")
    assert any(one["held"] for family in FAMILIES for one in student.records(family))
    on_phone.page.reload()
    on_phone.arrive("/records")
    on_phone.fill(purpose="核对更正申请", number=number)
    on_phone.submit()
    on_phone.page.get_by_text("恢复显示", exact=True).first.click()
    shown = on_phone.page.locator("details[open]")
    shown.locator("[name=reason]").fill("已重新比对")
    shown.locator("button[type=submit]").click()
    on_phone.see("main .notice.good")


FAMILIES = ("enrollments", "credentials", "degrees", "admissions")


def test_an_operator_invites_and_ends(visitor, operator):
    at_the_counter(visitor, operator, "/colleagues")
    visitor.page.locator("main summary").first.click()
    email = f"{secrets.token_hex(4)}@staff.example"
    visitor.fill(name="赵老师", email=email, role="reviewer")
    visitor.fill(province="北京市")
    visitor.accessible()
    visitor.submit()
    card = visitor.page.locator("li.card", has_text=email)
    card.wait_for()
    card.locator("button.danger").click()
    visitor.page.locator("dialog button.danger").click()
    ended = visitor.page.locator("li.card", has_text=email)
    ended.locator("button").first.wait_for(state="detached")
    for path in ("/appeals", "/reviews", "/operations"):
        visitor.page.goto(f"{visitor.server.origin}/staff/#{path}")
        visitor.arrive(path)
        visitor.accessible()


def test_a_student_has_no_business_at_the_counter(on_phone, student, server):
    on_phone.page.goto(f"{server.origin}/staff/")
    on_phone.arrive("/sign-in")
    server.wait(61)
    on_phone.fill(username=student.email, password="lovely-archive-9")
    on_phone.submit()
    on_phone.see("[name=code]")
    on_phone.give_code(student.phone)
    on_phone.see(".notice.warm")
    assert on_phone.page.locator("nav a").count() == 0


def test_an_invitation_sets_password_and_app_and_lets_in(on_phone, server, operator):
    body = {"email": "second@staff.example", "name": "王主任", "role": "operator"}
    assert operator.call("POST", "/operator/staff", body).status == 201
    mail = server.wait_for_message("second@staff.example", "/invitation/#")
    token = mail.partition("/invitation/#")[2].split()[0]
    on_phone.open(f"/invitation/#{token}")
    secret = on_phone.see(".number.big").replace(" ", "")
    on_phone.accessible()
    on_phone.fill(password=PASSWORD, code=app_code(server, secret))
    on_phone.submit()
    on_phone.see(".codes li")
    assert on_phone.page.locator(".codes li").count() == 10
    on_phone.page.locator("main a.main").click()
    on_phone.arrive("/sign-in")
    on_phone.fill(username="second@staff.example", password=PASSWORD)
    on_phone.submit()
    on_phone.see("[name=code]")
    server.wait(30)
    on_phone.page.locator("[name=code]").fill(app_code(server, secret))
    on_phone.arrive("/appeals")
    on_phone.accessible()
