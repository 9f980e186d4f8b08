"""The text that somebody signs to log in."""

import dataclasses

import pytest

from sql.instants import SECOND_US, now_us
from webapp.challenge import BadChallenge, Challenge, Purpose, check_challenge, new_challenge, new_nonce, read_challenge

ORIGIN = "https://lk.example.by"
NONCE = "n" * 43
ISSUED_US = 1_782_900_000 * SECOND_US
EXPIRES_US = ISSUED_US + 300 * SECOND_US


def challenge(**changes: object) -> bytes:
    words = {
        "origin": ORIGIN,
        "purpose": Purpose.LOGIN,
        "nonce": NONCE,
        "issued_us": ISSUED_US,
        "expires_us": EXPIRES_US,
    }
    return new_challenge(**{**words, **changes})


GIVEN = Challenge(ORIGIN, Purpose.LOGIN, NONCE, ISSUED_US, EXPIRES_US)


def check(content: bytes, at_us: int = ISSUED_US) -> None:
    check_challenge(content, GIVEN, at_us=at_us)


def test_challenge_says_in_two_languages_what_one_signs():
    text = challenge().decode()
    assert "вхожу в личный кабинет Kabinet по адресу https://lk.example.by\r\n" in text
    assert "I log in to Kabinet at https://lk.example.by\r\n" in text
    assert f"nonce: {NONCE}\r\nissued: 2026-07-01T10:00:00Z\r\nexpires: 2026-07-01T10:05:00Z\r\n" in text
    assert "link my certificate" in challenge(purpose=Purpose.ENROL).decode()


def test_text_is_the_same_for_tools_that_change_line_ends():
    content = challenge()
    assert content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") == content


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("origin", [ORIGIN, "http://localhost:8000", "https://xn--80a.xn--90ais:8443"])
def test_challenge_reads_back_what_it_was_made_of(origin, purpose):
    content = challenge(origin=origin, purpose=purpose, issued_us=ISSUED_US + 999_999)
    assert read_challenge(content) == Challenge(origin, purpose, NONCE, ISSUED_US, EXPIRES_US)


def test_same_words_make_the_same_bytes():
    assert challenge() == challenge(issued_us=ISSUED_US + 1)
    nonces = {new_nonce() for _ in range(100)}
    assert len(nonces) == 100
    assert len({challenge(nonce=nonce) for nonce in nonces}) == 100


def test_challenge_is_good_until_it_expires():
    content = challenge()
    check(content, ISSUED_US)
    check(content, EXPIRES_US - 1)
    for instant in (ISSUED_US - 1, EXPIRES_US):
        with pytest.raises(BadChallenge, match="expired"):
            check(content, instant)


def test_challenge_is_checked_now_if_nothing_else_is_said():
    now = now_us()
    content = challenge(issued_us=now, expires_us=now + 5 * SECOND_US)
    check_challenge(content, read_challenge(content))
    with pytest.raises(BadChallenge, match="expired"):
        check_challenge(challenge(expires_us=now), dataclasses.replace(GIVEN, expires_us=now))


@pytest.mark.parametrize(
    "other",
    [
        {"nonce": "m" * 43},
        {"origin": "https://evil.by"},
        {"purpose": Purpose.ENROL},
        {"issued_us": ISSUED_US - SECOND_US},
        {"expires_us": EXPIRES_US + SECOND_US},
    ],
)
def test_another_challenge_is_refused(other):
    assert read_challenge(challenge(**other)) != GIVEN
    with pytest.raises(BadChallenge):
        check(challenge(**other))


def test_any_changed_byte_is_noticed():
    content = challenge()
    for place in range(len(content)):
        changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        with pytest.raises(BadChallenge):
            check(changed)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        challenge() + b"\r\n",
        b"\xef\xbb\xbf" + challenge(),
        challenge().replace(b"\r\n", b"\n"),
        challenge() + b"purpose: enrol\r\n",
        challenge().replace(b"purpose: login", b"purpose: enrol"),  # under a sentence about logging in
        challenge().replace(b"2026-07-01T10:05", b"9999-99-99T10:05"),
        challenge().replace(b"10:05:00Z", b"10:05:00+0000"),
    ],
)
def test_text_that_was_not_made_here_is_refused(content):
    with pytest.raises(BadChallenge):
        read_challenge(content)
    with pytest.raises(BadChallenge):
        check(content)


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://lk.example.by/login"},
        {"origin": "https://lk.example.by\r\npurpose: enrol"},
        {"origin": "javascript:alert()"},
        {"origin": ""},
        {"nonce": "short"},
        {"nonce": NONCE + "\n"},
    ],
)
def test_nothing_can_be_smuggled_into_the_text(wrong):
    with pytest.raises(ValueError, match="challenge needs"):
        challenge(**wrong)
