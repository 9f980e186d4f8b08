"""One POST to an address that a merchant has typed: signed, bounded in time, and never to a machine of our own.

The name is looked up here and the connection made to the very address that was checked, so that a name which means
something else a moment later leads nowhere. Redirects are not followed, and nothing of the answer is read but its
status.
"""

import contextlib
import hashlib
import hmac
import http.client
import ipaddress
import re
import socket
import ssl
import threading
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

HTTPS_PORT = 443
CONNECT_S = 5.0
DEADLINE_S = 10.0  # for all of it, however slowly the other side writes
# All that is given out of IPv6: neither addresses that hide one of IPv4 (::/96, NAT64), nor ones of a site.
_IN_USE = ipaddress.ip_network("2000::/3")
_PORTS_OF_SYSTEMS = range(1, 1024)  # other services than the web have theirs among them


class NotDelivered(Exception):
    """It did not arrive, or was not wanted; the sentence is for the merchant's log."""


@dataclass(frozen=True, slots=True)
class WebhookSender:
    """`is_open`: plain HTTP and private addresses are allowed, for developers and tests."""

    is_open: bool = False
    tls: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    deadline_s: float = DEADLINE_S

    def send(self, url: str, body: bytes, headers: dict[str, str]) -> str:
        """How the other side has accepted it. NotDelivered with a sentence for anything but a status of 2xx."""
        parts = checked_url(url, is_open=self.is_open)
        connection = self._connection(parts)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            status = _in_time(connection, path, body, headers, self.deadline_s)
        except TimeoutError:
            raise NotDelivered("It did not answer in time") from None
        except ssl.SSLError as error:
            raise NotDelivered(f"The encrypted connection failed: {error.reason or error}") from error
        except (OSError, http.client.HTTPException) as error:
            raise NotDelivered(f"It could not be reached: {error or type(error).__name__}") from error
        if not 200 <= status < 300:
            raise NotDelivered(f"It answered with the status {status}")
        return f"Status {status}"

    def _connection(self, parts: SplitResult) -> http.client.HTTPConnection:
        host, is_tls = parts.hostname or "", parts.scheme == "https"
        port = parts.port or (HTTPS_PORT if is_tls else 80)
        address = self._address(host, port)
        connection = http.client.HTTPConnection(host, port, timeout=CONNECT_S)
        try:
            plain = socket.create_connection((address, port), timeout=CONNECT_S)
        except TimeoutError:
            raise NotDelivered("It did not answer in time") from None
        except OSError as error:
            raise NotDelivered(f"It could not be reached: {error}") from error
        connection.sock = plain
        if is_tls:  # shaking hands comes later, in time
            connection.sock = self.tls.wrap_socket(plain, server_hostname=host, do_handshake_on_connect=False)
        return connection

    def _address(self, host: str, port: int) -> str:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NotDelivered("There is no such host") from error
        addresses = [str(entry[4][0]) for entry in found]
        if not self.is_open and not all(map(is_public, addresses)):
            raise NotDelivered("Its address is not a public one")
        return addresses[0]


def is_public(address: str) -> bool:
    """Whether it belongs to the internet at large, and not to a network like ours."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped:
            ip = ip.ipv4_mapped
        elif ip not in _IN_USE or ip.sixtofour or ip.teredo:
            return False
    return ip.is_global and not ip.is_multicast


def checked_url(url: str, *, is_open: bool = False) -> SplitResult:
    """Its parts. NotDelivered with a sentence if nothing may be sent there, whatever its name means."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise NotDelivered("This is no address") from error
    schemes = ("https", "http") if is_open else ("https",)
    if parts.scheme not in schemes or not parts.hostname or not re.fullmatch(r"[!-~]+", url):
        raise NotDelivered("Only addresses that begin with https:// are allowed")
    if parts.username or parts.password:
        raise NotDelivered("An address with a password in it is not allowed")
    if not is_open and port != HTTPS_PORT and port in _PORTS_OF_SYSTEMS:
        raise NotDelivered("Of the ports below 1024 only 443 is allowed")
    return parts


def _in_time(
    connection: http.client.HTTPConnection, path: str, body: bytes, headers: dict[str, str], deadline_s: float
) -> int:
    """The status. Timeouts of a socket begin anew with each byte: a watchdog ends what goes on for too long."""
    expired = threading.Event()
    channel = connection.sock

    def end() -> None:
        expired.set()
        with contextlib.suppress(OSError):  # it may have ended by itself
            channel.shutdown(socket.SHUT_RDWR)

    watchdog = threading.Timer(deadline_s, end)
    watchdog.daemon = True
    watchdog.start()
    try:
        if isinstance(channel, ssl.SSLSocket):
            channel.do_handshake()
        connection.request("POST", path, body, headers)
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException):
        if not expired.is_set():
            raise
    finally:
        watchdog.cancel()
        connection.close()
    if expired.is_set():  # an answer that was cut off may look whole
        raise TimeoutError
    return status


def signature(secret: str, second: int, body: bytes) -> str:
    """What proves to the receiver that we have sent this, and when: HMAC-SHA256 over the second, a dot, the body."""
    signed = hmac.new(secret.encode(), f"{second}.".encode() + body, hashlib.sha256)
    return f"t={second},v1={signed.hexdigest()}"
