"""How complaints to a version have looked in the last days, against its training or its own first days.

Statistics take long to import: whoever starts quickly imports this module when it is first needed.
"""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import Engine

from auditing.figures.drift import Day, drift, first_days, reading
from auditing.figures.measures import Window, accuracy_of_all
from auditing.figures.signs import Signs, signs_of
from models.triage import TriageModel
from serving.beside.keeper import reference_of
from serving.service import TriageSource

DAYS = 7
"""Days that are looked at, today among them."""


class LastDays(NamedTuple):
    """The days, oldest first, and what they were compared with; None where there is nothing to compare with yet."""

    days: list[Day]
    reference: Literal["training", "first_days"] | None


def last_days(engine: Engine, model: TriageSource, at: datetime) -> LastDays:
    """Compare the last days before `at` with how the version's training looked."""
    version = model.version.version
    facts_of = reading(model) if isinstance(model, TriageModel) else None
    trained = reference_of(model)
    reference = trained or first_days(engine, version, facts_of=facts_of)
    if reference is None:
        return LastDays([], None)
    found = drift(engine, reference, version, at - timedelta(days=DAYS - 1), at, facts_of)
    return LastDays(found, "training" if trained else "first_days")


def last_signs(engine: Engine, model: TriageSource, at: datetime) -> Signs:
    """Sum up the last days of the version, and the accuracy of all traffic in that time."""
    window = Window(at - timedelta(days=DAYS), at)
    return signs_of(last_days(engine, model, at).days, accuracy_of_all(engine, window))
