"""All that the page of one register shows."""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sql.engine import Connection
from sql.instants import DAY_US, from_us, now_us
from sql.outlets import Outlet
from sql.placements import Stay, stays_of
from sql.sko_details import (
    LastOfSko,
    SettingsOfSko,
    SkoDetails,
    Unsent,
    cash_in_drawer,
    last_of_sko,
    settings_of_sko,
    sko_details,
    unsent_of,
)
from sql.sko_states import SkoState, sko_states
from sql.skos import Sko
from webapp.scope import Reach
from webapp.sko_words import MODELS, STATES, Sign

EXPIRES_SOON_US = 30 * DAY_US


@dataclass(frozen=True, slots=True, kw_only=True)
class SkoPage:
    """A register, with its outlet of today and all that is known; `stays` are where it has stood, the latest first.

    Who may see only some outlets sees of the register what it did there.
    """

    details: SkoDetails
    outlets: Mapping[int, Outlet]
    stays: Sequence[Stay]
    state: SkoState
    cash: Sequence[tuple[str, int]]
    last: LastOfSko | None
    unsent: Unsent
    settings: SettingsOfSko
    now_us: int

    @property
    def outlet(self) -> Outlet:
        return self.outlets[self.details.outlet_id]

    @property
    def zone(self) -> str:
        return self.outlet.time_zone

    @property
    def model(self) -> str:
        return MODELS[self.details.model]

    @property
    def sign(self) -> Sign:
        return STATES[self.state.state]

    @property
    def registered(self) -> datetime.date | None:
        """The day, there."""
        instant_us = self.details.registered_us
        return None if instant_us is None else from_us(instant_us).astimezone(ZoneInfo(self.zone)).date()

    @property
    def certificate(self) -> str:
        """How its certificate is doing: `unknown`, `expired`, `expires` soon, or `valid`."""
        until_us = self.details.certificate_until_us
        if until_us is None:
            return "unknown"
        if until_us <= self.now_us:
            return "expired"
        return "expires" if until_us - self.now_us <= EXPIRES_SOON_US else "valid"

    @property
    def certificate_days(self) -> int:
        """Whole days that the certificate is still valid."""
        return ((self.details.certificate_until_us or 0) - self.now_us) // DAY_US


def page_of(connection: Connection, reach: Reach, sko: Sko) -> SkoPage:
    """Of a register that stands in an outlet that the reader may see."""
    key = (sko.merchant_id, sko.sko_id)
    stays = stays_of(connection, *key, reach.limit)
    # What it did elsewhere before is none of the business of a reader who may not see that outlet.
    since_us = 0 if reach.limit is None else stays[0].since_us or 0
    outlet_ids = {sko.outlet_id, *(stay.outlet_id for stay in stays)}
    return SkoPage(
        details=sko_details(connection, *key),
        outlets={outlet.outlet_id: outlet for outlet in reach.outlets(connection, outlet_ids)},
        stays=stays,
        state=sko_states(connection, sko.merchant_id, [sko.sko_id])[sko.sko_id],
        cash=cash_in_drawer(connection, *key, reach.limit),
        last=last_of_sko(connection, *key, since_us=since_us),
        unsent=unsent_of(connection, *key, since_us=since_us),
        settings=settings_of_sko(connection, *key),
        now_us=now_us(),
    )
