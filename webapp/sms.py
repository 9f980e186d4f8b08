"""SMS through an HTTP gateway that the settings describe: one request a message, no redirects, with a time limit.

The templates SMS_URL and SMS_BODY may hold {to} (like +375291234567), {digits} (the same without the plus sign) and
{text}. Each is encoded as its place asks: percent-encoded in the URL; in the body as in a JSON string, or as in a form
if SMS_HEADERS say `Content-Type: application/x-www-form-urlencoded`.
"""

import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any, Self
from urllib.parse import quote, quote_plus, urlsplit

from sql.messages import Message
from webapp.senders import TIMEOUT_S, NotSent, Refused, Unreachable, is_this_machine

METHODS = ("POST", "GET", "PUT")
DEFAULT_BODY = '{"to": "{to}", "text": "{text}"}'
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
PLACE = re.compile(r"\{(to|digits|text)\}")
HEADER_NAME = re.compile(r"[0-9A-Za-z-]+")
ANSWER_BYTES_MAX = 64 * 1024
# What a gateway says of a message; anything else is about us, and may be mended while the message waits.
REFUSALS = (400, 410, 413, 422)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsSettings:
    """How the gateway wants to be asked. The URL, the headers and the body may hold its password."""

    url: str = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: str = field(default=DEFAULT_BODY, repr=False)  # empty: none is sent
    content_type: str = JSON
    expected: str = ""  # what its answer holds if it has taken a message

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self | None:
        """From SMS_URL and the others; None without SMS_URL. ValueError with a sentence for a mistake."""
        url = environment.get("SMS_URL")
        if not url:
            return None
        method = environment.get("SMS_METHOD") or "POST"
        if method not in METHODS:
            raise ValueError(f"SMS_METHOD must be one of {', '.join(METHODS)}, not {method!r}")
        headers = _headers(environment.get("SMS_HEADERS") or "{}")
        body = environment.get("SMS_BODY") or ("" if method == "GET" else DEFAULT_BODY)
        settings = cls(
            url=_url(url),
            method=method,
            headers=headers,
            body=body,
            content_type=_content_type(headers, body),
            expected=environment.get("SMS_EXPECTED") or "",
        )
        _check_places(settings)
        return settings

    def request(self, *, to: str, text: str) -> urllib.request.Request:
        """What is sent to the gateway."""
        values = {"to": to, "digits": to.removeprefix("+"), "text": text}
        encode = _in_json if self.content_type == JSON else quote_plus
        headers = {"Content-Type": f"{self.content_type}; charset=utf-8"} if self.body else {}
        return urllib.request.Request(  # noqa: S310  (the scheme was checked)
            _filled(self.url, values, _in_url),
            data=_filled(self.body, values, encode).encode() if self.body else None,
            headers={**headers, **self.headers},
            method=self.method,
        )


def _url(url: str) -> str:
    form = "SMS_URL must be like https://gateway.example/send"
    if not re.fullmatch(r"[!-~]+", url):
        raise ValueError(f"{form}, without spaces; other letters are written like %D0%9F")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(form) from None
    if parts.scheme not in ("https", "http") or not host or PLACE.search(parts.netloc):
        raise ValueError(form)
    if parts.username is not None:
        raise ValueError("SMS_URL can't hold a user; send an Authorization header by SMS_HEADERS")
    if parts.scheme == "http" and not is_this_machine(host):
        raise ValueError("SMS_URL would send codes unencrypted: it must be https://, except to this machine")
    return url


def _headers(text: str) -> dict[str, str]:
    form = 'SMS_HEADERS must be a JSON object like {"Authorization": "Bearer …"}'
    try:
        headers: dict[str, Any] = dict(json.loads(text).items())
    except (ValueError, AttributeError):
        raise ValueError(form) from None
    for name, value in headers.items():
        if not HEADER_NAME.fullmatch(name) or not isinstance(value, str) or not re.fullmatch(r"[ -~]*", value):
            raise ValueError(f"SMS_HEADERS: the header {name!r} must have a name and a text of printable ASCII")
    return headers


def _content_type(headers: Mapping[str, str], body: str) -> str:
    given = [value for name, value in headers.items() if name.lower() == "content-type"]
    content_type = given[0].split(";")[0].strip().lower() if given else JSON
    if body and content_type not in (JSON, FORM):
        raise ValueError(f"SMS_HEADERS: the Content-Type must be {JSON} or {FORM}, not {content_type!r}")
    return content_type


def _check_places(settings: SmsSettings) -> None:
    places = set(PLACE.findall(settings.url + settings.body))
    if "text" not in places or not places & {"to", "digits"}:
        raise ValueError("SMS_URL and SMS_BODY must say where {to} (or {digits}) and {text} go")
    if settings.body and settings.content_type == JSON:
        try:
            json.loads(PLACE.sub("", settings.body))
        except ValueError as error:
            raise ValueError(f"SMS_BODY is no JSON: {error}") from None


def _filled(template: str, values: Mapping[str, str], encode: Callable[[str], str]) -> str:
    """In one pass: what looks like a place within a value stays as it is."""
    return PLACE.sub(lambda place: encode(values[place[1]]), template)


def _in_json(value: str) -> str:
    return json.dumps(value)[1:-1]


def _in_url(value: str) -> str:
    return quote(value, safe="")


def _opener() -> urllib.request.OpenerDirector:
    """Without a handler for redirects: the code and our password go nowhere but to the address that was set."""
    proxies = {name: url for name, url in urllib.request.getproxies().items() if name == "https"}
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(proxies),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.HTTPDefaultErrorHandler(),
    ):
        opener.add_handler(handler)
    return opener


class SmsSender:
    """Speaks to the gateway of the settings; one connection a message."""

    def __init__(self, settings: SmsSettings) -> None:
        self._settings = settings
        self._opener = _opener()

    def send(self, message: Message) -> None:
        request = self._settings.request(to=message.recipient, text=message.text)
        try:
            with self._opener.open(request, timeout=TIMEOUT_S) as response:
                answer = response.read(ANSWER_BYTES_MAX).decode("utf-8", "replace")
        except urllib.error.HTTPError as error:
            # Its body may quote the message, so only the status is kept.
            error.close()
            kind = Refused if error.code in REFUSALS else Unreachable
            raise kind(f"The gateway answered {error.code}") from None
        except (OSError, HTTPException) as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from None
        if self._settings.expected not in answer:
            raise NotSent("The gateway's answer does not hold what SMS_EXPECTED says")

    def rest(self) -> None:
        """There is no connection to let go of."""
