"""An HTTP gateway gets each SMS as its settings say, and what goes wrong is told apart."""

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from sql.instants import SECOND_US
from sql.messages import Message
from webapp import sms
from webapp.senders import NotSent, Refused, Unreachable
from webapp.sms import SmsSender, SmsSettings

TEXT = 'Код "123456" & {to}\n\\ +5%'
FORM = '{"Content-Type": "application/x-www-form-urlencoded"}'


@dataclass
class Gateway:
    """What it was asked, and how it answers."""

    url: str = ""
    status: int = 200
    answer: str = "OK"
    wait_s: float = 0.0
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)  # method, path, headers, body


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            gateway.requests.append((self.command, self.path, headers, body))
            time.sleep(gateway.wait_s)
            self.send_response(gateway.status)
            self.send_header("Location", f"{gateway.url}/elsewhere")
            self.end_headers()
            self.wfile.write(gateway.answer.encode())

        do_GET = do_POST = do_PUT = answer  # noqa: N815  (the server's names)

        def log_message(self, *_: object) -> None:
            """Not on the tests' screen."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        gateway.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield gateway
        server.shutdown()
        thread.join()


def settings(url: str, **environment: str) -> SmsSettings:
    read = SmsSettings.from_environment({"SMS_URL": url, **environment})
    assert read is not None
    return read


def send(gateway: Gateway, path: str = "/send", **environment: str) -> None:
    message = Message(
        message_id=1,
        channel="sms",
        recipient="+375291234567",
        subject="",
        text=TEXT,
        created_us=0,
        valid_until_us=SECOND_US,
        due_us=0,
        attempts=1,
    )
    sender = SmsSender(settings(gateway.url + path, **environment))
    sender.send(message)
    sender.rest()


def test_sms_is_posted_as_json(gateway: Gateway):
    send(gateway, SMS_HEADERS='{"Authorization": "Bearer abc"}')
    ((method, path, headers, body),) = gateway.requests
    assert (method, path, headers["authorization"]) == ("POST", "/send", "Bearer abc")
    assert headers["content-type"] == "application/json; charset=utf-8"
    assert json.loads(body) == {"to": "+375291234567", "text": TEXT}


def test_json_template_is_filled_in_its_strings(gateway: Gateway):
    send(gateway, SMS_BODY='{"messages": [{"phone": "{digits}", "body": "Kabinet: {text}"}], "sender": "Kabinet"}')
    sent = json.loads(gateway.requests[0][3])
    assert sent == {"messages": [{"phone": "375291234567", "body": f"Kabinet: {TEXT}"}], "sender": "Kabinet"}


def test_form_template_is_filled_in_its_fields(gateway: Gateway):
    send(gateway, SMS_HEADERS=FORM, SMS_BODY="user=a%26b&phone={digits}&text={text}")
    ((_, _, headers, body),) = gateway.requests
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert parse_qs(body) == {"user": ["a&b"], "phone": ["375291234567"], "text": [TEXT]}


def test_everything_may_go_in_the_address(gateway: Gateway):
    send(gateway, "/send?phone={to}&text={text}", SMS_METHOD="GET")
    ((method, path, headers, body),) = gateway.requests
    assert (method, body, "content-type" in headers) == ("GET", "", False)
    assert parse_qs(urlsplit(path).query) == {"phone": ["+375291234567"], "text": [TEXT]}


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, Refused), (422, Refused), (401, Unreachable), (404, Unreachable), (429, Unreachable), (503, Unreachable)],
)
def test_refusal_is_told_from_trouble(gateway: Gateway, status: int, expected: type[NotSent]):
    gateway.status, gateway.answer = status, TEXT
    with pytest.raises(NotSent, match=str(status)) as raised:
        send(gateway)
    assert type(raised.value) is expected
    assert "123456" not in str(raised.value)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(gateway: Gateway, status: int):
    gateway.status = status
    with pytest.raises(Unreachable, match=str(status)):
        send(gateway)
    assert len(gateway.requests) == 1


def test_answer_must_hold_what_is_expected(gateway: Gateway):
    gateway.answer = '{"status": "ok"}'
    send(gateway, SMS_EXPECTED='"status": "ok"')
    gateway.answer = '{"error": "WRONG_AUTH"}'
    with pytest.raises(NotSent, match="SMS_EXPECTED"):
        send(gateway, SMS_EXPECTED='"status": "ok"')


def test_gateway_that_says_nothing_is_given_up(gateway: Gateway, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sms, "TIMEOUT_S", 0.2)
    gateway.wait_s = 1
    with pytest.raises(Unreachable, match="timed out"):
        send(gateway)


def test_gateway_that_is_away_is_unreachable():
    with pytest.raises(Unreachable, match="refused"):
        send(Gateway(url="http://127.0.0.1:9"))


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"SMS_URL": "gateway.example/send"}, "SMS_URL must be like"),
        ({"SMS_URL": "ftp://gateway.example"}, "SMS_URL must be like"),
        ({"SMS_URL": "https://gateway.example:x/"}, "SMS_URL must be like"),
        ({"SMS_URL": "https://{to}.example/"}, "SMS_URL must be like"),
        ({"SMS_URL": "https://gateway.example/a b"}, "without spaces"),
        ({"SMS_URL": "https://me:pw@gateway.example/"}, "Authorization header"),
        ({"SMS_URL": "http://gateway.example/send"}, "unencrypted"),
        ({"SMS_METHOD": "DELETE"}, "SMS_METHOD must be one of"),
        ({"SMS_METHOD": "GET"}, "must say where"),
        ({"SMS_BODY": '{"to": "{to}"}'}, "must say where"),
        ({"SMS_BODY": "to={to}&text={text}"}, "SMS_BODY is no JSON"),
        ({"SMS_BODY": '{"to": {to}, "text": "{text}"}'}, "SMS_BODY is no JSON"),
        ({"SMS_HEADERS": "Authorization: x"}, "SMS_HEADERS must be a JSON object"),
        ({"SMS_HEADERS": "[1]"}, "SMS_HEADERS must be a JSON object"),
        ({"SMS_HEADERS": '{"X-Key": 5}'}, "SMS_HEADERS: the header 'X-Key'"),
        ({"SMS_HEADERS": '{"X-Key": "a\\r\\nX: b"}'}, "SMS_HEADERS: the header 'X-Key'"),
        ({"SMS_HEADERS": '{"X Key": "a"}'}, "SMS_HEADERS: the header 'X Key'"),
        ({"SMS_HEADERS": '{"content-type": "text/xml"}'}, "the Content-Type must be"),
    ],
)
def test_wrong_settings_are_said_in_a_sentence(environment: dict[str, str], sentence: str):
    with pytest.raises(ValueError, match=sentence):
        settings(**{"url": environment.pop("SMS_URL", "https://gateway.example/send"), **environment})


def test_without_a_url_there_are_no_settings():
    assert SmsSettings.from_environment({}) is None


def test_secrets_of_the_settings_are_not_printed():
    read = settings("https://gateway.example/?key=k3y", SMS_HEADERS='{"X-Key": "k3y"}')
    assert "k3y" not in repr(read)
