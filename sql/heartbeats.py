"""Signs of life of the processes; writing one also proves that the database can commit."""

from collections.abc import Mapping

import sqlalchemy as sa

from sql import dialect
from sql.instants import DAY_US, now_us
from sql.tables import heartbeat


def beat(connection: sa.Connection, process: str) -> None:
    """Note that this process lives. StorageUnavailable if that can't be written."""
    statement = dialect.insert(connection, heartbeat).values(process=process, beat_us=now_us())
    statement = statement.on_conflict_do_update(
        index_elements=["process"], set_={"beat_us": statement.excluded.beat_us}
    )
    with dialect.storage_errors():
        connection.execute(statement)


def last_beats(connection: sa.Connection) -> Mapping[str, int]:
    """By the kind of process (`jobs`; `ingest` of `ingest-4711`), when one of it gave the last sign of life."""
    beats: dict[str, int] = {}
    for process, beat_us in connection.execute(sa.select(heartbeat.c.process, heartbeat.c.beat_us)):
        kind = process.partition("-")[0]
        beats[kind] = max(beat_us, beats.get(kind, 0))
    return beats


def sweep_beats(connection: sa.Connection) -> None:
    """Forget processes that have been silent for a day: each one that is started anew has another name."""
    connection.execute(sa.delete(heartbeat).where(heartbeat.c.beat_us < now_us() - DAY_US))
