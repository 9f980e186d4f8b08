"""Takes the guide's pictures, static/guide/*.png, of the real pages. For maintainers, by hand: `make pictures`.

It starts the web app on the database of DATABASE_URL, which `kabinet demo` has filled, logs in as the demo merchant
whose login is in var/demo.json (or in the file that is given), and takes every page of PICTURES in Russian.
"""

import io
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pyotp
from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "static" / "guide"
WIDTH, HEIGHT = 1280, 800
COLOURS = 64  # a page has few; so pictures are a quarter as large
STEP_S = 30
# By the name of the picture: the page, and what is clicked there before it is taken.
PICTURES = {
    "login": ("/login/password", None),
    "home": ("/", None),
    "sales": ("/sales", None),
    "turnover": ("/turnover", None),
    "documents": ("/documents", ".document-row.is-sale"),
    "outlets": ("/outlets", "#outlets .line"),
    "skos": ("/skos", None),
    "binding": ("/bind", None),
    "register-settings": ("/register-settings/users", "[name=sko]"),
    "notifications": ("/notifications", None),
    "reports": ("/reports", None),
    "completeness": ("/reports/completeness", None),
    "acts": ("/acts/subscription", None),
    "instructions": ("/instructions", None),
    "profile": ("/profile", None),
    "team": ("/team", None),
    "journal": ("/journal", None),
}


def main(login: Path) -> None:
    known = json.loads(login.read_text())["login"]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.set_inheritable(True)
        options = ["--config", "webapp/server.py", "--workers", "1", "--bind", f"fd://{listener.fileno()}"]
        server = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *options, "--no-control-socket", "webapp:create_app()"],
            cwd=ROOT,
            env=os.environ | {"KABINET_ENV": "development"},
            pass_fds=[listener.fileno()],
        )
        try:
            take(f"http://127.0.0.1:{listener.getsockname()[1]}", known)
        finally:
            server.terminate()
            server.wait()


def take(address: str, login: dict[str, str]) -> None:
    wait_for(f"{address}/healthz")
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context = browser.new_context(
            base_url=address, locale="ru-RU", viewport={"width": WIDTH, "height": HEIGHT}, reduced_motion="reduce"
        )
        page = context.new_page()
        for name, (path, clicked) in PICTURES.items():
            page.goto(path, wait_until="networkidle")
            if clicked and page.locator(clicked).count():
                page.locator(clicked).first.click()
                page.wait_for_load_state("networkidle")
            page.wait_for_timeout(700)  # charts draw themselves
            keep(name, page)
            if name == "login":
                log_in(page, login)
        browser.close()


def log_in(page: Page, login: dict[str, str]) -> None:
    page.fill("[name=unp]", login["unp"])
    page.fill("[name=password]", login["password"])
    page.fill("[name=code]", pyotp.TOTP(login["totp_secret"], interval=STEP_S).now())
    page.locator("form[action*='/login/password'] button[type=submit], main form button.btn-primary").first.click()
    page.wait_for_url(lambda url: "/login" not in url)


def keep(name: str, page: Page) -> None:
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(FOLDER / f"{name}.png", optimize=True)


def wait_for(address: str) -> None:
    for _ in range(20):
        try:
            urllib.request.urlopen(address, timeout=2).close()  # noqa: S310  (our own address)
        except OSError:
            time.sleep(0.1)
        else:
            return
    sys.exit("The web app did not start.")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "var/demo.json"))
