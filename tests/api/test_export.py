"""The export of all own data (R-65), and the 专升本 pre-check."""

from html.parser import HTMLParser
from typing import Any

import pytest

from tests.api.test_close_account import settled_in
from tests.leaving import rows_of
from tests.records import LI, WANG, file_record, member
from tests.world import World


@pytest.mark.req("R-65")
def test_the_export_holds_what_the_stores_hold(archive: World) -> None:
    client, report = settled_in(archive)
    answer = client.call("GET", "/account/export")
    assert answer.status == 200
    export = answer.json
    account_id = client.call("GET", "/account").json["account_id"]
    assert export["account"]["phone"] == WANG.phone
    assert export["account"]["overview"]["email"] == WANG.email
    assert export["account"]["identities"] == [
        {
            "name": WANG.name,
            "document_type": "resident_id",
            "document_number": WANG.document_number,
        }
    ]
    assert {one["kind"] for one in export["consents"]} == {"terms", "document_scan"}
    assert {family: len(records) for family, records in export["records"].items() if records} == {
        "credentials": 1,
        "enrollments": 1,
        "degrees": 1,
    }
    assert export["records"]["credentials"][0]["document_number"] == WANG.document_number
    assert len(export["bindings"]) == 3
    assert [one["verdict"] for one in export["photo_verdicts"]] == ["not_mine"]
    assert len(export["confirmations"]) == 1
    assert len(export["corrections"]) == 2
    assert [one["report_id"] for one in export["reports"]] == [report["report_id"]]
    assert export["reports"][0]["content"]["name"] == WANG.name
    assert [one["kind"] for one in export["cases"]] == ["identity"]
    assert len(export["sessions"]) == 1
    lines = [key for key, _, _ in rows_of(archive) if key.pk == f"account#{account_id}"]
    assert len(export["activity"]) == len([key for key in lines if key.table == "audit"])
    kinds = {
        "record": "confirmations photo_verdicts",
        "correction": "corrections",
        "consent": "consents",
        "identity": "cases",
        "session": "sessions",
        "device": "sessions",
        "-": "account",
    }
    for key in lines:
        if key.table != "audit":
            assert all(export[part] for part in kinds[key.sk.partition("#")[0]].split()), key


@pytest.mark.req("R-65")
def test_a_held_record_is_exported_as_held(archive: World) -> None:
    file_record(archive, "degrees", WANG, hold_reason="照片比对未通过")
    client = member(archive, WANG)
    (held,) = client.call("GET", "/account/export").json["records"]["degrees"]
    assert held == {"record_id": held["record_id"], "held": True, "hold_reason": "照片比对未通过"}


@pytest.mark.req("R-04")
def test_nothing_of_the_archive_is_exported_unproved(archive: World) -> None:
    file_record(archive, "degrees", WANG)
    export = archive.registered(WANG).call("GET", "/account/export").json
    assert not any(export["records"].values())
    assert export["account"]["person"]["name"] == WANG.name


def test_no_secret_is_exported(archive: World) -> None:
    client, _ = settled_in(archive)
    text = client.call("GET", "/account/export").content.decode()
    assert "argon2" not in text
    assert str(client.token) not in text


def test_the_export_is_in_the_activity(archive: World) -> None:
    client = member(archive, WANG)
    client.call("GET", "/account/export")
    lines = client.call("GET", "/account/activity").json["items"]
    assert "exported" in {line["action"] for line in lines}


class Page(HTMLParser):
    """What a page holds."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self.feed(content.decode())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links.extend(value for name, value in attrs if name in {"src", "href"})

    def handle_data(self, data):
        self.text.append(data)


@pytest.mark.parametrize(("language", "title"), [("zh-CN", "学籍"), ("en", "Enrolments")])
def test_the_page_shows_the_same_and_needs_nothing_else(
    archive: World, language: str, title: str
) -> None:
    client, _ = settled_in(archive)
    answer = client.call(
        "GET",
        "/account/export",
        query={"format": "html"},
        headers={"Accept-Language": language},
    )
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "attachment" in answer.headers["Content-Disposition"]
    page = Page(answer.content)
    assert not {"script", "img", "link", "iframe"} & set(page.tags)
    assert page.links == []
    assert title in page.text
    for value in (WANG.name, WANG.phone, WANG.document_number, "不是我本人王小明"):
        assert value in page.text


def test_what_was_typed_is_text_on_the_page(archive: World) -> None:
    file_record(archive, "credentials", WANG, president_name="<script>alert(1)</script>&\"'")
    client = member(archive, WANG)
    page = client.call("GET", "/account/export", query={"format": "html"}).content
    assert b"<script" not in page
    assert "<script>alert(1)</script>" in "".join(Page(page).text)


@pytest.mark.parametrize(
    ("changes", "eligible"),
    [
        ({"level": "专科"}, True),
        ({"level": "本科"}, False),
        ({"level": "专科", "conclusion": "结业"}, False),
        ({"level": "专科", "hold_reason": "核查中"}, False),
    ],
)
def test_upgrade_eligibility(archive: World, changes: dict[str, Any], eligible: bool) -> None:
    file_record(archive, "credentials", WANG, **changes)
    answer = member(archive, WANG).call("GET", "/account/upgrade-eligibility")
    assert (answer.status, answer.json) == (200, {"eligible": eligible})


@pytest.mark.req("R-04")
def test_upgrade_eligibility_needs_proof(archive: World) -> None:
    answer = archive.registered(LI).call("GET", "/account/upgrade-eligibility")
    assert (answer.status, answer.code) == (403, "proof_required")
