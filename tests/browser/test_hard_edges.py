"""What other sites, and whoever sits down at the computer later, can do to somebody who is logged in: nothing."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlencode

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, BrowserContext, Page, expect
from playwright.sync_api import Error as BrowserError

from sql.engine import reading, writing
from sql.instants import DAY_US, SECOND_US, now_us
from sql.tables import account, web_session
from tests.accounts import TestMerchant, make_merchant
from tests.browser.conftest import START_S, Server
from tests.browser.serving import ROOT
from tests.browser.test_login import log_out

# Its pages try what they can: with a form, from a script, as a picture, in a frame.
FORM = """<form method="post" action="{target}"><input name="theme" value="dark"><input name="csrf_token" value="x">
<button>Win a prize</button></form>"""
SCRIPT = """<script>
const tries = ["/theme", "/logout"].map((path) => fetch("{site}" + path, {{
  method: "POST", mode: "no-cors", credentials: "include", body: new URLSearchParams({{ theme: "dark" }}) }}));
tries.push(fetch("{site}/profile", {{ credentials: "include" }}).then((answer) => answer.text()));
Promise.allSettled(tries).then((results) => document.title = results.map((result) => result.status).join(" "));
</script>"""
FRAME = '<iframe src="{target}"></iframe>'


@pytest.fixture
def merchant(engine: sa.Engine) -> TestMerchant:
    return make_merchant(engine)


@contextmanager
def site_of(*pages: str) -> Iterator[int]:
    """Another site, whose page /0 is the first of these; yields its port."""

    class Pages(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = pages[int(self.path[1:])].encode() if self.path[1:].isdigit() else b""
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.fixture
def victim(context: BrowserContext, server: Server, merchant: TestMerchant) -> Page:
    """A tab of the owner, logged in; whatever it says on its console."""
    page = context.new_page()
    log_in(page, server.url, merchant)
    return page


def log_in(page: Page, url: str, merchant: TestMerchant, path: str = "/profile") -> None:
    page.context.add_cookies([{"name": "language", "value": "en", "url": url}])
    page.goto(f"{url}{path}")
    page.locator("[name=unp]").fill(merchant.unp)
    page.locator("[name=password]").fill(merchant.password)
    page.locator("[name=code]").fill(merchant.code())
    page.locator("form:has([name=unp]) [type=submit]").first.click()
    expect(page.locator("[name=unp]")).to_have_count(0)


def expect_nothing_happened(page: Page, server: Server, engine: sa.Engine) -> None:
    page.goto(server.address("/profile"))
    expect(page.get_by_role("heading", name="Profile").first).to_be_visible()
    with reading(engine) as connection:
        assert connection.execute(sa.select(account.c.theme)).scalars().all() == [None]


# An address with another port is another origin, but the same site: cookies go there with forms, too.
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_another_site_can_not_act_for_who_is_logged_in(
    victim: Page, server: Server, engine: sa.Engine, host: str
) -> None:
    forms = [FORM.format(target=server.address(path)) for path in ("/theme", "/logout")]
    with site_of(*forms, SCRIPT.format(site=server.url)) as port:
        for number in range(len(forms)):
            victim.goto(f"http://{host}:{port}/{number}")
            victim.get_by_role("button", name="Win a prize").click()
            expect(victim.get_by_role("heading", name="You may not do that")).to_be_visible()
        victim.goto(f"http://{host}:{port}/{len(forms)}")
        expect(victim).to_have_title("rejected rejected rejected")
    expect_nothing_happened(victim, server, engine)


def test_another_site_can_not_frame_ours(victim: Page, server: Server) -> None:
    """The frame of its own page is there, so frames work; ours stays empty, though it is asked for with the cookie."""
    own = FRAME.format(target="/1")
    with site_of(FRAME.format(target=server.address("/profile")) + own, "<p>mine</p>") as port:
        with victim.expect_response(server.address("/profile")) as asked:
            victim.goto(f"http://127.0.0.1:{port}/0")
        assert asked.value.status == 200
        ours, theirs = victim.main_frame.child_frames
        expect(theirs.locator("p")).to_have_text("mine")
        assert ours.url == "chrome-error://chromewebdata/"
        expect(ours.get_by_text("Profile")).to_have_count(0)


def test_no_script_reads_a_cookie_and_no_other_site_gets_one(victim: Page, server: Server) -> None:
    assert victim.evaluate("document.cookie.includes('kabinet')") is False
    [cookie] = [cookie for cookie in victim.context.cookies() if cookie["name"] == "kabinet"]
    assert (cookie["httpOnly"], cookie["sameSite"], cookie["path"], cookie["expires"]) == (True, "Lax", "/", -1)
    with site_of(FORM.format(target=server.address("/logout"))) as port:
        victim.goto(f"http://localhost:{port}/0")
        with victim.expect_request(server.address("/logout")) as sent:
            victim.get_by_role("button", name="Win a prize").click()
        assert "kabinet=" not in sent.value.all_headers().get("cookie", "")


@contextmanager
def over_tls(database_url: str, assets_folder: Path, folder: Path) -> Iterator[str]:
    """The app in production, behind real TLS; yields its address."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    request = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-subj", "/CN=localhost", "-keyout", key, "-out", certificate]
    subprocess.run([*request, *names], check=True, capture_output=True)
    settings = {"DATABASE_URL": database_url, "SECRET_KEY": "s" * 32, "ASSETS_FOLDER": str(assets_folder)}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        bind = ["--bind", f"fd://{listener.fileno()}", "--keyfile", key, "--certfile", certificate, "--workers", "1"]
        command = [sys.executable, "-m", "gunicorn", "--config", "webapp/server.py", *bind, "webapp:create_app()"]
        environment = os.environ | settings | {"KABINET_ENV": "production"}
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, pass_fds=[listener.fileno()], stderr=subprocess.DEVNULL
        )
        try:
            yield f"https://localhost:{listener.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait(timeout=START_S)


def test_over_tls_the_cookie_is_of_this_host_alone(
    browser: Browser, database_url: str, assets_folder: Path, merchant: TestMerchant, tmp_path: Path
) -> None:
    with over_tls(database_url, assets_folder, tmp_path) as url:
        context = browser.new_context(ignore_https_errors=True)
        log_in(context.new_page(), url, merchant)
        [cookie] = [cookie for cookie in context.cookies() if "kabinet" in cookie["name"]]
        context.close()
    assert cookie["name"] == "__Host-kabinet"
    assert (cookie["secure"], cookie["httpOnly"], cookie["sameSite"]) == (True, True, "Lax")
    assert cookie["domain"] == "localhost"


def test_planted_cookie_does_not_let_its_owner_in(
    browser: Browser, context: BrowserContext, server: Server, merchant: TestMerchant
) -> None:
    """Session fixation: a stranger's cookie is in the browser of somebody who then logs in."""
    strangers = browser.new_context(base_url=server.url)
    stranger, victim = strangers.new_page(), context.new_page()
    stranger.goto(server.address("/login"))
    context.add_cookies([{**cookie, "url": server.url} for cookie in _bare(strangers.cookies())])
    log_in(victim, server.url, merchant)
    expect(victim.get_by_role("heading", name="Profile").first).to_be_visible()
    stranger.goto(server.address("/profile"))
    expect(stranger.locator("[name=unp]")).to_be_visible()
    strangers.close()


def _bare(cookies: list[Any]) -> list[Any]:
    return [{"name": cookie["name"], "value": cookie["value"]} for cookie in cookies]


@pytest.mark.parametrize("target", ["//evil.example/", "/\\evil.example/"])
def test_a_login_leads_to_no_other_site(page: Page, server: Server, merchant: TestMerchant, target: str) -> None:
    log_in(page, server.url, merchant, f"/login/password?{urlencode({'next': target})}")
    expect(page).to_have_url(server.address("/"))


# By a minute more than an idle session lives; by a day, whatever was done meanwhile.
@pytest.mark.parametrize(("column", "age_us"), [("seen_us", 31 * 60 * SECOND_US), ("created_us", DAY_US)])
def test_a_page_that_is_too_old_leads_to_the_login(victim: Page, engine: sa.Engine, column: str, age_us: int) -> None:
    victim.wait_for_load_state("networkidle")  # what the page asks for by itself would lead there before the click
    with writing(engine) as connection:
        connection.execute(sa.update(web_session).values({column: now_us() - age_us}))
    victim.get_by_role("link", name="Turnover").first.click()
    expect(victim.locator("[name=unp]")).to_be_visible()


def test_pages_of_before_the_logout_are_nowhere(victim: Page, server: Server, merchant: TestMerchant) -> None:
    """Neither behind the back button, nor in the cache, nor in another tab."""
    other = victim.context.new_page()
    other.goto(server.address("/sales"))
    expect(other.get_by_text(merchant.name).first).to_be_visible()
    victim.goto(server.address("/turnover"))
    victim.goto(server.address("/profile"))
    log_out(victim)
    for _ in range(2):
        with suppress(BrowserError):  # the page of before may lead on to the login sooner than it is there
            victim.go_back(wait_until="commit")
        expect(victim.locator("[name=password]")).to_be_visible()
        expect(victim.get_by_text(merchant.name)).to_have_count(0)
    cached = victim.evaluate(
        "fetch('/profile', {cache: 'only-if-cached', mode: 'same-origin'}).then(() => true, () => false)"
    )
    assert cached is False
    other.reload()
    expect(other.locator("[name=unp]")).to_be_visible()
