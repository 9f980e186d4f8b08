"""How many documents of each type there are: turnover knows most of them, openings of shifts and Z-reports are counted.

A register issues two of the latter a day, and an index holds them apart from the sales among which they stand.
"""

import dataclasses

import sqlalchemy as sa

from sql.document_plans import Search
from sql.document_search import bounds, newest
from sql.document_summary import summarise
from sql.document_windows import WITHOUT_SUM
from sql.tables import DOCUMENT_TYPES, document


def count_by_type(connection: sa.Connection, search: Search) -> dict[str, int]:
    """The documents of these days, outlets and registers by type, in the usual order; types without any are left out.

    Of a search, these are all that counts.
    """
    with_sum = tuple(type_ for type_ in DOCUMENT_TYPES if type_ not in WITHOUT_SUM)
    found = dict(_shift_documents(connection, search))
    for row in summarise(connection, dataclasses.replace(search, types=with_sum)).sums:
        found[row.type] = found.get(row.type, 0) + row.count
    return {type_: found[type_] for type_ in DOCUMENT_TYPES if found.get(type_)}


def _shift_documents(connection: sa.Connection, search: Search) -> list[tuple[str, int]]:
    d = document.c
    # Said as the index says it, or SQLite would not see that the index covers it.
    is_rare = d.type != sa.literal_column("'sale'")
    conditions = [d.merchant_id == search.merchant_id, d.type.in_(WITHOUT_SUM), is_rare]
    if search.first or search.last:
        since_us, before_us = bounds(search, newest(search))["since_us"], newest(search).issued_us
        conditions += [d.issued_us >= since_us, d.issued_us < before_us, d.day.between(*search.days)]
    if search.outlet_ids:
        conditions.append(d.outlet_id.in_(search.outlet_ids))
    if search.sko_ids:
        conditions.append(d.sko_id.in_(search.sko_ids))
    rows = connection.execute(sa.select(d.type, sa.func.count()).where(*conditions).group_by(d.type))
    return [(type_, count) for type_, count in rows]
