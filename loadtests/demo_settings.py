"""What the demo has set on its registers: two versions each, which most have applied, some not fetched, one refused."""

import base64
import hashlib
from collections.abc import Sequence

import msgspec

from sql.engine import Connection, Engine, writing
from sql.events import NewEvent, insert_events
from sql.instants import now_us
from sql.memberships import members_of
from sql.outlets import Outlet, outlets_of
from sql.register_settings import current_settings, save_settings, settle
from sql.skos import Sko, skos_of

RIGHTS = ("sales", "refunds", "annulment", "deposit", "withdrawal", "x_report", "z_report", "discounts", "settings")
USERS = (("Старший кассир", RIGHTS), ("Кассир 1", RIGHTS[:2] + RIGHTS[5:6]), ("Кассир 2", RIGHTS[:2] + RIGHTS[5:6]))
PASSWORD = "1234"  # of each; it opens but registers that there are not
ITERATIONS = 600_000  # as the cabinet has it
WAITING_EVERY, REFUSING = 6, 3  # by place among the registers
REFUSAL = "2: no room for 3 users, 2 at most"


def set_up(engine: Engine, merchant_id: int) -> None:
    """Save settings of all registers, and have them say what became of these. Again changes nothing."""
    with writing(engine) as connection:
        if current_settings(connection, merchant_id):
            return
        owner = members_of(connection, merchant_id)[0].account_id
        outlets = {outlet.outlet_id: outlet for outlet in outlets_of(connection, merchant_id)}
        skos = skos_of(connection, merchant_id)
        receipts = {sko.sko_id: {"receipt": _receipt(outlets[sko.outlet_id], sko)} for sko in skos}
        users = {"users": _users()}
        for seen, parts in ((None, receipts), (1, {sko_id: {**users, **said} for sko_id, said in receipts.items()})):
            changes = {sko_id: (seen, msgspec.json.encode(content)) for sko_id, content in parts.items()}
            save_settings(connection, merchant_id, changes, owner)
        _tell(connection, skos)


def _receipt(outlet: Outlet, sko: Sko) -> dict[str, object]:
    texts = {"outlet_name": outlet.name, "address": outlet.address, "phone": "", "advert": "Спасибо за покупку!"}
    return texts | ({"name_lines": 2, "number_goods": True} if sko.model == "smart_x" else {})


def _users() -> list[dict[str, object]]:
    salt = bytes(16)
    derived = hashlib.pbkdf2_hmac("sha256", PASSWORD.encode(), salt, ITERATIONS)
    password = "$".join(("", "pbkdf2-sha256", f"i={ITERATIONS}", _base64(salt), _base64(derived)))
    return [{"name": name, "password": password, "rights": rights} for name, rights in USERS]


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode().rstrip("=")


def _tell(connection: Connection, skos: Sequence[Sko]) -> None:
    """The registers' own events, an instant after another."""
    now = now_us()
    events = [NewEvent(sko.merchant_id, sko.sko_id, now, "settings_applied", "1", now) for sko in skos]
    for place, sko in enumerate(skos):
        kind, detail = ("settings_rejected", REFUSAL) if place == REFUSING else ("settings_applied", "2")
        if place % WAITING_EVERY:
            events.append(NewEvent(sko.merchant_id, sko.sko_id, now + 1, kind, detail, now))
    insert_events(connection, events)
    settle(connection, events)
