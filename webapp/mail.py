"""Mails over SMTP: encrypted unless the server is this machine, with time limits, over one connection while busy."""

import os
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from typing import Literal, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from sql.instants import from_us
from sql.messages import Message
from webapp.messages import mail_address
from webapp.senders import TIMEOUT_S, NotSent, Refused, Unreachable, is_this_machine

# Seven bits: not every server on the way takes eight.
POLICY = SMTP.clone(cte_type="7bit")
FORM = "SMTP_URL must be like smtp://user:password@host:587 or smtps://user:password@host"


@dataclass(frozen=True, slots=True, kw_only=True)
class MailSettings:
    """The server that takes our mails, and the address that they come from."""

    host: str
    port: int
    encryption: Literal["starttls", "tls", "none"]
    user: str | None = None
    password: str = field(default="", repr=False)
    sender: Address

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Self | None:
        """From SMTP_URL and MAIL_FROM; None without SMTP_URL. ValueError with a sentence for a mistake."""
        url = environment.get("SMTP_URL")
        if not url:
            return None
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:  # its text may quote the password
            raise ValueError(FORM) from None
        if parts.scheme not in ("smtp", "smtps") or not host or parts.path not in ("", "/") or parts.fragment:
            raise ValueError(f"{FORM}; special characters of the password are written like %40")
        encryption = _encryption(parts.scheme, parts.query, host)
        if parts.username and encryption == "none" and not is_this_machine(host):
            raise ValueError("SMTP_URL would send its password unencrypted: leave ?starttls=0 out, or use smtps://")
        return cls(
            host=host,
            port=port or {"starttls": 587, "tls": 465, "none": 25}[encryption],
            encryption=encryption,
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password or ""),
            sender=_sender(environment.get("MAIL_FROM") or ""),
        )


def _encryption(scheme: str, query: str, host: str) -> Literal["starttls", "tls", "none"]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    starttls = options.pop("starttls", None)
    if options or starttls not in (None, "0", "1"):
        raise ValueError("SMTP_URL has an option that is not known: there is only ?starttls=1 and ?starttls=0")
    if scheme == "smtps":
        if starttls == "1":
            raise ValueError("SMTP_URL is smtps:// with starttls=1: a connection is encrypted in one way or the other")
        return "tls"
    wanted = not is_this_machine(host) if starttls is None else starttls == "1"
    return "starttls" if wanted else "none"


def _sender(text: str) -> Address:
    if not text:
        raise ValueError("MAIL_FROM must be set beside SMTP_URL, like Kabinet <noreply@example.by>")
    name, address = parseaddr(text if text.isprintable() else "")
    try:
        return Address(name, addr_spec=mail_address(address))
    except ValueError:
        raise ValueError(f"MAIL_FROM must be like Kabinet <noreply@example.by>, not {text!r}") from None


def compose(message: Message, sender: Address) -> EmailMessage:
    """The mail. Sent again, it has the same Message-ID, so that a reader's program may drop the second one."""
    mail = EmailMessage(policy=POLICY)
    mail["From"] = sender
    mail["To"] = Address(addr_spec=message.recipient)
    mail["Subject"] = message.subject
    mail["Date"] = from_us(message.created_us)
    mail["Message-ID"] = f"<{message.created_us}.{message.message_id}@{sender.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's holiday notice answers it
    mail.set_content(message.text)
    return mail


class MailSender:
    """Speaks to the server of the settings, whose certificate it verifies."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings
        self._server: smtplib.SMTP | None = None

    def send(self, message: Message) -> None:
        """Refused only where the server judges this mail. Else an operator may mend it while the mail waits."""
        mail = compose(message, self._settings.sender).as_bytes()
        try:
            server = self._connected()
        except OSError as error:  # smtplib's own errors are of this kind too
            raise Unreachable(_why(error)) from error
        try:
            server.sendmail(self._settings.sender.addr_spec, [message.recipient], mail)
        except smtplib.SMTPRecipientsRefused as error:
            code, answer = error.recipients[message.recipient]
            raise _judged(smtplib.SMTPResponseException(code, answer)) from error
        except smtplib.SMTPDataError as error:
            raise _judged(error) from error
        except OSError as error:
            raise Unreachable(_why(error)) from error

    def rest(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            try:
                server.quit()
            except OSError:
                server.close()

    def _connected(self) -> smtplib.SMTP:
        """The connection that is open, if it still works, or a new one."""
        if self._server is not None:
            try:
                if self._server.noop()[0] == 250:
                    return self._server
            except OSError:
                pass
            self.rest()
        self._server = self._connect()
        return self._server

    def _connect(self) -> smtplib.SMTP:
        settings, context = self._settings, ssl.create_default_context()
        if settings.encryption == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, settings.port, timeout=TIMEOUT_S, context=context)
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_S)
        try:
            if settings.encryption == "starttls":
                server.starttls(context=context)
            if settings.user is not None:
                server.login(settings.user, settings.password)
        except BaseException:
            server.close()
            raise
        return server


def _judged(error: smtplib.SMTPResponseException) -> NotSent:
    kind = Refused if 500 <= error.smtp_code <= 599 else NotSent
    return kind(_why(error))


def _why(error: OSError) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        words = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
        return f"{error.smtp_code} {' '.join(words.split())}"
    return f"{type(error).__name__}: {error}"
