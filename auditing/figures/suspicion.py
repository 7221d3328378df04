"""Cases of the log whose recorded label is suspected to be wrong.

The prediction was made before anybody said what is right, so its probabilities are out of sample, as confident learning
wants them. The log keeps the best four; the rest is spread evenly.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
from sqlalchemy import Engine, select

from auditing.cases.provenance import Provenance
from auditing.figures.label_errors import spread, suspected_label_errors
from auditing.figures.measures import EVER, Window
from auditing.store.schema import predictions
from auditing.store.schema_cases import cases
from models.prediction import TARGETS, Target

MOST = 50_000
"""Labelled cases that are looked through, the latest."""


def suspected_cases(engine: Engine, window: Window = EVER) -> set[str]:
    """Give the prediction ids whose label, as outcomes have it, is suspected to be wrong for some head.

    Labels that people gave are judged by as well, and are not suspected themselves: somebody has looked.
    """
    return {each for target in TARGETS for each in _suspected(engine, target, window)}


def _suspected(engine: Engine, target: Target, window: Window) -> list[str]:
    label, code = cases.c[f"true_{target}"], cases.c[f"{target}_code"]
    query = (
        select(cases.c.prediction_id, label.label("its_label"), cases.c.true_source, predictions.c.answer)
        .join(predictions, predictions.c.seq == cases.c.seq)
        .where(cases.c.latest, label.is_not(None), code.is_not(None), *window.of(cases.c.created_at))
        .order_by(cases.c.seq.desc())
        .limit(MOST)
    )
    with engine.connect() as connection:
        found = [
            (row.prediction_id, row.its_label, row.true_source, _ranked(orjson.loads(row.answer)[target]))
            for row in connection.execute(query)
            if row.answer
        ]
    if not found:
        return []
    # a label that no answer names has no probability to be judged by
    classes = sorted({name for *_, ranked in found for name in ranked})
    probabilities = np.stack([spread(ranked, classes) for *_, ranked in found])
    suspects = suspected_label_errors([label for _, label, _, _ in found], probabilities, classes)
    return [found[each.row][0] for each in suspects if found[each.row][2] != Provenance.PERSON]


def _ranked(head: Mapping[str, Any]) -> dict[str, float]:
    return {each["code"]: each["confidence"] for each in (head, *head["alternatives"])}
