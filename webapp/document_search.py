"""The filters of a page as the search among documents that they ask for."""

from sql.document_plans import Search
from webapp.filters import Filters


def search_of(merchant_id: int, filters: Filters) -> Search:
    """What the filters choose, as the page searches for it."""
    period = filters.period
    return Search(
        merchant_id=merchant_id,
        zones=frozenset(filters.zones),
        first=period.first if period else None,
        last=period.last if period else None,
        outlet_ids=filters.outlet_ids,
        sko_ids=filters.sko_ids,
        types=filters.types,
        payments=filters.payments,
        currency=filters.currency,
        number=filters.number,
        uid=filters.uid,
        cashier=filters.cashier,
        min_minor=filters.min_minor,
        max_minor=filters.max_minor,
        state=filters.state,
        discounted=filters.discounted,
    )
