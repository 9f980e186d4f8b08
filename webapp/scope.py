"""What a person may see of a company: all of it, or as a manager only the chosen outlets.

Pages have outlets, registers and filters from here and from nowhere else (a test sees to that), so that a new page
can't forget the limit: whatever it lists, offers or accepts lies within it, and `Filters.outlet_ids`, by which it asks
for its figures, never means more.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from flask_login import current_user
from werkzeug.datastructures import MultiDict

from sql.engine import Connection
from sql.outlets import Outlet, outlets_of
from sql.skos import Sko, skos_of
from webapp.filter_values import numbers_in
from webapp.filters import NAMES, Filters, parse_filters, zone_of


@dataclass(frozen=True, slots=True)
class Reach:
    """How far somebody may look into a company: at all outlets, or only at those of `limit`."""

    merchant_id: int
    limit: tuple[int, ...] | None = None

    def sees(self, outlet_id: int) -> bool:
        return self.limit is None or outlet_id in self.limit

    def outlets(self, connection: Connection, outlet_ids: Collection[int] | None = None) -> list[Outlet]:
        """The outlets that the person may see, or those of these."""
        wanted = self.limit if outlet_ids is None else [each for each in outlet_ids if self.sees(each)]
        return outlets_of(connection, self.merchant_id, wanted)

    def zone(self, connection: Connection) -> str:
        """The time zone in which to tell the person when anything was that happened at no outlet."""
        return zone_of(self.outlets(connection))

    def skos(self, connection: Connection, *, numbers: Collection[str] | None = None) -> list[Sko]:
        """The registers that stand, or have ever stood, in outlets that the person may see; or those of these."""
        return skos_of(connection, self.merchant_id, self.limit, numbers=numbers)

    def filters(
        self,
        connection: Connection,
        arguments: MultiDict[str, str],
        default_period: str | None = None,
        *,
        names: Iterable[str] = NAMES,
        outlet_ids: Collection[int] | None = None,
        skos: Literal["all", "named", "none"] = "all",
    ) -> Filters:
        """The filters of a query string, as `parse_filters` has them, among what the person may see.

        They know all outlets or these `outlet_ids`, and all registers, or only those that the query string names, or
        none: a large company has many hundreds, and few answers need them.
        """
        outlets = self.outlets(connection, outlet_ids)
        numbers = {"all": None, "named": numbers_in(arguments.getlist("sko")), "none": ()}[skos]
        known = () if numbers is not None and not numbers else self.skos(connection, numbers=numbers)
        return parse_filters(arguments, outlets, known, default_period, names=names, is_limited=self.limit is not None)

    def with_skos_of(self, connection: Connection, filters: Filters, sko_ids: Collection[int]) -> Filters:
        """With these registers known as well, of documents that the filters have found."""
        missing = set(sko_ids).difference(filters.skos)
        if not missing:
            return filters
        found = skos_of(connection, self.merchant_id, self.limit, sko_ids=missing)
        return replace(filters, skos={**filters.skos, **{sko.sko_id: sko for sko in found}})


def own_reach() -> Reach:
    """What the logged-in person may see of the present company."""
    return Reach(current_user.merchant_id, current_user.limit)
