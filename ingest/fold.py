"""Documents → what they add to turnover. Pure: no clock, no database."""

from collections.abc import Iterable

from sql.documents import NewDocument
from sql.tables import PAYMENTS, REVENUE_KINDS, TURNOVER_COUNTERS
from sql.turnover import TYPE_OF_KIND, Deltas

_KIND_OF_TYPE = {type_: kind for kind, type_ in TYPE_OF_KIND.items()}
_COUNT = {type_: TURNOVER_COUNTERS.index(f"{kind}_count") for type_, kind in _KIND_OF_TYPE.items()}
_MINOR = {type_: TURNOVER_COUNTERS.index(f"{kind}_minor") for type_, kind in _KIND_OF_TYPE.items()}
# Of a revenue kind: where the counters of its first payment type stand; a count and a sum for each follow.
_FIRST_PAYMENT = {TYPE_OF_KIND[kind]: TURNOVER_COUNTERS.index(f"{kind}_{PAYMENTS[0]}_count") for kind in REVENUE_KINDS}
_DISCOUNT = TURNOVER_COUNTERS.index("sales_discount_minor")


def fold(documents: Iterable[NewDocument]) -> Deltas:
    """What these documents add to turnover: counters in the order of TURNOVER_COUNTERS, by TURNOVER_KEY.

    shift_open and z_report add nothing: turnover holds what registers did, not what they say of it.
    """
    deltas: Deltas = {}
    for row in documents:
        type_ = row.type
        counted = _COUNT.get(type_)
        if counted is None:
            continue
        key = (row.merchant_id, row.day, row.outlet_id, row.sko_id, row.currency)
        counters = deltas.get(key)
        if counters is None:
            counters = deltas[key] = [0] * len(TURNOVER_COUNTERS)
        counters[counted] += 1
        counters[_MINOR[type_]] += row.total_minor
        position = _FIRST_PAYMENT.get(type_)
        if position is None:
            continue
        for paid in (row.cash_minor, row.cashless_minor, row.other_minor):
            if paid:
                counters[position] += 1
                counters[position + 1] += paid
            position += 2
        if type_ == "sale":
            counters[_DISCOUNT] += row.discount_minor
    return deltas
