"""SQLite's write-ahead log, brought to the disk apart from the commits in it.

A commit that waits for the disk does so with the writer's turn in hand, and one such wait follows the other. Here the
commit ends before the disk has it, and whoever must not lose it waits for `sync`: while the disk is busy with one worker's
group another worker writes its own. The promise is the same: nothing is answered that a power cut could take back. A commit
is in the file before those after it, so that a later `sync`, by whatever process, covers it.
"""

import os
from contextlib import suppress

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

_sync = getattr(os, "fdatasync", os.fsync)
"""Not every system can leave out the times of a file."""


class WriteAhead:
    """Lets commits over `engine` end before they are on the disk; where there is no such log, they are when they end."""

    def __init__(self, engine: Engine) -> None:
        self._path: str | None = None
        if engine.dialect.name == "sqlite":
            self._path = f"{engine.url.database}-wal"
            event.listen(engine, "connect", _leave_to_sync)

    def sync(self) -> None:
        """Block until all that was committed is on the disk. Raises OSError: it may not be."""
        if self._path is None:
            return
        # none is there where all of it was moved into the database, which SQLite brings to the disk itself
        with suppress(FileNotFoundError):
            handle = os.open(self._path, os.O_RDONLY)
            try:
                _sync(handle)
            finally:
                os.close(handle)


def _leave_to_sync(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    del record
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode")
    # without the log only FULL keeps the database whole; NORMAL still orders the log before the database
    if cursor.fetchall()[0][0] == "wal":
        cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
