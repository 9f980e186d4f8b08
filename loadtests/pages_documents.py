"""Two years of a merchant with 500 registers, as rows of `document`, seeded and fast: ten million in a few minutes.

The mix is that of shops: nine of ten are sales, 2 % refunds, 0.3 % annulments; shifts with their Z-reports, now and
then cash put into the drawer or taken out. Each body, about 460 bytes, is what a register would have sent.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from operator import itemgetter
from random import Random
from typing import Any

from loadtests.pages_baskets import BASKETS, Basket, some_baskets
from loadtests.register import KINDS, MINSK
from sql.instants import SECOND_US, to_us

DAYS, OUTLETS, REGISTERS = 730, 100, 500
FULL_DAY = 27.4  # documents that make a shift; where a day has fewer, shifts take days, and the mix stays the same
SHIFT_DOCUMENTS = 2.5  # on average, beside those of customers
FREQUENT, RARE = "Кассир 1", "Стажёр Ю. Я."  # a fifth of all documents, and two dozen of them
RARE_SKO, RARE_EVERY_DAYS = 123, 31
OUTLETS_WITH_PAYOUTS = 50  # the first ones
OPENS, CLOSES = 8 * 3600, 21 * 3600  # seconds of the day
CLOCK = [f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}+03:00" for second in range(24 * 3600)]
SURNAMES = (
    "Иванова", "Каваленка", "Петрович", "Сідарэнка", "Новик", "Козлова", "Мороз", "Жук", "Янкоўская", "Климович",
    "Савицкая", "Бондарь", "Шевчук", "Лукашэвіч", "Гончар", "Романова", "Дубовик", "Зайцева", "Кравчук", "Мельник",
)  # fmt: skip
INITIALS = "АВГДЕИКЛМНОПРСТ"
CASHIERS_OF_OUTLET = 6

Row = tuple[Any, ...]  # in the order of the columns of `document`
ISSUED_US = 6  # its place in a row


def sko_number(sko_id: int) -> str:
    return str(700_000_000 + sko_id)


def outlet_of(sko_id: int) -> int:
    return (sko_id - 1) * OUTLETS // REGISTERS + 1


def cashiers_of(outlet_id: int) -> list[str]:
    """Those who work in an outlet: names that no other outlet has."""
    names = []
    for place in range((outlet_id - 1) * CASHIERS_OF_OUTLET, outlet_id * CASHIERS_OF_OUTLET):
        rest, surname = divmod(place, len(SURNAMES))
        names.append(f"{SURNAMES[surname]} {INITIALS[rest % len(INITIALS)]}. {INITIALS[rest // len(INITIALS)]}.")
    return names


class Shop:
    """All registers of a merchant, whose days are asked for in order: about so many documents in all."""

    def __init__(self, merchant_id: int, documents: int, last: date, seed: int) -> None:
        per_day = documents / (DAYS * REGISTERS)
        baskets = some_baskets(seed)
        self._first = last - timedelta(days=DAYS - 1)
        self._registers = [
            _Register(merchant_id, sko_id, per_day, baskets, Random(f"{seed}/{sko_id}"))
            for sko_id in range(1, REGISTERS + 1)
        ]

    def days(self) -> Iterator[list[Row]]:
        """The documents of each day, in the order in which they were issued."""
        for ago in range(DAYS):
            day = self._first + timedelta(days=ago)
            rows = [row for register in self._registers for row in register.day(day, ago)]
            rows.sort(key=itemgetter(ISSUED_US))
            yield rows


class _Counters:
    """What a Z-report says of its shift in one currency."""

    def __init__(self) -> None:
        self.sales = (0, 0, 0, 0, 0)
        self.others = {kind: [0, 0] for kind in KINDS.values()}

    def add_sale(self, basket: Basket) -> None:
        count, cash, cashless, other, total = self.sales
        self.sales = (
            count + 1, cash + basket.cash, cashless + basket.cashless, other + basket.other, total + basket.total
        )  # fmt: skip

    def add(self, type_: str, amount: int) -> None:
        counter = self.others[KINDS[type_]]
        counter[0] += 1
        counter[1] += amount

    def json(self, currency: str) -> str:
        count, cash, cashless, other, total = self.sales
        others = "".join(f',"{kind}":{{"count":{n},"sum":{amount}}}' for kind, (n, amount) in self.others.items())
        return (
            f'{{"currency":"{currency}","sales":{{"count":{count},"cash":{cash},"cashless":{cashless},'
            f'"other":{other},"sum":{total}}}{others}}}'
        )


class _Register:
    """Numbers its documents without gaps; its own days must be asked for in order."""

    def __init__(self, merchant_id: int, sko_id: int, per_day: float, baskets: list[Basket], random: Random) -> None:
        self._merchant_id, self._sko_id, self._sko = merchant_id, sko_id, sko_number(sko_id)
        self._outlet_id = outlet_of(sko_id)
        self._names = [FREQUENT] if sko_id % 5 == 0 else cashiers_of(self._outlet_id)
        self._shift_days = max(1, round(FULL_DAY / per_day))
        self._customers = per_day - SHIFT_DOCUMENTS / self._shift_days
        self._baskets, self._random = baskets, random
        self._number = self._shift = self._first_number = 0
        self._opened_at = ""
        self._counters: dict[str, _Counters] = {}
        self._last_sale: Row | None = None
        self._last_basket = baskets[0]

    def day(self, day: date, ago: int) -> Iterator[Row]:
        """The documents of one day, in the order of their numbers."""
        place = (ago + self._sko_id) % self._shift_days
        self._begin(day, ago)
        if place == 0 or not self._shift:
            yield from self._open()
        for second in self._moments():
            yield self._customer(second)
        if self._sko_id == RARE_SKO and ago % RARE_EVERY_DAYS == 0:
            self._cashier = RARE
            yield self._sale(CLOSES)
        if place == self._shift_days - 1:
            yield from self._close(CLOSES + self._random.randrange(60, 1800))

    def _begin(self, day: date, ago: int) -> None:
        self._day, self._date = day, day.isoformat()
        self._midnight_us = to_us(datetime(day.year, day.month, day.day, tzinfo=MINSK))
        self._cashier = self._names[(ago + self._sko_id) // self._shift_days % len(self._names)]

    def _moments(self) -> Iterator[int]:
        """When customers come, in seconds of the day: evenly, more or less."""
        random = self._random.random
        count = int(self._customers * (0.6 + 0.8 * random()) + random())
        pause = (CLOSES - OPENS - 600) / (count + 1)
        return (int(OPENS + 600 + pause * (place + random())) for place in range(count))

    def _open(self) -> Iterator[Row]:
        self._shift += 1
        self._counters = {}
        self._first_number = self._number + 1
        second = OPENS + self._random.randrange(300)
        self._opened_at = f"{self._date}T{CLOCK[second]}"
        yield self._row("shift_open", second)
        if self._random.random() < 0.2:
            yield self._drawer("deposit", second + 60, 10_000)

    def _close(self, second: int) -> Iterator[Row]:
        if self._random.random() < 0.3:
            yield self._drawer("withdrawal", second - 30, self._random.randrange(5_000, 50_000))
        counters = ",".join(counted.json(currency) for currency, counted in self._counters.items())
        yield self._row(
            "z_report",
            second,
            members=f',"opened_at":"{self._opened_at}","first_number":{self._first_number},'
            f'"last_number":{self._number},"counters":[{counters}]',
        )

    def _customer(self, second: int) -> Row:
        """A sale; or the last one is taken back or annulled; or cash is paid out against a card."""
        what = self._random.random()
        if what > 0.025 or self._last_sale is None:
            return self._sale(second)
        if what > 0.024 and self._outlet_id <= OUTLETS_WITH_PAYOUTS:
            return self._drawer("payout", second, 5_000)
        return self._take_back("rollback" if what < 0.003 else "refund", second)

    def _sale(self, second: int) -> Row:
        self._last_basket = basket = self._baskets[int(self._random.random() * BASKETS)]
        self._counted(basket.currency).add_sale(basket)
        members = f',{basket.goods},{basket.paid},"total":{basket.total}'
        self._last_sale = self._row("sale", second, basket.currency, _amounts(basket), members)
        return self._last_sale

    def _take_back(self, type_: str, second: int) -> Row:
        sale, basket = self._last_sale, self._last_basket
        assert sale is not None, "there must be something to take back"
        self._last_sale = None
        self._counted(basket.currency).add(type_, basket.total)
        paid = f'{basket.paid_back},"total":{basket.total}'
        number, uid = sale[2], sale[4]
        if type_ == "rollback":
            members = f',"target":{{"number":{number},"uid":"{uid}"}},{paid}'
            return self._row(type_, second, basket.currency, (*_amounts(basket)[:4], 0), members, (number, None, None))
        members = f',"base":{{"sko":"{self._sko}","number":{number}}},{basket.goods},{paid}'
        named = (None, self._sko, number)
        return self._row(type_, second, basket.currency, _amounts(basket), members, named)

    def _drawer(self, type_: str, second: int, amount: int) -> Row:
        self._counted("BYN").add(type_, amount)
        return self._row(type_, second, amounts=(amount, 0, 0, 0, 0), members=f',"sum":{amount}')

    def _counted(self, currency: str) -> _Counters:
        counted = self._counters.get(currency)
        if counted is None:
            counted = self._counters[currency] = _Counters()
        return counted

    def _row(
        self,
        type_: str,
        second: int,
        currency: str = "BYN",
        amounts: tuple[int, int, int, int, int] = (0, 0, 0, 0, 0),
        members: str = "",
        named: tuple[int | None, str | None, int | None] = (None, None, None),
    ) -> Row:
        self._number += 1
        uid = f"{self._random.getrandbits(96):024X}"
        issued_us = self._midnight_us + second * SECOND_US
        body = (
            f'{{"type":"{type_}","uid":"{uid}","sko":"{self._sko}","number":{self._number},"shift":{self._shift},'
            f'"issued_at":"{self._date}T{CLOCK[second]}","currency":"{currency}","cashier":"{self._cashier}"{members}}}'
        )
        return (
            self._merchant_id, self._sko_id, self._number, type_, uid, self._shift, issued_us, self._day,
            self._outlet_id, currency, self._cashier, False, *amounts, *named, issued_us + SECOND_US, body.encode(),
        )  # fmt: skip


def _amounts(basket: Basket) -> tuple[int, int, int, int, int]:
    return basket.total, basket.cash, basket.cashless, basket.other, basket.discount
