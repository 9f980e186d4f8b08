"""Revocation lists are fetched from a real web server, which is not always kind."""

import dataclasses
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sql.instants import DAY_US, now_us
from tests.webapp.signing import DAY, Authority, list_file, to_der, trust
from webapp import revocation
from webapp.revocation import CRL_BYTES_MAX, Refreshed, list_path, refresh_crls
from webapp.signature_settings import SignatureSettings
from webapp.signatures import BadSignature, OpensslVerifier, Reason

Answer = Callable[[BaseHTTPRequestHandler], None]


class ListServer:
    """Answers every request with what the test puts into `answer`."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.answer: Answer = sends(b"")
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                outer.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """The other side has hung up, as it should."""

        self._server = Server(("127.0.0.1", 0), Handler)
        if context:
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self._server.server_port}/authority.crl"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def sends(body: bytes, status: int = 200, **headers: object) -> Answer:
    """An answer with this body; its length is announced unless another one is."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in {"content_length": len(body), **headers}.items():
            if value is not None:
                request.send_header(name.replace("_", "-"), str(value))
        request.end_headers()
        request.wfile.write(body)

    return answer


def drips(start: bytes) -> Answer:
    """An answer that goes on with a byte now and then."""

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.wfile.write(start)
        while True:
            request.wfile.write(b"x")
            time.sleep(0.05)

    return answer


@pytest.fixture
def server() -> Iterator[ListServer]:
    server = ListServer()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authorities") / "root", "Root")


@pytest.fixture
def settings(tmp_path: Path, authority: Authority, server: ListServer) -> SignatureSettings:
    """Of an installation that has no list yet."""
    trusting = trust(tmp_path, authority)
    list_file(trusting.crl_folder, authority).unlink()
    return dataclasses.replace(trusting, crl_urls=(server.url,))


def refresh(settings: SignatureSettings) -> Refreshed:
    results = refresh_crls(settings)
    assert len(results) == 1
    assert results[0].url == settings.crl_urls[0]
    return results[0]


@pytest.mark.parametrize("form", [to_der, bytes])
def test_fetched_list_makes_signatures_verifiable(settings, server, authority, form):
    person = authority.issue()
    signature = person.sign(b"content")
    with pytest.raises(BadSignature) as caught:
        OpensslVerifier(settings).verify(signature, b"content")
    assert caught.value.reason == Reason.REVOCATION_UNKNOWN

    server.answer = sends(form(authority.crl()))
    refreshed = refresh(settings)
    assert refreshed.problem is None
    assert refreshed.next_update_us is not None
    assert abs(refreshed.next_update_us - (now_us() + DAY_US)) < DAY_US // 100
    assert server.asked == ["/authority.crl"]
    assert OpensslVerifier(settings).verify(signature, b"content")

    authority.revoke(person.certificate)
    server.answer = sends(form(authority.crl()))
    assert refresh(settings).problem is None
    with pytest.raises(BadSignature) as caught:
        OpensslVerifier(settings).verify(signature, b"content")
    assert caught.value.reason == Reason.REVOKED
    assert list(Path(settings.crl_folder).iterdir()) == [list_path(settings, server.url)]


def test_folder_is_made_when_the_first_list_comes(tmp_path, settings, server, authority):
    elsewhere = dataclasses.replace(settings, crl_folder=str(tmp_path / "var" / "crls"))
    server.answer = sends(authority.crl())
    assert refresh(elsewhere).problem is None
    assert list_path(elsewhere, server.url).stat().st_mode & 0o777 == 0o644


@pytest.fixture
def held(settings: SignatureSettings, server: ListServer, authority: Authority) -> Path:
    """A good list that was fetched before."""
    server.answer = sends(authority.crl())
    assert refresh(settings).problem is None
    return list_path(settings, server.url)


BAD_LISTS: dict[str, tuple[Callable[[Authority], bytes], str]] = {
    "empty": (lambda _: b"", "no revocation list"),
    "garbage": (lambda _: b"<html>not found</html>", "no revocation list"),
    "certificate": (lambda authority: authority.certificate.read_bytes(), "no revocation list"),
    "cut": (lambda authority: to_der(authority.crl())[:-1], "not a whole one"),
    "cut PEM": (lambda authority: authority.crl()[:-40], "not a whole one"),
    "more after it": (lambda authority: to_der(authority.crl()) + b"\0", "not a whole one"),
    "two": (lambda authority: authority.crl() * 2, "several lists"),
    "changed": (lambda authority: to_der(authority.crl())[:-1] + b"\0", "not signed by"),
    "stale": (lambda authority: authority.crl(starts=-2 * DAY, ends=-DAY), "stale"),
    "future": (lambda authority: authority.crl(starts=DAY, ends=2 * DAY), "not valid yet"),
    "endless": (lambda authority: authority.crl_for_ever(), "never be stale"),
    "older": (lambda authority: authority.crl(starts=-2 * DAY), "older than"),
}


@pytest.mark.parametrize("kind", BAD_LISTS)
def test_bad_list_leaves_the_old_one(settings, server, authority, held, kind):
    before = held.read_bytes()
    make, sentence = BAD_LISTS[kind]
    server.answer = sends(make(authority))
    assert sentence in (refresh(settings).problem or "")
    assert held.read_bytes() == before
    assert list(held.parent.iterdir()) == [held]


@pytest.mark.parametrize("name", ["Another", "Root"])
def test_list_of_a_foreign_authority_leaves_the_old_one(tmp_path, settings, server, held, name):
    before = held.read_bytes()
    server.answer = sends(Authority(tmp_path / "foreign", name).crl(starts=-DAY / 2))
    assert "not signed by a configured authority" in (refresh(settings).problem or "")
    assert held.read_bytes() == before


def test_authority_with_a_new_key_keeps_its_name(tmp_path, settings, server, authority):
    renewed = Authority(tmp_path / "renewed", "Root")
    ca_file = tmp_path / "authorities.pem"
    ca_file.write_bytes(authority.certificate.read_bytes() + renewed.certificate.read_bytes())
    for signing in (authority, renewed):
        server.answer = sends(signing.crl())
        assert refresh(settings).problem is None


@pytest.mark.parametrize("length", [CRL_BYTES_MAX + 1, None])
def test_huge_list_is_not_taken(settings, server, held, length):
    server.answer = sends(bytes(CRL_BYTES_MAX + 1), content_length=length)
    assert "larger than" in (refresh(settings).problem or "")


def test_list_that_breaks_off_is_not_taken(settings, server, authority, held):
    body = authority.crl()
    server.answer = sends(body, content_length=len(body) + 1)
    assert "broke off" in (refresh(settings).problem or "")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 404, 500, 204, 206])
def test_only_a_plain_success_counts(settings, server, authority, held, status):
    other = ListServer()
    other.answer = sends(authority.crl())
    before = held.read_bytes()
    server.answer = sends(authority.crl(), status=status, location=other.url)
    assert f"the answer is {status}" in (refresh(settings).problem or "")
    assert other.asked == []
    assert held.read_bytes() == before
    other.stop()


@pytest.mark.parametrize(
    "answer",
    [
        drips(b"HTTP/1.1 200 OK\r\n\r\n"),
        drips(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"),
        drips(b"HTTP/1.1 200 OK\r\nX-Slow: "),
        drips(b""),
        lambda _: time.sleep(60),
    ],
    ids=["body", "announced body", "header", "status", "silence"],
)
def test_slow_server_is_left(settings, server, held, monkeypatch, answer):
    monkeypatch.setattr(revocation, "DOWNLOAD_SECONDS_MAX", 0.3)
    server.answer = answer
    started = time.monotonic()
    assert refresh(settings).problem == "it takes too long"
    assert time.monotonic() - started < 20


def test_server_that_stalls_in_the_handshake_is_left(settings, monkeypatch):
    monkeypatch.setattr(revocation, "DOWNLOAD_SECONDS_MAX", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        stalls = dataclasses.replace(settings, crl_urls=(f"https://127.0.0.1:{silent.getsockname()[1]}/",))
        assert refresh(stalls).problem == "it takes too long"


def test_server_that_is_away_is_said_so_and_the_others_are_asked(settings, server, authority):
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        away = f"http://127.0.0.1:{nobody.getsockname()[1]}/"
    server.answer = sends(authority.crl())
    results = refresh_crls(dataclasses.replace(settings, crl_urls=(away, server.url)))
    assert [result.url for result in results] == [away, server.url]
    assert "can't be fetched" in (results[0].problem or "")
    assert results[1].problem is None


def test_secure_address_needs_a_trusted_server(tmp_path, settings, authority, monkeypatch):
    site = authority.issue("/CN=ca.by", ["subjectAltName=IP:127.0.0.1", "extendedKeyUsage=serverAuth"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(site.certificate, site.key)
    server = ListServer(context)
    server.answer = sends(authority.crl())
    secure = dataclasses.replace(settings, crl_urls=(server.url,))
    assert "certificate verify failed" in (refresh(secure).problem or "")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.certificate))
    assert refresh(secure).problem is None
    server.stop()


def test_missing_openssl_or_authorities_leave_the_old_list(settings, server, authority, held):
    before = held.read_bytes()
    server.answer = sends(authority.crl(starts=-DAY / 2))
    for wrong in (
        {"ca_file": "/no/such/file"},
        {"ca_file": None},
        {"openssl": dataclasses.replace(settings.openssl, binary="no-such-command")},
    ):
        assert refresh(dataclasses.replace(settings, **wrong)).problem
    assert held.read_bytes() == before
    assert refresh(settings).problem is None
    assert held.read_bytes() != before


def test_without_addresses_nothing_is_fetched(settings):
    assert refresh_crls(dataclasses.replace(settings, crl_urls=())) == []
