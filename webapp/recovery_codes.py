"""Recovery codes: what opens the account once each when the phone with the authenticator is gone."""

import re
import secrets

from webapp.passwords import READABLE

COUNT = 10
# 24 of 31 characters: 118 bits. From 112 bits on, a plain hash of the code is enough (OWASP ASVS 5.0, 6.5.2).
GROUPS, GROUP_LENGTH = 6, 4
_LENGTH = GROUPS * GROUP_LENGTH


def generate_recovery_codes() -> tuple[str, ...]:
    """Ten new codes like `k7mp-x4qd-9twv-b3hn-rc6e-8sjy`."""
    return tuple(_grouped("".join(secrets.choice(READABLE) for _ in range(_LENGTH))) for _ in range(COUNT))


def recovery_code_of(typed: str) -> str | None:
    """The code as it was shown, however it was typed; None if it can't be one."""
    letters = re.sub(r"[\s‐-―-]", "", typed).lower()
    return _grouped(letters) if len(letters) == _LENGTH and set(letters) <= set(READABLE) else None


def _grouped(letters: str) -> str:
    return "-".join(letters[start : start + GROUP_LENGTH] for start in range(0, _LENGTH, GROUP_LENGTH))
