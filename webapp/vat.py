"""VAT by rate, which a receipt doesn't say: registers send each line's rate and a sum that includes the tax.

A discount or surcharge on the whole receipt belongs to all lines, so the total is shared among the rates in proportion
to the sums of their lines. Shares are whole minor units by the largest remainder: together they are exactly the total,
and each is less than one minor unit away from its exact share.
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vat:
    """What was taken at a rate in per cent (None: without VAT, which is not 0 %), and the tax that is within it."""

    rate: int | None
    base_minor: int
    vat_minor: int


def vat_by_rate(lines: Iterable[tuple[int | None, int]], total_minor: int) -> tuple[Vat, ...]:
    """The rates of these lines (rate, sum ≥ 0), highest first and "without VAT" last; bases add up to the total."""
    sums: dict[int | None, int] = {}
    for rate, sum_minor in lines:
        sums[rate] = sums.get(rate, 0) + sum_minor
    rates = sorted(sums, key=lambda rate: -1 if rate is None else rate, reverse=True)
    bases = apportion(total_minor, [sums[rate] for rate in rates])
    return tuple(Vat(rate, base, included_vat(base, rate or 0)) for rate, base in zip(rates, bases, strict=True))


def included_vat(sum_minor: int, rate: int) -> int:
    """The tax within a sum, half-up."""
    return (2 * sum_minor * rate + 100 + rate) // (2 * (100 + rate))


def apportion(total: int, weights: list[int]) -> list[int]:
    """Share a total ≥ 0 in whole units, in proportion to weights ≥ 0; equally if all of them are 0.

    What rounding down leaves goes, a unit each, to the shares that lost most; among equal ones to the first.
    """
    if not any(weights):
        weights = [1] * len(weights)
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    lost = sorted(range(len(weights)), key=lambda place: -(total * weights[place] % whole))
    for place in lost[: total - sum(shares)]:
        shares[place] += 1
    return shares
