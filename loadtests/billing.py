"""What the demo's operator charges: tariffs, and the acts of the months before, as if the registers had been there."""

from datetime import date, timedelta

from sql.acts import Draft, Provider, add_act, correct_act
from sql.engine import Connection, Engine, writing
from sql.skos import skos_of
from sql.tariffs import add_tariff, last_of_month, tariffs_of

OPERATOR = Provider(
    name="ООО «Кассовый оператор»",
    unp="190000034",
    address="220002, г. Минск, ул. Сторожёвская, 8, оф. 205/2",
    bank="р/с BY00 DEMO 3012 0000 0000 0000 0000, ОАО «Демобанк», БИК DEMOBY2X",
    signatory="Директор Н. В. Ковалёва",
)
SUBSCRIPTION = "Абонентская плата за пользование Программной кассой (ПК) в АИС ПКС"
REGISTRATION = (
    "Регистрация Программной кассы (ПК) в АИС ПКС"
    " (включая пользование неисключительной лицензией в течение месяца подключения)"
)
MONTHS = 9
VAT_PERCENT = 20
PRICES = {"registration": (REGISTRATION, 8490), "subscription": (SUBSCRIPTION, 2340)}


def charge(engine: Engine, merchant_id: int, ends: date) -> None:
    """Acts of the months before the one that `ends` is in, one of them corrected. Again changes nothing."""
    with writing(engine) as connection:
        if tariffs_of(connection):
            return
        registers = len(skos_of(connection, merchant_id))
        months = _months_before(ends)
        for kind, (service, price_minor) in PRICES.items():
            add_tariff(
                connection,
                kind=kind,
                first_month=months[0],
                last_month=None,
                service=service,
                price_minor=price_minor,
                vat_percent=VAT_PERCENT,
            )
        _add(connection, merchant_id, "registration", months[0], registers)
        for month in months[1:]:
            number = _add(connection, merchant_id, "subscription", month, registers)
        issued = last_of_month(months[-1]) + timedelta(days=4)
        if number and issued <= ends:
            reason = "Одна касса снята с учёта в прошлом месяце"
            correct_act(
                connection,
                merchant_id,
                number,
                issued=issued,
                quantity=registers - 1,
                price_minor=None,
                provider=OPERATOR,
                reason=reason,
            )


def _months_before(day: date) -> list[date]:
    months = [day.replace(day=1)]
    while len(months) <= MONTHS:
        months.append((months[-1] - timedelta(days=1)).replace(day=1))
    return months[:0:-1]


def _add(connection: Connection, merchant_id: int, kind: str, month: date, quantity: int) -> int | None:
    service, price_minor = PRICES[kind]
    draft = Draft(
        kind=kind,
        month=month,
        issued=last_of_month(month),
        service=service,
        quantity=quantity,
        price_minor=price_minor,
        vat_percent=VAT_PERCENT,
        provider=OPERATOR,
    )
    return add_act(connection, merchant_id, draft)
