"""The answers that were wrong although the model was sure of them: what to read first in an analysis of errors."""

from dataclasses import dataclass

import numpy as np

from models.prediction import Evidence, Target
from models.triage import TriageModel
from training.measuring.evaluate import HeadEvaluation
from training.tables.dataset import LabelledComplaints, Location

SHOWN_MISTAKES = 12


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong answer of a head.

    `confidence` is the calibrated probability of `answer`. `evidence`, strongest first, and `text` quote the complaint
    with personal data masked: show them to those only who may read the complaint.
    """

    location: Location
    truth: str
    answer: str
    confidence: float
    evidence: tuple[Evidence, ...]
    text: str


def confident_mistakes(
    model: TriageModel,
    data: LabelledComplaints,
    target: Target,
    evaluation: HeadEvaluation,
    shown: int = SHOWN_MISTAKES,
) -> tuple[Mistake, ...]:
    """Give the wrong answers of which the model was surest, surest first.

    `evaluation` is what `training.measuring.evaluate.evaluate` found for `target` with the same model on the same data.
    """
    outcome = evaluation.outcome
    wrong = np.flatnonzero(~outcome.correct)
    found = []
    for at in wrong[np.argsort(-outcome.confidence[wrong], kind="stable")][:shown].tolist():
        row = int(evaluation.rows[at])
        said = model.triage(data.complaint(row))
        found.append(
            Mistake(
                location=data.location(row),
                truth=str(outcome.truth[at]),
                answer=str(outcome.answer[at]),
                confidence=float(outcome.confidence[at]),
                evidence=tuple(each for each in said.evidence if each.target == target),
                text=said.complaint.text,
            )
        )
    return tuple(found)
