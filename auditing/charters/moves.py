"""The tickets of the log, as models.charter.difference asks for them: which would go to another office by a new charter."""

from typing import Any

import orjson
from sqlalchemy import ColumnElement, Engine, Row, select

from auditing.log.identity import TICKET_LENGTH
from auditing.store.schema import predictions
from features.complaint import Complaint
from models.charter.articles import Request
from models.charter.difference import PastTicket
from models.charter.requests import requests_of


def past_tickets(engine: Engine, count: int) -> tuple[PastTicket, ...]:
    """Give the last `count` answers, one of each ticket, latest first, as far as their texts are kept and have a domain.

    Raises SQLAlchemyError where the store cannot be read.
    """
    columns: tuple[ColumnElement[Any], ...] = (
        predictions.c.prediction_id,
        predictions.c.domain_code,
        predictions.c.complaint,
        predictions.c.answer,
    )
    query = select(*columns).order_by(predictions.c.seq.desc()).limit(count)
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    latest: dict[str, Row[Any]] = {}
    for row in rows:
        latest.setdefault(row.prediction_id[:TICKET_LENGTH], row)
    return tuple(_past(row) for row in latest.values() if row.answer and row.domain_code)


def _past(row: Row[Any]) -> PastTicket:
    told, answer = orjson.loads(row.complaint), orjson.loads(row.answer)
    complaint = Complaint(told["text"], told["title"], told["merchant"], told["address"])
    kinds = answer.get("kind")
    kind = Request(kinds[0]) if kinds else requests_of(complaint.text, row.domain_code)[0]
    return PastTicket(row.prediction_id, complaint, row.domain_code, kind)
