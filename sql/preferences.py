"""Which notifications of a company its people want sent to them, beside the page that lists them all."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa

from sql.dialect import insert
from sql.tables import notification_preference as table

# What notifications are about: connection (a register is silent or offline), documents (gaps, quarantine, conflicts,
# a Z-report that differs), shifts (open too long), devices (certificate, memory, refused settings), delivery (the
# state system refused a document).
KINDS = ("connection", "documents", "shifts", "devices", "delivery")
MAILS = ("never", "at_once", "daily")


@dataclass(frozen=True, slots=True)
class Preference:
    """How somebody wants notifications of a kind: `mail` is one of MAILS."""

    kind: str
    mail: str = "never"
    by_sms: bool = False


def preferences_of(connection: sa.Connection, merchant_id: int, account_id: int) -> list[Preference]:
    """One for each of KINDS, in that order; whoever has chosen nothing gets nothing sent."""
    rows = connection.execute(sa.select(table.c.kind, table.c.mail, table.c.by_sms).where(_of(merchant_id, account_id)))
    chosen = {row.kind: Preference(*row) for row in rows}
    return [chosen.get(kind) or Preference(kind) for kind in KINDS]


def set_preferences(
    connection: sa.Connection, merchant_id: int, account_id: int, preferences: Collection[Preference]
) -> None:
    """These in place of all of before; of two at once, the later ones."""
    kept = [chosen.kind for chosen in preferences]
    connection.execute(sa.delete(table).where(_of(merchant_id, account_id), table.c.kind.not_in(kept)))
    key = {"merchant_id": merchant_id, "account_id": account_id}
    rows = [{**key, "kind": chosen.kind, "mail": chosen.mail, "by_sms": chosen.by_sms} for chosen in preferences]
    if rows:
        added = insert(connection, table).values(rows)
        new = {name: added.excluded[name] for name in ("mail", "by_sms")}
        connection.execute(added.on_conflict_do_update(index_elements=[*key, "kind"], set_=new))


def _of(merchant_id: int, account_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(table.c.merchant_id == merchant_id, table.c.account_id == account_id)
