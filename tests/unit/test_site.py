"""The local server around the API: files of the web client, health, and the two lists."""

import gzip
import json
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from infra.local.aws import ROOT
from infra.local.messages import SentMessages
from infra.local.site import Site
from infra.pages import page_files


class Messages(SentMessages):
    def __init__(self, texts, mails, journal):
        self._pages = {
            "sns/sms-messages": {"sms_messages": {"+8613800000000": texts}},
            "ses/messages": {"messages": {"000000000000": mails}},
        }
        super().__init__("", journal, clock=lambda: 1_800_000_000.25)

    def _read(self, page):
        return self._pages[page]


def text(number, body):
    return {"MessageId": f"t{number}", "PhoneNumber": "+8613800000000", "Message": body}


MAIL = {
    "MessageId": "m1",
    "To": ["学生 <Li@Example.com>"],
    "CC": [],
    "BCC": [],
    "Subject": "主题",
    "BodyText": "正文",
    "BodyHtml": "",
    "Timestamp": 1_700_000_000.5,
}


@pytest.fixture
def messages(tmp_path):
    return Messages([text(1, "甲"), text(2, "乙")], [MAIL], tmp_path / "journal")


@pytest.fixture
def site(tmp_path, messages):
    web = tmp_path / "web"
    web.mkdir()
    (web / "index.html").write_text("<!doctype html><title>页</title>")
    (web / "style.css").write_text("p {}")
    (web / "secret.py").write_text("")
    (tmp_path / "people.json").write_text(json.dumps([{"name": f"n{i}"} for i in range(25)]))
    gateway: Any = lambda *_: [b"api"]  # noqa: E731 -- stands for the API
    return Site(
        gateway,
        web=web,
        people=tmp_path / "people.json",
        messages=messages,
        settings={"specimen": True},
        upload_origin="http://uploads.example",
    )


class Answer:
    def __init__(self, site, path, method="GET", query="", accept_encoding=""):
        environ: Any = {"PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": method}
        environ["HTTP_ACCEPT_ENCODING"] = accept_encoding
        setup_testing_defaults(environ)
        self.content = b"".join(site(environ, self._start))

    def _start(self, status, headers):
        self.status, self.headers = int(status.split()[0]), dict(headers)

    @property
    def json(self):
        return json.loads(self.content)


def test_pages_have_their_type_and_a_strict_policy(site):
    page = Answer(site, "/")
    assert page.status == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["X-Request-Id"] != Answer(site, "/").headers["X-Request-Id"]
    assert page.headers["Content-Security-Policy"].startswith(
        "default-src 'none'; script-src 'self'; "
    )
    assert Answer(site, "/style.css").headers["Content-Type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    ["/../people.json", "/..//people.json", "//etc/passwd", "/secret.py", "/none", "/\0", "/x/.."],
)
def test_nothing_outside_the_folder_is_served(site, path):
    answer = Answer(site, path)
    if answer.status == 200:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    else:
        assert (answer.status, answer.json["code"]) == (404, "not_found")


def test_files_are_only_read(site):
    refused = Answer(site, "/", "POST")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")
    assert Answer(site, "/", "HEAD").content == b""


def test_the_api_is_everything_under_its_prefix(site):
    assert Answer(site, "/api/archive", "POST").content == b"api"
    assert Answer(site, "/api").content == b"api"
    assert Answer(site, "/apis").status == 404


def test_health_waits_for_the_demo_data(site):
    waiting = Answer(site, "/api/health")
    assert (waiting.status, waiting.headers["Retry-After"]) == (503, "1")
    site.ready.set()
    ready = Answer(site, "/api/health")
    assert ready.json == {"status": "ok"}
    assert ready.headers["X-Request-Id"]


def test_people_are_listed_in_pages(site):
    first = Answer(site, "/local/people").json
    assert (len(first["items"]), first["next"]) == (20, "20")
    rest = Answer(site, "/local/people", query="limit=100&cursor=20").json
    assert (len(rest["items"]), rest["next"]) == (5, None)


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1"])
def test_a_limit_that_is_not_allowed_is_named(site, limit):
    answer = Answer(site, "/local/people", query=f"limit={limit}")
    assert (answer.status, answer.json["errors"][0]["field"]) == (422, "limit")


@pytest.mark.parametrize("to", ["13800000000", "%2B8613800000000", "+8613800000000"])
def test_texts_of_a_phone_newest_first(site, to):
    items = Answer(site, "/local/messages", query=f"to={to}").json["items"]
    assert [item["body"] for item in items] == ["乙", "甲"]
    assert items[0] == {
        "channel": "sms",
        "to": "+8613800000000",
        "subject": None,
        "body": "乙",
        "sent_at": "2027-01-15T08:00:00.250Z",
    }


def test_mails_of_an_address(site):
    (item,) = Answer(site, "/local/messages", query="to=li%40example.com").json["items"]
    assert (item["to"], item["subject"], item["body"]) == ("Li@Example.com", "主题", "正文")
    assert item["sent_at"] == "2023-11-14T22:13:20.500Z"


def test_somebody_else_s_messages_are_not_listed(site):
    assert Answer(site, "/local/messages", query="to=13900000000").json["items"] == []
    assert len(Answer(site, "/local/messages").json["items"]) == 3


def test_messages_outlive_the_emulator_s_memory(tmp_path, messages):
    messages.notice()
    later = Messages([text(2, "乙"), text(3, "丙")], [], tmp_path / "journal")
    assert [item["body"] for item in later.to(None)] == ["丙", "乙", "甲", "正文"]


def test_every_file_of_the_web_client_is_served():
    kept = {file.relative_to(ROOT / "web").as_posix() for file in (ROOT / "web").rglob("*.*")}
    assert set(page_files(ROOT / "web")) == kept


def test_the_start_page_needs_nothing_that_its_policy_forbids():
    page = (ROOT / "web" / "index.html").read_text()
    for forbidden in ("<style", "style=", "onclick", "http://", "https://"):
        assert forbidden not in page
    assert page.count("<script") == page.count("<script src=")


def test_what_a_browser_takes_compressed_is_compressed(site, tmp_path):
    long = "p { color: red }\n" * 200
    (tmp_path / "web" / "long.css").write_text(long)
    plain = Answer(site, "/long.css")
    packed = Answer(site, "/long.css", accept_encoding="gzip, br")
    assert plain.content.decode() == long
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.content).decode() == long
    assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
    assert "Content-Encoding" not in Answer(site, "/", accept_encoding="gzip").headers
