"""What a browser says of itself, in the words of its owner: which browser, on which system."""

import re
from typing import NamedTuple

from flask_babel import gettext

# In this order: nearly every browser also claims to be the ones below it.
_BROWSERS = (
    (r"Edg(?:e|A|iOS)?/", "Edge"),
    (r"OPR/|Opera", "Opera"),
    (r"YaBrowser/", "Yandex Browser"),
    (r"SamsungBrowser/", "Samsung Internet"),
    (r"Firefox/|FxiOS/", "Firefox"),
    (r"Chrome/|CriOS/", "Chrome"),
    (r"Safari/", "Safari"),
)
_SYSTEMS = (
    (r"Android", "Android"),
    (r"iPhone|iPod", "iPhone"),
    (r"iPad", "iPad"),
    (r"Windows", "Windows"),
    (r"Mac OS X|Macintosh", "macOS"),
    (r"CrOS", "ChromeOS"),
    (r"Linux|X11", "Linux"),
)
_HANDHELD = frozenset({"Android", "iPhone", "iPad"})


class Device(NamedTuple):
    """Both are brands, None where the browser doesn't say."""

    browser: str | None
    system: str | None

    @property
    def is_handheld(self) -> bool:
        return self.system in _HANDHELD

    def __str__(self) -> str:
        if self.browser and self.system:
            return str(gettext("%(browser)s on %(system)s", browser=self.browser, system=self.system))
        return self.browser or self.system or str(gettext("Unknown device"))


def device_of(user_agent: str) -> Device:
    """The device behind a `User-Agent` header. Anybody can send any: it is good for recognising, not for trusting."""
    return Device(_first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent))


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str | None:
    return next((name for pattern, name in names if re.search(pattern, user_agent)), None)
