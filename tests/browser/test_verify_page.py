"""Checking a report in a real browser: four checks, each told on its own."""

from typing import Any

import pytest

from tests.browser.conftest import Visitor
from tests.journey.server import LocalServer
from tests.journey.student import Student


@pytest.fixture(scope="module")
def owner(server: LocalServer) -> Student:
    """Somebody with a report, signed in by the API."""
    holders = [one for one in server.people() if one["holds"].get("credentials")]
    student = Student(server, holders[-1], "owner@mail.example")
    student.tokens.append(student.second_step.json["access_token"])
    return student


@pytest.fixture
def report(owner: Student) -> Any:
    record = owner.get("/archive/credentials").json["items"][0]
    body = {
        "kind": "credential",
        "record_id": record["record_id"],
        "language": "zh+en",
        "valid_months": 1,
        "disclosure": "full",
    }
    issued = owner.call("POST", "/reports", body)
    assert issued.status == 201, issued.content
    return issued.json


def look_up(visitor: Visitor, code: str) -> str:
    visitor.open("/verify/")
    visitor.fill(code=code)
    visitor.submit()
    return visitor.see(".outcome h2")


def outcomes(visitor: Visitor) -> list[str]:
    """The outcome of signature, validity, status and currency, in this order."""
    return [str(one.get_attribute("class")) for one in visitor.page.locator(".checks > li").all()]


def token_of(owner: Student, report: Any) -> str:
    answer = owner.server.call("GET", f"/api/verifications/{report['verification_code']}")
    return str(answer.json["token"])


def test_a_valid_report_is_shown_with_its_checks(visitor, owner, report):
    assert look_up(visitor, report["verification_code"]) in {"报告有效", "Valid"}
    assert outcomes(visitor) == ["passed"] * 4
    shown = visitor.page.locator(".outcome").inner_text()
    assert owner.person["name"] in shown
    assert owner.person["document_number"] not in shown
    visitor.page.locator(".outcome img").wait_for()
    assert ("公布的密钥" in shown) or ("published key" in shown)
    visitor.accessible()


def test_the_address_of_the_report_opens_it_and_leaves_the_address_bar(on_phone, report):
    on_phone.open(report["verification_url"].removeprefix(on_phone.server.origin))
    assert on_phone.see(".outcome h2") == "报告有效"
    assert on_phone.page.url.endswith("/verify/")


def test_an_answer_that_was_changed_on_the_way_is_found(on_phone, owner, report):
    def forge(route):
        answer = route.fetch()
        body = answer.text().replace(owner.person["name"], "冒名者")
        route.fulfill(response=answer, body=body)

    on_phone.page.route("**/api/verifications/*", forge)
    assert look_up(on_phone, report["verification_code"]) == "签名不符"
    assert outcomes(on_phone)[0] == "failed"
    assert "冒名者" not in on_phone.page.locator(".outcome").inner_text()


def test_without_a_network_the_signature_is_checked_and_the_status_is_not(on_phone, owner, report):
    on_phone.open("/verify/")
    look_up(on_phone, report["verification_code"])
    path = report["verification_url"].removeprefix(on_phone.server.origin)
    token = token_of(owner, report)
    on_phone.page.route("**/api/**", lambda route: route.abort())
    on_phone.page.goto("about:blank")
    on_phone.open(f"{path}.{token}")
    assert on_phone.see(".outcome h2") == "暂时无法核对状态"
    assert outcomes(on_phone) == ["passed", "passed", "not_checked", "not_checked"]
    on_phone.accessible()
    on_phone.complaints[:] = [one for one in on_phone.complaints if "ERR_FAILED" not in one]


@pytest.mark.parametrize("place", [10, -10])
def test_a_code_whose_token_was_changed_is_told(on_phone, owner, report, place):
    token = token_of(owner, report)
    broken = list(token)
    broken[place] = "A" if broken[place] != "A" else "B"
    path = report["verification_url"].removeprefix(on_phone.server.origin)
    on_phone.open(f"{path}.{''.join(broken)}")
    assert on_phone.see(".outcome h2") == "签名不符"


def opened_with(visitor: Visitor, report: Any, token: str) -> str:
    visitor.open(f"{report['verification_url'].removeprefix(visitor.server.origin)}.{token}")
    return visitor.see(".outcome h2")


def test_the_old_printout_of_an_extended_report_is_no_forgery(on_phone, owner, report):
    printed = token_of(owner, report)
    extended = owner.call("PATCH", f"/reports/{report['report_id']}", {"extend_months": 1})
    assert extended.status == 200
    assert token_of(owner, report) != printed
    assert opened_with(on_phone, report, printed) == "报告有效"


def test_the_token_of_one_report_does_not_go_with_the_code_of_another(on_phone, owner, report):
    body = {
        "kind": "credential",
        "record_id": report["record_id"],
        "language": "zh",
        "valid_months": 1,
        "disclosure": "status",
    }
    other = owner.call("POST", "/reports", body).json
    assert opened_with(on_phone, report, token_of(owner, other)) == "签名不符"


def test_a_closed_report_shows_nothing_of_its_content(on_phone, owner, report):
    assert owner.call("DELETE", f"/reports/{report['report_id']}").status == 204
    assert look_up(on_phone, report["verification_code"]) == "报告已被所有人关闭"
    assert outcomes(on_phone)[2] == "failed"
    assert owner.person["name"] not in on_phone.page.locator("main").inner_text()


@pytest.mark.parametrize("code", ["0000-0000-0000-0000", "123", "ABCD-EFGH-JKMN-PQRS"])
def test_what_is_wrong_with_a_code_stands_next_to_it(on_phone, code):
    on_phone.open("/verify/")
    on_phone.fill(code=code)
    on_phone.submit()
    on_phone.see("[data-field=code] .wrong:visible")
    assert on_phone.page.input_value("[name=code]") == code


def test_many_codes_at_once(on_phone, owner, report, tmp_path):
    sheet = tmp_path / "codes.csv"
    sheet.write_text(f"code\n{report['verification_code']}\n0000-0000-0000-0001\n")
    on_phone.open("/verify/")
    on_phone.page.locator("summary").first.click()
    on_phone.page.set_input_files("[name=list]", sheet)
    on_phone.page.get_by_role("button", name="开始验证").click()
    table = on_phone.see("main table")
    assert owner.person["name"] in table
    on_phone.accessible()
