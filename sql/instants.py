"""Instants as integers: microseconds since 1970-01-01T00:00:00Z.

Every column that ends in `_us` holds such an integer. Both databases sort, compare and bulk-load
it at the same speed and with the same meaning, which a SQLite text timestamp would not.
"""

import time
from datetime import UTC, datetime, timedelta

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def now_us() -> int:
    """The current instant."""
    return time.time_ns() // 1_000


def to_us(moment: datetime) -> int:
    """An aware datetime as an instant. Raises TypeError for a naive one."""
    return (moment - _EPOCH) // _MICROSECOND


def from_us(instant: int) -> datetime:
    """An instant as an aware UTC datetime."""
    return _EPOCH + instant * _MICROSECOND
