"""Passwords and one-time codes: how they are made and how they are checked."""

import contextlib
import functools
import os
import secrets
import threading
from concurrent.futures import ThreadPoolExecutor

import argon2
import pyotp

from webapp.password_rules import normalized

# Of the settings that OWASP calls equally strong (Password Storage Cheat Sheet) the one that is quickest here, 13 ms
# instead of 38 with 46 MiB: wrong logins by the dozen must not hold up everybody else's.
_hasher = argon2.PasswordHasher(time_cost=3, memory_cost=12_288, parallelism=1)


def _let_pages_go_first() -> None:
    with contextlib.suppress(OSError):  # where threads have no priorities of their own
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)


@functools.cache
def _hashing() -> ThreadPoolExecutor:
    """One at a time in a process, and behind everything else: a flood of wrong logins then leaves room for pages, and
    each hash is done sooner. Requests wait for theirs, so no more stand in line than the server has threads."""
    return ThreadPoolExecutor(1, "hashing", _let_pages_go_first)


# A thread stays behind in the parent: a forked process would wait for it for ever.
os.register_at_fork(after_in_child=_hashing.cache_clear)

# Without letters and digits that look alike: a password is read from a letter and typed by hand.
READABLE = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP_LENGTH = 4, 5  # 20 of 31 characters: 99 bits

STEP_S = 30
# A phone's clock may be off by one step either way (RFC 6238, 5.2).
_STEPS_AROUND = (0, -1, 1)


def generate_password() -> str:
    """A new password of 99 bits, like `k7mpx-4qd9t-wvb3h-nrc6e`."""
    groups = ("".join(secrets.choice(READABLE) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def hash_password(password: str) -> str:
    """Argon2id in PHC form, of the normalized password."""
    return _hasher.hash(normalized(password))


def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether this is the password. Without a hash (nobody is known by that name, or the account has no password) it
    is False after the same work."""
    nobodys_hash = _nobodys_hash()  # made once a process, whoever asks first
    try:
        _hashing().submit(_hasher.verify, password_hash or nobodys_hash, normalized(password)).result()
    except argon2.exceptions.VerifyMismatchError:
        return False
    return bool(password_hash)


@functools.cache
def _nobodys_hash() -> str:
    return hash_password(generate_password())


def needs_rehash(password_hash: str) -> bool:
    """Whether the hash was made under older parameters: the next correct login makes it anew."""
    return _hasher.check_needs_rehash(password_hash)


def generate_totp_secret() -> str:
    """A new secret for an authenticator app: 160 bits in base32."""
    return pyotp.random_base32()


def totp_uri(secret: str, *, name: str, issuer: str = "Kabinet") -> str:
    """What a QR code shows to an authenticator app."""
    return pyotp.TOTP(secret, interval=STEP_S).provisioning_uri(name=name, issuer_name=issuer)


def totp_code(secret: str, step: int) -> str:
    """The code of a step; the current step is `int(time.time()) // STEP_S`."""
    return pyotp.TOTP(secret, interval=STEP_S).generate_otp(step)


def totp_step(secret: str, code: str, now_s: float) -> int | None:
    """The step whose code this is, the present one or a neighbour; None if it is none of theirs.

    Whether that step was used before is for the database to say.
    """
    present = int(now_s) // STEP_S
    matching = [present + offset for offset in _STEPS_AROUND if _is_same(totp_code(secret, present + offset), code)]
    return matching[0] if matching else None


def _is_same(expected: str, code: str) -> bool:
    return secrets.compare_digest(expected.encode(), code.encode())
