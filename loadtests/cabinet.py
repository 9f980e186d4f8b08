"""A merchant's browser, as far as a load needs one: it logs in, opens Home, and fetches the blocks that refresh."""

import html
import re
import time

import pyotp
import requests

from loadtests.company import Login

STEP_S = 30  # of one-time codes (RFC 6238)
CSRF_FIELD = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
BLOCK_URL = re.compile(r'hx-get="(/[^"]*)"')


def log_in(session: requests.Session, login: Login, base_url: str = "") -> None:
    """Log in by УНП, password and one-time code. RuntimeError if the cabinet doesn't let us in.

    A code works once: whoever logs in as the same person again waits for the next one.
    """
    form = session.get(f"{base_url}/login/password")
    found = CSRF_FIELD.search(form.text)
    if found is None:
        raise RuntimeError(f"No login form: {form.status_code}")
    answer = session.post(
        f"{base_url}/login/password",
        data={
            "csrf_token": html.unescape(found[1]),
            "unp": login.unp,
            "password": login.password,
            "code": pyotp.TOTP(login.totp_secret, interval=STEP_S).now(),
        },
        # What a browser sends along with a form of the same page.
        headers={"Origin": origin(form.url), "Sec-Fetch-Site": "same-origin"},
        allow_redirects=False,
    )
    if answer.status_code not in (302, 303):
        raise RuntimeError(f"The cabinet did not let {login.unp} in: {answer.status_code}")


def origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def blocks_of(page: str) -> list[str]:
    """The addresses of a page's blocks, each once, in the order in which they stand there."""
    return list(dict.fromkeys(html.unescape(address) for address in BLOCK_URL.findall(page)))


def home_milliseconds(session: requests.Session, base_url: str, count: int) -> list[float]:
    """How long Home took each time, the way through the loopback included. RuntimeError unless it is a page."""
    taken: list[float] = []
    for _ in range(count):
        begun_s = time.perf_counter()
        answer = session.get(f"{base_url}/", allow_redirects=False)
        taken.append((time.perf_counter() - begun_s) * 1000)
        if answer.status_code != 200:
            raise RuntimeError(f"Home answered {answer.status_code}")
    return taken
