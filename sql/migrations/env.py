"""What Alembic runs: migrations on the connection that `sql.migrate` hands over."""

from alembic import context

from sql.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=connection.dialect.name == "sqlite",  # SQLite can alter a table only by copying it
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
