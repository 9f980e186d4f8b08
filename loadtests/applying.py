"""What a register makes of the settings that it gets: applies them, or says why it can't. Written from the contract."""

import base64
import binascii
import hashlib
import hmac
import re
from typing import Any

import msgspec

CODE_PAGE = "cp1251"  # of the simulated printer
USERS_MAX = 1_000
# The PHC form: parameters as name=value, salt and hash in Base64 without padding.
_PHC = re.compile(r"\$pbkdf2-sha256\$i=([1-9][0-9]{0,8})(?:,l=([0-9]+))?\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)")


class User(msgspec.Struct):
    name: str
    password: str
    rights: list[str]


class Settings(msgspec.Struct):
    """Settings as they come; what a register does not know is ignored."""

    version: int
    users: list[User]
    receipt: dict[str, Any]
    options: dict[str, bool] = {}


def applied(settings: Settings, before: Settings | None) -> Settings:
    """What the register has after it has applied these: a part that is empty was never set, so it stays as it was."""
    if before is None:
        return settings
    users, receipt = settings.users or before.users, settings.receipt or before.receipt
    return Settings(settings.version, users, receipt, settings.options or before.options)


def refusal(settings: Settings, users_max: int = USERS_MAX) -> str | None:
    """Why a register that holds so many users can't apply these settings, or None."""
    if len(settings.users) > users_max:
        return f"no room for {len(settings.users)} users, {users_max} at most"
    for user in settings.users:
        if _PHC.fullmatch(user.password) is None:
            return f"the password of {user.name} is in no known form"
    for name, text in settings.receipt.items():
        if isinstance(text, str) and (unprintable := _unprintable(text)):
            return f"{name} holds {unprintable}, which can't be printed"
    return None


def _unprintable(text: str) -> str:
    return "".join(letter for letter in text if letter.encode(CODE_PAGE, "ignore") == b"")[:10]


def is_password(user: User, typed: str) -> bool:
    """Whether this is the user's password."""
    found = _PHC.fullmatch(user.password)
    if found is None:
        return False
    try:
        salt, expected = _bytes(found[3]), _bytes(found[4])
    except binascii.Error:
        return False
    length = int(found[2] or len(expected))
    return hmac.compare_digest(hashlib.pbkdf2_hmac("sha256", typed.encode(), salt, int(found[1]), length), expected)


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
