import asyncio
import sqlite3

import pytest

from auditing.errors import StoreUnavailable
from auditing.log.caselog import CaseLog
from auditing.log.identity import Identifier
from auditing.store.database import open_engine
from auditing.store.write_ahead import WriteAhead

FULL, NORMAL = 2, 1

pytestmark = pytest.mark.anyio


@pytest.fixture
def database():
    return "sqlite"


def synchronous(engine):
    with engine.connect() as connection:
        return connection.exec_driver_sql("PRAGMA synchronous").scalar()


def test_commits_are_left_to_sync_where_there_is_a_write_ahead_log(prepared):
    engine = open_engine(prepared)
    write_ahead = WriteAhead(engine)
    assert synchronous(engine) == NORMAL
    write_ahead.sync()
    engine.dispose()
    # the last connection has moved all of it into the database, and removed the log
    write_ahead.sync()


def test_commits_wait_for_the_disk_themselves_where_there_is_no_write_ahead_log(prepared):
    with sqlite3.connect(prepared.removeprefix("sqlite:///")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    connection.close()
    engine = open_engine(prepared)
    write_ahead = WriteAhead(engine)
    assert synchronous(engine) == FULL
    write_ahead.sync()
    engine.dispose()


async def test_a_disk_that_does_not_take_the_log_is_heard_of_by_all_who_wait(prepared, tmp_path, complaint, answer):
    log = CaseLog(open_engine(prepared), Identifier(b"k" * 32), apart=0.2)
    log.prepare()
    entry = log.entry(complaint, answer(complaint))
    recorded = await log.append(entry)
    assert recorded.revision == 1
    wal = tmp_path / "caselog.db-wal"
    aside = wal.rename(tmp_path / "aside")
    # what cannot be opened cannot be brought to the disk
    wal.symlink_to(wal)
    with pytest.raises(StoreUnavailable):
        await log.append(entry)
    wal.unlink()
    aside.rename(wal)
    assert (await log.append(entry)).repeated
    await asyncio.to_thread(log.close)
