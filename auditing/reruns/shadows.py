"""What a challenger would have answered, beside what was answered, and which of the two was right.

Rows come after the answers and are not part of the history: they may be late, and they may be missing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, Select, and_, func, insert, or_, select
from sqlalchemy.exc import SQLAlchemyError

from auditing.errors import StoreUnavailable
from auditing.log.events import Event, excluded_offices
from auditing.log.history import event_of
from auditing.log.identity import TICKET_LENGTH
from auditing.log.returns import leave_out
from auditing.reruns.reenact import stored_complaint
from auditing.store.database import describe, writing
from auditing.store.schema import predictions
from auditing.store.schema_cases import cases
from auditing.store.schema_history import events, shadows
from features.complaint import Complaint
from models.prediction import TARGETS, ModelVersion, Target, Triage


class Waiting(NamedTuple):
    """A prediction that a challenger has not been asked about: its place in the log, its complaint as stored.

    `excluded` are the offices that may not be suggested for its ticket.
    """

    seq: int
    prediction_id: str
    complaint: Complaint
    excluded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeadStanding:
    """One head of both models on the same predictions.

    asked: predictions that both answered; differ: on which they say otherwise. known: those of `asked` whose right
    answer has become known; champion, challenger: how many of these each had right. Accuracies are these over `known`:
    cases that became known are no random sample of all.
    """

    target: Target
    asked: int
    differ: int
    known: int
    champion: int
    challenger: int

    def to_dict(self) -> dict[str, Any]:
        """Return the counts, and the accuracies, null where nothing is known."""
        share = {
            f"{name}_accuracy": right / self.known if self.known else None
            for name, right in (("champion", self.champion), ("challenger", self.challenger))
        }
        counts = {"asked": self.asked, "differ": self.differ, "known": self.known}
        return counts | {"champion_right": self.champion, "challenger_right": self.challenger} | share


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A prediction on which the two differ; `right` is the right code of the head, where it is known."""

    prediction_id: str
    at: datetime
    target: Target
    champion: str | None
    challenger: str | None
    confidence: float
    right: str | None


class ShadowLog:
    """The answers of challengers in the store of `engine`. `now` tells the time.

    Every method raises StoreUnavailable where the store cannot be read or written.
    """

    def __init__(self, engine: Engine, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._engine = engine
        self._now = now

    def newest(self) -> int:
        """Give the place of the newest prediction, 0 where there is none."""
        return int(self._read(select(func.max(predictions.c.seq)))[0][0] or 0)

    def position(self, challenger: ModelVersion) -> int | None:
        """Give the place of the last prediction that `challenger` was asked about, None where there is none."""
        latest = select(shadows.c.prediction_id).where(_by(challenger)).order_by(shadows.c.at.desc()).limit(200)
        found = select(func.max(predictions.c.seq)).where(predictions.c.prediction_id.in_(latest.scalar_subquery()))
        place = self._read(found)[0][0]
        return None if place is None else int(place)

    def waiting(self, challenger: ModelVersion, after: int, most: int) -> tuple[list[Waiting], int]:
        """Give up to `most` predictions behind the place `after`, oldest first, and the place of the last one looked at.

        Left out are those that `challenger` itself has answered, and those whose text was kept no longer.
        """
        columns = (
            predictions.c.seq,
            predictions.c.prediction_id,
            predictions.c.source,
            predictions.c.ticket_id,
            predictions.c.model_name,
            predictions.c.model_version,
            predictions.c.complaint,
        )
        rows = self._read(select(*columns).where(predictions.c.seq > after).order_by(predictions.c.seq).limit(most))
        asked = [row for row in rows if row.complaint and ModelVersion(row.model_name, row.model_version) != challenger]
        histories = self._histories({row.prediction_id[:TICKET_LENGTH] for row in asked})
        found = [
            Waiting(
                row.seq,
                row.prediction_id,
                stored_complaint(row.prediction_id, row.source, row.ticket_id, row.complaint),
                excluded_offices(histories.get(row.prediction_id[:TICKET_LENGTH], ())),
            )
            for row in asked
        ]
        return found, rows[-1].seq if rows else after

    def append(self, answers: Sequence[tuple[Waiting, Triage]]) -> int:
        """Write down what a challenger said; what is there already stays. Returns how many were new."""
        rows = [self._row(waiting.prediction_id, leave_out(triage, waiting.excluded)) for waiting, triage in answers]
        if not rows:
            return 0
        try:
            with writing(self._engine) as connection:
                fresh = _fresh(connection, rows)
                if fresh:
                    connection.execute(insert(shadows), fresh)
        except (SQLAlchemyError, OSError) as error:
            raise StoreUnavailable(describe(error)) from error
        return len(fresh)

    def standing(self, challenger: ModelVersion) -> tuple[HeadStanding, ...]:
        """Hold `challenger` against whoever answered, head by head; what is right is as `cases` has it."""
        found = []
        for target in TARGETS:
            ours, theirs, right = _columns(target)
            # a head that a model does not have has no confidence
            both = and_(_by(challenger), shadows.c[f"{target}_confidence"].is_not(None), _answered(target))
            known = right.is_not(None)
            query = _joined(
                func.count(),
                func.count().filter(ours.is_distinct_from(theirs)),
                func.count().filter(known),
                func.count().filter(known & (theirs == right)),
                func.count().filter(known & (ours == right)),
            ).where(both)
            asked, *counts = (int(count) for count in self._read(query)[0])
            if asked:
                found.append(HeadStanding(target, asked, *counts))
        return tuple(found)

    def disagreements(self, challenger: ModelVersion, most: int = 100) -> list[Disagreement]:
        """Give the newest predictions on which `challenger` differs from the answer, newest first, one per head."""
        found: list[Disagreement] = []
        for target in TARGETS:
            ours, theirs, right = _columns(target)
            confidence = shadows.c[f"{target}_confidence"]
            query = (
                _joined(cases.c.prediction_id, cases.c.created_at, theirs, ours, confidence, right)
                .where(_by(challenger), confidence.is_not(None), _answered(target), ours.is_distinct_from(theirs))
                .order_by(cases.c.seq.desc())
                .limit(most)
            )
            for prediction_id, at, said, instead, sure, truth in map(tuple, self._read(query)):
                found.append(Disagreement(prediction_id, at, target, said, instead, sure, truth))
        return sorted(found, key=lambda each: each.at, reverse=True)[:most]

    def challengers(self) -> list[ModelVersion]:
        """Give every version that was ever asked, the latest first."""
        query = (
            select(shadows.c.model_name, shadows.c.model_version)
            .group_by(shadows.c.model_name, shadows.c.model_version)
            .order_by(func.max(shadows.c.at).desc())
        )
        return [ModelVersion(row.model_name, row.model_version) for row in self._read(query)]

    def _row(self, prediction_id: str, triage: Triage) -> dict[str, Any]:
        row: dict[str, Any] = {
            "prediction_id": prediction_id,
            "model_name": triage.model.name,
            "model_version": triage.model.version,
            "at": self._now(),
        }
        for target, answer in (("domain", triage.domain), ("office", triage.office)):
            row[f"{target}_code"] = answer.code if answer else None
            row[f"{target}_confidence"] = answer.confidence if answer else None
        return row

    def _histories(self, tickets: set[str]) -> Mapping[str, list[Event]]:
        histories: dict[str, list[Event]] = {}
        if tickets:
            for row in self._read(select(events).where(events.c.ticket.in_(tickets)).order_by(events.c.seq)):
                histories.setdefault(row.ticket, []).append(event_of(row))
        return histories

    def _read(self, query: Select[Any]) -> Sequence[Row[Any]]:
        try:
            with self._engine.connect() as connection:
                return connection.execute(query).all()
        except SQLAlchemyError as error:
            raise StoreUnavailable(describe(error)) from error


def _by(challenger: ModelVersion) -> Any:
    return and_(shadows.c.model_name == challenger.name, shadows.c.model_version == challenger.version)


def _answered(target: Target) -> Any:
    return cases.c[f"{target}_confidence"].is_not(None)


def _columns(target: Target) -> tuple[Any, Any, Any]:
    """Columns: what the challenger said, what was answered, what is right."""
    return shadows.c[f"{target}_code"], cases.c[f"{target}_code"], cases.c[f"true_{target}"]


def _joined(*columns: Any) -> Select[Any]:
    return select(*columns).select_from(cases.join(shadows, shadows.c.prediction_id == cases.c.prediction_id))


def _fresh(connection: Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Leave out what another process has written meanwhile; only whoever has the writer's turn may ask."""
    names = ("prediction_id", "model_name", "model_version")
    this = [and_(*(shadows.c[name] == row[name] for name in names)) for row in rows]
    query = select(*(shadows.c[name] for name in names)).where(or_(*this))
    there = {tuple(row) for row in connection.execute(query)}
    fresh: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in names)
        if key not in there:
            fresh.setdefault(key, row)
    return list(fresh.values())
