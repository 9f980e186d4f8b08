"""Real baskets → fiscal documents. Pure; README.md says how each edge of the data is mapped, and why so.

A shop becomes an outlet with one to three registers, a day with baskets becomes a shift of each register that sold
something, a basket becomes a sale. A cent becomes a kopeck.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any, NamedTuple

from loadtests.dataset import Basket, Line, Product
from loadtests.generator import CASHIERS, FLOAT_MINOR, payments_for
from loadtests.register import MINSK, Document, Register, Sale, discounts, gross_minor, total_minor

GASOLINE = "GASOLINE-REG UNLEADED"
REFUNDED_SHARE = 0.012
ANNULLED_SHARE = 0.004
RETURNED_AFTER = timedelta(minutes=10)
SECOND_REGISTER_BASKETS = 1_000  # a year; a third one from 2,500 on
THIRD_REGISTER_BASKETS = 2_500

LOYALTY = "Скидка по карте"
COUPON = "Купон"
MATCH = "Удвоение купона"
ROUNDING = "Округление цены"


def register_count(baskets_a_year: int) -> int:
    """How many registers a shop with so many baskets has."""
    return 1 + (baskets_a_year >= SECOND_REGISTER_BASKETS) + (baskets_a_year >= THIRD_REGISTER_BASKETS)


def sko_number(prefix: str, store_id: int, place: int) -> str:
    """The number of a store's register, counted from 1."""
    return f"{prefix}{store_id:06d}{place:02d}"


class Goods:
    """Names and sections of products, made once."""

    def __init__(self, products: Mapping[int, Product]) -> None:
        self._products = products
        departments = sorted({product.department for product in products.values()})
        self._sections = {name: {"code": code, "name": name} for code, name in enumerate(departments, start=1)}

    def described(self, product_id: int) -> dict[str, Any]:
        """The fields of an item that say what it is. A product that the data set doesn't know goes by its number."""
        product = self._products.get(product_id)
        if product is None:
            return {"name": f"PRODUCT {product_id}"}
        name = product.type or product.category or f"PRODUCT {product_id}"
        if product.package:
            name = f"{name}, {product.package}"
        return {"name": name, "section": self._sections[product.department]}

    def quantity_thousandths(self, line: Line) -> int:
        """Gasoline comes in thousandths of a gallon, or as one sale by amount; all else in pieces, at least one."""
        product = self._products.get(line.product_id)
        if product is not None and product.type == GASOLINE and line.quantity > 1:
            return line.quantity
        return max(line.quantity, 1) * 1000

    def item(self, line: Line) -> tuple[dict[str, Any], int]:
        """A line as an item, and the part of its coupon that goes on the whole receipt.

        The price is the shelf price rounded down; what that takes away is given back as a surcharge that says so, so
        that quantities stay real, sums stay exact, and discounts are the real ones alone.
        """
        quantity = self.quantity_thousandths(line)
        shelf = line.sales + line.loyalty + line.match
        price = shelf * 1000 // quantity
        rounding = shelf - gross_minor(price, quantity)
        of_item = line.coupon if line.coupon <= line.sales else 0
        modifiers = discounts((LOYALTY, line.loyalty), (MATCH, line.match), (COUPON, of_item))
        if rounding:
            modifiers.append({"sum": rounding, "name": ROUNDING})
        item = self.described(line.product_id)
        item.update(price=price, quantity=quantity, sum=line.sales - of_item)
        if modifiers:
            item["modifiers"] = modifiers
        return item, line.coupon - of_item

    def sale(self, basket: Basket, random: Random) -> Sale:
        """A basket as it is rung up. Coupons count up to what the goods cost: nobody is paid for buying."""
        items, left_over = zip(*map(self.item, basket.lines), strict=True)
        goods_minor = total_minor(items)
        modifiers = discounts((COUPON, min(sum(left_over), goods_minor)))
        total = goods_minor + total_minor(modifiers)
        payments, change = payments_for(random, total)
        return Sale(items, modifiers, payments, change, total)


class Chain:
    """All registers of the shops; to be asked for its days in order, from the first one on."""

    def __init__(self, products: Mapping[int, Product], baskets_a_year: Mapping[int, int], prefix: str) -> None:
        self._goods = Goods(products)
        self._registers = {
            store_id: [
                Register(sko_number(prefix, store_id, place), cashiers=CASHIERS)
                for place in range(1, register_count(count) + 1)
            ]
            for store_id, count in baskets_a_year.items()
        }

    def numbers(self) -> dict[int, list[str]]:
        """The СКО numbers of each store."""
        return {store_id: [register.sko for register in registers] for store_id, registers in self._registers.items()}

    def day(self, day: date, baskets: Iterable[Basket]) -> list[Document]:
        """Every document of a day on which these baskets were sold: register by register, each in order.

        The baskets keep their time of day and are moved to `day`.
        """
        queues: dict[str, tuple[Register, list[tuple[datetime, Basket]]]] = {}
        for basket in baskets:
            registers = self._registers[basket.store_id]
            register = registers[basket.basket_id % len(registers)]
            at = datetime.combine(day, basket.at.time(), MINSK)
            queues.setdefault(register.sko, (register, []))[1].append((at, basket))
        return [document for register, queue in queues.values() for document in self._shift(register, queue)]

    def _shift(self, register: Register, queue: Sequence[tuple[datetime, Basket]]) -> Iterator[Document]:
        first = last = queue[0][0]
        midnight = datetime.combine(first.date(), time(), MINSK)
        latest = midnight + timedelta(hours=23, minutes=59, seconds=59)
        opened = max(midnight, first - timedelta(minutes=10))
        yield register.open_shift(opened)
        yield register.deposit(min(opened + timedelta(minutes=2), first), FLOAT_MINOR)
        returns: deque[_Return] = deque()
        for at, basket in queue:
            while returns and returns[0].at <= at:
                yield returns.popleft().issue(register, latest)
            random = Random(basket.basket_id)
            sale = register.sale(at, self._goods.sale(basket, random))
            yield sale
            returns.extend(_returns(sale, at, random))
            last = returns[-1].at if returns else at
        for comes_back in returns:
            yield comes_back.issue(register, latest)
        yield register.withdrawal(min(last + timedelta(minutes=10), latest), register.drawer_minor)
        yield register.close_shift(min(last + timedelta(minutes=12), latest))


class _Return(NamedTuple):
    """A customer comes back with some items; or the cashier annuls the sale, and there are none."""

    at: datetime
    sale: Document
    items: list[dict[str, Any]]

    def issue(self, register: Register, latest: datetime) -> Document:
        at = min(self.at, latest)
        return register.refund(at, self.sale, self.items) if self.items else register.rollback(at, self.sale)


def _returns(sale: Document, at: datetime, random: Random) -> Iterator[_Return]:
    """Of a small share of sales, always the same ones: what becomes of them."""
    what = random.random()
    returnable = [item for item in sale["items"] if item["sum"]] if "modifiers" not in sale else []
    if what < REFUNDED_SHARE and len(returnable) > 1:
        yield _Return(at + RETURNED_AFTER, sale, [random.choice(returnable)])
    elif REFUNDED_SHARE <= what < REFUNDED_SHARE + ANNULLED_SHARE:
        yield _Return(at + RETURNED_AFTER, sale, [])
