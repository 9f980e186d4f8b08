"""Writing the journal from a page: who is logged in, and from where."""

from typing import Any

from flask import request
from flask_login import current_user

from sql.engine import Connection
from sql.journal import write_journal


def note(connection: Connection, action: str, subject: str = "", **detail: Any) -> None:
    """Add a line about the logged-in person to the journal of the present company, in the transaction of the deed."""
    write_journal(
        connection,
        current_user.merchant_id,
        action,
        actor=current_user.email,
        account_id=current_user.account_id,
        subject=subject,
        detail=detail,
        address=request.remote_addr or "",
    )
