"""Run by Alembic for each command, on the connection (and in the transaction) of the caller."""

from alembic import context

from auditing.store.schema_board import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite can, if one begins the transaction oneself, and auditing.store.migrate does
    transactional_ddl=True,
)
context.run_migrations()
