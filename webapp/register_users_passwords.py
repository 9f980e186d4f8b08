"""Passwords of the users of registers: kept and sent only as PBKDF2-SHA256 in PHC form."""

import base64
import hashlib
import secrets
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from flask_babel import gettext

from webapp.register_settings_text import unprintable_in

ITERATIONS = 600_000  # OWASP Password Storage Cheat Sheet, PBKDF2-HMAC-SHA256
SALT_BYTES = 16
LENGTHS = range(4, 33)
WORKERS = 2  # hashing lets other threads run


def password_problem(password: str) -> str | None:
    """A sentence about a password that no register takes: its keyboard has no more than its printer prints."""
    if len(password) not in LENGTHS:
        return str(gettext("Take from %(min)d to %(max)d characters.", min=LENGTHS[0], max=LENGTHS[-1]))
    if unprintable_in(password) or password != password.strip():
        return str(gettext("Take letters, digits and signs, and no blank at the beginning or at the end."))
    return None


def hash_for_register(password: str) -> str:
    """Like `$pbkdf2-sha256$i=600000$salt$hash`, as the contract with registers has it."""
    salt = secrets.token_bytes(SALT_BYTES)
    return f"$pbkdf2-sha256$i={ITERATIONS}${_base64(salt)}${_base64(_derived(password, salt))}"


def hashes_for_register(passwords: Iterable[str]) -> list[str]:
    """Of many at once; each takes a quarter of a second."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(hash_for_register, passwords))


def _derived(password: str, salt: bytes) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)


def _base64(value: bytes) -> str:
    """Without padding, as the PHC form asks."""
    return base64.b64encode(value).decode().rstrip("=")
