"""Settings of the ingest service, from the environment."""

import os
from dataclasses import dataclass, fields

from sql.engine import DEFAULT_DATABASE_URL

# Fields that share a variable with the other services.
SHARED = {"database_url": "DATABASE_URL", "public_url": "PUBLIC_URL"}


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is the environment variable of its name in upper case, with `INGEST_` before it unless it is SHARED.

    Without PUBLIC_URL, the cabinet is where the web app of this machine listens.
    """

    database_url: str = DEFAULT_DATABASE_URL
    public_url: str = "http://127.0.0.1:8000"  # of the cabinet, without a path: where codes of new registers are typed
    trusted_proxies: int = 0  # in front of the service: their `X-Forwarded-For` is believed
    lanes: int = 1  # writers, each with its own connection and its own slice of merchants
    queue_bytes_max: int = 32 * 1024 * 1024  # documents waiting to be written, a lane; beyond it: 503 busy
    group_documents_max: int = 4_000  # documents in one transaction, at most one request more
    group_bytes_max: int = 8 * 1024 * 1024
    body_timeout_s: int = 20  # for a request's whole body to arrive
    commit_timeout_s: int = 30  # for the database to commit it
    drain_timeout_s: int = 20  # for the queue to be written when the service stops
    rate_sko: int = 20  # requests a second for a token of this scope; 0: unlimited
    rate_merchant: int = 200
    rate_operator: int = 0
    rate_codes: int = 30  # requests a minute from one address for the code of a new register; 0: unlimited
    rate_polls: int = 600  # and for its token

    @classmethod
    def from_environment(cls) -> "Settings":
        """Raises ValueError with a sentence for a number that is none, or is out of range."""
        values: dict[str, str | int] = {}
        if address := os.environ.get("WEB_BIND"):
            values["public_url"] = f"http://{address}"
        for field in fields(cls):
            name = SHARED.get(field.name) or f"INGEST_{field.name.upper()}"
            text = os.environ.get(name)
            if text:
                values[field.name] = text.rstrip("/") if field.type is str else _whole_number(name, text)
        return cls(**values)  # type: ignore[arg-type]


def _whole_number(name: str, text: str) -> int:
    least = 0 if name.startswith(("INGEST_RATE_", "INGEST_TRUSTED_")) else 1
    if not text.isdecimal() or int(text) < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {text!r}")
    return int(text)
