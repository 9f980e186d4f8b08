"""Where this site is, as browsers see it."""

from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import current_app, request


def origin() -> str:
    """Like "https://cabinet.example.by", without a path: PUBLIC_URL, else where this request says that it went."""
    return current_app.config["PUBLIC_URL"] or f"{request.scheme}://{request.host}".lower()


def sure_origin() -> str | None:
    """The same, but not from a request that anybody may have made up: for links that are mailed to somebody else.

    None in production without PUBLIC_URL: a request can name any host, and a mailed link would lead there.
    """
    is_sure = current_app.config["PUBLIC_URL"] or current_app.config["DEVELOPMENT"]
    return origin() if is_sure else None


def host() -> str:
    """Its name alone, without a port."""
    return urlsplit(origin()).hostname or ""


def has_name() -> bool:
    """Whether it is surely reached by a name: passkeys are bound to names, not to mere numbers."""
    if sure_origin() is None:
        return False
    try:
        ip_address(host())
    except ValueError:
        return bool(host())
    return False
