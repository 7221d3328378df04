"""Schema migrations, shipped inside the package and run from the program."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from auditing.store.schema import IMMEDIATE

MIGRATIONS = Path(__file__).parent / "migrations"
"""Where env.py and the versions lie."""

_LOCK = 0x7061_6964_616E
"""Any number that nobody else locks: "paidan" in ASCII."""


def configuration() -> Config:
    """Alembic's configuration without an ini file."""
    config = Config()
    # Alembic reads the option through configparser, to which a percent sign is special
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def newest_revision() -> str | None:
    """Name the newest migration that this package ships."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def upgrade(engine: Engine) -> None:
    """Run the migrations that the store lacks, all of them or none.

    Raises:
        SQLAlchemyError: the store refused; another process may have been first, so look at the revision again.

    """
    config = configuration()
    # on SQLite the writer's lock keeps a second process out until the schema is whole
    with engine.connect().execution_options(**{IMMEDIATE: True}) as connection, connection.begin():
        if connection.dialect.name == "postgresql":
            # here it takes a lock of its own; it is given back with the transaction
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
