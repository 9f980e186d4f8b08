"""Exports: lists that somebody wants as a file. The web asks for one; a worker claims it, makes it, says how far it is.

A worker holds a `claim`: a random text in the row, anew each time the export is begun. Whatever it writes, it writes
only where its claim still stands. So an export that was cancelled, or that another worker has taken up since the first
one was silent for too long, is lost to the first one, and it learns so from the next thing that it wants to note.
"""

import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from sql.instants import DAY_US, HOUR_US, SECOND_US, now_us
from sql.merchants import lock_merchant
from sql.tables import export

UNDER_WAY_MAX = 3  # waiting or running, of one account in one company
ATTEMPTS_MAX = 3  # an export that its workers don't survive is given up
SILENCE_US = 60 * SECOND_US  # a worker that has given no sign of life for so long is gone
KEPT_US = 24 * HOUR_US
LONG_KEPT_US = {"reports": 30 * DAY_US}  # by subject, where that is more
LISTED_MAX = 50
_UNDER_WAY = ("waiting", "running")


class TooManyExports(Exception):
    """This account has UNDER_WAY_MAX exports waiting or running already."""


@dataclass(frozen=True, slots=True)
class Export:
    """A row of `export`. `query` is the query string of the page `subject`; rows_total None: not counted yet."""

    merchant_id: int
    export_id: str
    account_id: int
    subject: str
    file_format: str
    query: str
    language: str
    file_name: str
    state: str
    failure: str | None
    claim: str | None
    attempts: int
    rows_done: int
    rows_total: int | None
    file_bytes: int | None
    created_us: int
    beat_us: int

    @property
    def is_under_way(self) -> bool:
        return self.state in _UNDER_WAY

    @property
    def tenths_done(self) -> int:
        """How much of it is done, from 0 to 10."""
        return min(10, 10 * self.rows_done // self.rows_total) if self.rows_total else 0

    @property
    def kept_us(self) -> int:
        """For how long it is kept after it was made."""
        return LONG_KEPT_US.get(self.subject, KEPT_US)

    @property
    def stored_name(self) -> str:
        """The name of its file in the folder of exports."""
        return f"{self.export_id}.{self.file_format}"


_COLUMNS = tuple(export.c[name] for name in Export.__slots__)


# --- the people who ask for them -------------------------------------------------------------------------------------


def add_export(
    connection: sa.Connection,
    merchant_id: int,
    account_id: int,
    *,
    subject: str,
    file_format: str,
    query: str,
    language: str,
    file_name: str,
) -> str:
    """Ask for a file; returns its `export_id`. TooManyExports if the account has to wait for its others first."""
    _admit(connection, merchant_id, account_id)
    export_id, now = secrets.token_hex(16), now_us()
    connection.execute(
        sa.insert(export).values(
            merchant_id=merchant_id,
            export_id=export_id,
            account_id=account_id,
            subject=subject,
            file_format=file_format,
            query=query,
            language=language,
            file_name=file_name,
            state="waiting",
            created_us=now,
            beat_us=now,
        )
    )
    return export_id


def try_again(connection: sa.Connection, merchant_id: int, account_id: int, export_id: str) -> bool:
    """Let an export that failed wait anew; False if there is none. TooManyExports as for a new one."""
    _admit(connection, merchant_id, account_id)
    failed = sa.and_(_of(merchant_id, account_id), export.c.export_id == export_id, export.c.state == "failed")
    fresh = {"state": "waiting", "failure": None, "claim": None, "attempts": 0, "rows_done": 0, "rows_total": None}
    changed = connection.execute(sa.update(export).where(failed).values(**fresh, created_us=now_us(), beat_us=now_us()))
    return changed.rowcount == 1


def _admit(connection: sa.Connection, merchant_id: int, account_id: int) -> None:
    lock_merchant(connection, merchant_id)  # two that ask at the same time are counted one after the other
    under_way = sa.select(sa.func.count()).where(_of(merchant_id, account_id), export.c.state.in_(_UNDER_WAY))
    if connection.execute(under_way).scalar_one() >= UNDER_WAY_MAX:
        raise TooManyExports


def exports_of(
    connection: sa.Connection, merchant_id: int, account_id: int, subject: str | None = None
) -> list[Export]:
    """What the account has asked for in this company, of all pages or of one, the newest first."""
    query = sa.select(*_COLUMNS).where(_of(merchant_id, account_id))
    if subject is not None:
        query = query.where(export.c.subject == subject)
    rows = connection.execute(query.order_by(export.c.created_us.desc(), export.c.export_id).limit(LISTED_MAX))
    return [Export(*row) for row in rows]


def find_export(connection: sa.Connection, merchant_id: int, account_id: int, export_id: str) -> Export | None:
    """The account's own export of this id; nobody else's."""
    query = sa.select(*_COLUMNS).where(_of(merchant_id, account_id), export.c.export_id == export_id)
    row = connection.execute(query).first()
    return Export(*row) if row else None


def delete_export(connection: sa.Connection, merchant_id: int, account_id: int, export_id: str) -> bool:
    """Forget an export: that also cancels it. False if the account has none of this id. Its file is not touched."""
    mine = sa.and_(_of(merchant_id, account_id), export.c.export_id == export_id)
    return connection.execute(sa.delete(export).where(mine)).rowcount == 1


def _of(merchant_id: int, account_id: int) -> sa.ColumnElement[bool]:
    return sa.and_(export.c.merchant_id == merchant_id, export.c.account_id == account_id)


# --- the workers who make them ---------------------------------------------------------------------------------------


def due_exports(connection: sa.Connection) -> list[tuple[int, str]]:
    """The keys of the exports that nobody makes, of all merchants, the oldest first."""
    query = sa.select(export.c.merchant_id, export.c.export_id).where(_is_due(now_us()))
    rows = connection.execute(query.order_by(export.c.created_us, export.c.export_id).limit(LISTED_MAX))
    return [(row[0], row[1]) for row in rows]


def claim_export(connection: sa.Connection, merchant_id: int, export_id: str) -> Export | None:
    """Begin a due export, from its start; None if somebody else was faster. One UPDATE: one worker gets it."""
    now, claim = now_us(), secrets.token_hex(16)
    key = sa.and_(export.c.merchant_id == merchant_id, export.c.export_id == export_id)
    begun = {"state": "running", "claim": claim, "beat_us": now, "attempts": export.c.attempts + 1, "rows_done": 0}
    if connection.execute(sa.update(export).where(key, _is_due(now)).values(**begun)).rowcount == 0:
        return None
    return Export(*connection.execute(sa.select(*_COLUMNS).where(key)).one())


def note_progress(connection: sa.Connection, made: Export, *, rows_done: int, rows_total: int | None) -> bool:
    """A sign of life, and how far it is. False: the export is no longer ours."""
    return _note(connection, made, rows_done=rows_done, rows_total=rows_total)


def release_export(connection: sa.Connection, made: Export) -> bool:
    """Put an export back, as if it had not been begun: whoever made it has to stop."""
    waiting = {"state": "waiting", "claim": None, "attempts": export.c.attempts - 1, "rows_done": 0}
    return _note(connection, made, **waiting)


def finish_export(connection: sa.Connection, made: Export, *, rows: int, file_bytes: int) -> bool:
    """The file is there. False: nobody wants it any more."""
    return _note(connection, made, state="done", claim=None, rows_done=rows, rows_total=rows, file_bytes=file_bytes)


def fail_export(connection: sa.Connection, made: Export, failure: str) -> bool:
    """It can't be made: `broken`, `interrupted` (ATTEMPTS_MAX times) or `too_long`."""
    return _note(connection, made, state="failed", claim=None, failure=failure)


def _note(connection: sa.Connection, made: Export, **values: object) -> bool:
    ours = sa.and_(
        export.c.merchant_id == made.merchant_id,
        export.c.export_id == made.export_id,
        export.c.state == "running",
        export.c.claim == made.claim,
    )
    return connection.execute(sa.update(export).where(ours).values(**values, beat_us=now_us())).rowcount == 1


def _is_due(now: int) -> sa.ColumnElement[bool]:
    is_silent = sa.and_(export.c.state == "running", export.c.beat_us < now - SILENCE_US)
    return sa.or_(export.c.state == "waiting", is_silent)


def sweep_exports(connection: sa.Connection) -> int:
    """Forget the exports that nothing has happened to for as long as they are kept; returns how many."""
    kept = sa.case(LONG_KEPT_US, value=export.c.subject, else_=KEPT_US)
    before = sa.literal(now_us(), sa.BigInteger) - sa.cast(kept, sa.BigInteger)
    old = sa.and_(export.c.created_us < before, export.c.beat_us < before)
    return connection.execute(sa.delete(export).where(old)).rowcount


def known_claims(connection: sa.Connection) -> dict[str, str | None]:
    """Every export that there is → the claim of its worker, if one is at it: what the folder of exports may hold."""
    return {row[0]: row[1] for row in connection.execute(sa.select(export.c.export_id, export.c.claim))}
