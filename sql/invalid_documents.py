"""Documents in quarantine, for those who look into them: how many for which reason, the list, one with its bytes."""

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from sql.quarantine import CONFLICT
from sql.tables import document, quarantine

COUNTED_MAX = 100_000
STATES = ("open", "corrected")
_PLACE = re.compile("([0-9]{1,18})-([0-9a-f]{64})-([a-z_]{1,32})")


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidSearch:
    """Whose documents, and which: received from `since_us` on until before `until_us`; empty tuples mean all.

    Documents of no known register belong to no outlet: they are found only where all outlets are asked for.
    """

    merchant_id: int
    since_us: int
    until_us: int
    outlet_ids: tuple[int, ...] = ()
    sko_ids: tuple[int, ...] = ()
    code: str | None = None
    state: str | None = None


class InvalidPlace(NamedTuple):
    """A place in the list: what follows was received before."""

    received_us: int
    content_hash: bytes
    code: str

    def __str__(self) -> str:
        return f"{self.received_us}-{self.content_hash.hex()}-{self.code}"

    @classmethod
    def parse(cls, text: str) -> "InvalidPlace":
        """What `str` wrote. ValueError for anything else."""
        found = _PLACE.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no place among invalid documents")
        return cls(int(found[1]), bytes.fromhex(found[2]), found[3])


@dataclass(frozen=True, slots=True)
class Invalid:
    """A document in quarantine; `pointer` says where in `body` it breaks a rule, `detail` why, for integrators.

    `is_stored`: a document of this number is stored, the corrected one or, in a conflict, the one that it contradicts.
    """

    received_us: int
    content_hash: bytes
    code: str
    sko_id: int | None
    outlet_id: int | None
    number: int | None
    pointer: str
    detail: str
    body: bytes
    is_stored: bool

    @property
    def is_conflict(self) -> bool:
        """Whether it contradicts the stored document of its number, which nothing can correct."""
        return self.code == CONFLICT

    @property
    def is_corrected(self) -> bool:
        return self.is_stored and not self.is_conflict

    @property
    def place(self) -> InvalidPlace:
        return InvalidPlace(self.received_us, self.content_hash, self.code)


class ReasonCount(NamedTuple):
    """How many documents broke this rule, and how many of them nobody has corrected since."""

    code: str
    documents: int
    open_documents: int


class ReasonCounts(NamedTuple):
    """The most frequent reason first; where not exact, at least so many."""

    reasons: list[ReasonCount]
    is_exact: bool


def _is_stored() -> sa.ColumnElement[bool]:
    return (
        sa.select(document.c.number)
        .where(
            document.c.merchant_id == quarantine.c.merchant_id,
            document.c.sko_id == quarantine.c.sko_id,
            document.c.number == quarantine.c.number,
        )
        .correlate(quarantine)
        .exists()
    )


def _is_corrected() -> sa.ColumnElement[bool]:
    return sa.and_(quarantine.c.code != CONFLICT, _is_stored())


def count_invalid(connection: sa.Connection, search: InvalidSearch, most: int = COUNTED_MAX) -> ReasonCounts:
    """How many documents for which reason; no more than `most` are counted."""
    is_open = sa.case((_is_corrected(), 0), else_=1).label("is_open")
    some = sa.select(quarantine.c.code, is_open).where(*_conditions(search)).limit(most + 1).subquery()
    count = sa.func.count().label("documents")
    query = sa.select(some.c.code, count, sa.func.sum(some.c.is_open)).group_by(some.c.code)
    rows = connection.execute(query.order_by(count.desc(), some.c.code)).all()
    reasons = [ReasonCount(code, documents, int(open_)) for code, documents, open_ in rows]
    return ReasonCounts(reasons, sum(reason.documents for reason in reasons) <= most)


def find_invalid(
    connection: sa.Connection, search: InvalidSearch, limit: int, after: InvalidPlace | None = None
) -> list[Invalid]:
    """At most `limit` documents, the last received first, from a place in the list on."""
    query = _invalid().where(*_conditions(search))
    place = (quarantine.c.received_us, quarantine.c.content_hash, quarantine.c.code)
    if after is not None:
        at = (
            sa.literal(after.received_us, sa.BigInteger),
            sa.literal(after.content_hash, sa.LargeBinary),
            sa.literal(after.code),
        )
        query = query.where(sa.tuple_(*place) < sa.tuple_(*at))
    rows = connection.execute(query.order_by(*(column.desc() for column in place)).limit(limit))
    return [Invalid(*row) for row in rows]


def invalid_document(connection: sa.Connection, merchant_id: int, content_hash: bytes, code: str) -> Invalid | None:
    """The merchant's document in quarantine with this content, for this reason."""
    key = {"merchant_id": merchant_id, "content_hash": content_hash, "code": code}
    row = connection.execute(_invalid().filter_by(**key)).first()
    return Invalid(*row) if row else None


def invalid_of_numbers(
    connection: sa.Connection, merchant_id: int, sko_id: int, numbers: tuple[int, int], limit: int
) -> list[Invalid]:
    """A register's documents in quarantine from the first of these numbers to the last, unless corrected since."""
    query = _invalid().where(
        quarantine.c.merchant_id == merchant_id,
        quarantine.c.sko_id == sko_id,
        quarantine.c.number.between(*numbers),
        ~_is_corrected(),
    )
    rows = connection.execute(query.order_by(quarantine.c.number, quarantine.c.received_us).limit(limit))
    return [Invalid(*row) for row in rows]


def _invalid() -> sa.Select[Any]:
    columns = (quarantine.c[name] for name in Invalid.__slots__[:-1])
    return sa.select(*columns, _is_stored())


def _conditions(search: InvalidSearch) -> list[sa.ColumnElement[bool]]:
    conditions = [
        quarantine.c.merchant_id == search.merchant_id,
        quarantine.c.received_us >= search.since_us,
        quarantine.c.received_us < search.until_us,
    ]
    if search.outlet_ids:
        conditions.append(quarantine.c.outlet_id.in_(search.outlet_ids))
    if search.sko_ids:
        conditions.append(quarantine.c.sko_id.in_(search.sko_ids))
    if search.code:
        conditions.append(quarantine.c.code == search.code)
    if search.state:
        conditions.append(_is_corrected() if search.state == "corrected" else ~_is_corrected())
    return conditions


def count_found(connection: sa.Connection, search: InvalidSearch, most: int) -> int:
    """How many documents there are, `most` if there are no fewer."""
    some = sa.select(sa.literal(1)).select_from(quarantine).where(*_conditions(search)).limit(most).subquery()
    return int(connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one())
