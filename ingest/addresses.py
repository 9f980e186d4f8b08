"""Requests without a token are limited by where they come from: in memory, each process for itself."""

import time
from collections import OrderedDict
from dataclasses import dataclass

from sql.throttle import network_of

ADDRESSES_MAX = 50_000  # the one that asked longest ago is forgotten first


@dataclass(slots=True)
class _Bucket:
    allowance: float
    refilled_s: float


class Addresses:
    """A token bucket for each network: it holds what one minute allows."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute  # 0: unlimited
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, address: str) -> int:
        """Take one request from the allowance: 0, or in how many seconds the next one is allowed."""
        if not self._per_minute:
            return 0
        network, now = network_of(address), time.monotonic()
        bucket = self._buckets.setdefault(network, _Bucket(self._per_minute, now))
        self._buckets.move_to_end(network)
        if len(self._buckets) > ADDRESSES_MAX:
            self._buckets.popitem(last=False)
        refill = (now - bucket.refilled_s) * self._per_minute / 60
        bucket.allowance = min(self._per_minute, bucket.allowance + refill)
        bucket.refilled_s = now
        if bucket.allowance < 1:
            return max(1, round((1 - bucket.allowance) * 60 / self._per_minute))
        bucket.allowance -= 1
        return 0
