"""A stored prediction once more: the stored input, answered by the stored versions, held against the stored answer.

Input and answer are first held against their digests in the chained log: what was altered since is not replayed as if it
were the original. Complaints are stored with personal data hidden, and a model sees `***` where it saw a telephone
number then; so an answer to such a complaint may differ in its figures although nothing is wrong.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson
from sqlalchemy import Engine, select
from sqlalchemy.exc import SQLAlchemyError

from auditing.charters.book import CharterBook
from auditing.errors import StoreUnavailable, UnknownPrediction
from auditing.log.events import excluded_offices
from auditing.log.history import event_of
from auditing.log.identity import TICKET_LENGTH
from auditing.log.records import answered
from auditing.log.resolved import resolved
from auditing.log.returns import leave_out, settle
from auditing.reruns.reenact import stored_complaint
from auditing.store.chain import digest
from auditing.store.database import describe
from auditing.store.schema import predictions
from auditing.store.schema_history import events
from features.complaint import Complaint
from features.privacy import MASK
from models.charter.answer import Answer
from models.charter.resolution import Resolver
from models.charter.route import CharterVersion, Resolution
from models.prediction import ModelVersion, Triage
from models.triage import TriageModel

TOLERANCE = 1e-6
"""Figures that differ by less are equal: processors do not sum in the same order."""

_COMPARED = ("domain", "office", "evidence", "doubts", "kind", "route", "urgency", "due")
_HIDDEN = MASK * 4
"""Nobody writes so many by hand, and every kind of personal data is longer."""


class Sameness(StrEnum):
    """What a replay found."""

    EQUAL = "equal"
    """The same answer, to the last figure."""
    SAME_ANSWER = "same answer"
    """The same codes and decisions; figures, evidence or doubts differ."""
    DIFFERS = "differs"
    """Another code or decision."""
    ALTERED = "altered"
    """Input or answer are not what was stored: the log was tampered with."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where the answers differ, such as `office.confidence`; None where one of them has nothing there."""

    where: str
    stored: Any
    now: Any


@dataclass(frozen=True, slots=True)
class Replay:
    """What a replay of a prediction found. hidden: its complaint was stored with personal data hidden.

    charter: the one that it was answered by, None where it was answered before there was any.
    """

    prediction_id: str
    model: ModelVersion
    charter: CharterVersion | None
    sameness: Sameness
    hidden: bool
    differences: tuple[Difference, ...]


Again = Callable[[Complaint, datetime], tuple[Triage, Resolution | None]]
"""Answers a complaint that was received at a moment, as versions of model and charter do; no resolution without charter."""


def replay(engine: Engine, prediction_id: str, load: Callable[[ModelVersion, CharterVersion | None], Again]) -> Replay:
    """Replay a prediction; `load` gives what the versions that answered then answer now.

    Offices that had returned the ticket when it was answered are left out of the answer, as they were then.

    Raises:
        UnknownPrediction: the log has none with this id.
        TextRemoved: its texts were kept no longer.
        StoreUnavailable: the store cannot be read.

    """
    ticket = prediction_id[:TICKET_LENGTH]
    try:
        with engine.connect() as connection:
            row = connection.execute(
                select(predictions).where(predictions.c.prediction_id == prediction_id)
            ).one_or_none()
            if row is None:
                raise UnknownPrediction(prediction_id)
            before = (events.c.ticket == ticket) & (events.c.at <= row.created_at)
            told = [event_of(each) for each in connection.execute(select(events).where(before).order_by(events.c.seq))]
    except SQLAlchemyError as error:
        raise StoreUnavailable(describe(error)) from error
    version = ModelVersion(row.model_name, row.model_version)
    complaint = stored_complaint(prediction_id, row.source, row.ticket_id, row.complaint)
    hidden = any(_HIDDEN in said for said in (complaint.text, complaint.title, complaint.merchant, complaint.address))
    # rows from before the log was chained have no digests
    if any(
        kept and digest(text) != kept
        for text, kept in ((row.complaint, row.complaint_digest), (row.answer, row.answer_digest))
    ):
        return Replay(prediction_id, version, None, Sameness.ALTERED, hidden, ())
    stored = orjson.loads(row.answer)
    charter = CharterVersion(**stored["charter"]) if "charter" in stored else None
    received_at = complaint.received_at or row.created_at
    now = _members(*load(version, charter)(complaint, received_at), excluded_offices(told))
    differences = tuple(_differences(stored, now))
    return Replay(prediction_id, version, charter, _sameness(differences), hidden, differences)


def again_as(book: CharterBook, load: Callable[[ModelVersion], TriageModel]) -> Callable[..., Again]:
    """Give the `load` of `replay` where `book` has the charters and `load` gives models."""

    def versions(model: ModelVersion, charter: CharterVersion | None) -> Again:
        loaded = load(model)
        resolver = None if charter is None else Resolver(book.named(charter).read(), charter)

        def again(complaint: Complaint, received_at: datetime) -> tuple[Triage, Resolution | None]:
            triage, scores = loaded.triage_and_scores(complaint)
            if resolver is None:
                return triage, None
            return resolver.resolve(triage, scores, triage.complaint, received_at)

        return again

    return versions


def _members(triage: Triage, resolution: Resolution | None, excluded: Sequence[str]) -> dict[str, Any]:
    """Give what is compared, as the log would keep it."""
    if resolution is None:
        members = answered(leave_out(triage, excluded))
    else:
        left, resolution = settle(Answer(triage, resolution), excluded)
        members = answered(left) | resolved(resolution)
    found: dict[str, Any] = orjson.loads(orjson.dumps(members))
    return found


def _sameness(differences: Sequence[Difference]) -> Sameness:
    if not differences:
        return Sameness.EQUAL
    decisive = {f"{head}{part}" for head in ("domain", "office", "route.lead") for part in ("", ".code", ".decision")}
    decisive |= {"route.state", "urgency.level"}
    return Sameness.DIFFERS if any(each.where in decisive for each in differences) else Sameness.SAME_ANSWER


def _differences(stored: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Difference]:
    for name in _COMPARED:
        if name in now:
            yield from _compare(name, stored.get(name), now[name])


def _compare(where: str, stored: Any, now: Any) -> Iterator[Difference]:
    if isinstance(stored, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*stored, *now]):
            yield from _compare(f"{where}.{key}", stored.get(key), now.get(key))
    elif isinstance(stored, list) and isinstance(now, list):
        for place in range(max(len(stored), len(now))):
            one, other = (each[place] if place < len(each) else None for each in (stored, now))
            yield from _compare(f"{where}[{place}]", one, other)
    elif isinstance(stored, (int, float)) and isinstance(now, (int, float)):
        if abs(stored - now) > TOLERANCE:
            yield Difference(where, stored, now)
    elif stored != now:
        yield Difference(where, stored, now)
