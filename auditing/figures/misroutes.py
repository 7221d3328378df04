"""Who is taken for whom: predicted offices and domains against those that turned out to be right, down to the cases."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Engine, and_, func, select

from auditing.cases.provenance import Provenance
from auditing.figures.measures import EVER, Window
from auditing.log.events import OutcomeStatus
from auditing.store.schema_cases import cases
from auditing.store.schema_history import events
from models.prediction import Target

SILENT = ""
"""Stands for no answer among the predicted labels."""


class Cell(NamedTuple):
    """Cases of class `true` that were predicted as `predicted` (`SILENT` where nothing was)."""

    true: str
    predicted: str
    cases: int


class Confusion(NamedTuple):
    """Predicted against right labels of one head.

    labels: every one that occurs, sorted, `SILENT` last if there. counts: [true x predicted], int64. cells: those that
    are not empty, misroutes first, most frequent first.
    """

    target: Target
    labels: tuple[str, ...]
    counts: npt.NDArray[np.int64]
    cells: tuple[Cell, ...]

    @property
    def right(self) -> int:
        """Cases that were predicted right."""
        return int(np.trace(self.counts))

    @property
    def total(self) -> int:
        """Cases of which it is known what is right."""
        return int(self.counts.sum())


class Chosen(NamedTuple):
    """Which cases count: of one version, of one decision, by one kind of source; None counts all."""

    window: Window = EVER
    version: str | None = None
    auto: bool | None = None
    source: Provenance | None = None


ALL = Chosen()


def confusion(engine: Engine, target: Target, chosen: Chosen = ALL) -> Confusion:
    """Count predicted against right labels, as far as what is right is known."""
    true, predicted = _columns(target)
    query = select(true, predicted, func.count()).where(*_conditions(target, chosen)).group_by(true, predicted)
    with engine.connect() as connection:
        cells = [Cell(row[0], row[1] or SILENT, row[2]) for row in connection.execute(query)]
    return confusion_of(target, cells)


def confusion_of(target: Target, cells: Sequence[Cell]) -> Confusion:
    """Lay cells out as a matrix."""
    names = {cell.true for cell in cells} | {cell.predicted for cell in cells}
    labels = sorted(names - {SILENT}) + ([SILENT] if SILENT in names else [])
    place = {label: number for number, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), np.int64)
    for cell in cells:
        counts[place[cell.true], place[cell.predicted]] += cell.cases
    ranked = sorted(cells, key=lambda cell: (cell.true == cell.predicted, -cell.cases, cell.true, cell.predicted))
    return Confusion(target, tuple(labels), counts, tuple(ranked))


def cases_of_cell(
    engine: Engine, target: Target, true: str, predicted: str, chosen: Chosen = ALL, *, limit: int = 500
) -> list[str]:
    """Give the prediction ids of a cell, latest first, at most `limit`."""
    is_true, is_predicted = _columns(target)
    query = (
        select(cases.c.prediction_id)
        .where(
            *_conditions(target, chosen),
            is_true == true,
            is_predicted.is_(None) if predicted == SILENT else is_predicted == predicted,
        )
        .order_by(cases.c.seq.desc())
        .limit(limit)
    )
    with engine.connect() as connection:
        return list(connection.scalars(query))


class Reason(NamedTuple):
    """How often an office returned tickets for one reason (see `auditing.log.events.return_reasons`)."""

    office: str
    reason: str
    returns: int


def reasons(engine: Engine, window: Window = EVER) -> list[Reason]:
    """Count returns by office and reason, most frequent first; `window` is of the tickets' first predictions."""
    query = (
        select(events.c.office_code, events.c.reason_code, func.count().label("returns"))
        .join(cases, and_(cases.c.ticket == events.c.ticket, cases.c.first))
        .where(events.c.status == OutcomeStatus.RETURNED.value, *window.of(cases.c.created_at))
        .group_by(events.c.office_code, events.c.reason_code)
    )
    with engine.connect() as connection:
        found = [Reason(row.office_code, row.reason_code, row.returns) for row in connection.execute(query)]
    return sorted(found, key=lambda each: (-each.returns, each.office, each.reason))


def _columns(target: Target) -> tuple[ColumnElement[str], ColumnElement[str]]:
    return cases.c[f"true_{target}"], cases.c[f"{target}_code"]


def _conditions(target: Target, chosen: Chosen) -> list[ColumnElement[bool]]:
    # the ticket's latest prediction alone: a retry under another version is not another misroute
    found = [
        cases.c.latest if chosen.version is None else cases.c.model_version == chosen.version,
        cases.c[f"true_{target}"].is_not(None),
        cases.c[f"{target}_confidence"].is_not(None),
        *chosen.window.of(cases.c.created_at),
    ]
    if chosen.auto is not None:
        found.append(cases.c.auto == chosen.auto)
    if chosen.source is not None:
        found.append(cases.c.true_source == chosen.source.value)
    return found
