"""Accepting an invitation: the person is let into the company, and the company's journal says so."""

import re
from urllib.parse import urlsplit

from flask import request

from sql import invitations
from sql.accounts import person_of
from sql.engine import Connection
from sql.invitations import Invitation
from sql.journal import write_journal
from webapp.guard import own_page

# The page that people with an account log in to; `webapp/invitations.py` serves it.
_PAGE = re.compile(r"/invitations/([0-9A-Za-z_-]{20,64})/accept")


def accept(connection: Connection, token: str, account_id: int) -> Invitation | None:
    """None if the invitation is not good any more, or is for another person.

    AlreadyExists if the account belongs there already; the transaction must roll back then.
    """
    accepted = invitations.accept(connection, token, account_id)
    person = person_of(connection, account_id)
    if accepted and person:
        write_journal(
            connection,
            accepted.merchant_id,
            "invitation_accepted",
            actor=person.email,
            account_id=account_id,
            subject=person.email,
            detail={"role": accepted.role, "invited_by": accepted.invited_by},
            address=request.remote_addr or "",
        )
    return accepted


def join(connection: Connection, target: str | None, account_id: int) -> bool:
    """Accept the invitation whose page `target` is, for somebody who has just logged in to do so; whether it worked."""
    page = _PAGE.fullmatch(urlsplit(own_page(target)).path)
    return page is not None and accept(connection, page[1], account_id) is not None
