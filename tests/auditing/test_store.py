from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, insert, make_url, select

from auditing.errors import StoreUnavailable, StoreUnsuitable
from auditing.log.records import INSERTED
from auditing.log.statements import Statements
from auditing.store.database import current_revision, open_engine, prepare
from auditing.store.migrate import configuration, newest_revision
from auditing.store.schema import HEAD, api_keys, predictions
from auditing.store.schema_board import metadata


def test_the_migrations_make_the_schema_that_the_code_expects(url):
    engine = open_engine(url)
    prepare(engine)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    engine.dispose()


def test_the_code_knows_the_newest_migration(url):
    assert newest_revision() == HEAD
    engine = open_engine(url)
    prepare(engine)
    assert current_revision(engine) == HEAD
    engine.dispose()


def test_several_may_prepare_a_new_store_at_once(url):
    engines = [open_engine(url) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(prepare, engines))
    assert {current_revision(engine) for engine in engines} == {HEAD}
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_commits_are_on_the_disk_and_readers_do_not_wait(url):
    engine = open_engine(url)
    prepare(engine)
    with engine.connect() as connection:
        full = 2
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == full
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:"])
def test_a_store_in_memory_is_refused(url):
    with pytest.raises(StoreUnsuitable, match=r"caselog\.db"):
        open_engine(url)


def test_a_place_that_cannot_be_written_is_named_as_unavailable(tmp_path):
    (tmp_path / "file").write_text("")
    engine = open_engine(f"sqlite:///{tmp_path / 'file' / 'caselog.db'}")
    with pytest.raises(StoreUnavailable):
        prepare(engine, patience=0)
    engine.dispose()


def test_a_home_with_odd_characters_is_a_home_all_the_same(tmp_path):
    home = tmp_path / "市场 监管%局?#"
    engine = open_engine(URL.create("sqlite", database=str(home / "caselog.db")))
    prepare(engine)
    assert current_revision(engine) == HEAD
    assert (home / "caselog.db").exists()
    engine.dispose()


def test_moments_keep_their_zone_and_must_have_one(url):
    engine = open_engine(url)
    prepare(engine)
    moment = datetime(2026, 10, 3, 14, 0, 0, 1234, tzinfo=UTC)
    row = {"key_id": "k", "token_hash": "h", "label": "", "scopes": "predict", "created_at": moment}
    with engine.begin() as connection:
        connection.execute(insert(api_keys), row)
        assert connection.scalar(select(api_keys.c.created_at)) == moment
    engine.dispose()


def test_there_is_no_way_back_that_would_throw_the_log_away(url):
    engine = open_engine(url)
    prepare(engine)
    config = configuration()
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        with pytest.raises(NotImplementedError, match="backup"):
            command.downgrade(config, "base")
    engine.dispose()


def test_an_entry_fills_every_column_that_the_database_does_not_fill_itself():
    assert set(INSERTED) == set(predictions.columns.keys()) - {"seq"}


@pytest.mark.parametrize("name", ["sqlite", "postgresql", "mysql"])
def test_the_statements_can_be_written_for_any_database(name):
    dialect = make_url(f"{name}://").get_dialect()()
    statements = Statements(dialect)
    sql = statements._insertion(2)
    assert sql.count("(") - sql.count("%(") - sql.count("CAST(") == 3
    assert "RETURNING" not in sql
    texts = [] if name == "sqlite" else ["complaint", "answer"]
    assert [INSERTED[place] for place, _ in statements._converters] == ["created_at", *texts]
