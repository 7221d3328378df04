"""What lies around a case on a reviewer's desk: the next one, the other answers to its ticket, what can be asked for."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Engine, and_, or_, select

from auditing.cases.queue import EVERYTHING, Wanted, conditions
from auditing.log.identity import TICKET_LENGTH
from auditing.store.schema import predictions
from auditing.store.schema_cases import cases


class Neighbours(NamedTuple):
    """The cases before and after one in the queue, None at its ends."""

    before: str | None
    after: str | None


class Answered(NamedTuple):
    """One answer to a ticket: under which version, to which revision of its content."""

    prediction_id: str
    created_at: datetime
    model_version: str
    revision: int
    domain: str | None
    office: str | None


class Choices(NamedTuple):
    """Codes and versions that open cases have, sorted."""

    offices: tuple[str, ...]
    domains: tuple[str, ...]
    versions: tuple[str, ...]


def neighbours(engine: Engine, prediction_id: str, wanted: Wanted = EVERYTHING) -> Neighbours:
    """Give the neighbours of a case in the queue's order; of one that is not open, the queue's first comes after it."""
    this = and_(cases.c.ticket == prediction_id[:TICKET_LENGTH], cases.c.prediction_id == prediction_id)
    asked = select(cases.c.prediction_id).where(*conditions(wanted), ~this).limit(1)
    downwards, upwards = (cases.c.value.desc(), cases.c.seq), (cases.c.value, cases.c.seq.desc())
    with engine.connect() as connection:
        row = connection.execute(select(cases.c.value, cases.c.seq, cases.c.open).where(this)).one_or_none()
        if row is None or not row.open:
            return Neighbours(None, connection.scalar(asked.order_by(*downwards)))
        same = cases.c.value == row.value
        after = or_(cases.c.value < row.value, and_(same, cases.c.seq > row.seq))
        before = or_(cases.c.value > row.value, and_(same, cases.c.seq < row.seq))
        return Neighbours(
            connection.scalar(asked.where(before).order_by(*upwards)),
            connection.scalar(asked.where(after).order_by(*downwards)),
        )


def answers_of_ticket(engine: Engine, prediction_id: str) -> list[Answered]:
    """Give every answer to the ticket of a prediction, oldest first."""
    query = (
        select(
            cases.c.prediction_id,
            cases.c.created_at,
            cases.c.model_version,
            predictions.c.revision,
            cases.c.domain_code,
            cases.c.office_code,
        )
        .join(predictions, predictions.c.seq == cases.c.seq)
        .where(cases.c.ticket == prediction_id[:TICKET_LENGTH])
        .order_by(cases.c.seq)
    )
    with engine.connect() as connection:
        return [Answered(*row) for row in connection.execute(query)]


def choices(engine: Engine) -> Choices:
    """Give what open cases can be told apart by."""
    with engine.connect() as connection:
        found = [
            tuple(sorted(each for each in connection.scalars(select(column).where(cases.c.open).distinct()) if each))
            for column in (cases.c.office_code, cases.c.domain_code, cases.c.model_version)
        ]
    return Choices(*found)
