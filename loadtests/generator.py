"""Seeded histories of registers: the same seed gives the same documents, on every machine and in every process.

`History` writes whole days with everything that registers do; `sales` writes plain sales as fast as a benchmark
wants them. Tests, load tests and the benchmark share both.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

import msgspec

from loadtests.register import MINSK, Document, Register, Sale, discounts, gross_minor, total_minor

CASHIERS = ("Иванова А. П.", "Каваленка М. С.", "Петрович О. В.", "Сідарэнка Н. І.")
NOTES_MINOR = (500, 1000, 2000, 5000, 10000)
FLOAT_MINOR = 10_000  # change for the morning


class Good(NamedTuple):
    name: str
    price_minor: int  # of a piece or a kilogram
    tax: int | None  # VAT in per cent; None: without VAT
    weighed: bool = False


GOODS = (
    Good("Хлеб «Нарочанский», 0,5 кг", 189, 10),
    Good("Батон нарезной, 0,4 кг", 175, 10),
    Good("Молоко «Бабушкина крынка» 3,2 %, 0,9 л", 259, 10),
    Good("Сметана «Брест-Литовск» 20 %, 380 г", 389, 10),
    Good("Творог «Савушкин» 5 %, 200 г", 315, 10),
    Good("Сыр «Российский», весовой", 1899, 10, weighed=True),
    Good("Колбаса «Докторская», весовая", 1549, 10, weighed=True),
    Good("Сервелат «Гродненский», весовой", 2379, 10, weighed=True),
    Good("Драники замороженные, 450 г", 649, 10),
    Good("Яйца Д-1, 10 шт.", 379, 10),
    Good("Картофель, весовой", 119, 10, weighed=True),
    Good("Яблоки «Белорусское сладкое», весовые", 299, 10, weighed=True),
    Good("Бананы, весовые", 449, 10, weighed=True),
    Good("Агуркі свежыя, вагавыя", 699, 10, weighed=True),
    Good("Зефир «Красный пищевик», 250 г", 465, 20),
    Good("Шакалад «Спартак» горкі, 90 г", 529, 20),
    Good("Конфеты «Коммунарка», весовые", 2649, 20, weighed=True),
    Good("Чай чёрный «Гита», 100 пакетиков", 799, 20),
    Good("Кофе растворимый, 95 г", 1489, 20),
    Good("Вода «Минская-4», 1,5 л", 189, 20),
    Good("Квас «Лидский», 2 л", 359, 20),
    Good("Пакет майка", 25, 20),
    Good("Порошок стиральный, 2,4 кг", 2199, 20),
    Good("Газета «Звязда»", 120, None),
)


def encode(document: Document) -> bytes:
    """A document as a register sends it."""
    return msgspec.json.encode(document)


def batch(bodies: Iterable[bytes]) -> bytes:
    """Encoded documents → the body of POST /v1/documents."""
    return b'{"documents":[' + b",".join(bodies) + b"]}"


class History:
    """The days of one register, to be asked for in order: `number` and `shift` count on."""

    def __init__(self, sko: str, seed: int, *, sales_a_day: int = 25) -> None:
        self._register = Register(sko, cashiers=CASHIERS)
        self._seed = f"{seed}/{sko}"
        self._sales_a_day = sales_a_day

    def day(self, day: date) -> list[Document]:
        """A whole shift, from shift_open to z_report, between 8 and 22 o'clock in Minsk."""
        random = Random(f"{self._seed}/{day}")
        morning = datetime(day.year, day.month, day.day, 8, tzinfo=MINSK)
        times = sorted(
            random.sample(range(600, 13 * 3600), max(1, round(self._sales_a_day * random.uniform(0.5, 1.5))))
        )
        shift = _Shift(self._register, random)
        documents = [
            self._register.open_shift(morning),
            self._register.deposit(morning + timedelta(minutes=1), FLOAT_MINOR),
        ]
        for second in times:
            documents += shift.customer(morning + timedelta(seconds=second))
        evening = morning + timedelta(hours=13, minutes=random.randrange(10, 50))
        if self._register.drawer_minor > 0:
            documents.append(self._register.withdrawal(evening, self._register.drawer_minor))
        documents.append(self._register.close_shift(evening + timedelta(minutes=2)))
        return documents


class _Shift:
    """What customers do on one day."""

    def __init__(self, register: Register, random: Random) -> None:
        self._register = register
        self._random = random
        self._returnable: list[Document] = []  # sales that nobody has taken back yet
        self._last: datetime | None = None

    def customer(self, at: datetime) -> list[Document]:
        """A sale; now and then a refund, an annulment or a payout follows soon after."""
        random, register = self._random, self._register
        if self._last and at <= self._last:
            at = self._last + timedelta(seconds=1)
        later = at + timedelta(seconds=random.randrange(20, 90))
        currency = random.choice(("EUR", "USD", "RUB")) if random.random() < 0.01 else None
        sale = register.sale(at, random_sale(random, cashless=currency is not None), currency)
        documents = [sale]
        if sale["total"] and "modifiers" not in sale:
            self._returnable.append(sale)
        what = random.random()
        if what < 0.03 and self._returnable:
            taken_back = self._returnable.pop(random.randrange(len(self._returnable)))
            items = [item for item in taken_back["items"] if item["sum"]]
            documents.append(register.refund(later, taken_back, items[: random.randint(1, len(items))]))
        elif what < 0.04 and self._returnable:
            documents.append(register.rollback(later, self._returnable.pop()))
        elif what < 0.045 and register.drawer_minor > 20_000:
            documents.append(register.payout(later, 5_000))
        self._last = later if len(documents) > 1 else at
        return documents


def random_sale(random: Random, *, cashless: bool = False) -> Sale:
    """One to six goods with now and then a discount, and how they are paid."""
    items = [_item(random) for _ in range(random.randint(1, 6))]
    modifiers: list[dict[str, Any]] = []
    goods_minor = total_minor(items)
    what = random.random()
    if what < 0.08:
        modifiers = discounts(("Скидка по карте", goods_minor * random.randint(1, 15) // 100))
    elif what < 0.10:
        modifiers = [{"sum": 499, "name": "Доставка"}]
    elif what < 0.102:
        modifiers = discounts(("Подарок постоянному покупателю", goods_minor))
    total = goods_minor + total_minor(modifiers)
    payments, change = payments_for(random, total, cashless=cashless)
    return Sale(items, modifiers, payments, change, total)


def _item(random: Random) -> dict[str, Any]:
    good = random.choice(GOODS)
    quantity = random.randint(85, 2400) if good.weighed else 1000 * random.choice((1, 1, 1, 1, 2, 3))
    gross = gross_minor(good.price_minor, quantity)
    item: dict[str, Any] = {"name": good.name, "price": good.price_minor, "quantity": quantity, "sum": gross}
    if good.tax is not None:
        item["tax"] = good.tax
    if random.random() < 0.1 and (discount := gross * random.randint(3, 30) // 100):
        item["modifiers"] = discounts(("Акция", discount))
        item["sum"] = gross - discount
    return item


def payments_for(random: Random, total: int, *, cashless: bool = False) -> tuple[list[dict[str, Any]], int]:
    """How a customer pays `total`: payments and the change out of the cash. Nothing is paid for nothing."""
    if not total:
        return [], 0
    what = 0.5 if cashless else random.random()
    if what < 0.40:
        note = random.choice(NOTES_MINOR)
        handed = total if random.random() < 0.4 else -(-total // note) * note
        return [{"type": "cash", "sum": handed}], handed - total
    if what < 0.93:
        return [{"type": "cashless", "sum": total}], 0
    if what < 0.95 or total < 200:
        return [{"type": "other", "sum": total}], 0
    card = random.randrange(1, total - 100)
    handed = -(-(total - card) // 500) * 500
    return [{"type": "cashless", "sum": card}, {"type": "cash", "sum": handed}], handed - (total - card)


def sales(seed: int, sko: str, count: int, *, first: int = 1, begin: datetime | None = None) -> Iterator[bytes]:
    """`count` encoded sales of two items, about 380 bytes each, numbered from `first`, a second apart from `begin`.

    They are put together from text for speed: the benchmark measures the service, not this.
    """
    random = Random(f"{seed}/{sko}/{first}")
    begin = begin or datetime(2026, 1, 5, 8, tzinfo=MINSK)
    stems = [f"{random.getrandbits(64):016X}" for _ in range(16)]
    pairs = [_pair(random) for _ in range(256)]
    for place in range(count):
        number = first + place
        if place % 60 == 0:
            minute = (begin + timedelta(seconds=place)).strftime("%Y-%m-%dT%H:%M")
        items, total, kind = pairs[random.getrandbits(8)]
        yield (
            f'{{"type":"sale","uid":"{stems[number & 15]}{number:08X}","sko":"{sko}","number":{number},"shift":1,'
            f'"issued_at":"{minute}:{place % 60:02d}+03:00","currency":"BYN","cashier":"Иванова",{items},'
            f'"payments":[{{"type":"{kind}","sum":{total}}}],"total":{total}}}'
        ).encode()


def _pair(random: Random) -> tuple[str, int, str]:
    """Two items as text, what they cost, and how they are paid."""
    goods = [random.choice([good for good in GOODS if good.tax and not good.weighed]) for _ in range(2)]
    items = [
        {
            "name": good.name.split()[0],
            "price": good.price_minor,
            "quantity": 1000,
            "sum": good.price_minor,
            "tax": good.tax,
        }
        for good in goods
    ]
    text = msgspec.json.encode(items).decode()
    return f'"items":{text}', total_minor(items), random.choice(("cash", "cashless"))
