"""Who posts: tokens kept in memory, each with its own rate limit.

A token that works is looked up once; `freshness.py` takes it out of memory when it is revoked.
"""

import time
from dataclasses import dataclass, field

from sql.tokens import TOKEN_BYTES, Token, hash_token

TOKEN_LENGTH = len("kbt_") + (TOKEN_BYTES * 4 + 2) // 3
CACHED_TOKENS_MAX = 200_000


@dataclass(slots=True)
class Caller:
    """A token that works, and how many requests it may make at this moment (a token bucket that holds one second)."""

    token: Token
    rate: int  # requests a second; 0: unlimited
    allowance: float = field(init=False)
    refilled_s: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.allowance = self.rate

    def may_request(self) -> bool:
        """Take one request from the allowance; False if it is used up."""
        if not self.rate:
            return True
        now = time.monotonic()
        self.allowance = min(self.rate, self.allowance + (now - self.refilled_s) * self.rate)
        self.refilled_s = now
        if self.allowance < 1:
            return False
        self.allowance -= 1
        return True


class Callers:
    """The tokens in memory, by their hash; the oldest goes when there are too many."""

    def __init__(self, rates: dict[str, int]) -> None:
        self._rates = rates
        self._known: dict[bytes, Caller] = {}

    def known(self, token: str) -> Caller | None:
        return self._known.get(hash_token(token))

    def learn(self, token: str, found: Token | None) -> Caller | None:
        """Keep what the database says of a token; None if it doesn't work."""
        key = hash_token(token)
        if found is None:
            self.forget(key)
            return None
        caller = self._known.get(key)
        if caller is None:
            if len(self._known) >= CACHED_TOKENS_MAX:
                self.forget(next(iter(self._known)))
            caller = self._known[key] = Caller(found, self._rates[found.scope])
        return caller

    def forget(self, key: bytes) -> None:
        self._known.pop(key, None)


def bearer_token(header: bytes | None) -> str | None:
    """The token of an Authorization header, or None if it can't be one of ours."""
    if header is None:
        return None
    scheme, _, token = header.decode("latin-1").partition(" ")
    token = token.strip()
    well_formed = scheme.lower() == "bearer" and len(token) == TOKEN_LENGTH and token.isascii()
    return token if well_formed else None
