"""The pages: bytes transferred and time until they can be used, on a slow phone's profile.

    python -m benchmarks.pages

Chromium with the processor slowed down four times and a network of 1.6 Mbit/s and 150 ms, an empty
cache, against the local run, which does not compress; CloudFront does, so the sizes compressed
stand beside. A bare page (a heading, no script, no style) is opened in the same run as the measure
of what the network and the browser cost by themselves.
"""

import gzip
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, sync_playwright

from tests.journey.server import LocalServer, free_port

WEB = Path(__file__).parents[1] / "web"
PAGES = ("bare", "/", "/#/register", "/verify/", "/help/")
PHONE: Any = {"viewport": {"width": 390, "height": 800}, "locale": "zh-CN"}
SLOWDOWN = 4
TIMES = 5
SLOW_NETWORK = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}


def visit(browser: Browser, origin: str, path: str) -> tuple[float, int, int, int]:
    """Milliseconds until the heading is there, requests, bytes, and bytes compressed."""
    context = browser.new_context(**PHONE)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("Network.enable")
    devtools.send("Network.emulateNetworkConditions", SLOW_NETWORK)
    devtools.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    addresses: list[str] = []
    page.on("response", lambda answer: addresses.append(urlsplit(answer.url).path))
    if path == "bare":
        bare = "<!doctype html><h1>bare</h1>"
        page.route("**/bare", lambda route: route.fulfill(body=bare, content_type="text/html"))
    started = time.perf_counter()
    page.goto(f"{origin}/{path.removeprefix('/')}", wait_until="commit")
    page.locator("h1:visible").first.wait_for()
    taken = (time.perf_counter() - started) * 1000
    page.wait_for_load_state("networkidle")
    context.close()
    files = [content for address in addresses if (content := content_of(address)) is not None]
    sizes = sum(map(len, files)), sum(len(gzip.compress(content)) for content in files)
    return taken, len(files), *sizes


def content_of(address: str) -> bytes | None:
    """The bytes of a file of the web client; the demo panel and the API are not counted."""
    file = WEB / (address.removeprefix("/") or "index.html")
    file = file / "index.html" if file.is_dir() else file
    return file.read_bytes() if file.is_file() else None


def main() -> None:
    """Print a table."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = LocalServer(Path(folder) / "local", free_port())
        server.start()
        browser = playwright.chromium.launch(
            executable_path=program, args=["--headless", "--no-sandbox"]
        )
        try:
            print("| page | files | bytes | compressed | usable after |")
            print("| --- | --- | --- | --- | --- |")
            for path in PAGES:
                visits = [visit(browser, server.origin, path) for _ in range(TIMES)]
                taken = statistics.median(one[0] for one in visits)
                _, requests, size, compressed = visits[-1]
                print(f"| {path} | {requests} | {size:,} | {compressed:,} | {taken:,.0f} ms |")
        finally:
            browser.close()
            server.end()


if __name__ == "__main__":
    main()
