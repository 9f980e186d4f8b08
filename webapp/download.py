"""Fetches a file from a configured address: no redirects, no proxies, and hard limits of size and time."""

import http.client
import socket
import ssl
import threading
import time
from urllib.parse import urlsplit

WAIT_SECONDS_MAX = 10.0  # for any single answer of the other side


class DownloadFailed(Exception):
    """There is no such file, or not within the limits; the message says which."""


def download(url: str, *, bytes_max: int, seconds: float) -> bytes:
    """The file at this http or https address; raises DownloadFailed. A redirect is a failure like any other.

    When the time is over the connection is cut, so that a server that sends a byte now and then can't hold us.
    """
    deadline_s = time.monotonic() + seconds
    address = urlsplit(url)
    port = address.port or (443 if address.scheme == "https" else 80)
    try:
        plain = socket.create_connection((address.hostname, port), timeout=min(seconds, WAIT_SECONDS_MAX))
        with plain, plain.dup() as line:  # the copy can be cut while TLS has taken over the original
            alarm = threading.Timer(max(0.0, deadline_s - time.monotonic()), _cut, (line,))
            alarm.start()
            try:
                body = _fetch(url, plain, bytes_max)
            finally:
                alarm.cancel()
                alarm.join()
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        if isinstance(error, TimeoutError) or time.monotonic() >= deadline_s:
            raise DownloadFailed("it takes too long") from error
        raise DownloadFailed(f"it can't be fetched: {error or type(error).__name__}") from error
    if time.monotonic() >= deadline_s:  # what was cut may look as if it had ended
        raise DownloadFailed("it takes too long")
    return body


def _cut(line: socket.socket) -> None:
    try:
        line.shutdown(socket.SHUT_RDWR)
    except OSError:  # the other side was first
        return


def _fetch(url: str, plain: socket.socket, bytes_max: int) -> bytes:
    address = urlsplit(url)
    assert address.hostname
    connection: http.client.HTTPConnection
    if address.scheme == "https":
        connection = http.client.HTTPSConnection(address.hostname, address.port)
        connection.sock = ssl.create_default_context().wrap_socket(plain, server_hostname=address.hostname)
    else:
        connection = http.client.HTTPConnection(address.hostname, address.port)
        connection.sock = plain
    try:
        target = (address.path or "/") + (f"?{address.query}" if address.query else "")
        connection.request("GET", target, headers={"User-Agent": "Kabinet", "Connection": "close"})
        response = connection.getresponse()
        if response.status != http.HTTPStatus.OK:
            raise http.client.HTTPException(f"the answer is {response.status} {response.reason}")
        body = response.read(bytes_max + 1)
        if len(body) > bytes_max:
            raise http.client.HTTPException(f"it is larger than {bytes_max} bytes")
        if response.length:  # what was announced and didn't come
            raise http.client.HTTPException("it broke off")
        return body
    finally:
        connection.close()
