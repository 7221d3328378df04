"""A log in a temporary file or on a real PostgreSQL, and answers to put into it."""

import itertools
import shutil
from dataclasses import replace

import pytest

from auditing.log.caselog import CaseLog
from auditing.log.history import EventLog
from auditing.store.database import open_engine, prepare
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
def answer(settled):
    """Answer a complaint by hand, under a version of the model and of the charter."""

    def answer(complaint, version="1", charter="demo"):
        masked = replace(complaint, text=complaint.text.replace("13800000000", "*" * 11))
        domain = HeadAnswer("CAT", "餐饮服务", 0.9, Decision.AUTO, (Candidate("FDS", "食品生产销售", 0.05),), None)
        triage = Triage(ModelVersion("complaint-triage", version), masked, domain, None, (), (), ())
        return settled(triage, charter)

    return answer


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
def predicted(log, settled):
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
        (recorded,) = log.write([log.entry(complaint, settled(triage))])
        return recorded.prediction_id

    return predicted


@pytest.fixture
def events(log):
    """The events of the same store."""
    events = EventLog(log.engine)
    yield events
    events.close()
