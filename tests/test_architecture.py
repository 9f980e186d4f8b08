"""What must agree across floors that may not import each other."""

from typing import get_args

from ingest import fields
from ingest.wire import Document
from sql import tables


def values(annotated: object) -> tuple[str, ...]:
    """The allowed values of an annotated Literal."""
    return get_args(get_args(annotated)[0])


def test_the_wire_and_the_tables_have_the_same_words():
    assert values(fields.EventKind) == tables.EVENT_KINDS
    assert values(fields.Currency) == tables.CURRENCIES
    assert {document.type_name for document in get_args(Document)} == set(tables.DOCUMENT_TYPES)
