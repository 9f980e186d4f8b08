"""A code of the authenticator app, where the person is known already; a recovery code serves in its place."""

import re
import time
from dataclasses import dataclass

from flask_babel import gettext, lazy_gettext
from wtforms import Field, StringField, ValidationError
from wtforms.validators import DataRequired

from sql import accounts
from sql.accounts import Person
from sql.engine import Connection, reading, writing
from sql.factors import factors_of, has_recovery_code, use_recovery_code
from webapp.database import engine
from webapp.forms import Form
from webapp.passwords import totp_step
from webapp.person_journal import note_of
from webapp.recovery_codes import recovery_code_of

RECOVERY_LIKE = 12  # characters: nobody means a code of six digits by so many


def code_field() -> StringField:
    """For forms that take a code: they also need `TakesCode`."""
    return StringField(
        lazy_gettext("One-time code"),
        [DataRequired(lazy_gettext("Enter the code that your authenticator app shows."))],
    )


class TakesCode:
    """A form with the field `code`."""

    code: StringField

    def validate_code(self, _field: Field) -> None:
        typed = self.typed
        if not typed or re.fullmatch("[0-9]{6}", typed) or recovery_code_of(typed):
            return
        if len(typed) < RECOVERY_LIKE:
            raise ValidationError(gettext("The code is six digits."))
        raise ValidationError(gettext("A recovery code has 24 letters and digits, none of them i, l, o, 0 or 1."))

    @property
    def typed(self) -> str:
        """The code without the space that apps show in its middle."""
        return "".join((self.code.data or "").split())


class AuthenticatorForm(TakesCode, Form):
    code = code_field()


@dataclass(frozen=True, slots=True)
class Proof:
    """A code that fits: the 30-second step that it belongs to, or a recovery code. It is not used yet."""

    step: int | None = None
    recovery: str | None = None


def find_proof(account_id: int, totp_secret: str, typed: str) -> Proof | None:
    """What was typed, if it fits; for an account that isn't there it is the same work. An empty secret is none."""
    recovery = recovery_code_of(typed)
    if recovery is None:
        step = totp_step(totp_secret, typed, time.time()) if totp_secret else None
        return Proof(step=step) if step is not None else None
    with reading(engine()) as connection:
        return Proof(recovery=recovery) if has_recovery_code(connection, account_id, recovery) else None


def use_proof(connection: Connection, account_id: int, proof: Proof) -> bool:
    """Use it up; True for exactly one caller. The companies of the person read of a recovery code in the journal."""
    if proof.recovery is None:
        assert proof.step is not None
        return accounts.use_totp_step(connection, account_id, proof.step)
    person = accounts.person_of(connection, account_id)
    if person is None or not use_recovery_code(connection, account_id, proof.recovery):
        return False
    note_of(connection, person, "recovery_code_used", left=factors_of(connection, account_id).recovery_left)
    return True


def use_code(person: Person, code: str) -> bool:
    """Whether this is a code of the person's app, or a recovery code, that was not used yet; then it is now."""
    proof = find_proof(person.account_id, person.totp_secret, code)
    if proof is None:
        return False
    with writing(engine()) as connection:
        return use_proof(connection, person.account_id, proof)
