"""Settings of electronic signatures, from the environment: the authority, its revocation lists, and openssl itself."""

import os
import re
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from webapp.openssl import Openssl

# Under the first one ГосСУОК, the state system of public keys, writes a firm's УНП; its predecessor used the second.
UNP_OIDS = ("1.2.112.1.2.1.1.1.1.2", "1.3.6.1.4.1.12656.106.101")
# Purposes as openssl names them: a certificate for signed mail, or for logging in to servers.
PURPOSES = ("smimesign", "sslclient")
_KNOWN_PURPOSES = (*PURPOSES, "any")
_OID = re.compile(r"[0-2](\.(0|[1-9]\d{0,8})){1,31}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureSettings:
    """What differs between installations; `from_environment` names the variable of each."""

    ca_file: str | None = None  # PEM: the roots that are trusted, and the authorities below them; None: no such login
    crl_folder: str = "var/crls"  # their revocation lists, *.crl or *.pem, downloaded or put there by hand
    crl_urls: tuple[str, ...] = ()  # where the lists are fetched from, hourly
    unp_oids: tuple[str, ...] = UNP_OIDS  # what the certificate's field with the УНП is called
    purposes: tuple[str, ...] = PURPOSES  # a certificate must be made for one of these
    security_level: int = 2  # of all keys and digests in the chain: 2 means 112 bits; 0 for what openssl can't weigh
    proxies: tuple[IPv4Network | IPv6Network, ...] = ()  # that pass on the certificates which browsers show within TLS
    openssl: Openssl = field(default_factory=Openssl)
    seconds_max: float = 10.0  # that verifying one signature may take

    @property
    def is_configured(self) -> bool:
        """Whether signatures can be verified at all."""
        return self.ca_file is not None

    @classmethod
    def from_environment(cls) -> Self:
        """Raises ValueError with a sentence for a variable that is wrong."""
        return cls(
            ca_file=_file("SIGNATURE_CA_FILE"),
            crl_folder=os.environ.get("SIGNATURE_CRL_FOLDER") or "var/crls",
            crl_urls=tuple(map(_web_address, _words("SIGNATURE_CRL_URLS"))),
            unp_oids=tuple(map(_oid, _words("SIGNATURE_UNP_OID"))) or UNP_OIDS,
            purposes=tuple(map(_purpose, _words("SIGNATURE_PURPOSE"))) or PURPOSES,
            security_level=_level(os.environ.get("SIGNATURE_SECURITY_LEVEL") or "2"),
            proxies=tuple(map(_network, _words("SIGNATURE_PROXIES"))),
            openssl=Openssl(os.environ.get("OPENSSL_BIN") or "openssl", _file("OPENSSL_CONF")),
        )


def _words(name: str) -> list[str]:
    """Several values in one variable are parted by spaces or commas."""
    return (os.environ.get(name) or "").replace(",", " ").split()


def _file(name: str) -> str | None:
    path = os.environ.get(name)
    if not path:
        return None
    if not Path(path).is_file():
        raise ValueError(f"{name} must name a file: there is none at {path!r}")
    return str(Path(path).absolute())


def _web_address(text: str) -> str:
    address = urlsplit(text)
    if address.scheme not in ("http", "https") or not address.hostname or address.username is not None:
        raise ValueError(f"SIGNATURE_CRL_URLS must be http:// or https:// addresses without a password, not {text!r}")
    try:
        port = address.port
    except ValueError as error:
        raise ValueError(f"SIGNATURE_CRL_URLS has an address with a wrong port: {text!r}") from error
    if port == 0 or address.fragment:
        raise ValueError(f"SIGNATURE_CRL_URLS has an address that can't be fetched: {text!r}")
    return text


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ValueError(f"SIGNATURE_PROXIES must be addresses or networks, like 10.0.0.0/24, not {text!r}") from error


def _oid(text: str) -> str:
    if not _OID.fullmatch(text):
        raise ValueError(f"SIGNATURE_UNP_OID must be like {UNP_OIDS[0]}, not {text!r}")
    return text


def _purpose(text: str) -> str:
    if text not in _KNOWN_PURPOSES:
        raise ValueError(f"SIGNATURE_PURPOSE must be some of {', '.join(_KNOWN_PURPOSES)}, not {text!r}")
    return text


def _level(text: str) -> int:
    if text not in ("0", "1", "2", "3", "4", "5"):
        raise ValueError(f"SIGNATURE_SECURITY_LEVEL must be 0 to 5, not {text!r}")
    return int(text)
