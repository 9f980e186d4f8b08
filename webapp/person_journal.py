"""Writing the journal of a person who isn't logged in yet, or of what concerns the account in all its companies."""

from typing import Any

from flask import request

from sql.accounts import Person
from sql.engine import Connection
from sql.journal import write_journal
from sql.memberships import companies_of


def note_of(connection: Connection, person: Person, action: str, **detail: Any) -> None:
    """Add a line to the journal of each company that the person may enter, in the transaction of the deed."""
    for company in companies_of(connection, person.account_id):
        write_journal(
            connection,
            company.merchant_id,
            action,
            actor=person.email,
            account_id=person.account_id,
            detail=detail,
            address=request.remote_addr or "",
        )
