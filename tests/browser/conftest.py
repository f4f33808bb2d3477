"""Pages in a real browser, on the local run. What the console complains about fails the test."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.journey.conftest import server
from tests.journey.server import LocalServer

__all__ = ["server"]

PHONE: Any = {"viewport": {"width": 390, "height": 800}, "locale": "zh-CN"}
DESK: Any = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB"}
SECONDS = 15_000

_AXE = Axe()
_REFUSED = "Failed to load resource: the server responded with a status of 4"
"""Chromium notes every refused request of the API; the pages say it to the person."""


@dataclass
class Visitor:
    """Somebody with a browser: the page that is open, and what its console complained about."""

    server: LocalServer
    context: BrowserContext
    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Open an address of the site and wait for its heading."""
        self.page.goto(f"{self.server.origin}{path}")
        if path.startswith("/#") or path == "/":
            self.arrive((path.partition("#")[2] or "/").partition("?")[0])
        self.page.locator("main h1:visible").first.wait_for()

    def arrive(self, path: str) -> None:
        """Wait until the page of a path is shown."""
        self.page.locator(f'main[data-page="{path}"]').wait_for()

    def heading(self) -> str:
        return self.page.locator("main h1:visible").inner_text()

    def fill(self, **values: str) -> None:
        """Fill fields by their names; what is chosen or ticked takes True or the choice."""
        for name, value in values.items():
            control = self.page.locator(f"main [name={name}]").first
            if control.evaluate("one => one.tagName") == "SELECT":
                control.select_option(value)
            else:
                control.fill(value)

    def submit(self) -> None:
        self.page.locator("main form button[type=submit]").first.click()

    def give_code(self, phone: str) -> None:
        """Type the code that has come; six digits send themselves."""
        self.page.locator("[name=code]").fill(self.server.new_code(phone))

    def see(self, selector: str) -> str:
        """Wait for something and read it."""
        place = self.page.locator(selector).first
        place.wait_for()
        return place.inner_text()

    def accessible(self) -> None:
        """No rule of axe-core is broken (WCAG 2.2 AA and its best practices)."""
        found = _AXE.run(self.page)
        assert found.violations_count == 0, found.generate_report()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ended with its file: what runs in the same process later must not find its event loop."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    assert program, "chromium is missing: make system-packages"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=program, args=["--headless", "--no-sandbox"]
        )
        yield launched
        launched.close()


@pytest.fixture(params=[PHONE, DESK], ids=["phone-zh", "desk-en"])
def device(request: pytest.FixtureRequest) -> Any:
    """The two shapes of device, each in a language."""
    return request.param


@pytest.fixture
def visitor(browser: Browser, server: LocalServer, device: Any) -> Iterator[Visitor]:
    """A visitor on either device."""
    yield from _visit(browser, server, device)


@pytest.fixture
def on_phone(browser: Browser, server: LocalServer) -> Iterator[Visitor]:
    """A visitor on a phone."""
    yield from _visit(browser, server, PHONE)


def _visit(browser: Browser, server: LocalServer, device: Any) -> Iterator[Visitor]:
    context = browser.new_context(**device)
    context.set_default_timeout(SECONDS)
    page = context.new_page()
    visiting = Visitor(server, context, page)

    def complain(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_REFUSED):
            visiting.complaints.append(message.text)

    page.on("console", complain)
    page.on("pageerror", lambda error: visiting.complaints.append(str(error)))
    yield visiting
    context.close()
    assert visiting.complaints == []
