"""Manuals that the operator gives its merchants to read: PDF files, each in a version and a language."""

from dataclasses import dataclass

import sqlalchemy as sa

from sql.errors import AlreadyExists, NotFound
from sql.instants import now_us
from sql.tables import manual as table


@dataclass(frozen=True, slots=True)
class Manual:
    """`bytes` is the size of its file."""

    manual_id: int
    title: str
    version: str
    language: str
    pages: int
    bytes: int


_COLUMNS = tuple(table.c[name] for name in Manual.__slots__)


def add_manual(
    connection: sa.Connection, *, title: str, version: str, language: str, pages: int, content: bytes
) -> int:
    """A new manual; returns its id. AlreadyExists if there is one of this title in this version and language."""
    key = {"title": title, "version": version, "language": language}
    if connection.execute(sa.select(table.c.manual_id).filter_by(**key)).first():
        raise AlreadyExists(f"There is a manual “{title}”, version {version}, in this language already")
    values = {"pages": pages, "bytes": len(content), "added_us": now_us(), "content": content}
    added = sa.insert(table).values(**key, **values).returning(table.c.manual_id)
    return int(connection.execute(added).scalar_one())


def manuals(connection: sa.Connection) -> list[Manual]:
    """All manuals, by title and language, the newest version of each first."""
    query = sa.select(*_COLUMNS).order_by(table.c.title, table.c.language, table.c.added_us.desc())
    return [Manual(*row) for row in connection.execute(query)]


def find_manual(connection: sa.Connection, manual_id: int) -> tuple[Manual, bytes] | None:
    """A manual with its file."""
    row = connection.execute(sa.select(*_COLUMNS, table.c.content).where(table.c.manual_id == manual_id)).first()
    return (Manual(*row[:-1]), row[-1]) if row else None


def remove_manual(connection: sa.Connection, manual_id: int) -> None:
    """NotFound if there is no such manual."""
    if connection.execute(sa.delete(table).where(table.c.manual_id == manual_id)).rowcount == 0:
        raise NotFound(f"There is no manual {manual_id}")
