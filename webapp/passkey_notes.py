"""What the journal tells of passkeys that were refused, when the answer is out: its time tells nothing.

Else it would say, for one, whether the password before the passkey was right.
"""

from typing import Any

from sql.accounts import person_of
from sql.engine import writing
from sql.passkeys import Passkey
from webapp.afterwards import afterwards
from webapp.database import engine
from webapp.person_journal import note_of


def note_failure(account_id: int | None, way: str) -> None:
    """A login of this account has failed; of nobody, if it is None."""
    _note(account_id, "login_failed", way=way, factor="passkey")


def note_copy(passkey: Passkey | None) -> None:
    """A copy of this passkey is about, or an old answer of it was sent again."""
    if passkey:
        _note(passkey.account_id, "passkey_copied", name=passkey.name)


def _note(account_id: int | None, action: str, **detail: Any) -> None:
    def write() -> None:
        if account_id is None:
            return
        with writing(engine()) as connection:
            person = person_of(connection, account_id)
            if person:
                note_of(connection, person, action, **detail)

    afterwards(write)
