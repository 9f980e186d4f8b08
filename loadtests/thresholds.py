"""The thresholds of a scenario, and what a run makes of them."""

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Self

FILE = Path(__file__).with_name("thresholds.toml")
OF_POLLING = Path(__file__).with_name("thresholds_polling.toml")


class Figures(NamedTuple):
    requests: int
    failures: int
    rate: float  # requests a second, over the whole run
    p95_ms: float

    @classmethod
    def of(cls, entry: Any) -> Self:
        """From an entry of Locust's statistics."""
        p95_ms = entry.get_response_time_percentile(0.95) or 0.0
        return cls(entry.num_requests, entry.num_failures, entry.total_rps, p95_ms)


def broken(found: Mapping[str, Figures], file: Path = FILE) -> Iterator[str]:
    """A sentence for each threshold of the file that these figures, by the name of the request, don't keep to."""
    for name, figures in found.items():
        if figures.failures:
            yield f"{name}: {figures.failures} of {figures.requests} requests failed"
    for name, limits in tomllib.loads(file.read_text()).items():
        figures = found.get(name, Figures(0, 0, 0.0, 0.0))
        if figures.rate < limits["rate_min"]:
            yield f"{name}: {figures.rate:.2f} requests a second are too few, {limits['rate_min']} at least"
        if figures.p95_ms > limits["p95_ms"]:
            yield f"{name}: 95 % within {figures.p95_ms:.0f} ms is too slow, {limits['p95_ms']} at most"
