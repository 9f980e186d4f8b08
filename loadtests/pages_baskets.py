"""What customers of the big merchant take: a few thousand ready baskets, out of which millions of receipts are made."""

import math
from random import Random
from typing import Any, NamedTuple

import msgspec

from loadtests.generator import GOODS, NOTES_MINOR
from loadtests.register import discounts

BASKETS = 16_384
TYPICAL_MINOR, SPREAD = 800, 0.9  # of a price: log-normal
CURRENCIES = {"BYN": 965, "USD": 20, "EUR": 15}  # in a thousand


class Basket(NamedTuple):
    """Amounts in minor units, and the JSON members that they make."""

    currency: str
    total: int
    cash: int  # less change
    cashless: int
    other: int
    discount: int
    goods: str  # "items"
    paid: str  # "payments", with what was handed over, and "change"
    paid_back: str  # "payments" when it is taken back: no change


def some_baskets(seed: int) -> list[Basket]:
    random = Random(f"{seed}/baskets")
    return [_basket(random) for _ in range(BASKETS)]


def _basket(random: Random) -> Basket:
    items = []
    discount = 0
    for good in random.sample(GOODS, 2):
        price = max(5, round(TYPICAL_MINOR * math.exp(random.gauss(0, SPREAD))))
        item: dict[str, Any] = {"name": good.name, "price": price, "quantity": 1000, "sum": price}
        if good.tax is not None:
            item["tax"] = good.tax
        if random.random() < 0.1 and (less := price * random.randint(3, 30) // 100):
            item |= {"modifiers": discounts(("Акция", less)), "sum": price - less}
            discount += less
        items.append(item)
    total: int = sum(item["sum"] for item in items)
    cash, cashless, other = _split(random, total)
    note = random.choice(NOTES_MINOR)
    handed = -(-cash // note) * note if random.random() < 0.6 else cash
    change = f',"change":{handed - cash}' if handed > cash else ""
    return Basket(
        currency=random.choices(list(CURRENCIES), list(CURRENCIES.values()))[0],
        total=total,
        cash=cash,
        cashless=cashless,
        other=other,
        discount=discount,
        goods=f'"items":{msgspec.json.encode(items).decode()}',
        paid=_payments(handed, cashless, other) + change,
        paid_back=_payments(cash, cashless, other),
    )


def _split(random: Random, total: int) -> tuple[int, int, int]:
    """What is paid in cash, cashless and otherwise: 45 % in cash, half cashless, some in both, few otherwise."""
    what = random.random()
    if what < 0.45:
        return total, 0, 0
    if what < 0.95:
        return 0, total, 0
    if what < 0.99:
        return total - total // 2, total // 2, 0
    return 0, 0, total


def _payments(cash: int, cashless: int, other: int) -> str:
    paid = {"cash": cash, "cashless": cashless, "other": other}
    listed = ",".join(f'{{"type":"{name}","sum":{amount}}}' for name, amount in paid.items() if amount)
    return f'"payments":[{listed}]'
