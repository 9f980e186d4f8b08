"""A merchant, outlets and registers to post for: what is missing is added, what is there stays."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from sql.engine import Engine, reading, writing
from sql.errors import NotFound
from sql.merchants import merchant_by_unp
from sql.outlets import add_outlet, outlets_of
from sql.skos import add_sko, skos_of
from sql.tables import SKO_MODELS
from sql.tokens import issue_token, revoke_token
from sql.unp import is_valid_unp


class Place(NamedTuple):
    """An outlet that is wanted, with the numbers of its registers. Its name is what it is found by again."""

    name: str
    address: str
    skos: Sequence[str]


@dataclass(frozen=True, slots=True)
class Login:
    """The way into the cabinet."""

    unp: str
    password: str
    totp_secret: str


def some_unps(count: int) -> list[str]:
    """Valid УНП, always the same."""
    return list(islice(filter(is_valid_unp, map(str, range(290_000_000, 299_999_999))), count))


def add_merchant(unp: str, name: str, database_url: str) -> Login:
    """Add a merchant with an owner's account as an operator does: by the command. RuntimeError if it can't."""
    email = f"owner-{unp.lower()}@kabinet.example"
    command = [str(Path(sys.executable).parent / "kabinet"), "merchant", "add", "--json", "--unp", unp]
    done = subprocess.run(
        [*command, "--name", name, "--email", email, "--phone", "+375291234567"],
        env={"DATABASE_URL": database_url, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    added = json.loads(done.stdout)
    return Login(unp, added["password"], added["totp_secret"])


def find_merchant(engine: Engine, unp: str) -> int | None:
    """The merchant's id, or None if there is no such merchant."""
    with reading(engine) as connection:
        try:
            return merchant_by_unp(connection, unp).merchant_id
        except NotFound:
            return None


def ensure_places(engine: Engine, merchant_id: int, places: Sequence[Place]) -> None:
    """Add those outlets and registers that the merchant lacks. AlreadyExists if another merchant has a register."""
    with writing(engine) as connection:
        outlets = {outlet.name: outlet.outlet_id for outlet in outlets_of(connection, merchant_id)}
        skos = {sko.number for sko in skos_of(connection, merchant_id)}
        for place in places:
            if place.name not in outlets:
                outlets[place.name] = add_outlet(connection, merchant_id, name=place.name, address=place.address)
            for number in place.skos:
                if number not in skos:
                    model = SKO_MODELS[len(skos) % len(SKO_MODELS)]
                    add_sko(connection, merchant_id, number=number, outlet_id=outlets[place.name], model=model)
                    skos.add(number)


@contextmanager
def own_token(engine: Engine, merchant_id: int | None) -> Iterator[str]:
    """A token for all registers of the merchant (None: of everybody), revoked when the block ends."""
    scope = "operator" if merchant_id is None else "merchant"
    with writing(engine) as connection:
        token_id, token = issue_token(connection, scope=scope, merchant_id=merchant_id)
    try:
        yield token
    finally:
        with writing(engine) as connection:
            revoke_token(connection, token_id)


STREETS = (
    "Минск, пр. Независимости", "Минск, ул. Притыцкого", "Минск, ул. Сурганова", "Брест, ул. Советская",
    "Гродно, ул. Ожешко", "Витебск, пр. Фрунзе", "Гомель, ул. Советская", "Могилёв, ул. Первомайская",
    "Минск, пр. Победителей", "Барановичи, ул. Ленина", "Пинск, ул. Завальная", "Орша, ул. Мира",
)  # fmt: skip


def places_of_stores(numbers: Mapping[int, Sequence[str]]) -> list[Place]:
    """Outlets for stores that have but a number: the addresses are made up."""
    return [
        Place(store_name(store_id), f"{STREETS[store_id % len(STREETS)]}, {store_id % 97 + 1}", skos)
        for store_id, skos in numbers.items()
    ]


def store_name(store_id: int) -> str:
    return f"Магазин № {store_id}"
