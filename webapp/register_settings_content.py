"""What a register is to have, as it is stored and sent: users, texts on the receipt, and switches.

An empty part is one that was never set here: a register leaves what it has. So the first text for a receipt does not
take away the users that somebody has typed in at the register itself.
"""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import astuple

from sql.register_settings import SettingsVersion
from webapp.register_options import OPTIONS, SMART_X

USERS_MAX = 50
NAME_LENGTH = 16

COLUMNS = 34  # of the printer
# By the name of the text: at most so many characters, whole lines of the printer.
TEXT_LENGTHS = {"outlet_name": 3 * COLUMNS, "address": 2 * COLUMNS, "phone": COLUMNS, "advert": 10 * COLUMNS}
NAME_LINES = range(1, 5)


class RegisterUser(msgspec.Struct, frozen=True):
    """Who logs in at the register. `password` is PBKDF2-SHA256 in PHC form."""

    name: str
    password: str
    rights: tuple[str, ...]


class RegisterSettings(msgspec.Struct, frozen=True):
    """`receipt` has texts by name, on Smart X `name_lines` and `number_goods` too."""

    users: tuple[RegisterUser, ...] = ()
    receipt: dict[str, Any] = {}
    options: dict[str, bool] = {}


NOTHING = RegisterSettings()
_decoder = msgspec.json.Decoder(RegisterSettings)


def settings_in(version: SettingsVersion | None) -> RegisterSettings:
    """What a version says; nothing, as long as there is none."""
    return _decoder.decode(version.content) if version else NOTHING


def content_of(settings: RegisterSettings) -> bytes:
    return msgspec.json.encode(settings)


def returned(earlier: RegisterSettings, now: RegisterSettings) -> RegisterSettings:
    """What a register has once it is back at an earlier version: parts of which that one says nothing stay."""
    return RegisterSettings(*(before or after for before, after in zip(astuple(earlier), astuple(now), strict=True)))


def receipt_at_first(family: str) -> dict[str, Any]:
    """How registers come from the producer."""
    texts: dict[str, Any] = dict.fromkeys(TEXT_LENGTHS, "")
    return texts | ({"name_lines": 2, "number_goods": False} if family == SMART_X else {})


def options_at_first() -> dict[str, bool]:
    return {name: option.at_first for name, option in OPTIONS.items()}


def shared(values: Mapping[int, Mapping[str, Any]]) -> tuple[dict[str, Any], dict[str, list[Any]]]:
    """Of the values of several registers: those that are the same on all, and by name the different ones."""
    same: dict[str, Any] = {}
    different: dict[str, list[Any]] = {}
    for name in next(iter(values.values()), {}):
        found = list(dict.fromkeys(each[name] for each in values.values()))
        if len(found) == 1:
            same[name] = found[0]
        else:
            different[name] = found
    return same, different
