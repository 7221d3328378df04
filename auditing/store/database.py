"""The database under the case log: how to reach it, and its schema."""

import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import ConnectionPoolEntry

from auditing.errors import StoreUnavailable, StoreUnsuitable
from auditing.store.schema import HEAD, IMMEDIATE, writer_turn

_log = logging.getLogger(__name__)


def open_engine(url: str | URL, *, busy_timeout: float = 5.0) -> Engine:
    """Open the store at `url`; nothing is created before `prepare`.

    `busy_timeout`: seconds to wait for another process that is writing (SQLite).

    Raises:
        StoreUnsuitable: an SQLite database in memory, which would forget and which workers cannot share.

    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
    if parsed.database in (None, "", ":memory:"):
        raise StoreUnsuitable(parsed.render_as_string(), "it is in memory")
    # parameters are complaints: no error message may quote them
    engine = create_engine(parsed, connect_args={"timeout": busy_timeout}, hide_parameters=True)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    del record
    # the driver would begin transactions by itself, and only before it writes; _begin_sqlite does it instead
    connection.isolation_level = None
    cursor = connection.cursor()
    # FULL: a commit is on the disk when it returns, so that an answer survives a power cut and not only a crash; who writes
    # for a busy service waits for the disk apart from the commit (auditing/store/write_ahead.py)
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    # the index of a long log is read at random places: 32 MiB of it may stay in memory
    cursor.execute("PRAGMA cache_size=-32768")
    # 4 MiB of pages: moving them into the file holds up whoever waits, so little at a time
    cursor.execute("PRAGMA wal_autocheckpoint=512")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    immediate = connection.get_execution_options().get(IMMEDIATE, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """Hold the only writer's turn among all processes; what was written is committed at the end.

    Raises:
        SQLAlchemyError: as the database raised it; `is_store_trouble` tells which are the store's and not a record's.

    """
    with engine.connect().execution_options(**{IMMEDIATE: True}) as connection, connection.begin():
        if connection.dialect.name != "sqlite":
            connection.execute(select(writer_turn.c.turn).with_for_update())
        yield connection


@contextmanager
def writing_by_hand(engine: Engine) -> Iterator[DBAPICursor]:
    """Hold the turn as `writing` does, with the driver's own cursor: for what every request has to wait for.

    To go through SQLAlchemy's connection costs a small group more than the database takes for it, and all of that
    with the interpreter's lock held, while requests want it.

    Raises:
        SQLAlchemyError: as `writing`.

    """
    driver = engine.dialect.loaded_dbapi
    try:
        # closed, it goes back to the pool, which takes back what was not committed
        with closing(engine.raw_connection()) as connection:
            cursor = connection.cursor()
            if engine.dialect.name == "sqlite":
                cursor.execute("BEGIN IMMEDIATE")
            else:
                cursor.execute(str(select(writer_turn.c.turn).with_for_update().compile(dialect=engine.dialect)))
            yield cursor
            cursor.close()
            connection.commit()
    except driver.Error as error:
        raise DBAPIError.instance(None, None, error, driver.Error, hide_parameters=True) from error


def is_store_trouble(error: BaseException) -> bool:
    """Whether `error` says that the store is away, locked, full or damaged, and not that a record is bad."""
    if isinstance(error, (IntegrityError, DataError)):
        return False
    return isinstance(error, (DBAPIError, PoolTimeout, OSError))


def describe(error: BaseException) -> str:
    """Say what kind of trouble it is, in a few words without values of records and without addresses."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    # SQLite's messages name no values; other databases quote the row or the host
    return str(cause) if isinstance(cause, sqlite3.Error) else type(cause).__name__


def prepare(engine: Engine, *, patience: float = 5.0) -> None:
    """Bring the schema up to date; safe when several processes start at once.

    `patience`: seconds to try again while another process prepares the same store.

    Raises:
        StoreUnavailable: the store cannot be reached or changed.

    """
    deadline = time.monotonic() + patience
    while True:
        try:
            if engine.dialect.name == "sqlite":
                _make_sqlite_file(engine.url)
                with engine.connect() as connection:
                    _use_write_ahead_log(connection)
            if current_revision(engine) != HEAD:
                _upgrade(engine)
        except (SQLAlchemyError, OSError) as error:
            if time.monotonic() > deadline:
                raise StoreUnavailable(describe(error)) from error
            # another process may be doing the same: look again
            time.sleep(0.1)
        else:
            return


def current_revision(engine: Engine) -> str | None:
    """Name the newest migration that the store has, or None where it has none."""
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return None
        revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
        return revision


def _make_sqlite_file(url: URL) -> None:
    path = Path(str(url.database))
    if path.exists():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # readable by the service alone: the file holds complaints, if masked ones
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))


def _use_write_ahead_log(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    # a row is 3 to 5 kB; pages of 4 and of 16 kB took as long to write (measured). Heeded in a new file only
    driver.execute("PRAGMA page_size=8192")
    mode = driver.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        _log.warning("案例日志所在磁盘不支持 WAL，写入会变慢 | no write-ahead log on this disk (mode %s): slower", mode)


def _upgrade(engine: Engine) -> None:
    # Alembic costs a quarter of a second to import: a start whose schema is current does not pay it
    from auditing.store.migrate import upgrade  # noqa: PLC0415

    upgrade(engine)
