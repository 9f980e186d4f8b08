"""Settings of the ingest service, from the environment."""

import os
from dataclasses import dataclass, fields

from sql.engine import DEFAULT_DATABASE_URL


@dataclass(frozen=True, slots=True)
class Settings:
    """Each field is the environment variable of its name in upper case, all but the first with `INGEST_` before it."""

    database_url: str = DEFAULT_DATABASE_URL
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

    @classmethod
    def from_environment(cls) -> "Settings":
        """Raises ValueError with a sentence for a number that is none, or is out of range."""
        values: dict[str, str | int] = {}
        for field in fields(cls):
            name = "DATABASE_URL" if field.name == "database_url" else f"INGEST_{field.name.upper()}"
            text = os.environ.get(name)
            if text:
                values[field.name] = text if field.type is str else _whole_number(name, text)
        return cls(**values)  # type: ignore[arg-type]


def _whole_number(name: str, text: str) -> int:
    least = 0 if name.startswith("INGEST_RATE_") else 1
    if not text.isdecimal() or int(text) < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {text!r}")
    return int(text)
