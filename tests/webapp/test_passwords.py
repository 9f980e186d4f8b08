"""Passwords and one-time codes."""

import multiprocessing
import re
import sys

import argon2
import pyotp
import pytest

from webapp import passwords


def test_password_is_verified_against_its_hash() -> None:
    password_hash = passwords.hash_password("secret")
    assert password_hash.startswith("$argon2id$")
    assert passwords.verify_password(password_hash, "secret")
    assert not passwords.verify_password(password_hash, "Secret")
    assert passwords.hash_password("secret") != password_hash


def test_nobody_has_a_password_but_checking_it_takes_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    verified: list[str] = []
    verify = argon2.PasswordHasher.verify

    def count(hasher: argon2.PasswordHasher, password_hash: str, password: str) -> bool:
        verified.append(password_hash.rsplit("$", 2)[0])
        return verify(hasher, password_hash, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", count)
    assert not passwords.verify_password(None, "secret")
    assert not passwords.verify_password(passwords.hash_password("another"), "secret")
    assert len(verified) == 2
    assert verified[0] == verified[1]  # the same parameters


def test_hash_of_older_parameters_is_made_anew() -> None:
    older = argon2.PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash("secret")
    assert passwords.verify_password(older, "secret")
    assert passwords.needs_rehash(older)
    assert not passwords.needs_rehash(passwords.hash_password("secret"))


def _exit_with(password_hash: str, password: str) -> None:
    sys.exit(0 if passwords.verify_password(password_hash, password) else 1)


def test_process_that_is_forked_checks_passwords_as_its_parent_does() -> None:
    password_hash = passwords.hash_password("secret")
    assert passwords.verify_password(password_hash, "secret")
    for password, code in (("secret", 0), ("Secret", 1)):
        child = multiprocessing.get_context("fork").Process(target=_exit_with, args=(password_hash, password))
        child.start()
        child.join(20)
        found = child.exitcode
        child.kill()
        assert found == code


def test_generated_password_is_readable_and_long_enough() -> None:
    generated = {passwords.generate_password() for _ in range(100)}
    assert len(generated) == 100
    assert all(re.fullmatch(r"([a-hjkmnp-z2-9]{5}-){3}[a-hjkmnp-z2-9]{5}", password) for password in generated)


def test_code_is_the_one_of_rfc_6238() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238, appendix B; its eight digits end in these six
    for second, code in ((59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")):
        assert passwords.totp_step(secret, code, second) == second // 30


@pytest.mark.parametrize(("offset", "is_accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clock_may_be_one_step_off(offset: int, is_accepted: bool) -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    code = passwords.totp_code(secret, 1_000 + offset)
    assert passwords.totp_step(secret, code, 30_000) == (1_000 + offset if is_accepted else None)


def test_authenticator_app_reads_the_uri() -> None:
    secret = passwords.generate_totp_secret()
    parsed = pyotp.parse_uri(passwords.totp_uri(secret, name="191832203"))
    assert isinstance(parsed, pyotp.TOTP)
    assert (parsed.secret, parsed.name, parsed.issuer) == (secret, "191832203", "Kabinet")
    assert parsed.interval == passwords.STEP_S
