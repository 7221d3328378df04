"""A bureau that uses paidan as its people do: the command line, the service over HTTP, the queue, and a home on disk."""

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Self

import httpx
from click.testing import CliRunner
from sqlalchemy import Engine

from auditing.cases.book import CaseBook
from auditing.cases.queue import queue
from auditing.log.events import Review, ReviewStatus, Role
from auditing.log.history import EventLog
from auditing.log.identity import load_or_create_key
from auditing.store.database import open_engine
from features.complaint import Complaint
from models.bundle import verify_bundle
from models.registry import Registry
from models.triage import TriageModel
from paidan import cli
from tests.experiments.weeks import Stretch

_LOG, _KEY = "caselog.db", "digest.key"
_CONNECTIONS = 4
_PATIENCE = 300.0


class CommandFailed(RuntimeError):
    """A command of the experiment ended with an error."""

    def __init__(self, arguments: Sequence[str], said: str) -> None:
        super().__init__(f"paidan {' '.join(arguments)} failed and said: {said[-2000:]}")


@dataclass(frozen=True)
class Suggested:
    """What the service said of a row: `office` is None where it was silent."""

    prediction_id: str
    office: str | None


@dataclass(frozen=True)
class Bureau:
    """Everything that is under one home."""

    home: Path

    def paidan(self, *arguments: str) -> str:
        """Run a command of the door at this home; what it printed. Raises CommandFailed."""
        done = CliRunner(env={"PAIDAN_HOME": str(self.home)}).invoke(cli, arguments)
        if done.exit_code:
            raise CommandFailed(arguments, done.output)
        return done.output

    def model(self, reference: str) -> TriageModel:
        """Load a registered version."""
        registry = self.registry
        info = registry.resolve(reference)
        return TriageModel.load(registry.fetch(info), info.model)

    @property
    def registry(self) -> Registry:
        """The registry under the home."""
        return Registry.under(self.home, verify_bundle)

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        """The store of the case log."""
        engine = open_engine(f"sqlite:///{self.home / _LOG}")
        try:
            yield engine
        finally:
            engine.dispose()

    def twin(self, home: Path) -> "Bureau":
        """Another home with the same case log as it is now, and no model."""
        home.mkdir()
        with (
            closing(sqlite3.connect(self.home / _LOG)) as here,
            closing(sqlite3.connect(home / _LOG)) as there,
        ):
            here.backup(there)
        (home / _KEY).write_bytes((self.home / _KEY).read_bytes())
        return Bureau(home)

    def work_the_queue(self, budget: int, said: Callable[[str], Review]) -> list[str]:
        """Settle the case whose look is worth most, then the next, until the budget is spent; which they were."""
        looked = []
        with self.engine() as engine, closing(EventLog(engine)) as events:
            book = CaseBook(engine, load_or_create_key(self.home / _KEY))
            while len(looked) < budget:
                book.refresh()
                found = queue(engine, limit=1)
                if not found:
                    break
                looked.append(found[0].prediction_id)
                events.append(said(looked[-1]), "reviewer")
        return looked

    def look_at(self, prediction_ids: Sequence[str], said: Callable[[str], Review]) -> None:
        """Settle these cases, whatever the queue makes of them."""
        with self.engine() as engine, closing(EventLog(engine)) as events:
            for each in prediction_ids:
                events.append(said(each), "reviewer")


def replay(address: str, stretch: Stretch, day: Callable[[Complaint], datetime]) -> list[Suggested]:
    """Send complaints in their order, and of each what the office that was suggested did with it.

    It accepts what is its own; what is not it returns to the centre. Where the service is silent nobody is sent anything.
    """
    answers = []
    with httpx.Client(base_url=address, timeout=60) as client:
        for number, (complaint, office) in enumerate(zip(stretch.complaints, stretch.office, strict=True)):
            moment = day(complaint)
            body = body_of(complaint, "replay", number)
            said = client.post("/v1/predict", json=body).raise_for_status().json()
            suggested = Suggested(said["prediction_id"], said["office"]["code"])
            answers.append(suggested)
            if suggested.office is None:
                continue
            told = {
                "office": suggested.office,
                "actor": f"office:{suggested.office}"[:200],
                "occurred_at": moment.isoformat(),
            }
            told |= {"status": "accepted"} if suggested.office == office else _RETURN
            client.post(f"/v1/predictions/{suggested.prediction_id}/outcome", json=told).raise_for_status()
    return answers


_RETURN = {"status": "returned", "reason_code": "R01", "note": "不属本单位职责"}


def body_of(complaint: Complaint, source: str, number: int) -> dict[str, str]:
    """The body of a request, as an intake system sends it."""
    fields = {"title": complaint.title, "merchant": complaint.merchant, "address": complaint.address}
    moment = {"received_at": complaint.received_at.isoformat()} if complaint.received_at else {}
    filled = {name: value for name, value in fields.items() if value}
    return {"source": source, "ticket_id": str(number), "text": complaint.text} | filled | moment


def reviewer(truth: dict[str, str], suggested: dict[str, str | None]) -> Callable[[str], Review]:
    """A reviewer who knows what is right; both by prediction_id."""

    def said(prediction_id: str) -> Review:
        right = truth[prediction_id]
        status = ReviewStatus.CONFIRMED if suggested[prediction_id] == right else ReviewStatus.CORRECTED
        return Review(prediction_id, status, "reviewer", Role.REVIEWER, datetime.now(UTC), office_code=right)

    return said


class Load:
    """Complaints on several connections until the block ends; what was answered, by version, and what failed."""

    def __init__(self, address: str, complaints: Sequence[Complaint]) -> None:
        self._address, self._complaints = address, complaints
        self._stop = threading.Event()
        self.answered: Counter[str] = Counter()
        self.failed: list[str] = []

    def __enter__(self) -> Self:
        self._threads = [threading.Thread(target=self._send, args=(each,)) for each in range(_CONNECTIONS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def until(self, good: Callable[[Counter[str]], bool]) -> None:
        """Wait for answers. Raises TimeoutError."""
        deadline = time.monotonic() + _PATIENCE
        while not good(self.answered):
            if time.monotonic() > deadline:
                raise TimeoutError(f"answered {dict(self.answered)}, failed {self.failed[-1:]}")
            time.sleep(0.05)

    def _send(self, connection: int) -> None:
        number = connection
        with httpx.Client(base_url=self._address, timeout=60) as client:
            while not self._stop.is_set():
                body = body_of(self._complaints[number % len(self._complaints)], "load", number)
                number += _CONNECTIONS
                try:
                    response = client.post("/v1/predict", json=body)
                except httpx.HTTPError as error:
                    self.failed.append(type(error).__name__)
                    continue
                if response.status_code == HTTPStatus.OK:
                    self.answered[response.json()["model"]["version"]] += 1
                else:
                    self.failed.append(str(response.status_code))
