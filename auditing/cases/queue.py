"""The queue: which case to look at next, and why that one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Engine, Row, Select, func, select

from auditing.cases.book import look_of
from auditing.cases.doubts import Doubt
from auditing.cases.provenance import Provenance
from auditing.cases.rows import names_of
from auditing.cases.worth import USUAL, Value, Worth, explain, value
from auditing.errors import CaseNotReady, UnknownPrediction
from auditing.log.identity import TICKET_LENGTH
from auditing.store.schema import predictions
from auditing.store.schema_cases import cases


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which open cases; None asks for all.

    doubt: has this reason to look. office, domain: as answered. version: of the model. since, until: predicted from
    the one to before the other.
    """

    doubt: Doubt | None = None
    office: str | None = None
    domain: str | None = None
    version: str | None = None
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING = Wanted()


class Case(NamedTuple):
    """A case. `alike`: near-identical open cases, itself among them, 0 where a person has labelled one of them.

    `value` is the worth of a look, and `why_zh` and `why_en` say how it comes about; of a case that waits for none it is
    0 and they are empty.
    """

    prediction_id: str
    source: str
    ticket_id: str
    created_at: datetime
    model_version: str
    domain: str | None
    office: str | None
    doubts: tuple[Doubt, ...]
    wrong: float
    alike: int
    value: Value
    why_zh: str
    why_en: str


class Ended(NamedTuple):
    """A near-identical case: its answer, what turned out to be right (None where nobody has said), and who said so."""

    prediction_id: str
    created_at: datetime
    domain: str | None
    office: str | None
    true_domain: str | None
    true_office: str | None
    source: Provenance | None
    returned: bool


def queue(
    engine: Engine,
    wanted: Wanted = EVERYTHING,
    worth: Worth = USUAL,
    *,
    limit: int = 50,
    offset: int = 0,
) -> list[Case]:
    """Give open cases, those whose look is worth most first, of equal ones the oldest first.

    `worth`: the weights that the case book has. Raises SQLAlchemyError where the store cannot be read.
    """
    chosen = (
        select(cases.c.seq, cases.c.value)
        .where(*conditions(wanted))
        .order_by(cases.c.value.desc(), cases.c.seq)
        .limit(limit)
        .offset(offset)
    )
    return _read(engine, chosen, worth)


def waiting(engine: Engine, wanted: Wanted = EVERYTHING) -> int:
    """Count the open cases."""
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(cases).where(*conditions(wanted))) or 0


def waiting_by_doubt(engine: Engine) -> dict[Doubt, int]:
    """Count the open cases that have each doubt; one may have several."""
    with engine.connect() as connection:
        rows = connection.execute(
            select(cases.c.doubts, func.count().label("cases")).where(cases.c.open).group_by(cases.c.doubts)
        ).all()
    return {doubt: sum(row.cases for row in rows if doubt in names_of(row.doubts)) for doubt in Doubt}


def case_of(engine: Engine, prediction_id: str, worth: Worth = USUAL) -> Case:
    """Give one case, open or not.

    Raises:
        UnknownPrediction: the log has none with this id.
        CaseNotReady: the log has it, but the cases have not been brought up to it yet.

    """
    this = (cases.c.ticket == prediction_id[:TICKET_LENGTH]) & (cases.c.prediction_id == prediction_id)
    found = _read(engine, select(cases.c.seq, cases.c.value).where(this), worth)
    if found:
        return found[0]
    with engine.connect() as connection:
        logged = connection.scalar(select(predictions.c.seq).where(predictions.c.prediction_id == prediction_id))
    raise (UnknownPrediction if logged is None else CaseNotReady)(prediction_id)


def ended_alike(engine: Engine, prediction_id: str, limit: int = 10) -> list[Ended]:
    """Give the near-identical cases of other tickets, those that a person has labelled first, then the latest."""
    ticket = prediction_id[:TICKET_LENGTH]
    with engine.connect() as connection:
        likeness = connection.scalar(
            select(cases.c.likeness).where(cases.c.ticket == ticket, cases.c.prediction_id == prediction_id)
        )
        rows = connection.execute(
            select(cases)
            .where(cases.c.likeness == likeness, cases.c.ticket != ticket, cases.c.latest)
            .order_by(cases.c.labelled.desc(), cases.c.seq.desc())
            .limit(limit)
        ).all()
    return [
        Ended(
            row.prediction_id,
            row.created_at,
            row.domain_code,
            row.office_code,
            row.true_domain,
            row.true_office,
            Provenance(row.true_source) if row.true_source else None,
            row.returned,
        )
        for row in rows
    ]


def conditions(wanted: Wanted) -> Sequence[ColumnElement[bool]]:
    """Say in SQL which rows of `cases` are wanted."""
    found: list[ColumnElement[bool]] = [cases.c.open]
    if wanted.doubt is not None:
        found.append(cases.c.doubts.contains(f" {wanted.doubt} ", autoescape=True))
    for column, equal in (
        (cases.c.office_code, wanted.office),
        (cases.c.domain_code, wanted.domain),
        (cases.c.model_version, wanted.version),
    ):
        if equal is not None:
            found.append(column == equal)
    if wanted.since is not None:
        found.append(cases.c.created_at >= wanted.since)
    if wanted.until is not None:
        found.append(cases.c.created_at < wanted.until)
    return found


def _read(engine: Engine, chosen: Select[Any], worth: Worth) -> list[Case]:
    these = chosen.subquery()
    # the wide rows of the history are read for the few that are shown
    query = (
        select(cases, predictions.c.source, predictions.c.ticket_id)
        .join(these, these.c.seq == cases.c.seq)
        .join(predictions, predictions.c.seq == cases.c.seq)
        .order_by(cases.c.value.desc(), cases.c.seq)
    )
    with engine.connect() as connection:
        return [_case(row, worth) for row in connection.execute(query)]


def _case(row: Row[Any], worth: Worth) -> Case:
    look = look_of(row.wrong, row.uncertainty, row.doubts, row.alike)
    worth_it = value(look, worth) if row.open else Value(0.0, 0.0, 0.0)
    chinese, english = explain(look, worth) if row.open else ("", "")
    return Case(
        prediction_id=row.prediction_id,
        source=row.source,
        ticket_id=row.ticket_id,
        created_at=row.created_at,
        model_version=row.model_version,
        domain=row.domain_code,
        office=row.office_code,
        doubts=names_of(row.doubts),
        wrong=row.wrong,
        alike=row.alike,
        value=worth_it,
        why_zh=chinese,
        why_en=english,
    )
