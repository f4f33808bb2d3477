"""The student's journeys in a real browser: phone in Chinese, desk in English."""

import re
from typing import Any

import pytest
from PIL import Image

from tests.browser.conftest import Visitor
from tests.browser.steps import PASSWORD, confirm, details, register, sign_in
from tests.journey.server import LocalServer

OWN_PAGES = (
    "/archive",
    "/missing",
    "/missing/bind",
    "/missing/ask",
    "/corrections",
    "/reports",
    "/reports/new",
    "/account",
    "/account/phone",
    "/account/email",
    "/account/password",
    "/account/identity",
    "/account/authenticator",
    "/account/sessions",
    "/account/activity",
    "/account/consents",
    "/account/export",
    "/account/close",
)
OPEN_PAGES = (
    "/",
    "/#/register",
    "/#/sign-in",
    "/#/recover",
    "/#/recover/username",
    "/#/recover/password",
    "/#/appeal",
    "/#/appeal/status",
    "/#/terms",
    "/#/terms?kind=document_scan",
    "/#/nowhere",
    "/help/",
)


@pytest.fixture(scope="module")
def people(server: LocalServer) -> list[Any]:
    """People with a phone that agrees and something to report on, each used once."""
    return [one for one in server.people() if one["holds"].get("credentials")][:20]


@pytest.fixture
def person(people: list[Any]) -> Any:
    return people.pop(0)


def member(visitor: Visitor, person: Any, path: str = "/archive") -> str:
    """Somebody who is registered and signed in."""
    email = f"{person['document_number'].lower()}@mail.example"
    register(visitor, person, email)
    confirm(visitor)
    sign_in(visitor, person, email, path)
    return email


def test_from_the_first_page_to_a_report_that_somebody_checks(visitor, person):
    email = f"{person['document_number'].lower()}@mail.example"
    visitor.open("/")
    visitor.page.locator(".hero .button.main").click()
    register(visitor, person, email)
    assert person["document_number"] in visitor.see("main dl")
    visitor.accessible()
    confirm(visitor)
    sign_in(visitor, person, email)
    assert person["name"] in visitor.heading()
    visitor.accessible()
    visitor.page.locator(".entry.credentials a").first.click()
    visitor.see("main .facts")
    visitor.page.locator("main img.photo").first.wait_for()
    visitor.accessible()
    visitor.page.locator("a.button.main").click()
    visitor.see(".preview dl")
    visitor.page.check("[value=summary]")
    assert person["name"] in visitor.see(".preview dl")
    visitor.submit()
    code = visitor.see("#verification-code")
    visitor.accessible()
    with visitor.page.expect_download() as download:
        visitor.page.locator(".share button.main").click()
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    visitor.open("/verify/")
    visitor.fill(code=code.lower(), purpose="入职")
    visitor.submit()
    visitor.page.wait_for_function(
        "name => document.querySelector('main').innerText.includes(name)", arg=person["name"]
    )


@pytest.mark.parametrize("path", OPEN_PAGES)
def test_open_pages_are_accessible(visitor, path):
    visitor.open(path)
    visitor.accessible()


def test_own_pages_are_accessible_and_survive_a_reload(visitor, person):
    member(visitor, person)
    for path in OWN_PAGES:
        visitor.open(f"/#{path}")
        visitor.page.reload()
        visitor.see("main h1")
        assert visitor.page.url.endswith(path)
        visitor.accessible()


def test_own_pages_ask_to_sign_in_first_and_then_go_on(on_phone, person):
    email = member(on_phone, person)
    on_phone.page.get_by_role("button", name="退出").click()
    on_phone.arrive("/")
    on_phone.server.wait(61)
    on_phone.page.goto(f"{on_phone.server.origin}/#/account/activity")
    on_phone.arrive("/sign-in")
    on_phone.fill(username=email, password=PASSWORD)
    on_phone.submit()
    on_phone.see("[name=code]")
    on_phone.give_code(person["phone"])
    on_phone.arrive("/account/activity")


def test_what_is_wrong_stands_next_to_its_field_and_nothing_typed_is_lost(on_phone, person):
    wrong = {**person, "document_number": person["document_number"][:-1] + "0"}
    wrong["document_number"] = (
        wrong["document_number"]
        if wrong["document_number"] != person["document_number"]
        else person["document_number"][:-1] + "1"
    )
    register(on_phone, wrong, "somebody@mail.example")
    said = on_phone.see("[data-field=document_number] .wrong:visible")
    assert "校验码" in said
    field = on_phone.page.locator("[name=document_number]")
    assert field.get_attribute("aria-invalid") == "true"
    assert on_phone.page.evaluate("document.activeElement.name") == "document_number"
    assert on_phone.page.input_value("[name=email]") == "somebody@mail.example"
    assert on_phone.page.input_value("[name=password]") == PASSWORD
    field.fill(person["document_number"])
    on_phone.submit()
    on_phone.see(".number.big")


def test_a_broken_network_loses_nothing(on_phone, person):
    on_phone.open("/#/register")
    on_phone.fill(destination=person["phone"])
    on_phone.page.route("**/api/verification-codes", lambda route: route.abort())
    on_phone.submit()
    assert "没有连上服务器" in on_phone.see("main .alert:visible")
    assert on_phone.page.input_value("[name=destination]") == person["phone"]
    on_phone.page.unroute("**/api/verification-codes")
    on_phone.submit()
    on_phone.see("[name=code]")
    on_phone.complaints[:] = [one for one in on_phone.complaints if "ERR_FAILED" not in one]


def test_a_lost_answer_of_the_last_step_still_ends_well(on_phone, person):
    register(on_phone, person, "lost@mail.example")
    on_phone.see(".number.big")
    lost = []

    def lose_once(route):
        if lost:
            route.continue_()
            return
        lost.append(route.fetch().status)
        route.abort()

    on_phone.page.route("**/confirm", lose_once)
    on_phone.page.locator("main button.main").click()
    assert on_phone.see(".notice.good h2") == "注册成功"
    assert lost == [201]
    on_phone.complaints[:] = [one for one in on_phone.complaints if "ERR_FAILED" not in one]


def test_a_double_click_issues_one_report(on_phone, person):
    member(on_phone, person, "/reports/new")
    on_phone.see(".preview dl")
    on_phone.page.locator("main form button[type=submit]").dblclick()
    on_phone.see("#verification-code")
    on_phone.open("/#/reports")
    assert on_phone.page.locator(".card").count() == 1


def test_an_expired_session_is_renewed_over_the_page(on_phone, person):
    email = member(on_phone, person, "/account/identity")
    on_phone.fill(name="改名")
    on_phone.context.clear_cookies()
    on_phone.server.wait(1801)
    on_phone.fill(document_number="110101199003071233")
    on_phone.submit()
    dialog = on_phone.page.locator("dialog[open]")
    dialog.wait_for()
    on_phone.accessible()
    dialog.locator("[name=username]").fill(email)
    dialog.locator("[name=password]").fill(PASSWORD)
    dialog.locator("button.main").click()
    dialog.locator("[name=code]").fill(on_phone.server.new_code(person["phone"]))
    dialog.wait_for(state="detached")
    assert on_phone.see("main .notice h2") == "请上传证据"


def test_back_goes_to_the_page_before(on_phone, person):
    member(on_phone, person)
    on_phone.page.locator(".entry a").first.click()
    on_phone.see("main .facts")
    on_phone.page.go_back()
    on_phone.see(".counts")
    assert on_phone.page.evaluate("document.activeElement.tagName") == "H1"


def test_a_taken_number_is_a_calm_page_with_ways_on(visitor, person, server):
    member(visitor, person)
    visitor.context.clear_cookies()
    server.wait(61)
    visitor.page.goto("about:blank")
    register(visitor, person, "another@mail.example")
    notice = visitor.page.locator(".notice.warm")
    notice.wait_for()
    links = [one.get_attribute("href") for one in notice.locator("a").all()]
    assert links == ["#/recover/username", "#/recover/password", "#/appeal"]
    visitor.accessible()


def test_an_appeal_with_a_picture(on_phone, person, server, tmp_path):
    member(on_phone, person)
    on_phone.context.clear_cookies()
    server.wait(61)
    picture = tmp_path / "document.png"
    Image.new("RGB", (900, 600), "white").save(picture)
    on_phone.page.goto("about:blank")
    on_phone.open("/#/appeal")
    on_phone.fill(destination=person["phone"])
    on_phone.submit()
    on_phone.see("[name=code]")
    on_phone.give_code(person["phone"])
    on_phone.see("[name=document_number]")
    on_phone.fill(**details(person), email="mine@mail.example", reason="不是我注册的")
    on_phone.submit()
    on_phone.see("[name=picture]")
    on_phone.accessible()
    on_phone.page.set_input_files("[name=picture]", picture)
    on_phone.page.check("[name=consent]")
    on_phone.submit()
    on_phone.see(".notice.good")
    number, key = on_phone.page.locator("main dd").all_inner_texts()
    on_phone.open("/#/appeal/status")
    on_phone.fill(appeal_id=number, appeal_token=key)
    on_phone.submit()
    assert on_phone.see(".badge.submitted") == "审核中"


def test_a_correction_with_evidence_is_sent_and_withdrawn(on_phone, person, tmp_path):
    member(on_phone, person)
    picture = tmp_path / "evidence.jpg"
    Image.new("RGB", (900, 600), "white").save(picture)
    on_phone.page.locator(".entry.credentials a").first.click()
    on_phone.see("main .facts")
    on_phone.page.get_by_role("link", name="有误，申请更正").click()
    on_phone.see("[name=to_president_name]")
    on_phone.fill(to_graduation_date="昨天", to_president_name="王校长", reason="证书上不是这样")
    on_phone.page.check("[name=evidence]")
    on_phone.submit()
    on_phone.see("[data-field=to_graduation_date] .wrong:visible")
    on_phone.fill(to_graduation_date="")
    on_phone.submit()
    on_phone.see("[name=picture]")
    on_phone.accessible()
    on_phone.page.set_input_files("[name=picture]", picture)
    on_phone.page.check("[name=consent]")
    on_phone.submit()
    assert on_phone.see(".badge.submitted") == "院校处理中"
    on_phone.page.get_by_role("button", name="撤回申请").click()
    on_phone.page.locator("dialog button.danger").click()
    assert on_phone.see(".badge.withdrawn") == "已撤回"


def test_a_consent_is_withdrawn_and_given_again(on_phone, person):
    member(on_phone, person, "/account/consents")
    on_phone.page.locator("main button.danger").click()
    on_phone.page.locator("dialog button.danger").click()
    on_phone.see(".notice.warm")
    on_phone.accessible()
    on_phone.open("/#/archive")
    assert on_phone.page.locator(".counts").count() == 0
    on_phone.open("/#/account/consents")
    on_phone.page.locator("main button.main").click()
    on_phone.page.locator("main button.danger").wait_for()
    on_phone.open("/#/archive")
    on_phone.see(".counts")


def test_the_language_is_switched_and_remembered(on_phone):
    on_phone.open("/#/sign-in")
    on_phone.page.get_by_role("button", name="English").click()
    on_phone.page.wait_for_function("document.querySelector('main h1').innerText === 'Sign in'")
    on_phone.page.reload()
    assert on_phone.see("main h1") == "Sign in"
    assert on_phone.page.get_attribute("html", "lang") == "en"


def test_the_demo_panel_fills_in_a_person_and_the_code(on_phone, server, people):
    person = people.pop(0)
    on_phone.open("/#/register")
    on_phone.page.locator(".panel-button").click()
    on_phone.page.locator(".panel-people button").first.wait_for()
    on_phone.accessible()
    shown = on_phone.page.locator(".panel-people li").all_inner_texts()
    assert any(re.search(r"\d{17}[\dX]", one) for one in shown)
    on_phone.page.locator(".panel-button").click()
    on_phone.fill(destination=person["phone"])
    on_phone.submit()
    on_phone.see("[name=code]")
    server.new_code(person["phone"])
    on_phone.page.locator(".panel-button").click()
    on_phone.page.locator(".panel-messages button").first.click()
    on_phone.see("[name=document_number]")


def test_the_first_page_is_small(on_phone):
    """Under 100 KB transferred, the demo panel and the browser's own icon apart."""
    sizes = []

    def measure(answer):
        if "/local/" not in answer.url:
            sizes.append(len(answer.body()))

    on_phone.page.on("response", measure)
    on_phone.open("/")
    assert 10_000 < sum(sizes) < 100_000
