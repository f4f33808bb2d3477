"""Pictures of every page: `python -m tests.browser.screenshots [FOLDER]` (`make screenshots`).

Two devices, each in its language, on a local run of its own; the few that the README shows are kept
in docs/screenshots.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from PIL import Image
from playwright.sync_api import sync_playwright

from tests.browser.conftest import DESK, PHONE, Visitor
from tests.browser.steps import confirm, register, sign_in
from tests.browser.test_student_pages import OPEN_PAGES, OWN_PAGES
from tests.journey.server import LocalServer, free_port

DOCS = Path(__file__).parents[2] / "docs" / "screenshots"
MOST_HEIGHT = 1000
KEPT = ("phone-archive", "phone-report", "phone-verify", "desk-start")


def name_of(path: str) -> str:
    return path.strip("/#").replace("/", "-").replace("?", "-").replace("=", "-") or "start"


def take(visitor: Visitor, path: Path) -> None:
    visitor.page.wait_for_load_state("networkidle")
    visitor.page.evaluate("document.querySelector('.panel-button')?.remove()")
    visitor.page.screenshot(path=path, full_page=True)


def pictures(visitor: Visitor, person: Any, prefix: str, folder: Path) -> None:
    """Every page of a student's and a verifier's way."""
    email = f"{prefix}@mail.example"
    for path in (*OPEN_PAGES, "/verify/"):
        visitor.open(path)
        take(visitor, folder / f"{prefix}-{name_of(path)}.png")
    register(visitor, person, email)
    visitor.see(".number.big")
    take(visitor, folder / f"{prefix}-register-check.png")
    confirm(visitor)
    take(visitor, folder / f"{prefix}-register-done.png")
    sign_in(visitor, person, email)
    for path in OWN_PAGES:
        visitor.open(f"/#{path}")
        take(visitor, folder / f"{prefix}-{name_of(path)}.png")
    visitor.open("/#/archive")
    visitor.page.locator(".entry.credentials a").first.click()
    visitor.see("main .facts")
    take(visitor, folder / f"{prefix}-record.png")
    visitor.open("/#/reports/new")
    visitor.submit()
    code = visitor.see("#verification-code")
    take(visitor, folder / f"{prefix}-report.png")
    visitor.open("/verify/")
    visitor.fill(code=code)
    visitor.submit()
    visitor.see(".checks")
    take(visitor, folder / f"{prefix}-verify.png")


def main() -> int:
    """Take them all."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".build/screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary, sync_playwright() as playwright:
        server = LocalServer(Path(temporary) / "local", free_port())
        server.start()
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--headless", "--no-sandbox"]
        )
        try:
            devices: dict[str, Any] = {"phone": PHONE, "desk": DESK}
            for person, (prefix, device) in zip(server.people(), devices.items(), strict=False):
                context = browser.new_context(**device)
                pictures(Visitor(server, context, context.new_page()), person, prefix, folder)
                context.close()
        finally:
            browser.close()
            server.end()
    DOCS.mkdir(exist_ok=True)
    for name in KEPT:
        with Image.open(folder / f"{name}.png") as picture:
            top = picture.crop((0, 0, picture.width, min(picture.height, MOST_HEIGHT)))
            top.quantize(128).save(DOCS / f"{name}.png", optimize=True)
    sys.stdout.write(f"{len(list(folder.glob('*.png')))} pictures in {folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
