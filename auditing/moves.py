"""Which tickets of the log would go to another office by a new charter, before anybody activates it.

Each ticket is read anew by both charters, for a charter changes not only who is responsible but also which names are
places and which words are conditions.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, Engine, Row, select

from auditing.identity import TICKET_LENGTH
from auditing.schema import predictions
from features.complaint import Complaint
from models.charter.articles import Charter, Request
from models.charter.conditions import ConditionFinder
from models.charter.division import Division
from models.charter.places import PlaceFinder
from models.charter.requests import requests_of

EXAMPLES = 5
"""Tickets that a move names."""


class Past(NamedTuple):
    """A ticket of the log: what it said (personal data masked), and its answered domain and kind of request."""

    prediction_id: str
    complaint: Complaint
    domain: str
    kind: Request


class Move(NamedTuple):
    """How many tickets would go from one office to another; None: nobody. examples: ids of the latest of them."""

    source: str | None
    target: str | None
    tickets: int
    examples: tuple[str, ...]


def past_tickets(engine: Engine, count: int) -> tuple[Past, ...]:
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


def moves(old: Charter, new: Charter, tickets: Iterable[Past], on: date) -> tuple[Move, ...]:
    """Give between which offices tickets would move if they came on the day `on`, the largest move first."""
    before, after = _reader(old, on), _reader(new, on)
    counts: Counter[tuple[str | None, str | None]] = Counter()
    examples: dict[tuple[str | None, str | None], list[str]] = {}
    for ticket in tickets:
        move = (before(ticket), after(ticket))
        if move[0] != move[1]:
            counts[move] += 1
            if counts[move] <= EXAMPLES:
                examples.setdefault(move, []).append(ticket.prediction_id)
    return tuple(Move(*move, number, tuple(examples[move])) for move, number in counts.most_common())


def _reader(charter: Charter, on: date) -> Callable[[Past], str | None]:
    division, conditions, places = Division(charter, on), ConditionFinder(charter), PlaceFinder(charter)

    def lead(ticket: Past) -> str | None:
        said = ticket.complaint
        found = places.find(said)
        condition = conditions.of(f"{said.title}\n{said.text}")
        duty = division.duty(ticket.domain, ticket.kind, condition, found[0].station if found else None)
        return duty.lead if duty else None

    return lead


def _past(row: Row[Any]) -> Past:
    told, answer = orjson.loads(row.complaint), orjson.loads(row.answer)
    complaint = Complaint(told["text"], told["title"], told["merchant"], told["address"])
    kinds = answer.get("kind")
    kind = Request(kinds[0]) if kinds else requests_of(complaint.text, row.domain_code)[0]
    return Past(row.prediction_id, complaint, row.domain_code, kind)
