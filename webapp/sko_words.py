"""Registers in words: their models, how they are doing, what they report."""

from typing import NamedTuple

from flask_babel import lazy_gettext as _
from flask_babel.speaklater import LazyString

from sql.tables import EVENT_KINDS, SKO_MODELS


class Sign(NamedTuple):
    """A name, an icon, and whether it is good or bad news: `good`, `bad`, `careful`, or empty."""

    name: LazyString
    icon: str
    tone: str


# As the producer writes them.
MODELS = {"smart": "iKassa Smart", "fm": "iKassa FM", "smart_scard": "iKassa Smart&Scard", "smart_x": "iKassa Smart X"}
assert tuple(MODELS) == SKO_MODELS

STATES = {
    "online": Sign(_("Connected"), "wifi", "good"),
    "offline": Sign(_("No connection"), "wifi-off", "careful"),
    "blocked": Sign(_("Blocked"), "lock", "bad"),
    "never": Sign(_("Not seen yet"), "clock", ""),
}

EVENTS = {
    "online": Sign(_("Connection restored"), "wifi", "good"),
    "offline": Sign(_("Connection lost"), "wifi-off", "careful"),
    "error": Sign(_("Error"), "alert-triangle", "bad"),
    "certificate_expiring": Sign(_("The certificate expires soon"), "file-certificate", "careful"),
    "memory_low": Sign(_("Memory is running low"), "device-sd-card", "careful"),
    "paper_out": Sign(_("Out of paper"), "receipt-off", "careful"),
    "firmware_updated": Sign(_("Firmware updated"), "refresh", ""),
    "settings_applied": Sign(_("Settings applied"), "settings-check", "good"),
    "settings_rejected": Sign(_("Settings refused"), "settings-x", "bad"),
    "blocked": Sign(_("Register blocked"), "lock", "bad"),
    "unblocked": Sign(_("Register unblocked"), "lock-open", "good"),
}
assert tuple(EVENTS) == EVENT_KINDS
