"""A real server on both databases, and real browsers in front of it."""

import shutil
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from loadtests import servers
from tests.browser.serving import serve

START_S = 30
expect.set_options(timeout=15_000)  # a busy machine is no failure
# Chromium reports any answer of 4xx on its console; pages answer so on purpose.
EXPECTED_ON_CONSOLE = "Failed to load resource: the server responded with a status of 4"
# What is being fetched anew is dim, and a change of theme fades; halfway, no contrast is right.
WAIT_FOR_COLOURS = """async () => {
    for (let turn = 0; turn < 500 && document.querySelector(".htmx-request"); turn++) {
        await new Promise((go) => setTimeout(go, 20));
    }
    await new Promise(requestAnimationFrame);
    const fading = document.getAnimations().filter((animation) => animation instanceof CSSTransition);
    await Promise.allSettled(fading.map((animation) => animation.finished));
}"""


@dataclass(frozen=True)
class Server:
    url: str

    def address(self, path: str) -> str:
        return self.url + path


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium if it has one, else Playwright's."""
    with sync_playwright() as playwright:
        own = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        browser = playwright.chromium.launch(executable_path=own, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def assets_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by all servers: compressing the files takes a second or two."""
    return tmp_path_factory.mktemp("assets")


@pytest.fixture
def server(database_url: str, assets_folder: Path, tmp_path: Path) -> Iterator[Server]:
    """The app as it runs in production, in a process of its own, on the database of this test."""
    environment = {
        "DATABASE_URL": database_url,
        "SECRET_KEY": "s" * 32,
        "KABINET_ENV": "development",
        "ASSETS_FOLDER": str(assets_folder),
    }
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = serve(listener, environment, tmp_path / "server.log")
        server = Server(f"http://127.0.0.1:{listener.getsockname()[1]}")
        try:
            wait_for(server, process, tmp_path / "server.log")
            yield server
        finally:
            process.terminate()
            process.join(START_S)


@pytest.fixture
def ingest_url(database_url: str) -> Iterator[str]:
    """The ingest service beside the app, on the same database: for simulated registers (`loadtests.simulator`)."""
    with servers.ingest(database_url) as service:
        yield service.url


def wait_for(server: Server, process: ForkServerProcess, log: Path) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.is_alive():
        try:
            urllib.request.urlopen(server.address("/healthz"), timeout=START_S).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"The server did not start:\n{log.read_text()}")


@pytest.fixture
def context(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    """A fresh profile of a Russian-speaking visitor, pointed at the server."""
    context = browser.new_context(base_url=server.url, locale="ru-RU", viewport={"width": 1280, "height": 800})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A tab. The test fails if a script fails in it, or if anything breaks the content security policy."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))

    def listen(message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(EXPECTED_ON_CONSOLE):
            complaints.append(message.text)

    page.on("console", listen)
    yield page
    assert complaints == []


@pytest.fixture
def page_without_javascript(browser: Browser, server: Server) -> Iterator[Page]:
    context = browser.new_context(base_url=server.url, locale="ru-RU", java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], None]:
    """A check of a page against WCAG 2.2 AA in the light and in the dark theme."""
    checker = Axe()
    options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}

    def check(page: Page) -> None:
        for scheme in ("light", "dark"):
            page.wait_for_load_state()
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.evaluate("scrollTo(0, 0)")  # what stands under the bar on top is no smaller for that
            page.evaluate(WAIT_FOR_COLOURS)
            found = checker.run(page, options=options)
            assert found.violations_count == 0, f"{page.url}, {scheme}:\n{found.generate_report()}"

    return check


def is_wider_than_its_window(page: Page) -> bool:
    """Whether the page scrolls sideways."""
    page.wait_for_load_state()  # after a click that leads elsewhere there may be no page yet
    return bool(page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
