"""Acts are made when a month has ended.

Each merchant's act is a transaction of its own, and there is but one of a kind and month: whoever is killed in the
middle goes on where it was, and two who make them at once make each act once.
"""

import datetime
from collections.abc import Iterator

import structlog

from sql.act_making import acts_missing, months_due
from sql.acts import Draft, Provider, add_act
from sql.engine import Engine, reading, writing
from sql.instants import now_us
from sql.tables import ACT_KINDS
from sql.tariffs import last_of_month, tariff_of
from webapp.rounds import Rounds
from webapp.settings import Settings

EVERY_S = 3600.0

log = structlog.get_logger()


def provider_of(settings: Settings) -> Provider:
    """The operator, as acts name it from now on."""
    return Provider(
        name=settings.operator_name,
        unp=settings.operator_unp,
        address=settings.operator_address,
        bank=settings.operator_bank,
        signatory=settings.operator_signatory,
    )


class Acts(Rounds):
    """Make what is due. Without an operator's name there are no acts."""

    away_s = 60.0

    def __init__(self, engine: Engine, provider: Provider) -> None:
        super().__init__({"acts": self._make} if provider.name else {})
        self._engine = engine
        self._provider = provider

    def _make(self) -> float:
        made = 0
        try:
            with reading(self._engine) as connection:
                months = list(months_due(connection, now_us()))
            for month in months:
                for _ in make_acts(self._engine, self._provider, month):
                    made += 1
                    if self.stopping.is_set():
                        return 0
        finally:
            if made:
                log.info("acts_made", count=made)
        return EVERY_S


def make_acts(engine: Engine, provider: Provider, month: datetime.date) -> Iterator[tuple[int, int]]:
    """Make the acts of this month (its first day) that are missing: merchant and number of each, once it is stored.

    A kind without a tariff for the month has none.
    """
    for kind in ACT_KINDS:
        with reading(engine) as connection:
            tariff = tariff_of(connection, kind, month)
            missing = acts_missing(connection, kind, month) if tariff else []
        for merchant_id, quantity in missing:
            assert tariff
            draft = Draft(
                kind=kind,
                month=month,
                issued=last_of_month(month),
                service=tariff.service,
                quantity=quantity,
                price_minor=tariff.price_minor,
                vat_percent=tariff.vat_percent,
                provider=provider,
            )
            with writing(engine) as connection:
                number = add_act(connection, merchant_id, draft)
            if number is not None:
                yield merchant_id, number
