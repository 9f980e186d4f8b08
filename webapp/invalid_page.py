"""An invalid document with all that is known of it: what is wrong where, and what is stored under its number."""

import json
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext

from sql.engine import Connection
from sql.invalid_documents import Invalid, invalid_document
from sql.receipts import IssuedDocument, document_by_key
from sql.tables import CURRENCIES
from webapp import formats
from webapp.filter_words import TYPES
from webapp.invalid_words import Reason, reason_of
from webapp.marked_json import Line, differences, marked_lines
from webapp.report_lists import state_of
from webapp.scope import Reach


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidPage:
    """`sko` and `outlet` are None where no register is known; `stored` where nothing is that the reader may see."""

    document: Invalid
    zone: str
    sko: str | None
    outlet: str | None
    stored: IssuedDocument | None
    lines: list[Line]
    what: str | None

    @property
    def reason(self) -> Reason:
        return reason_of(self.document.code)

    @property
    def state(self) -> str:
        return state_of(self.document)

    @property
    def field(self) -> str:
        """The offending place, as its pointer without the slash before it: «items/0/sum»."""
        return self.document.pointer.removeprefix("/")


def invalid_page(connection: Connection, reach: Reach, content_hash: bytes, code: str) -> InvalidPage | None:
    """The document, if there is one that the reader may see: of no known register only who sees all outlets."""
    document = invalid_document(connection, reach.merchant_id, content_hash, code)
    if document is None or not _sees(reach, document.outlet_id):
        return None
    outlets = reach.outlets(connection)
    names = {outlet.outlet_id: outlet for outlet in outlets}
    place = names.get(document.outlet_id or 0)
    numbers = {sko.sko_id: sko.number for sko in reach.skos(connection)} if document.sko_id else {}
    sko = numbers.get(document.sko_id or 0)
    stored = None
    if document.is_stored and sko and document.number:
        stored = document_by_key(connection, reach.merchant_id, sko, document.number)
        stored = stored if stored and reach.sees(stored.outlet_id) else None
    pointers = [document.pointer]
    if document.is_conflict and stored:
        pointers = differences(document.body, stored.body)
    return InvalidPage(
        document=document,
        zone=place.time_zone if place else reach.zone(connection),
        sko=sko,
        outlet=place.name if place else None,
        stored=stored,
        lines=marked_lines(document.body, pointers),
        what=what_is_said(document.body),
    )


def _sees(reach: Reach, outlet_id: int | None) -> bool:
    return reach.limit is None if outlet_id is None else reach.sees(outlet_id)


def what_is_said(body: bytes) -> str | None:
    """What the document says that it is, as far as that can be read: «Sale, 12.30 BYN»."""
    try:
        said: Any = json.loads(body, parse_int=lambda digits: int(digits) if len(digits) < 20 else 0)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or said.get("type") not in TYPES:
        return None
    name = str(TYPES[said["type"]])
    total, currency = said.get("total", said.get("sum")), said.get("currency")
    if type(total) is not int or currency not in CURRENCIES:
        return name
    return str(gettext("%(type)s, %(sum)s", type=name, sum=formats.money(total, currency)))
