"""Settings of the web app, from the environment."""

import os
import re
from dataclasses import dataclass
from typing import Self

from sql.engine import DEFAULT_DATABASE_URL

SECRET_KEY_LENGTH_MIN = 32
# Sessions live in the database under tokens of their own, so on a developer's machine this key guards nothing.
DEVELOPMENT_KEY = "only for development; set SECRET_KEY"
# As the user guide names them.
OPERATOR_ADDRESS = "ул. Сторожёвская, 8, оф. 205/2"
OPERATOR_EMAIL = "info@ikassa.by"
# As browsers write an origin: in lower case, without a path.
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What differs between installations; `from_environment` names the variable of each."""

    secret_key: str
    database_url: str = DEFAULT_DATABASE_URL
    development: bool = False
    secure_cookies: bool = True  # the site is reached over TLS only
    public_url: str | None = None  # where people reach the site; None: where the request says that it went
    operator_name: str = ""  # on the papers of the login page, with where they go once they are signed
    operator_address: str = OPERATOR_ADDRESS
    operator_email: str = OPERATOR_EMAIL
    operator_unp: str = ""  # this and what follows: on acts
    operator_bank: str = ""
    operator_signatory: str = ""
    trusted_proxies: int = 0  # reverse proxies in front of the app, whose X-Forwarded-For and -Proto are believed
    session_idle_minutes: int = 30
    metrics_token: str | None = None  # what a Prometheus elsewhere sends as a bearer token
    assets_folder: str = "var/assets"  # hashed and compressed copies of static/, made when the app starts
    delivery_client: str = "webapp.delivery:confirm_at_once"  # who speaks to the state system, as module:callable
    exports_folder: str = "var/exports"  # files to be fetched; the web app and the jobs share it
    export_rows_at_once: int = 5_000  # a file of so many rows is made while its reader waits, a longer one by the jobs

    @classmethod
    def from_environment(cls) -> Self:
        """Raises ValueError with a sentence for a variable that is missing or wrong."""
        environment = os.environ.get("KABINET_ENV") or "production"
        if environment not in ("development", "production"):
            raise ValueError(f"KABINET_ENV must be development or production, not {environment!r}")
        development = environment == "development"
        return cls(
            secret_key=_secret_key(development),
            database_url=os.environ.get("DATABASE_URL") or DEFAULT_DATABASE_URL,
            development=development,
            secure_cookies=_switch("SECURE_COOKIES", default=not development),
            public_url=_public_url(),
            operator_name=os.environ.get("OPERATOR_NAME") or "",
            operator_address=os.environ.get("OPERATOR_ADDRESS") or OPERATOR_ADDRESS,
            operator_email=os.environ.get("OPERATOR_EMAIL") or OPERATOR_EMAIL,
            operator_unp=os.environ.get("OPERATOR_UNP") or "",
            operator_bank=os.environ.get("OPERATOR_BANK") or "",
            operator_signatory=os.environ.get("OPERATOR_SIGNATORY") or "",
            trusted_proxies=_whole_number("TRUSTED_PROXIES", default=0, least=0),
            session_idle_minutes=_whole_number("SESSION_IDLE_MINUTES", default=30, least=1),
            metrics_token=os.environ.get("METRICS_TOKEN") or None,
            assets_folder=os.environ.get("ASSETS_FOLDER") or "var/assets",
            delivery_client=os.environ.get("DELIVERY_CLIENT") or "webapp.delivery:confirm_at_once",
            exports_folder=os.environ.get("EXPORTS_FOLDER") or "var/exports",
            export_rows_at_once=_whole_number("EXPORT_ROWS_AT_ONCE", default=5_000, least=0),
        )


def _secret_key(development: bool) -> str:
    key = os.environ.get("SECRET_KEY") or (DEVELOPMENT_KEY if development else "")
    if len(key) < SECRET_KEY_LENGTH_MIN:
        raise ValueError(
            f"SECRET_KEY must be set to at least {SECRET_KEY_LENGTH_MIN} random characters "
            "(`openssl rand -base64 32` makes some), or KABINET_ENV to development"
        )
    return key


def _public_url() -> str | None:
    text = os.environ.get("PUBLIC_URL") or None
    if text is not None and not _ORIGIN.fullmatch(text):
        raise ValueError(f"PUBLIC_URL must be like https://cabinet.example.by, without a path, not {text!r}")
    return text


def _switch(name: str, *, default: bool) -> bool:
    text = os.environ.get(name) or ("1" if default else "0")
    if text not in ("0", "1"):
        raise ValueError(f"{name} must be 0 or 1, not {text!r}")
    return text == "1"


def _whole_number(name: str, *, default: int, least: int) -> int:
    text = os.environ.get(name) or str(default)
    if not (text.isascii() and text.isdecimal()) or int(text) < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, not {text!r}")
    return int(text)
