"""What a browser says of itself, in its owner's words."""

import pytest

from webapp.devices import Device, device_of

MOZILLA = "Mozilla/5.0 "
BLINK = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0"


@pytest.mark.parametrize(
    ("user_agent", "device"),
    [
        (f"{MOZILLA}(Windows NT 10.0; Win64; x64) {BLINK} Safari/537.36", ("Chrome", "Windows")),
        (f"{MOZILLA}(Windows NT 10.0; Win64; x64) {BLINK} Safari/537.36 Edg/141.0", ("Edge", "Windows")),
        (f"{MOZILLA}(Windows NT 10.0) {BLINK} YaBrowser/25.8 Safari/537.36", ("Yandex Browser", "Windows")),
        (f"{MOZILLA}(X11; Linux x86_64) {BLINK} Safari/537.36 OPR/120.0", ("Opera", "Linux")),
        (f"{MOZILLA}(Linux; Android 15; SM-S938B) {BLINK} Mobile Safari/537.36", ("Chrome", "Android")),
        (f"{MOZILLA}(Macintosh; Intel Mac OS X 10.15; rv:143.0) Gecko/20100101 Firefox/143.0", ("Firefox", "macOS")),
        (
            f"{MOZILLA}(iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1",
            ("Safari", "iPhone"),
        ),
        ("curl/8.5.0", (None, None)),
        ("", (None, None)),
    ],
)
def test_a_browser_and_its_system_are_recognised(user_agent: str, device: tuple[str | None, str | None]):
    assert device_of(user_agent) == device


def test_phones_and_tablets_are_handheld():
    assert [Device("Chrome", system).is_handheld for system in ("Android", "iPad", "Windows", None)] == [
        True,
        True,
        False,
        False,
    ]
