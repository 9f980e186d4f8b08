"""Certificates of electronic signatures that their owners have linked to their accounts."""

from dataclasses import dataclass

import sqlalchemy as sa

from sql.dialect import insert
from sql.errors import AlreadyExists
from sql.instants import now_us
from sql.tables import account, signing_certificate

CERTIFICATES_MAX = 10  # of one account


class TooMany(Exception):
    """The account has as many certificates as it may have."""


@dataclass(frozen=True, slots=True)
class SigningCertificate:
    """A linked certificate. `fingerprint` is its SHA-256, 64 hexadecimal digits; `subject` is for people to read."""

    fingerprint: str
    subject: str
    valid_until_us: int
    created_us: int


def certificates_of(connection: sa.Connection, account_id: int) -> list[SigningCertificate]:
    """The certificates that open this account, the one linked last first."""
    columns = (signing_certificate.c.subject, signing_certificate.c.valid_until_us, signing_certificate.c.created_us)
    rows = connection.execute(
        sa.select(signing_certificate.c.fingerprint, *columns)
        .where(signing_certificate.c.account_id == account_id)
        .order_by(signing_certificate.c.created_us.desc(), signing_certificate.c.fingerprint)
    )
    return [SigningCertificate(row[0].hex(), *row[1:]) for row in rows]


def account_of_certificate(connection: sa.Connection, fingerprint: str) -> int | None:
    """The live account that this certificate opens; None if it opens none."""
    mine = signing_certificate.c.fingerprint == bytes.fromhex(fingerprint)
    query = (
        sa.select(account.c.account_id)
        .join_from(signing_certificate, account, account.c.account_id == signing_certificate.c.account_id)
        .where(mine, account.c.disabled_us.is_(None))
    )
    return connection.execute(query).scalar()


def is_linked(connection: sa.Connection, fingerprint: str) -> bool:
    """Whether the certificate belongs to some account, be it a disabled one: then nobody else may use it."""
    query = sa.select(signing_certificate.c.fingerprint).where(
        signing_certificate.c.fingerprint == bytes.fromhex(fingerprint)
    )
    return connection.execute(query).first() is not None


def add_certificate(
    connection: sa.Connection, account_id: int, *, fingerprint: str, subject: str, valid_until_us: int
) -> None:
    """Link a certificate. AlreadyExists if it is linked, to this account or to another; TooMany beyond the limit."""
    # Held until the end of the transaction, so that two of the same account are counted one after the other.
    connection.execute(sa.select(account.c.account_id).where(account.c.account_id == account_id).with_for_update())
    if len(certificates_of(connection, account_id)) >= CERTIFICATES_MAX:
        raise TooMany(f"Account {account_id} has {CERTIFICATES_MAX} certificates")
    added = connection.execute(
        insert(connection, signing_certificate)
        .values(
            fingerprint=bytes.fromhex(fingerprint),
            account_id=account_id,
            subject=subject,
            valid_until_us=valid_until_us,
            created_us=now_us(),
        )
        .on_conflict_do_nothing(index_elements=[signing_certificate.c.fingerprint])
        .returning(signing_certificate.c.account_id)
    ).first()
    if added is None:
        raise AlreadyExists(f"The certificate {fingerprint} is linked already")


def remove_certificate(connection: sa.Connection, account_id: int, fingerprint: str) -> str | None:
    """Unlink one of the account's own certificates; returns its subject, None if the account has none like this."""
    try:
        key = bytes.fromhex(fingerprint)
    except ValueError:
        return None
    mine = sa.and_(signing_certificate.c.account_id == account_id, signing_certificate.c.fingerprint == key)
    return connection.execute(
        sa.delete(signing_certificate).where(mine).returning(signing_certificate.c.subject)
    ).scalar()
