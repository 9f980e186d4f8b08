"""Webhooks go where they may, signed and in time, and nowhere else."""

import hashlib
import hmac
import http.server
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from webapp.webhook_sender import NotDelivered, WebhookSender, checked_url, is_public, signature

OPEN = WebhookSender(is_open=True, deadline_s=30.0)
HASTY = WebhookSender(is_open=True, deadline_s=1.0)


@dataclass
class Receiver:
    """A server of a merchant that notes what comes, and answers with `status`."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=1"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    known = Receiver()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            known.seen.append((self.path, dict(self.headers), body))
            self.send_response(known.status)
            for name, value in known.headers.items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        known.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield known
        server.shutdown()
        thread.join()


@pytest.fixture
def slow_url() -> Iterator[str]:
    """A server that writes a byte of its answer now and then, for ever."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not over.wait(0.05):
                    try:
                        connection.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        over.set()
        thread.join()


def test_it_arrives_as_it_is(receiver: Receiver) -> None:
    assert OPEN.send(receiver.url, '{"event": "тест"}'.encode(), {"Kabinet-Event": "test"}) == "Status 200"
    [(path, headers, body)] = receiver.seen
    assert (path, body.decode()) == ("/hook?a=1", '{"event": "тест"}')
    assert headers["Kabinet-Event"] == "test"
    assert headers["Host"] == f"127.0.0.1:{receiver.port}"


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404, 500])
def test_anything_but_success_is_a_failure_and_redirects_lead_nowhere(receiver: Receiver, status: int) -> None:
    receiver.status = status
    receiver.headers = {"Location": receiver.url.replace("hook", "elsewhere")}
    with pytest.raises(NotDelivered, match=str(status)):
        OPEN.send(receiver.url, b"{}", {})
    assert len(receiver.seen) == 1


def test_a_server_that_dawdles_is_left(slow_url: str) -> None:
    begun_s = time.monotonic()
    with pytest.raises(NotDelivered, match="in time"):
        HASTY.send(slow_url, b"{}", {})
    assert time.monotonic() - begun_s < 20


def test_a_server_that_is_not_there(receiver: Receiver) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotDelivered, match="reached"):
        OPEN.send(f"http://127.0.0.1:{port}/", b"{}", {})
    with pytest.raises(NotDelivered, match="no such host"):
        OPEN.send("http://nowhere.invalid/", b"{}", {})
    with pytest.raises(NotDelivered, match="encrypted"):
        OPEN.send(receiver.url.replace("http:", "https:"), b"{}", {})


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "10.0.0.8", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]"]
)
def test_private_addresses_are_refused_before_anything_is_sent(host: str) -> None:
    with pytest.raises(NotDelivered, match="not a public one"):
        WebhookSender().send(f"https://{host}/", b"{}", {})


@pytest.mark.parametrize(
    "url",
    [
        "http://example.by/",
        "ftp://example.by/",
        "https:///path",
        "https://user:password@example.by/",
        "https://example.by:port/",
        "https://example.by:25/",
        "https://example.by:80/",
        "https://example.by:1023/",
        "https://example.by/a b",
        "https://example.by/\r\nHost: other",
        "https://[::1",
        "example.by",
        "",
    ],
)
def test_nonsense_is_refused(url: str) -> None:
    with pytest.raises(NotDelivered):
        checked_url(url)


@pytest.mark.parametrize("port", ["", ":443", ":1024", ":8443"])
def test_a_server_may_listen_where_servers_of_its_kind_do(port: str) -> None:
    assert checked_url(f"https://example.by{port}/").hostname == "example.by"


@pytest.mark.parametrize("answers", [["93.184.216.34", "10.0.0.8"], ["10.0.0.8", "93.184.216.34"]])
def test_a_name_with_any_private_address_is_refused(monkeypatch, answers: list[str]) -> None:
    """Whichever of them a later look-up would give."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in answers]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_of, **_more: found)
    with pytest.raises(NotDelivered, match="not a public one"):
        WebhookSender().send("https://example.by/", b"{}", {})


def test_the_connection_is_made_to_the_address_that_was_checked(receiver: Receiver, monkeypatch) -> None:
    """A name that means something else a moment later is asked only once."""
    answers = iter([[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", receiver.port))]])
    look_up = socket.getaddrinfo

    def answer(host: str | None, *of: object, **more: object) -> object:
        return next(answers) if host == "rebound.invalid" else look_up(host, *of, **more)

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    assert OPEN.send(f"http://rebound.invalid:{receiver.port}/", b"{}", {}) == "Status 200"
    assert receiver.seen[0][1]["Host"] == f"rebound.invalid:{receiver.port}"


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "::7f00:1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::7f00:1",
        "fec0::1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "fc00::1",
        "fe80::1%eth0",
        "ff02::1",
    ],
)
def test_addresses_of_networks_like_ours(address: str) -> None:
    assert not is_public(address)


def test_the_signature_is_what_the_page_says() -> None:
    expected = hmac.new(b"secret", b'1795424400.{"a": 1}', hashlib.sha256).hexdigest()
    assert signature("secret", 1795424400, b'{"a": 1}') == f"t=1795424400,v1={expected}"
