"""How often one network may do something that needs no login, counted in the database for all processes.

A window of fixed length, which the first of its requests opens. The counters stand beside those of the login throttle
under keys of their own, and are swept with them (`throttle.sweep_throttle`): none is longer than they are kept.
"""

from dataclasses import dataclass

import sqlalchemy as sa

from sql.dialect import insert
from sql.instants import now_us
from sql.tables import login_throttle as counter
from sql.throttle import KEPT_US, TooManyAttempts, network_of


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `most` in `window_us` for one network."""

    name: str
    most: int
    window_us: int

    def __post_init__(self) -> None:
        if self.window_us > KEPT_US:
            raise ValueError("the counter would be swept before its window ends")

    def key(self, address: str) -> str:
        return f"{self.name} address:{network_of(address)}"


def count(connection: sa.Connection, rate: Rate, address: str) -> None:
    """Count one. TooManyAttempts, and nothing counted, if the window is full: one atomic statement tells."""
    now = now_us()
    is_over = counter.c.since_us <= now - rate.window_us
    statement = insert(connection, counter).values(key=rate.key(address), failures=1, since_us=now, blocked_until_us=0)
    counted = connection.execute(
        statement.on_conflict_do_update(
            index_elements=[counter.c.key],
            set_={
                "failures": sa.case((is_over, 1), else_=counter.c.failures + 1),
                "since_us": sa.case((is_over, now), else_=counter.c.since_us),
            },
            where=sa.or_(is_over, counter.c.failures < rate.most),
        ).returning(counter.c.failures)
    ).scalar_one_or_none()
    if counted is None:
        check(connection, rate, address)
        raise TooManyAttempts(now + 1)  # the window ended between the two statements


def check(connection: sa.Connection, rate: Rate, address: str) -> None:
    """TooManyAttempts if the window is full; counts nothing."""
    full_since = connection.execute(
        sa.select(counter.c.since_us).where(
            counter.c.key == rate.key(address),
            counter.c.since_us > now_us() - rate.window_us,
            counter.c.failures >= rate.most,
        )
    ).scalar_one_or_none()
    if full_since is not None:
        raise TooManyAttempts(full_since + rate.window_us)
