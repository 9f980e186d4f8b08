"""A real mail server on this machine, which keeps what it is sent and can be told to refuse, to fail and to go away."""

import asyncio
import ssl
import subprocess
import threading
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "kabinet@example.by", "p@ss/word:1"


def make_certificate(folder: Path) -> Path:
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
    path = folder / "server.pem"
    names = "subjectAltName=IP:127.0.0.1"
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 -addext {names} -keyout"
    subprocess.run([*command.split(), path, "-out", folder / "public.pem"], check=True, capture_output=True)
    path.write_text(path.read_text() + (folder / "public.pem").read_text())
    return path


@dataclass
class MailServer:
    """`tls`: from the first byte; `starttls`: asked for by the client. With a certificate it takes a login."""

    certificate: Path | None = None
    tls: bool = False
    port: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    connections: int = 0
    logins: int = 0
    recipient_answers: list[str] = field(default_factory=list)  # to the next recipients, instead of taking them
    data_answers: list[str] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(self._listen())
        self.port = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(envelope.content, policy=default) for envelope in self.envelopes]

    async def _listen(self) -> asyncio.Server:
        context = None
        if self.certificate:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(self.certificate)

        def protocol() -> SMTP:
            self.connections += 1
            return SMTP(
                self,
                loop=self._loop,
                ident="test",
                tls_context=None if self.tls else context,
                require_starttls=bool(context) and not self.tls,
                auth_required=bool(context) and not self.tls,
                auth_require_tls=not self.tls,  # it does not know that it is within TLS from the start
                authenticator=self._authenticate,
            )

        options = {"ssl": context} if self.tls else {}
        return await self._loop.create_server(protocol, "127.0.0.1", self.port, **options)

    async def _end(self) -> None:
        self._server.close()
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: LoginPassword
    ) -> AuthResult:
        is_right = login == LoginPassword(USER.encode(), PASSWORD.encode())
        self.logins += is_right
        return AuthResult(success=is_right, handled=False)

    async def handle_RCPT(  # noqa: N802  (aiosmtpd's name)
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.recipient_answers:
            return self.recipient_answers.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.data_answers:
            return self.data_answers.pop(0)
        self.envelopes.append(envelope)
        return "250 OK"
