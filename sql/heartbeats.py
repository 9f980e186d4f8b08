"""Signs of life of the processes; writing one also proves that the database can commit."""

import sqlalchemy as sa

from sql import dialect
from sql.instants import now_us
from sql.tables import heartbeat


def beat(connection: sa.Connection, process: str) -> None:
    """Note that this process lives. StorageUnavailable if that can't be written."""
    statement = dialect.insert(connection, heartbeat).values(process=process, beat_us=now_us())
    statement = statement.on_conflict_do_update(
        index_elements=["process"], set_={"beat_us": statement.excluded.beat_us}
    )
    with dialect.storage_errors():
        connection.execute(statement)
