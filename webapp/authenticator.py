"""Linking an authenticator app: the secret as QR code and as letters, and the code that proves that the app has it."""

import time
from dataclasses import dataclass

import segno

from webapp.passwords import totp_step, totp_uri

QR_DOTS = 6  # pixels of a module, before it is scaled: an even number stays sharp


@dataclass(frozen=True, slots=True)
class Secret:
    """A secret that is being shown, and whose account it is for."""

    secret: str
    email: str

    @property
    def uri(self) -> str:
        return totp_uri(self.secret, name=self.email)

    @property
    def qr_svg(self) -> str:
        """Black on white in any theme: not every app reads the inverse."""
        code = segno.make(self.uri, error="m", micro=False)
        return str(code.svg_data_uri(scale=QR_DOTS, border=4, light="#fff", dark="#000"))

    @property
    def grouped(self) -> str:
        """To be typed by hand."""
        return " ".join(self.secret[start : start + 4] for start in range(0, len(self.secret), 4))

    def step_of(self, code: str) -> int | None:
        """The 30-second step whose code this is; None if it is wrong: then the app does not know the secret."""
        return totp_step(self.secret, code, time.time())
