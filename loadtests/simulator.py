"""A simulated register that speaks to the real service: it binds itself, applies settings, sells, and loses its line.

Each method is one thing that a register or its cashier does, so that a test can tell a story step by step;
`simulate.py` tells one by itself.
"""

import os
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import msgspec

from loadtests.applying import USERS_MAX, Settings, applied, is_password, refusal
from loadtests.generator import batch, encode, random_sale
from loadtests.line import Line, Offline, Reply
from loadtests.posting import NotTaken
from loadtests.register import MINSK, Document, Register

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"
BATCH_DOCUMENTS = 250
STILL_WAITING = ("authorization_pending", "slow_down")


class NotBound(Exception):
    """The register was refused, or its code has expired; the message is a sentence for a person."""


class NotLoggedIn(Exception):
    """There is no such user, the password is wrong, or the user has no right to do this."""


class Code(NamedTuple):
    """What a new register shows, and how often it may ask whether somebody has typed it."""

    user_code: str
    verification_uri: str
    interval_s: int


class Memory(msgspec.Struct):
    """What a register keeps while it is switched off."""

    sko: str = ""
    token: str = ""
    number: int = 0  # of its last document
    shift: int = 0
    settings: Settings | None = None  # as applied
    seen_version: int = 0  # the newest that it knows: applied, or refused

    @classmethod
    def read(cls, path: Path) -> "Memory":
        """What the file holds; an empty memory if there is none."""
        return msgspec.json.decode(path.read_bytes(), type=cls) if path.exists() else cls()

    def write(self, path: Path) -> None:
        """Only its owner may read the file: it holds the token."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self)))


class Simulator:
    """One register. Not thread-safe. What it can't deliver waits, and goes out in order when the line is back."""

    def __init__(self, url: str, memory: Memory | None = None, *, users_max: int = USERS_MAX, seed: int = 1) -> None:
        self.memory = memory or Memory()
        self.waiting: list[bytes] = []  # documents that nobody has acknowledged
        self.accepted = 0  # documents that were new to the service
        self.duplicates = 0  # documents that it had already
        self._line = Line(url)
        self._line.token = self.memory.token or None
        self._users_max = users_max
        self._random = Random(seed)
        self._device_code = ""
        self._lost_at: datetime | None = None
        self._register = self._switched_on()

    def _switched_on(self) -> Register:
        kept = self.memory
        return Register(kept.sko, number=kept.number, shift=kept.shift)

    # --- binding ---

    @property
    def is_bound(self) -> bool:
        return bool(self.memory.token)

    def ask_for_code(self) -> Code:
        """What a new register shows on its display. Raises Offline."""
        codes = self._answered(self._line.post_form("/oauth/device/code", {})).json()
        self._device_code = codes["device_code"]
        return Code(codes["user_code"], codes["verification_uri"], codes["interval"])

    def ask_for_token(self) -> bool:
        """Ask once: True if the register is bound now. Raises NotBound if it never will be by this code, Offline."""
        reply = self._line.post_form("/oauth/token", {"grant_type": GRANT_TYPE, "device_code": self._device_code})
        said = reply.json()
        if reply.status == 200:
            self.memory = Memory(sko=said["sko"], token=said["access_token"])
            self._line.token = self.memory.token
            self._register = self._switched_on()
            return True
        if said.get("error") in STILL_WAITING:
            return False
        raise NotBound(said.get("error_description") or said.get("detail") or f"The service answered {reply.status}.")

    # --- settings ---

    def fetch_settings(self) -> str | None:
        """Ask for newer settings: "applied" or "rejected" if there were some, and the service has heard so, else None.

        Raises Offline, NotTaken.
        """
        seen = f'"{self.memory.seen_version}"'
        reply = self._line.get(f"/v1/settings/{self.memory.sko}", **{"If-None-Match": seen})
        if reply.status in (304, 404):
            return None
        settings = msgspec.json.decode(self._answered(reply).body, type=Settings)
        reason = refusal(settings, self._users_max)
        if reason is None:
            self.memory.settings = applied(settings, self.memory.settings)
            self.report("settings_applied", str(settings.version))
        else:
            self.report("settings_rejected", f"{settings.version}: {reason}")
        self.memory.seen_version = settings.version
        return "rejected" if reason else "applied"

    def report(self, kind: str, detail: str = "", at: datetime | None = None) -> None:
        """Tell the service of an event. Raises Offline, NotTaken."""
        event = {"sko": self.memory.sko, "kind": kind, "occurred_at": (at or _now()).isoformat(), "detail": detail}
        self._taken(self._line.post("/v1/events", msgspec.json.encode({"events": [event]})))

    # --- the cashier's work ---

    def log_in(self, name: str, password: str) -> None:
        """From now on documents are this user's. Raises NotLoggedIn."""
        users = self.memory.settings.users if self.memory.settings else []
        user = next((user for user in users if user.name == name), None)
        if user is None or not is_password(user, password):
            raise NotLoggedIn(f"There is no user {name} with this password")
        if "sales" not in user.rights:
            raise NotLoggedIn(f"{name} may not sell")
        self._register.cashiers = (name,)

    def open_shift(self) -> None:
        self._issue(self._register.open_shift(_now()))

    def sell(self, count: int = 1) -> None:
        """So many sales to customers with random baskets."""
        for _ in range(count):
            self._issue(self._register.sale(_now(), random_sale(self._random)))

    def close_shift(self) -> None:
        """Take the cash out of the drawer, and close with a Z-report of what the register has counted."""
        if self._register.drawer_minor > 0:
            self._issue(self._register.withdrawal(_now(), self._register.drawer_minor))
        self._issue(self._register.close_shift(_now()))

    def _issue(self, document: Document) -> None:
        if self._line.is_cut:
            document["offline"] = True
        self.memory.number, self.memory.shift = self._register.number, self._register.shift
        self.waiting.append(encode(document))

    # --- delivery ---

    def deliver(self) -> bool:
        """Send what waits, oldest first; False if the line is down, and then it waits on. Raises NotTaken."""
        try:
            while self.waiting:
                sent = self.waiting[:BATCH_DOCUMENTS]
                said = self._taken(self._line.post("/v1/documents", batch(sent)))
                self.accepted += said["accepted"]
                self.duplicates += said["duplicates"]
                del self.waiting[: len(sent)]
        except Offline:
            return False
        return True

    def deliver_unheard(self) -> None:
        """Send what waits, and lose the connection before the answer: it waits on, to be sent again. Raises Offline."""
        self._line.post_unheard("/v1/documents", batch(self.waiting[:BATCH_DOCUMENTS]))

    def lose_connection(self) -> None:
        """Nothing goes out from now on; documents are issued offline."""
        self._line.is_cut = True
        self._lost_at = _now()

    def restore_connection(self) -> None:
        """The line is back: the service hears when it was lost, and gets what waits. Raises Offline, NotTaken."""
        self._line.is_cut = False
        if self._lost_at is not None:
            self.report("offline", at=self._lost_at)
            self.report("online")
            self._lost_at = None
        self.deliver()

    def close(self) -> None:
        """Hang up; nothing that waits is sent."""
        self._line.close()

    def _answered(self, reply: Reply) -> Reply:
        if reply.status == 200:
            return reply
        raise NotTaken(f"The service answered {reply.status}: {reply.body.decode(errors='replace')}")

    def _taken(self, reply: Reply) -> dict[str, Any]:
        said: dict[str, Any] = self._answered(reply).json()
        if said["problems"]:
            raise NotTaken(f"The service did not take everything: {said['problems'][0]['detail']}")
        return said


def _now() -> datetime:
    return datetime.now(MINSK)
